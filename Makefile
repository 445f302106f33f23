# Everything a newcomer needs: Python 3.11 or newer and make. The first target run creates .venv.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
USER_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

ARCH := configs/arch/eyeriss_like.yaml
LAYER := configs/workload/resnet18/layer_05.yaml

.PHONY: demo test lint bench clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "accelax needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(USER_STAMP): pyproject.toml | $(BIN)/python
	@echo "installing accelax into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV_STAMP): pyproject.toml | $(BIN)/python
	@echo "installing accelax and its development tools into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(USER_STAMP)

demo: $(USER_STAMP) ## map a ResNet-18 layer on the Eyeriss-like machine and print the result
	@$(BIN)/accelax map $(ARCH) $(LAYER) --objective edp --seconds 10

test: $(DEV_STAMP) ## the test suite, docstring examples included
	@$(BIN)/python -m pytest -n $(WORKERS)

lint: $(DEV_STAMP) ## ruff, pyright and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports

bench: $(USER_STAMP) ## mappings per second of the full model on this machine
	@$(BIN)/python benchmarks/evaluate.py --json

clean:
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
