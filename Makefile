# What make can do here. Whatever needs an environment prepares it first, once; later calls install nothing.
#   make setup        prepares .venv with all that the others use
#   make demo         trains, evaluates, exports and predicts on the built-in synthetic corpus
#   make test         runs the tests
#   make test-latest  runs them on the newest TensorFlow, without tensorflow-io, in .venv-latest
#   make bench        measures how fast all is, on EMOTION_TF_DATA/ravdess if there is such, and makes the table of docs/results/speed.md
#   make docs         builds the site of docs/ in build/site, strictly; make docs-serve shows it
#   make lint         checks with ruff and mypy
#   make format       mends what ruff can mend
#   make clean        removes the environments and caches; runs/ and export/ stay
.PHONY: help setup demo test test-latest bench docs docs-serve lint format clean
help:
	@sed -n 's/^#  //p' $(MAKEFILE_LIST)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export TF_CPP_MIN_LOG_LEVEL ?= 3

# The first interpreter that starts, can make environments and is one that both TensorFlow 2.17 and tensorflow-io have.
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.10; do \
	$$python -c 'import ensurepip, sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2> /dev/null && \
	echo $$python && break; done)

# A stamp is written when its environment is whole and holds the place of the tree. Where it is missing, as after an
# interruption, or names another place, or the interpreter behind the environment is gone, all is made anew.
STAMPS := .venv/.ready .venv-latest/.ready .venv-mediapipe/.ready
STALE := $(shell for stamp in $(STAMPS); do \
	test -x $$(dirname $$stamp)/bin/python && test "$$(cat $$stamp 2> /dev/null)" = '$(CURDIR)' || echo $$stamp; done)
.PHONY: $(STALE)

$(STAMPS): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Found no Python 3.10, 3.11 or 3.12 with venv (Debian: apt-get install python3-venv); \
	name one with: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Preparing $(@D), once; this takes some minutes."
	$(if $(filter $@,$(STALE)),$(PYTHON) -m venv --clear $(@D))
	@rm -f $@
	$(INSTALL)
	@echo '$(CURDIR)' > $@

# Resemblyzer comes without its dependencies, PyTorch among them: of it we read the weights of a speaker encoder only.
.venv/.ready: INSTALL = .venv/bin/python -m pip install --quiet --editable '.[dev]' && \
	.venv/bin/python -m pip install --quiet --no-deps resemblyzer

# The newest TensorFlow contradicts our own pins, so we install without dependencies and then those, freed of the pins.
.venv-latest/.ready: INSTALL = .venv-latest/bin/python -m pip install --quiet --no-deps --editable . && \
	.venv-latest/bin/python -c "$$UNPINNED" | \
	.venv-latest/bin/python -m pip install --quiet --no-warn-conflicts --requirement /dev/stdin && \
	.venv-latest/bin/python -m pip install --quiet --no-deps resemblyzer
# MediaPipe wants a NumPy that TensorFlow 2.17 does not.
.venv-mediapipe/.ready: INSTALL = .venv-mediapipe/bin/python -m pip install --quiet 'mediapipe>=1.2'
define UNPINNED
from importlib.metadata import metadata, requires
from pip._vendor.packaging.requirements import Requirement

# The protocols of TensorFlow Serving are tied to TensorFlow 2.17, and no test needs the benchmarks.
extras = {"", *metadata("emotion-tf").get_all("Provides-Extra")} - {"serving", "bench"}
for needed in map(Requirement, requires("emotion-tf")):
    wanted = needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
    if wanted and needed.name not in ("emotion-tf", "tensorflow-io"):
        print(needed.name if needed.name == "tensorflow" else f"{needed.name}{needed.specifier}")
endef
export UNPINNED

setup: .venv/.ready

# One clip of the demo corpus and what is said in it.
CLIP := runs/demo-corpus/en-us+m3/en-us+m3-angry-08.wav
TEXT := I am furious about the old house.
demo: setup
	.venv/bin/python train.py --corpus demo --modality text --preset demo --protocol speaker-kfold:4 --workdir runs/demo-text
	.venv/bin/python train.py --corpus demo --modality audio --preset demo --protocol speaker-kfold:4 --workdir runs/demo-audio
	.venv/bin/python train.py --corpus demo --modality both --preset demo --protocol speaker-kfold:4 --workdir runs/demo-both
	.venv/bin/python export.py --workdir runs/demo-both --out export/demo
	.venv/bin/emotion-tf predict $(CLIP) --text '$(TEXT)' --model export/demo
	.venv/bin/emotion-tf predict $(CLIP) --text '$(TEXT)' --model export/demo/tflite/float32.tflite
	.venv/bin/emotion-tf predict $(CLIP) --text '$(TEXT)' --model export/demo/model.keras
	@echo "Synthetic speech, so its figures say nothing about people. The report: runs/demo-both/report.html"

# Two processes, each of which comes to need 7 GB; tests that share what is slow to make stay together.
PYTEST = -m pytest --numprocesses 2 --dist loadgroup

test: setup .venv-mediapipe/.ready
	EMOTION_TF_MEDIAPIPE=.venv-mediapipe/bin/python .venv/bin/python $(PYTEST)

test-latest: .venv-latest/.ready
	.venv-latest/bin/python $(PYTEST)

.venv/.bench: .venv/.ready
	.venv/bin/python -m pip install --quiet --editable '.[bench]'
	@touch $@

bench: .venv/.bench
	.venv/bin/python benchmarks/run.py $(addprefix --data-dir=,$(wildcard $(EMOTION_TF_DATA)/ravdess))

# mkdocstrings lets ruff format signatures, and looks for it where programs are.
docs docs-serve: export PATH := $(CURDIR)/.venv/bin:$(PATH)
docs: setup
	.venv/bin/python -m mkdocs build --strict

docs-serve: setup
	.venv/bin/python -m mkdocs serve

lint: setup
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

format: setup
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

clean:
	rm -rf .venv .venv-latest .venv-mediapipe .mypy_cache .pytest_cache .ruff_cache build dist emotion_tf.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
