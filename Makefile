# make demo    sets up .venv, then runs the demo
# make test    sets up .venv, then runs the tests
# make why     what would run again, and why; CONFIG=demo/config.yaml names another configuration than config.yaml
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

# a real Slurm cluster of three nodes on this machine; needs root
test-slurm: setup
	REQUIRE_SLURM=1 $(BIN)/python -m pytest -m slurm $(PYTEST)

# checks the results of `make demo`
test-demo: demo
	$(BIN)/python -m pytest -m demo

check: setup
	$(BIN)/ruff check $(RUFF)
	$(BIN)/ruff format --check $(RUFF)
	$(BIN)/snakefmt --check --line-length 120 Snakefile rules
	$(BIN)/lint-imports

# what a configuration costs, before any data exist
plan: setup
	@$(BIN)/python -m workflow_scripts.commands.plan --configfile $(CONFIG)

# what would run again, and why
why: setup
	@$(BIN)/python -m workflow_scripts.commands.why --configfile $(CONFIG)

# download a configuration's weights and hub data sets, for machines without a network
fetch: setup
	$(BIN)/python -m workflow_scripts.commands.fetch --configfile $(CONFIG)

# all benchmarks, on a GPU if there is one
benchmark: setup
	$(BIN)/python -m benchmarks.everything

# the commits that hub repositories point to now
pin: setup
	$(BIN)/python -m workflow_scripts.commands.pin --configfile $(CONFIG)

# pre-train the demo's CLIP from scratch
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
