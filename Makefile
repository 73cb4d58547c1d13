# Everything sets itself up: a machine needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint types docs benchmarks case-studies mutants soak soak-hours lock clean

demo: $(READY)
	$(BIN)/tocsin demo

# The live tests wait more than they work, one behind the other; the others fill the time, and step back for them.
test: $(READY) lint types
	@$(BIN)/python -m pytest tests/live >$(VENV)/live.log 2>&1 & live=$$!; \
	trap 'kill -INT $$live' TERM; \
	nice $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder --ignore tests/live; \
	rest=$$?; wait $$live; live=$$?; cat $(VENV)/live.log; exit $$((rest + live))

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m tocsin.docsgen

benchmarks: $(READY)
	$(BIN)/python -m benchmarks

case-studies: $(READY)
	$(BIN)/python -m tocsin.case_studies

# Breaks each rule of the live protocol and sees that a test catches it (5 minutes).
mutants: $(READY)
	$(BIN)/python -m tests.live.mutants

# 300 kills and more over all live workers and the broker (an hour).
soak: $(READY)
	$(BIN)/python -m tests.live.soak

# A week of a large city in 25 minutes through real workers on a real broker: memory and lag must be flat.
soak-hours: $(READY)
	$(BIN)/python -m benchmarks.soak_hours

lock:
	uv pip compile --universal --generate-hashes --group dev --no-header -p 3.11 pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --group image --no-header -p 3.11 pyproject.toml -c requirements.lock -o requirements.image.lock

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Setting up $(VENV): a few minutes the first time"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
