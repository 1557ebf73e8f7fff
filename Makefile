# make demo    set up, then the whole benchmark on the embedded default
# make test    set up, then the tests
PYTHON ?= python3
BIN := .venv/bin
CORES ?= all
WORKERS ?= 2
CONFIG ?= config.yaml
RUFF := lib workflow_scripts tests benchmarks examples

.PHONY: demo test test-slurm test-demo check setup lock plan why fetch pin pretrain benchmark clean-demo

demo: setup
	$(BIN)/snakemake --cores $(CORES) --configfile demo/config.yaml

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slurm and not demo"

# needs root: starts a real Slurm cluster of three nodes on this machine
test-slurm: setup
	REQUIRE_SLURM=1 $(BIN)/python -m pytest -m slurm $(PYTEST)

# reads what `make demo` made
test-demo: demo
	$(BIN)/python -m pytest -m demo

check: setup
	$(BIN)/ruff check $(RUFF)
	$(BIN)/ruff format --check $(RUFF)
	$(BIN)/snakefmt --check --line-length 120 Snakefile rules
	$(BIN)/lint-imports

# what a configuration would cost, before any data exist: make plan CONFIG=demo/config.yaml
plan: setup
	@$(BIN)/python -m workflow_scripts.commands.plan --configfile $(CONFIG)

# what would run again, and why: make why CONFIG=demo/config.yaml
why: setup
	@$(BIN)/python -m workflow_scripts.commands.why --configfile $(CONFIG)

# weights of a configuration into the hub's cache, its hub data sets into data_root, for machines without a network
fetch: setup
	$(BIN)/python -m workflow_scripts.commands.fetch --configfile $(CONFIG)

# every benchmark, on a GPU if there is one
benchmark: setup
	$(BIN)/python -m benchmarks.everything

# the commits that hub repositories point to now
pin: setup
	$(BIN)/python -m workflow_scripts.commands.pin --configfile $(CONFIG)

# recreate the demo's pre-trained CLIP from scratch (hours on two cores)
pretrain: setup
	$(BIN)/snakemake pretrain --cores $(CORES) --configfile demo/config.yaml

# resolve envs/requirements.in again, with hashes
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--upgrade envs/requirements.in -o envs/requirements.lock

clean-demo:
	rm -rf results/demo scratch/demo

setup: .venv/complete

.venv/complete: envs/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed, got $$($(PYTHON) --version); name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements.lock
	touch $@
