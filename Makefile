# Everything runs from a virtual environment in .venv, made from the hash-pinned lock files.
# Needed beforehand: Python 3.11 or newer, and make. Nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PYTEST := $(BIN)/python -m pytest
# Two workers: enough to interleave, few enough for a small machine.
PARALLEL := -n 2 --dist loadgroup
SLOW := node or postgres or browser or race or crash or slow or interop or mutants

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-failed races month mutants test-fast lint format verifier bench bench-report bench-growth soak scale docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) $(if $(wildcard package-lock.json),node_modules/.stamp) ## make .venv (and node_modules) from the lock files; quick when nothing changed

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "This Python cannot make virtual environments (on Debian: apt-get install python3-venv)."; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# npm has to run with the packaged Node, or its optional native packages are silently left out. Not `npm ci`:
# that refuses a lock without the native packages of other platforms, which not every registry carries;
# `install --no-save` takes the same locked versions and hashes and rewrites nothing.
node_modules/.stamp: package-lock.json $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: setup ## the whole story on sample supplier files, every expectation checked
	$(BIN)/provenance demo

up: setup ## keep the demo's services running, with pages at a local address
	$(BIN)/provenance demo --keep-running

test: setup ## every test, on SQLite and PostgreSQL, with Node and a browser
	$(PYTEST) $(PARALLEL) -m "not mutants"

test-failed: setup ## what failed in the last run, one at a time
	$(PYTEST) -m "not mutants" --last-failed --last-failed-no-failures none

races: setup ## the races with ten thousand rounds each, a few minutes; test has two thousand
	PROVENANCE_RACE_ROUNDS=10000 $(PYTEST) $(PARALLEL) -m race --timeout 900

month: setup ## a warranted month of ten thousand orders with every fault and with crashes; half an hour
	PROVENANCE_MONTH_ORDERS=10000 $(PYTEST) -m "not postgres" tests/warranty/test_month.py

mutants: setup ## the contracts' tests against sabotaged contracts: a quarter of an hour, not part of test
	$(PYTEST) $(PARALLEL) -m mutants

test-fast: $(STAMP) ## what needs no Node, PostgreSQL or browser; under a minute
	$(PYTEST) $(PARALLEL) -m "not ($(SLOW))"

lint: $(STAMP) ## ruff, its formatter, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	bash -n .ci/run

format: $(STAMP) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

verifier: node_modules/.stamp ## build the browser verifier's one-file page
	$(BIN)/node verifier/page/build.mjs
	$(BIN)/node provenance/web/check/build.mjs

bench: setup ## measure each job beside its reference, and print a table; about half an hour
	$(BIN)/provenance bench
	$(BIN)/provenance bench --only proofs

# Into a file beside it first: a run that fails leaves the last figures as they were.
bench-report: setup ## measure, then write the tables and charts of README.md and docs/performance.md
	$(BIN)/provenance bench --json >docs/bench.jsonl.new && mv docs/bench.jsonl.new docs/bench.jsonl
	$(BIN)/python -m bench.report

bench-growth: setup ## the same for how cost grows, to five million keys and ten million entries; an hour
	$(BIN)/provenance bench --growth --full --json >docs/growth.jsonl.new && mv docs/growth.jsonl.new docs/growth.jsonl
	$(BIN)/python -m bench.report

MINUTES ?= 30
soak: $(STAMP) ## half an hour at 70 % of the peak, then ten times it; MINUTES=3 for a short one
	$(BIN)/python -m bench.soak --minutes $(MINUTES)

scale: $(STAMP) ## several machines as network namespaces, killed and cut while shops sell; needs root and ip
	$(BIN)/python -m bench.scale

docs: $(STAMP) ## check the documentation: links, and names it promises
	$(BIN)/python scripts/check_docs.py

# uv.lock names the registry it asked, so it stays out of the repository; the exports do not.
lock: ## resolve again and rewrite requirements*.lock (asks the package registry)
	$(BIN)/uv lock --upgrade
	$(BIN)/python scripts/export_locks.py

clean: ## remove what the targets made, but keep .venv
	rm -rf var dist artifacts cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -path ./$(VENV) -prune -o -path ./node_modules -prune -o -name __pycache__ -type d -exec rm -rf {} +
