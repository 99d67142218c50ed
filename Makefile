# The README's commands. `make check` is exactly what CI does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# numba's first parallel loop undoes OMP_NUM_THREADS for torch too; two workers of two threads each wait for one another
ONE_THREAD := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.PHONY: setup demo test test-fast coverage lint docs check clean

setup: $(INSTALLED)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $(INSTALLED) $@

demo: $(INSTALLED)
	$(BIN)/strandline run --out runs/demo

test: $(INSTALLED_DEV)
	$(ONE_THREAD) $(BIN)/pytest -n 2

test-fast: $(INSTALLED_DEV)
	$(ONE_THREAD) $(BIN)/pytest -n 2 -m "not slow"

# lines that numba compiles are not seen
coverage: $(INSTALLED_DEV)
	$(ONE_THREAD) $(BIN)/pytest -n 2 --cov --cov-report=term --cov-report=html:build/coverage

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED_DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

check: lint docs test demo

clean:
	rm -rf $(VENV) runs build .pytest_cache .mypy_cache .ruff_cache .hypothesis
