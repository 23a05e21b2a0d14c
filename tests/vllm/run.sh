#!/usr/bin/env bash
# Sets a real vLLM server up (once, about 3 minutes and 6 GB below HOME_DIR), starts it, runs the tests against it, stops it.
#   run.sh SERVER_SCRIPT HOME_DIR PORT PYTHON
set -euo pipefail
server=$1 home=$2 port=$3 python=$4
[ -x "$home/venv/bin/vllm" ] && [ -d "$home/tiny-qwen3vl" ] || bash "$server" install "$home"
bash "$server" serve "$home" "$port" >"$home/server.log" 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true' EXIT
ready() { "$python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' \
  "http://127.0.0.1:$port/health" 2>/dev/null; }
for _ in $(seq 180); do
  kill -0 "$pid" 2>/dev/null || { echo "the server did not start; see $home/server.log" >&2; exit 1; }
  ready && break
  sleep 1
done
ready || { echo "the server is not ready after 3 minutes; see $home/server.log" >&2; exit 1; }
X2I_VLLM_URL="http://127.0.0.1:$port/v1" "$python" -m pytest -m slow tests/vllm
kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true
X2I_VLLM_COMMAND="bash $server serve $home {port}" "$python" -m pytest -m slow tests/vllm/test_launched.py

# vLLM without a server: a venv that sees vLLM's, with what our backend and its tests need beside
offline="$home/offline"
if ! [ -f "$offline/complete" ]; then
  python3 -m venv "$offline"
  "$home/venv/bin/python" -c 'import site; print(site.getsitepackages()[0])' \
    >"$("$offline/bin/python" -c 'import site; print(site.getsitepackages()[0])')/vllm.pth"
  # what vLLM needs as well keeps the versions that it came with
  "$offline/bin/pip" install -q --disable-pip-version-check pytest hypothesis \
    $(grep -E '^(ray|SQLAlchemy|tenacity|krippendorff|scikit-learn|pandas|pyarrow|matplotlib|rich|typer|python-multipart)==' constraints.txt)
  touch "$offline/complete"
fi
export PYTHONPATH=$PWD VLLM_LOGGING_LEVEL=ERROR VLLM_CPU_KVCACHE_SPACE=1 HF_HUB_OFFLINE=1 X2I_VLLM_MODEL="$home/tiny-qwen3vl"
for file in offline contract_vllm workers ladder; do  # each in a process of its own: what vLLM takes of this machine ends with it
  "$offline/bin/python" -m pytest -m slow "tests/vllm/test_$file.py"
done
