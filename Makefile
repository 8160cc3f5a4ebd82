# make setup prepares .venv once; the others call it. A second call installs nothing.
#   make demo   trains, evaluates, exports and predicts on the built-in synthetic corpus
#   make test   runs the tests;  make test-latest  runs them on the newest TensorFlow, without tensorflow-io
#   make lint   ruff and mypy

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that starts and is 3.10 to 3.12: those have both TensorFlow 2.17 and tensorflow-io.
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.10; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$python && break; done)
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: setup demo test test-latest lint format clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "make setup needs Python 3.10, 3.11 or 3.12 on PATH, or PYTHON=/path/to/python"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
