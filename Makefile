# make demo    sets up .venv, then runs the demo
# make demo-all      the demo with every table and figure, under half an hour
# make demo-seeds    the demo with three seeds
# make demo-kernels  the kernel view of fine-tuning on three of the demo's tasks
# make demo-arena    every merging rule in every fine-tuning mode, in one table
# make demo-text     task arithmetic on text with a pre-trained sentence encoder; installs optional packages
# make demo-text-kernels   the kernel view on two of these tasks
# make test    sets up .venv, then runs the tests
# make why     what would run again, and why; CONFIG=demo/config.yaml names another configuration than config.yaml
PYTHON ?= python3
BIN := .venv/bin
CORES ?= all
WORKERS ?= 2
CONFIG ?= config.yaml
# of hundreds of short jobs, a linear program takes longer to choose than the choice is worth
DEMO = $(BIN)/snakemake --cores $(CORES) --scheduler greedy
RUFF := lib workflow_scripts tests benchmarks examples

.PHONY: demo demo-all demo-seeds demo-kernels demo-arena audit test test-slurm test-demo check setup lock plan report compare why fetch pin pretrain benchmark clean-demo

demo: setup
	$(DEMO) --configfile demo/config.yaml

demo-all: setup
	$(DEMO) --configfile demo/all.yaml

# three seeds, in a run of their own
demo-seeds: setup
	$(DEMO) --configfile demo/seeds.yaml

# where eigenfunctions live, kernel regression, wide networks, laziness; in a run of its own
demo-kernels: setup
	$(DEMO) --configfile demo/kernels.yaml

# merging rules x fine-tuning modes, in a run of its own; then what they took by the clock
demo-arena: setup
	$(DEMO) --configfile demo/arena.yaml
	$(BIN)/python -m workflow_scripts.commands.arena_cost --configfile demo/arena.yaml

demo-text: setup-text
	$(DEMO) --configfile demo/text.yaml

demo-text-kernels: setup-text
	$(DEMO) --configfile demo/text_kernels.yaml

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

# a finished run as one file for a browser, results/{run}/report.html
report: setup
	@$(BIN)/python -m workflow_scripts.commands.report --configfile $(CONFIG)

# where two finished runs differ, and why: make compare A=results/mine B=results/theirs
compare: setup
	@$(BIN)/python -m workflow_scripts.commands.compare $(A) $(B)

# verify a finished run from its files; DEEP=1 computes a sample again from weights
audit: setup
	@$(BIN)/python -m workflow_scripts.commands.audit --configfile $(CONFIG) $(if $(DEEP),--deep)

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

# resolve envs/requirements.in and, within it, envs/text.in again, with hashes
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--upgrade envs/requirements.in -o envs/requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--upgrade -c envs/requirements.lock envs/text.in -o envs/text.lock

clean-demo:
	rm -rf results/demo scratch/demo

setup: .venv/complete

.venv/complete: envs/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed, got $$($(PYTHON) --version); name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements.lock
	touch $@

# what stands behind a number of the tables: make trace CELL="addition ViT-B-32 linear absolute", or behind FILE=path
trace: setup
	@$(BIN)/python -m workflow_scripts.commands.trace --configfile $(CONFIG) $(if $(CELL),--cell "$(CELL)") \
		$(if $(FILE),--file "$(FILE)") $(if $(MERMAID),--mermaid "$(MERMAID)")

# a finished run as a Workflow Run RO-Crate, validated; AGENT= who ran it, LICENCE= URL of the results' licence
crate: setup-crate
	@.venv-crate/bin/python -m workflow_scripts.commands.crate --configfile $(CONFIG) $(if $(CRATE),--crate "$(CRATE)") \
		$(if $(AGENT),--agent "$(AGENT)") $(if $(LICENCE),--licence "$(LICENCE)")

# the optional packages of runs on texts, on top of .venv
setup-text: .venv/complete-text

.venv/complete-text: .venv/complete envs/text.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/text.lock
	touch $@

setup-crate: .venv-crate/complete

.venv-crate/complete: envs/crate.lock
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv-crate && echo '*' > .venv-crate/.gitignore
	.venv-crate/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/crate.lock
	touch $@

.PHONY: trace crate setup-crate setup-text demo-text demo-text-kernels
