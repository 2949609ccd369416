# Everything a contributor needs; CI runs the same targets. Only Python 3.11-3.13, make and a C library are presupposed.

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3 2>/dev/null))
VENV   ?= .venv
BIN    := $(VENV)/bin
DONE   := $(VENV)/.installed

.PHONY: help install run test test-browser lint format bench simulate runtime-smoke gate-smoke clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(DONE) ## .venv with the locked dependencies

$(DONE): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "Aurora needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try: make PYTHON=/path/to/python3.11" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(DONE)

# Mock mode: the sandbox plays every upstream. Sign-in works; its mails go into mails.txt. Conflict heatmaps are on, as in the client's own demo.
run: $(DONE) ## Serve on http://127.0.0.1:8080 with the embedded Postgres and the sandbox upstreams
	@AURORA_BFF_USE_MOCK=true AURORA_PRODUCT_REC_ALLOW_SEED_CATALOG=true AURORA_BFF_CONFLICT_HEATMAP_V1_ENABLED=true DIAG_PHOTO_MODULES_CARD=true AURORA_BFF_AUTH_ENABLED=true AURORA_BFF_AUTH_PEPPER=development AURORA_BFF_AUTH_EMAIL_PROVIDER=file AURORA_BFF_AUTH_EMAIL_FILE=mails.txt exec $(BIN)/aurora serve --examples

JOBS ?= 2
test: $(DONE) ## Every test: real Postgres, real sockets, kills and storms (in two processes, a file at a time; JOBS=0: in one)
	$(BIN)/python -m pytest --ignore=tests/browser -n $(JOBS) --dist loadfile

test-browser: $(DONE) ## Our pages in a real browser (Debian: apt-get install chromium)
	$(BIN)/python -m pytest tests/browser

lint: $(DONE) ## ruff, mypy --strict, the import laws
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DONE) ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DONE) ## The figures of the README, measured here
	$(BIN)/python -m soak.bench

simulate: $(DONE) ## 2,500 seeded worlds of whole turns under a mock clock (SEEDS=N for more)
	$(BIN)/python -m soak.simulate --seeds $(or $(SEEDS),2500)

# BASE has no default: a probe writes at the service it talks to (and erases it again).
runtime-smoke: $(DONE) ## One person's way through a running service: BASE=http://127.0.0.1:8080 make runtime-smoke
	$(BIN)/aurora probe runtime --base "$(BASE)"

gate-smoke: $(DONE) ## Its recommendation gates, four cases: BASE=http://127.0.0.1:8080 make gate-smoke
	$(BIN)/aurora probe gates --base "$(BASE)"

clean: ## Remove .venv and caches (data of the embedded Postgres stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
