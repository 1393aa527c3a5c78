# Two commands for a newcomer: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types bench bench-train setup clean

demo: setup  ## Read an example article with the shipped model
	$(BIN)/marsad extract --format table inference/examples/brief.txt

test: setup  ## Run the tests
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/pyright

bench: setup  ## Measure extraction against the transformers pipeline; half a day on two cores, less with BENCH="--passages 200 --long 1"
	$(BIN)/python benchmarks/extraction.py $(BENCH)

bench-train: setup  ## Measure training against a plain transformers loop; an hour on two cores, less with BENCH="--rounds 1 epochs=1"
	$(BIN)/python benchmarks/training.py $(BENCH)

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "marsad needs Python 3.11 or newer: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --use-pep517 torch==2.13.0 --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .bench
