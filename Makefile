PYTHON ?= python3
BIN := .venv/bin

.PHONY: run demo worker test lint pins screenshots

run: .venv/ready            ## dashboard, API and worker on http://127.0.0.1:8501
	@exec $(BIN)/python -m core serve

demo: .venv/ready           ## the same, with the example company inside
	@$(BIN)/python -m core demo
	@exec $(BIN)/python -m core serve --config data/example/config.toml

worker: .venv/ready         ## the schedule alone
	@exec $(BIN)/python worker.py

test: .venv/ready           ## lint, types, import rules, every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy core worker.py
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

screenshots: .venv/ready    ## pictures of every page of the example company into docs/screenshots
	@$(BIN)/python -m tests.screenshots

lint: .venv/ready           ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pins: .venv/ready           ## compile requirements.in into requirements.txt
	$(BIN)/uv pip compile requirements.in -o requirements.txt --universal --python-version 3.11 \
		--no-header --annotation-style line --upgrade

.venv/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Bellwether needs Python 3.11 or newer, got " + sys.version.split()[0] + ": name one with make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch .venv/ready
