# The README's commands. `make check` is exactly what CI does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# two workers of the test suite, one thread each: pools of several threads would wait for one another;
# each takes one half of the files in order, so that few fixtures are made twice, and helps the other at the end;
# bytecode is kept even where the machine forbids it, since many tests start programs
ONE_THREAD := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
NEWEST := build/newest
RELEASE := build/release

.PHONY: setup demo test test-fast notebooks coverage lint docs check newest lock package sbom audit clean

setup: $(INSTALLED)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(INSTALLED) $@

demo: $(INSTALLED)
	$(BIN)/strandline run --evaluate --out runs/demo

test: $(INSTALLED_DEV)
	$(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal

test-fast: $(INSTALLED_DEV)
	$(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal -m "not slow"

# every notebook from its first cell to its last, in a kernel; those that share a run, one after the other
notebooks: $(INSTALLED_DEV)
	STRANDLINE_NOTEBOOKS=1 $(ONE_THREAD) $(BIN)/pytest -n 2 --dist loadgroup -m notebook tests/docs/test_notebooks.py

# lines that numba compiles are not seen
coverage: $(INSTALLED_DEV)
	$(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term --cov-report=html:build/coverage

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED_DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# the demo comes before the tests: it compiles what both of their workers would compile at once
check: lint docs demo test notebooks package

# the suite with the newest versions that pyproject.toml admits, in an environment of its own
newest:
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/pip install --quiet --editable '.[dev]'
	$(ONE_THREAD) $(NEWEST)/bin/pytest -n 2 --dist worksteal

lock: $(INSTALLED_DEV)
	head -1 constraints.txt > build/constraints
	$(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' >> build/constraints
	mv build/constraints constraints.txt

$(RELEASE)/bin/python: pyproject.toml
	$(PYTHON) -m venv --clear $(RELEASE)
	$(RELEASE)/bin/pip install --quiet "build>=1.2" "cyclonedx-bom>=5" "pip-audit>=2.7"

# wheel and source archive in build/package/dist, and the wheel run in an environment of its own
package: | $(RELEASE)/bin/python
	packaging/check.sh $(abspath $(RELEASE))/bin/python build/package

# the bill of materials of that environment, and its known weaknesses by a public database
sbom: | $(RELEASE)/bin/python
	$(RELEASE)/bin/cyclonedx-py environment --pyproject pyproject.toml --of JSON -o build/sbom.json build/package/venv

audit: | $(RELEASE)/bin/python
	$(RELEASE)/bin/pip-audit --path build/package/venv/lib/python*/site-packages

clean:
	rm -rf $(VENV) runs build .pytest_cache .mypy_cache .ruff_cache .hypothesis
