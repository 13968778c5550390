# Everything a user or a developer runs. Needs Python 3.11+ with venv, and make; `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
COMPOSE := docker compose -f docker/compose.yaml
# These alone have to cover the protocol; the simulator and the search run it millions of times, which tracing would slow down.
COVERING := tests/unit tests/properties
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.DEFAULT_GOAL := help
.PHONY: help demo test check lint prove mutate bench bench-peers up down clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.ready-user ## See three nodes agree, lose one, and go on
	@$(BIN)/redpaxos demo

# `make test TESTS=tests/unit` runs a part, without the coverage that is asked of the whole.
test: $(VENV)/.ready-dev ## Run the tests; the protocol has to be covered branch by branch
ifdef TESTS
	@$(BIN)/python -m pytest $(TESTS)
else
	@$(BIN)/python -m pytest --quiet --cov --cov-report=term-missing:skip-covered $(COVERING)
	@$(BIN)/python -m pytest $(COVERING:%=--ignore=%)
endif

check: lint test ## What CI runs, and nothing else

lint: $(VENV)/.ready-dev
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

prove: $(VENV)/.ready-dev ## Everything that looks for faults, for hours; stopped, it goes on where it was
	@$(BIN)/python -m tests.prove

# `make mutate MUTANTS='paxos.acceptor*'` changes a part; it goes on where it was stopped.
mutate: $(VENV)/.ready-dev ## Change the protocol, operator by operator, and see what tests notice
	@$(PIP) 'mutmut>=3.8,<4'
	@$(BIN)/python -m mutmut run $(MUTANTS)
	@$(BIN)/python -m mutmut results

bench: $(VENV)/.ready-dev ## Measure latency and throughput on this machine
	@$(BIN)/python -m benchmarks

bench-peers: $(VENV)/.ready-dev ## The same beside etcd, ZooKeeper and others; installs them (Debian, root)
	@benchmarks/peers/install.sh $(abspath $(BIN))/python
	@$(BIN)/python -m benchmarks peers
	@$(BIN)/python -m benchmarks roles

up: ## Start Redis and three nodes in Docker
	@$(COMPOSE) up --build --wait
	@echo "The cluster has chosen its first value. Have one of your own chosen, and read them all:"
	@echo "  $(COMPOSE) exec redis redis-cli PUBLISH redpaxos:demo:propose '{\"value\": \"mine\"}'"
	@echo "  $(COMPOSE) logs hello"

down: ## Stop them; the nodes' disks are kept
	@$(COMPOSE) down

clean: ## Remove what was built, and the virtual environment
	@rm -rf $(VENV) build dist mutants .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "redpaxos needs Python 3.11 or newer, and $(PYTHON) is older: run make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.ready-user: pyproject.toml | $(BIN)/python
	@echo "Installing redpaxos into $(VENV) ..."
	@$(PIP) -e '.[fast,server]'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(BIN)/python
	@echo "Installing redpaxos and its development tools into $(VENV) ..."
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.ready-user
