#!/usr/bin/env bash
# The measurement on a machine without a network: libraries that it lacks come in .whl/site.tar.xz, figures go to $OUT.
#   bash benchmarks/engines_gpu/run.sh [PART...]
set -uo pipefail
began=$SECONDS
site=$(mktemp -d)
python3 -W ignore -m tarfile -e .whl/site.tar.xz "$site" || exit 1
echo "unpacked after $((SECONDS - began)) s"
export PYTHONPATH="$site:$PWD" PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore HF_HUB_OFFLINE=1 TQDM_DISABLE=1
export HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error DIFFUSERS_VERBOSITY=error
nvidia-smi -L 2>/dev/null
df -h /dev/shm /tmp | cat
python3 -m benchmarks.engines_gpu ${TINY:-} --within "${WITHIN:-450}" --out "$OUT/figures.jsonl" "$@" 2>&1 | tee "$OUT/log.txt"
