# What make can do here. Whatever needs an environment prepares it first, once; later calls install nothing.
#   make setup        prepares .venv with all that the others use
#   make demo         trains, evaluates, exports and predicts on the built-in synthetic corpus
#   make ready        trains the ready models of emotion_tf/ready/ on RAVDESS and nEMO in EMOTION_TF_DATA: about an hour
#   make check        lint, and the tests that train nothing: some minutes, while one works
#   make test         runs the tests on the newest TensorFlow, all but those that repeat with more cases what others show
#   make test-all     runs those too, as continuous integration does of what was merged
#   make test-oldest  runs all tests on TensorFlow 2.17, tensorflow-io, NumPy 1.26 and the oldest Keras, in .venv-oldest
#   make test-edges   runs there the quick ones about TensorFlow, NumPy and exports, and loads the exports of each in the other
#   make bench        measures how fast all is, on EMOTION_TF_DATA/ravdess if there is such, and makes the table of docs/results/speed.md
#   make docs         builds the site of docs/ in build/site, strictly; make docs-serve shows it
#   make lint         checks with ruff and mypy
#   make format       mends what ruff can mend
#   make clean        removes the environments and caches; runs/ and export/ stay
.PHONY: help setup demo ready check test test-all test-oldest test-edges bench docs docs-serve lint format clean
help:
	@sed -n 's/^#  //p' $(MAKEFILE_LIST)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export TF_CPP_MIN_LOG_LEVEL ?= 3

# The first interpreter of those named that starts, can make environments and is from 3.10 to the newest given.
find = $(shell for python in $(1); do \
	$$python -c 'import ensurepip, sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, $(2)))' 2> /dev/null && \
	echo $$python && break; done)
PYTHON ?= $(call find,python3 python3.13 python3.12 python3.11 python3.10,13)
# tensorflow-io has no wheels for Python 3.13.
PYTHON_OLDEST ?= $(call find,$(PYTHON) python3 python3.12 python3.11 python3.10,12)

# A stamp is written when its environment is whole and holds the place of the tree. Where it is missing, as after an
# interruption, or names another place, or the interpreter behind the environment is gone, all is made anew.
STAMPS := .venv/.ready .venv-oldest/.ready .venv-mediapipe/.ready
STALE := $(shell for stamp in $(STAMPS); do \
	test -x $$(dirname $$stamp)/bin/python && test "$$(cat $$stamp 2> /dev/null)" = '$(CURDIR)' || echo $$stamp; done)
.PHONY: $(STALE)

$(STAMPS): WITH = $(PYTHON)
.venv-oldest/.ready: WITH = $(PYTHON_OLDEST)
.venv-oldest/.ready: .ci/oldest.txt
$(STAMPS): pyproject.toml
	@test -n "$(WITH)" || { echo "Found no Python for $(@D) with venv: 3.10 to 3.13, and to 3.12 for .venv-oldest (Debian: \
	apt-get install python3-venv); name one with: make PYTHON=/path/to/python PYTHON_OLDEST=/path/to/python" >&2; exit 1; }
	@echo "Preparing $(@D), once; this takes some minutes."
	$(if $(filter $@,$(STALE)),$(WITH) -m venv --clear $(@D))
	@rm -f $@
	$(INSTALL)
	@echo '$(CURDIR)' > $@

# Resemblyzer comes without its dependencies, PyTorch among them: of it we read the weights of a speaker encoder only.
.venv/.ready: INSTALL = .venv/bin/python -m pip install --quiet --editable '.[dev]' && \
	.venv/bin/python -m pip install --quiet --no-deps resemblyzer

.venv-oldest/.ready: INSTALL = .venv-oldest/bin/python -m pip install --quiet --editable '.[test]' \
	--constraint .ci/oldest.txt && .venv-oldest/bin/python -m pip install --quiet --no-deps resemblyzer
# In an environment of its own, since its wheels pin packages that we do not.
.venv-mediapipe/.ready: INSTALL = .venv-mediapipe/bin/python -m pip install --quiet 'mediapipe>=1.2'

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

# The clips of both corpora in one manifest; a fifth of the speakers of each is held out and tested.
READY := runs/ready
ready: setup
	.venv/bin/python benchmarks/ready_corpora.py --data-dir $(EMOTION_TF_DATA) --out $(READY)/corpora.csv
	.venv/bin/python train.py --corpus manifest --data-dir $(READY)/corpora.csv --labels four --preset speech-audio --protocol speaker-kfold:5 --folds $(READY)/folds.json --workdir $(READY)/speech
	.venv/bin/python benchmarks/ready_models.py --name speech --run $(READY)/speech --corpora $(READY)/corpora.csv
	.venv/bin/emotion-tf distil --teacher speech --recordings $(READY)/unlabelled.csv --corpus manifest --data-dir $(READY)/corpora.csv --labels four --preset student --protocol speaker-kfold:5 --folds $(READY)/folds.json --workdir $(READY)/student
	.venv/bin/python benchmarks/ready_models.py --name student --run $(READY)/student --corpora $(READY)/corpora.csv --unlabelled $(READY)/unlabelled.csv

# Two processes, each of which comes to need 3 GB; tests that share what is slow to make stay together.
PYTEST = -m pytest --numprocesses 2 --dist loadgroup

OLDEST = .venv-oldest/bin/python

# These rooms train nothing, or next to nothing.
CHECKED := emotion_tf tests/asr tests/audio tests/corpora tests/frontend tests/layers tests/text tests/utils \
	$(filter-out tests/test_fuzz.py tests/test_real_run.py,$(wildcard tests/test_*.py))
check: lint
	.venv/bin/python $(PYTEST) -m "not slow and not repeats" $(CHECKED)

# The rooms that touch TensorFlow, tensorflow-io, NumPy and the formats of exports.
EDGES := tests/audio tests/dataset tests/exporting tests/frontend tests/inference tests/layers tests/models tests/utils \
	tests/training/test_replication.py tests/test_versions.py

test: setup .venv-mediapipe/.ready
	EMOTION_TF_MEDIAPIPE=.venv-mediapipe/bin/python .venv/bin/python $(PYTEST) -m "not repeats"

test-all: setup .venv-mediapipe/.ready
	EMOTION_TF_MEDIAPIPE=.venv-mediapipe/bin/python .venv/bin/python $(PYTEST)

test-oldest: .venv-oldest/.ready
	$(OLDEST) $(PYTEST)

test-edges: setup .venv-oldest/.ready
	EMOTION_TF_OTHER_PYTHON=$(OLDEST) .venv/bin/python -m pytest tests/test_versions.py
	EMOTION_TF_OTHER_PYTHON=.venv/bin/python $(OLDEST) $(PYTEST) -m "not repeats and not slow" $(EDGES)

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
	rm -rf .venv .venv-oldest .venv-mediapipe .mypy_cache .pytest_cache .ruff_cache build dist emotion_tf.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
