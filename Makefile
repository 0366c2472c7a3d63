# What people type. `make` alone lists it. Every target may be repeated.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test chaos soak down bench bench-ask lint generated lock install install-bench

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13) python3.11)
MINUTES ?= 30
PROCESSES ?= 3
UV_VERSION := 0.13.9
UV := .venv/bin/uv
ADD := $(UV) pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes --requirement
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate

help:  ## list what can be done
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: install  ## servers, a simulated community, a worker, and the answers next to the planted truth
	@.venv/bin/groupvitals demo

test: install  ## all tests, in PROCESSES (3) processes, each against a real Kafka and ClickHouse of its own
	@echo "Running all tests in $(PROCESSES) processes, each against a real Kafka and ClickHouse of its own; the first run fetches them."
	@.venv/bin/pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --durations 15

chaos: install  ## every known fault, on real workers and servers, and 13,000 simulated schedules; bench/results/{faults,schedules}.json
	@.venv/bin/pytest -m "" --injected bench/results/faults.json tests/faults
	@.venv/bin/pytest -m "" --injected bench/results/schedules.json tests/simulation

soak: install-bench  ## a steady load for MINUTES (30) on two workers, one killed every minute; bench/results/soak.png
	@.venv/bin/python -m bench.soak --minutes $(MINUTES)

down:  ## stop the servers that `make demo` or `groupvitals up` started
	@if [ -x .venv/bin/groupvitals ]; then .venv/bin/groupvitals down; else echo "Nothing is installed, so nothing runs."; fi

bench: install-bench  ## this project and its peers on one topic with the same events
	@.venv/bin/python -m bench

bench-ask: install-bench  ## every question over a simulated year of 100 million events, 50 times; QUICK=1: a million events, no results
	@.venv/bin/python -m bench.ask $(if $(QUICK),--quick)

lint: install  ## style, types, import directions
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

generated: install  ## write what is derived: schemas/generated, docs/settings.md, docs/metrics.md, the tables of docs/questions
	@.venv/bin/python -m schemas.export
	@.venv/bin/python -m groupvitals.settings_page
	@.venv/bin/python -m groupvitals.metrics_page
	@.venv/bin/python -m groupvitals.questions_page

lock: install  ## pick the newest versions of all packages that fit together, and pin them by hash
	@echo "Resolving packages for Python 3.11 to 3.13 on Linux and macOS."
	@$(COMPILE) --upgrade --extra dev --extra bench pyproject.toml --output-file requirements-bench.lock
	@$(COMPILE) --extra dev --constraints requirements-bench.lock pyproject.toml --output-file requirements.lock

install: .venv/installed
install-bench: .venv/installed-bench

.venv/bin/uv:
	@echo "Making .venv with $(PYTHON)."
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/installed: requirements.lock pyproject.toml | .venv/bin/uv
	@echo "Installing $$(grep -c == requirements.lock) locked packages into .venv (about 400 MB to fetch the first time)."
	@$(ADD) requirements.lock
	@$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .
	@touch $@

.venv/installed-bench: requirements-bench.lock .venv/installed
	@echo "Installing what the bench compares with."
	@$(ADD) requirements-bench.lock
	@touch $@
