# make demo    the app on a sample project, from nothing
# make test    all tests this machine can run, from nothing
# make lint    ruff, mypy --strict, import-linter
# make bench   the benchmarks of docs/benchmarks.md
PYTHON ?=
PORT ?= 8501
DEMO ?= demo-project
export PYTHON

.PHONY: install demo test lint bench
install:
	@scripts/install.sh

demo: install
	@.venv/bin/workbench --project "$(DEMO)" demo --port $(PORT)

test:
	@scripts/install.sh dev
	@scripts/test.sh $(ARGS)

lint:
	@scripts/install.sh dev
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench:
	@scripts/install.sh dev
	@.venv/bin/python -m tests.benchmarks $(ARGS)
