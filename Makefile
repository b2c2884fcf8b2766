# One command surface. `make` alone lists it. CI calls the same recipes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
EXAMPLE := examples/idiopathic-cramp.yaml
REPORT := out/idiopathic-cramp.html
RUN := $(VENV)/.installed-run
SERVE := $(VENV)/.installed-serve
DEV := $(VENV)/.installed-dev
WEB := tests/web/node_modules/.installed
HEALTHCHAIN := .venv-healthchain/.installed
SPARK := .venv-spark/.installed
# `make ARGS="-k wheel" pytest` hands words on to pytest.
ARGS ?=
# Tests run in so many processes, a file in one of them; each may start a browser, and one of them Spark.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help assess serve test check fix lint types contracts pytest bench validate train docs lock clean

help:  ## this list
	@echo "Soleus. Two commands are enough to begin:"
	@echo "  make assess   install into .venv and judge $(EXAMPLE): text here, HTML in $(REPORT)"
	@echo "  make test     everything that proves the code: lint, types, contracts, tests, the wheel"
	@echo "All of them (PYTHON=python3.12 picks another interpreter, 3.11 or later):"
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | sort | awk -F'|' '{printf "%-15s %s\n", $$1, $$2}'

assess: $(RUN)  ## judge the first example: text on the terminal, an HTML report beside it
	@mkdir -p $(dir $(REPORT))
	@$(BIN)/soleus assess $(EXAMPLE)
	@$(BIN)/soleus assess $(EXAMPLE) --format html --out $(REPORT)
	@echo
	@echo "The same judgement as a page to open or print: $(REPORT)"
	@echo "Your own case: write it like $(EXAMPLE), then $(BIN)/soleus assess CASE"

serve: $(SERVE)  ## pages, FHIR, CDS Hooks and JSON on this machine: http://127.0.0.1:8000
	@$(BIN)/soleus serve

test: check pytest  ## lint, types, import contracts, tests with coverage, the wheel (half an hour on two cores)

check: lint types contracts  ## format, lint, types and import contracts, without the tests

lint: $(DEV)  ## ruff: format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV)  ## mypy, strict, on package and tests
	$(BIN)/mypy

contracts: $(DEV)  ## which room may import which (.importlinter)
	$(BIN)/lint-imports

pytest: $(DEV) web healthchain spark  ## the tests alone; ARGS="-k wheel" picks some
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --cov --cov-report=term:skip-covered $(ARGS)

fix: $(DEV)  ## repair what a machine can: lint, format, the compiled knowledge, generated pages
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/soleus knowledge compile
	$(BIN)/python tools/make_docs.py
	$(BIN)/python tools/run_notebook.py
	$(BIN)/python tools/run_tutorial.py

bench: $(DEV) web  ## speed against pyAgrum, the service under load and attack: benchmarks/results.json (half an hour)
	$(BIN)/python benchmarks/run.py
	@$(BIN)/python tools/make_docs.py

validate: $(DEV)  ## is it right? rebuilds docs/validation.md and docs/validation.json
	$(BIN)/soleus validate
	@$(BIN)/python tools/make_docs.py

train: $(DEV)  ## learn anew how texts are read, from the open annotated texts (five minutes)
	$(BIN)/python tools/train_notes.py

docs: $(DEV)  ## rebuild the generated pages (a test compares them)
	$(BIN)/python tools/make_docs.py
	$(BIN)/python tools/run_notebook.py
	$(BIN)/python tools/run_tutorial.py

lock: $(DEV)  ## pin dependencies anew: hashes, no download addresses
	./tools/lock.sh $(BIN)/uv

clean:  ## remove environment, caches and output
	rm -rf $(VENV) .venv-healthchain .venv-spark out build dist htmlcov tests/web/node_modules .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The stamps: a lock or project file newer than its stamp installs again, otherwise nothing happens.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No venv module: install python3-venv, then try again."; exit 1; }

$(RUN): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) (once) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(SERVE): requirements/serve.txt $(RUN)
	@echo "Installing what the service needs (once) ..."
	@$(PIP) install --require-hashes -r requirements/serve.txt
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@echo "Installing what development needs (once) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# A CDS Hooks client that others wrote. It pins libraries of its own, so it has an environment of its own.
.PHONY: healthchain
healthchain: $(HEALTHCHAIN)

$(HEALTHCHAIN): requirements/healthchain.txt
	@echo "Installing a CDS Hooks client for the tests (once) ..."
	@$(PYTHON) -m venv .venv-healthchain
	@.venv-healthchain/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# A cluster's engine on this machine, 430 MB: only tests of populations use it.
.PHONY: spark
spark: $(SPARK)

$(SPARK): requirements/spark.txt
	@echo "Installing Spark for the tests (once) ..."
	@$(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Scripts that only tests load (the accessibility rules); without npm those tests are skipped and named.
.PHONY: web
web:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(WEB); else echo "npm is missing: tests that need it will be skipped"; fi

$(WEB): tests/web/package-lock.json
	@cd tests/web && npm ci --ignore-scripts --no-audit --no-fund --silent && node lforms.mjs
	@touch $@
