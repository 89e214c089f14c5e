# Tasks of the project; `make` lists them. Settings may stand behind the command: make up API_PORT=18000 VAR_DIR=/tmp/shop
.DEFAULT_GOAL := help
SHELL := /bin/bash

FOUND_PYTHON := $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python)
TORCH_INDEX_URL ?= $(shell sed -n 's/^TORCH_INDEX_URL=//p' .env 2>/dev/null)
NO_PYTHON = Python 3.11, 3.12 or 3.13 is needed and there is no Python. Debian from 12 and Ubuntu 24.04: sudo apt-get \
install python3-venv; Fedora: sudo dnf install python3.13; macOS: brew install python@3.13; elsewhere, a newer Ubuntu too: \
uv python install 3.13
BOOTSTRAP = $(or $(FOUND_PYTHON),$(PYTHON),$(error $(NO_PYTHON))) -m deploy.local.bootstrap
BOOTSTRAP_OPTIONS = $(if $(PYTHON),--python "$(PYTHON)") $(if $(TORCH_INDEX_URL),--torch-place "$(TORCH_INDEX_URL)")
RUN = .venv/bin/python -m
# A step runs where the installation does: in the scheduler's container while this folder's containers run, else here.
IN_CONTAINERS = $(shell docker compose ps --quiet airflow-scheduler 2>/dev/null)
STEP = $(if $(IN_CONTAINERS),docker compose exec --no-TTY airflow-scheduler python -m,$(BOOTSTRAP) step)
COLUMNS = "table {{.Service}}\t{{.Status}}\t{{.Ports}}"
NOT_IN_CONTAINERS = `make shop` changes what `make up` started and this folder's containers run: stop them first \
(docker compose down). Their own shop is what SHOP_DATABASE_URL and SHOP_MAPPING name: docs/your-shop.md
ON_HOST = $(or $(PYTHON),$(FOUND_PYTHON)) -m
SITE = NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict
PACKAGES = command.py settings api dags deploy features mlflow_server serving shop training tests benchmarks
CUTS ?= 2017-08-20 2017-09-10 2017-10-15
PYTEST_ARGS ?=
# Tests wait for servers more than they compute: three on two cores.
SIDE_BY_SIDE = --numprocesses 3 --dist loadscope
# What servers that are killed leave among the temporary files goes with the run.
IN_SCRATCH = export TMPDIR="$$(mktemp -d -t 31ie-tests.XXXXXX)" && trap 'rm -rf "$$TMPDIR"' EXIT && trap 'exit 130' INT TERM &&
SERVED_SECONDS ?= 600
# Real servers beside each other on two cores: what was late once runs again alone; what fails again is red.
ALONE = --last-failed --last-failed-no-failures none --maxfail 1

.PHONY: help up shop down status promote rollback step backup restore test coverage test-containers check check-types check-rest bench quality lock secrets docs site environment tools format clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

up: ## start everything; the first time: environment, shop (SHOP="directory DIR", "mapping FILE" ...; else the demo), first full run
	@$(BOOTSTRAP) up $(BOOTSTRAP_OPTIONS) $(if $(SHOP),--shop "$(SHOP)")

shop: ## give the installation another shop, the one before is set aside: make shop SHOP="directory DIR" [YES=1]
	@$(if $(IN_CONTAINERS),$(error $(NOT_IN_CONTAINERS)))$(BOOTSTRAP) shop $(BOOTSTRAP_OPTIONS) $(if $(SHOP),--shop "$(SHOP)") $(if $(YES),--yes)

down: ## stop exactly what `make up` started
	@$(BOOTSTRAP) down

status: ## what runs, where, how fresh the data is
	@$(if $(IN_CONTAINERS),docker compose ps --all --format $(COLUMNS) && $(STEP) deploy.compose.status,$(BOOTSTRAP) status)

promote: ## let a version serve: make promote VERSION=5 [EXPECTED=4] [OVERRIDE="why, though refused"]
	@$(STEP) training.promote $(VERSION) $(if $(EXPECTED),--expected $(EXPECTED)) $(if $(OVERRIDE),--override "$(OVERRIDE)")
	@$(STEP) serving.watch --await-served $(SERVED_SECONDS)

rollback: ## let the version before serve again, with its kept lists
	@$(STEP) training.promote --rollback $(if $(EXPECTED),--expected $(EXPECTED))
	@$(STEP) serving.watch --await-served $(SERVED_SECONDS)

step: ## run one step by hand: make step DO="features.sync --verify"
	@$(STEP) $(DO)

backup: ## copy the installation into a new folder, while it runs: make backup TO=FOLDER
	@$(if $(IN_CONTAINERS),$(ON_HOST) deploy.compose.backup,$(BOOTSTRAP) environment $(BOOTSTRAP_OPTIONS) && $(RUN) deploy.local backup) $(if $(TO),--folder "$(TO)")

restore: ## put a backup into an empty place: make restore FROM=FOLDER VAR_DIR=NEW; one of containers into an empty project
	@if [ -f "$(FROM)/databases.sql.gz" ]; then $(ON_HOST) deploy.compose.restore --folder "$(FROM)"; \
	else $(BOOTSTRAP) environment $(BOOTSTRAP_OPTIONS) && $(RUN) deploy.local restore $(if $(FROM),--folder "$(FROM)"); fi

test: environment tools ## run all tests, on real databases, servers and browser; what failed, once more alone
	$(RUN) deploy.local.pages test build
	$(IN_SCRATCH) $(RUN) pytest --cache-clear $(SIDE_BY_SIDE) $(PYTEST_ARGS) || \
	{ echo "== what failed runs once more, alone; what passes now is unsteady, and a fault of the test or of what it tests" >&2; \
	$(RUN) pytest $(ALONE) -rA --show-capture=no $(PYTEST_ARGS); }

coverage: environment tools ## run all tests and print which share of lines and branches they ran, by file; the page of it: var/coverage
	$(IN_SCRATCH) $(RUN) pytest $(SIDE_BY_SIDE) --cov --cov-report=term --cov-report=html:var/coverage $(PYTEST_ARGS)

test-containers: environment tools ## build the images, start them all on real MySQL, drive a browser: needs a Docker engine
	$(IN_SCRATCH) $(RUN) pytest -m containers tests/containers $(PYTEST_ARGS)

check: environment ## lint, types, docstrings, import contracts, the storefront's pages, links of the documentation
	@$(MAKE) --no-print-directory --jobs 2 check-types check-rest

check-types: # a minute on one core and silent, so the rest is checked beside it
	$(RUN) mypy $(PACKAGES)

check-rest:
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) deploy.local.docstrings $(PACKAGES)
	.venv/bin/lint-imports
	$(RUN) deploy.local.pages lint types
	@$(SITE)

bench: environment tools ## run the benchmarks three times each, with aims and what got slower: make bench [ONLY="ranking api"] [RUNS=1] [KEEP=1]
	$(RUN) benchmarks $(ONLY) $(if $(RUNS),--runs $(RUNS)) $(if $(KEEP),--keep)

quality: environment ## the quality table at several cuts, on the synced shop with --original-dates; writes docs/quality.md
	$(RUN) training.studies.quality --cuts $(CUTS) --out docs/quality.md

docs: environment ## write the pages that are made from the code
	$(RUN) deploy.development.version
	$(RUN) deploy.compose.env_example
	$(RUN) shop.loaders.documentation
	$(RUN) features.documentation
	$(RUN) api.openapi
	$(RUN) deploy.local.pages client

site: environment ## build the documentation's site into var/site; while you write: .venv/bin/python -m mkdocs serve
	@$(SITE) && echo "file://$$PWD/var/site/index.html"

format: environment ## lay out the code
	$(RUN) ruff check --fix . ; $(RUN) ruff format . ; $(RUN) deploy.local.pages format

lock: environment ## choose versions anew, for each Python that is here; KEEP=true: only what is missing
	$(RUN) deploy.development.lockfile $(if $(KEEP),--keep)
	$(RUN) deploy.development.production_lockfile

secrets: ## draw the passwords and keys that docker compose needs; anew: make secrets RENEW=shop_database_url
	@$(or $(PYTHON),$(FOUND_PYTHON)) -m deploy.compose.credentials $(if $(RENEW),--renew $(RENEW))

environment:
	@$(BOOTSTRAP) environment $(BOOTSTRAP_OPTIONS)

tools:
	@$(RUN) deploy.development.system_tools

clean: down ## stop everything, then remove the environment and caches; data in VAR_DIR stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache frontend/node_modules frontend/dist
