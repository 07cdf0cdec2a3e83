# make run    serve the dashboard          (PORT=8501 HOST=127.0.0.1)
# make demo   one run by command line, into runs/demo
# make test   everything that must hold: lint, types, tests, browser
# make bench  how fast, beside what others do; alone on the machine, a quarter of an hour
#
# PYTHON=python3.12 chooses the interpreter; TORCH_INDEX=URL the build of PyTorch (see README.md).

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
HOST ?= 127.0.0.1
TORCH_INDEX ?=

BIN := $(VENV)/bin
TORCH := $(shell sed -n 's/^\(torch==[^ ]*\).*/\1/p' requirements.txt)

.PHONY: run demo test lint bench sample clean
.DELETE_ON_ERROR:

# The first map of a machine compiles for half a minute: done here, so that no visitor meets it.
run: $(VENV)/.warm
	$(BIN)/streamlit run dashboard/app.py --server.port $(PORT) --server.address $(HOST)

demo: $(VENV)/.warm
	rm -rf runs/demo
	$(BIN)/python -m probing run data/reviews.csv --label category --out runs/demo

# One thread each: processes that compute at once slow each other down by spinning.
test bench: export OMP_NUM_THREADS := 1
test bench: export NUMBA_NUM_THREADS := 1

# Browser tests come last: what they wait for is computed by servers of their own.
test: $(VENV)/.tests lint
	$(BIN)/python -m pytest -m "not browser" --numprocesses 2 --dist loadfile \
	  --no-loadscope-reorder
	$(BIN)/python -m pytest -m browser --numprocesses 2 --dist loadfile

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python -m tests.benchmarks

# The finished run that a first visit shows.
sample: $(VENV)/.warm
	rm -rf data/sample_run
	$(BIN)/python -m probing run data/reviews.csv --label category --depth full --maps all --slim --out data/sample_run
	$(BIN)/python -m probing inside data/sample_run

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/artifacts

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than 3.11. Name a newer one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet $(TORCH) --index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.warm: $(VENV)/.installed
	$(BIN)/python -m probing warm
	@touch $@

$(VENV)/.bench: $(VENV)/.tests tests/benchmarks/requirements.txt
	$(BIN)/python -m pip install --quiet -r tests/benchmarks/requirements.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.warm tests/requirements.txt tests/browser/install.sh tests/browser/package.json
	$(BIN)/python -m pip install --quiet -r tests/requirements.txt
	sh tests/browser/install.sh $(BIN)
	@touch $@
