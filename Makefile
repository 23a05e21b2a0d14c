PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
MANIFEST ?= manifests/demo.yaml
DIR ?= build/demo
TRAINERS := trl ms-swift verl
IN_TRAINERS := -m pytest -m slow --confcutdir=tests/trainers
VLLM_SERVER ?= ../shared/tools/vllm_cpu_server.sh
VLLM_HOME ?= build/vllm
VLLM_PORT ?= 8200
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help build-dataset review test test-review lint verify report truth truth-policies truth-holdout skill-curves picture bench \
	test-datasets-3 test-identity test-builds test-browser test-over-http test-kill test-faults test-postgres test-engines test-vllm \
	test-batches test-unsafe-images test-training test-trainers plan-coverage contamination bench-streaming bench-loaders \
	test-loaders test-stores \
	chromium postgresql clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

build-dataset: $(VENV)/.installed ## build MANIFEST (default: manifests/demo.yaml) into build/<name>
	$(BIN)/x2i build $(MANIFEST) $(ARGS)

test: $(VENV)/.installed-dev ## run the tests, in WORKERS processes (2)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.installed-dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

verify: $(VENV)/.installed ## check the output in DIR (default: build/demo)
	$(BIN)/x2i verify $(DIR)

report: $(VENV)/.installed ## write DIR/report.html again
	$(BIN)/x2i report $(DIR)

review: $(VENV)/.installed ## judge the output in DIR in a browser: make review DIR=build/demo ARGS="--invite Ada"
	$(BIN)/x2i review $(DIR) $(ARGS)

truth: $(VENV)/.installed ## how true the output in DIR is, where the truth is known
	$(BIN)/x2i truth $(DIR)

truth-policies: $(VENV)/.installed ## what repeated judging buys: policies side by side (7 minutes)
	$(BIN)/python -m benchmarks.judging $(ARGS)

truth-holdout: $(VENV)/.installed ## the truth figures on another writer's words and SEED (5 minutes)
	@test -n "$(SEED)" || { echo "say which seed: make truth-holdout SEED=1"; exit 2; }
	$(BIN)/python -m benchmarks.truth_holdout --seed $(SEED) $(ARGS)

skill-curves: $(VENV)/.installed ## measure and plot how able the models of the world are (1 minute)
	$(BIN)/python -m benchmarks.skill_curves $(ARGS)

picture: $(VENV)/.installed-dev chromium ## the README's picture: the report in DIR as a browser shows it
	$(BIN)/python benchmarks/picture.py $(DIR) benchmarks/pictures/report.png

bench: $(VENV)/.installed ## how well the DAG uses its slots, against bare asyncio (5 minutes)
	$(BIN)/python benchmarks/slots.py $(ARGS)

bench-streaming: $(VENV)/.installed-dev ## a source of 100,000 and of 1,000,000 rows through reading and screens, and a build from it (20 minutes)
	$(BIN)/python -m benchmarks.streaming --build $(ARGS)

bench-loaders: build/loaders/.installed ## our loader against four others: images/s, memory, resume (sets itself up, then 6 minutes)
	build/loaders/bin/python -W ignore -m benchmarks.loaders $(ARGS)

test-loaders: build/loaders/.installed ## our loader with torchdata's StatefulDataLoader and over S3 (sets itself up)
	build/loaders/bin/python -m pytest -m slow tests/training/torch/test_loading.py tests/training/torch/test_stateful.py \
		tests/training/torch/test_remote.py $(ARGS)

test-stores: build/stores/.installed ## sources in an S3 bucket and on a hub (sets itself up)
	build/stores/bin/python -m pytest -m slow tests/sources $(ARGS)

test-identity: $(VENV)/.installed-dev ## build the 240-sample demo with 1 and 16 blocks and compare every byte
	$(BIN)/python -m pytest -m slow tests/pipeline/test_identity.py

test-browser: $(VENV)/.installed-dev chromium ## look at every page in a real Chromium, at two widths, light and dark
	$(BIN)/python -m pytest -m slow tests/views

test-review: $(VENV)/.installed-dev chromium ## reviewers at work in a real Chromium: keys, undo, claims, kills, a lead who looks on
	$(BIN)/python -m pytest -m slow tests/review $(ARGS)

test-builds: $(VENV)/.installed-dev ## builds that take longer: rungs of one's own, waves, rollouts, a lost device, what the world promises (10 minutes)
	$(BIN)/python -m pytest -m slow tests/recipes tests/sources tests/planning tests/pipeline/test_engines.py tests/pipeline/test_dag.py \
		tests/backends/world $(ARGS)

test-over-http: $(VENV)/.installed-dev ## build the demo in process and over HTTP, and compare every row
	$(BIN)/python -m pytest -m slow tests/backends/world/test_over_http.py

test-kill: $(VENV)/.installed-dev ## 60 SIGKILLs of driver, actor and raylet against a counting server (an hour; X2I_KILLS=9 for fewer)
	$(BIN)/python -m pytest -m slow -s tests/kill tests/pipeline/test_ends.py tests/servers

test-faults: $(VENV)/.installed-dev ## 1,000 samples at 20 % faults, then a minute of 90 % 429 (30 minutes)
	$(BIN)/python -m pytest -m slow -s tests/faults

test-postgres: $(VENV)/.installed-postgres postgresql ## a real PostgreSQL server: locks, a SIGKILL, a lost database (sets itself up: 7 minutes)
	$(BIN)/python -m pytest -m slow tests/postgres $(ARGS)

test-engines: $(VENV)/.installed-engines ## models in engines of our own: tiny ones through diffusers and transformers (sets itself up)
	$(BIN)/python -m pytest -m slow tests/engines $(ARGS)

test-batches: $(VENV)/.installed-dev ## the whole ladder by workers in an environment of their own (2 minutes)
	$(BIN)/python -m pytest -m slow tests/batches

test-unsafe-images: $(VENV)/.installed-unsafe-images ## the image model for unsafe pictures (sets itself up)
	$(BIN)/python -m pytest -m slow tests/screening/test_unsafe_images.py

test-training: $(VENV)/.installed-train ## train tiny models on the shards: masks, fits, modes, GRPO (sets itself up)
	$(BIN)/python -m pytest -m slow tests/training $(ARGS)

test-trainers: $(VENV)/.installed-train $(TRAINERS:%=build/trainers/%/.installed) ## exports read by TRL, ms-swift and verl themselves, 100 steps each (sets itself up)
	$(BIN)/python -m tests.trainers.prepare build/trainers/data
	build/trainers/trl/bin/python $(IN_TRAINERS) tests/trainers/test_*trl.py tests/trainers/test_webdataset.py
	build/trainers/ms-swift/bin/python $(IN_TRAINERS) tests/trainers/test_*swift.py
	build/trainers/verl/bin/python $(IN_TRAINERS) tests/trainers/test_*verl.py

test-vllm: $(VENV)/.installed-dev ## a real vLLM server on this CPU, through our backend (sets itself up: 3 minutes, 6 GB)
	tests/vllm/run.sh $(VLLM_SERVER) $(VLLM_HOME) $(VLLM_PORT) $(BIN)/python

plan-coverage: $(VENV)/.installed ## how often x2i plan's intervals hold what builds of 20 seeds took (15 minutes)
	$(BIN)/python -m benchmarks.plan_coverage $(ARGS)

contamination: $(VENV)/.installed-dev ## how many evaluation prompts in disguise are found among 20,000 rows, and how fast (3 minutes)
	$(BIN)/python -m benchmarks.contamination --speed 100000 $(ARGS)

test-datasets-3: build/compat/.installed ## read the shards of DIR with HF datasets 3.6.0
	build/compat/bin/python tests/compat/datasets_360.py $(DIR) build/compat/cache

chromium:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }

postgresql:
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 \
		|| { apt-get update -qq && apt-get install -y -qq postgresql; }

clean: ## remove the virtual environment and caches; builds stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("x2i-ladder needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; set PYTHON=" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-postgres: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev,postgres]'
	@touch $(VENV)/.installed $(VENV)/.installed-dev $@

$(VENV)/.installed-unsafe-images: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev,unsafe-images]'
	@touch $(VENV)/.installed $(VENV)/.installed-dev $@

$(VENV)/.installed-train: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev,train]'
	@touch $(VENV)/.installed $(VENV)/.installed-dev $@

$(VENV)/.installed-engines: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev,diffusers,transformers]'
	@touch $(VENV)/.installed $(VENV)/.installed-dev $@

build/trainers/%/.installed: tests/trainers/%.txt
	$(PYTHON) -m venv build/trainers/$*
	build/trainers/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

build/compat/.installed:
	$(PYTHON) -m venv build/compat
	build/compat/bin/pip install --quiet --disable-pip-version-check 'datasets==3.6.0' pillow
	@touch $@

build/stores/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv build/stores
	build/stores/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[dev,sources]' 'moto[server]==5.2.5'
	@touch $@

build/loaders/.installed: benchmarks/loaders-requirements.txt
	$(PYTHON) -m venv build/loaders
	build/loaders/bin/pip install --quiet --disable-pip-version-check -r benchmarks/loaders-requirements.txt
	build/loaders/bin/pip install --quiet --disable-pip-version-check --no-deps mosaicml-streaming==0.13.0
	@touch $@
