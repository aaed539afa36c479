# Everything a newcomer or a CI needs: python3 >= 3.11, make and git. Each target sets up what it needs by itself, once.

PYTHON  ?= python3
PORT    ?= 8000
VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.stamp-
PIP     := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
LOCKED  := $(PIP) install --no-deps --require-hashes -r
PACKAGE := $(PIP) install --no-deps --no-build-isolation -e .
PYTEST  := $(BIN)/python -m pytest
# One worker per processor; each has a PostgreSQL of its own, so not more than eight.
SPREAD  := -n auto --maxprocesses 8
# A folder of its own, whatever the caller's environment says: the demo never meets a real discussion.
DEMO    := env -u FORUM_CONFIG -u FORUM_DATABASE_URL -u FORUM_SECRET_KEY FORUM_DATA_DIR=var/demo FORUM_BASE_URL=http://127.0.0.1:$(PORT)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-browser test-slow test-all lint format bench bench-postgres bench-screening bench-confidentiality bench-importing lock clean chromium provider php nginx redis wrk strace

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## *(.*)/  make \1\t\2/' | expand -t 24

setup: $(STAMP)run  ## install what serving takes into .venv, nothing more

run: $(STAMP)run  ## serve the demo discussion at http://127.0.0.1:8000 (another port: make run PORT=8001)
	@$(DEMO) FORUM_LOG_FORMAT=console FORUM_LOG_LEVEL=warning $(BIN)/forum serve --demo --port $(PORT)

test: $(STAMP)test  ## run the tests on SQLite and PostgreSQL, without the slow ones and those in a browser
	@$(PYTEST) $(SPREAD) -m "not slow and not browser" --ignore tests/browser
	@echo "Not run: the tests in a browser (make test-browser) and the slow ones, the PostgreSQL half of some files among them (make test-slow). All of them: make test-all."

test-browser: $(STAMP)browser chromium provider  ## run the tests in Chromium, which is installed when missing
	@$(PYTEST) -n 2 -m browser tests/browser

test-slow: $(STAMP)test php nginx redis wrk  ## run the slow tests: many writers, kills, large threads, an installed wheel, some files again on PostgreSQL
	@$(PYTEST) $(SPREAD) -m "slow and not browser" --ignore tests/browser

test-all: test test-slow test-browser lint  ## run every test and the linters

lint: $(STAMP)browser  ## check style, types, floors and dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q . || { echo "Some files are not formatted: make format does it."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry . 2>&1

format: $(STAMP)test  ## format the code
	@$(BIN)/ruff check -q --fix-only .
	@$(BIN)/ruff format -q .

bench: $(STAMP)test wrk strace  ## measure against Isso and against ready bytes on a million comments, print ratios and write benchmarks/RESULTS.md (a quarter of an hour)
	@$(BIN)/python -m benchmarks.scale

bench-postgres: $(STAMP)test wrk strace  ## the same on PostgreSQL, in benchmarks/RESULTS-POSTGRES.md
	@$(BIN)/python -m benchmarks.scale --postgres

bench-screening: $(STAMP)test  ## say how well the shipped screening rules do on labelled comments
	@$(BIN)/python -m benchmarks.screening

bench-confidentiality: $(STAMP)test  ## say how well the confidentiality check does on labelled comments
	@$(BIN)/python -m benchmarks.confidentiality

bench-importing: $(STAMP)test  ## measure importing against Isso's own importer, print ratios and write benchmarks/RESULTS-importing.md
	@$(BIN)/python -m benchmarks.importing

lock: $(STAMP)venv  ## resolve the requirements anew into the three lock files
	@$(PIP) install uv
	@$(call lock,requirements.lock,--extra all --group build)
	@$(call lock,requirements-dev.lock,--extra all --group dev -c requirements.lock)
	@$(call lock,requirements-e2e.lock,--extra all --group dev --group e2e -c requirements-dev.lock)

clean:  ## remove what these targets made; a discussion in var/ stays
	rm -rf $(VENV) var/demo dist build .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A lock has hashes and no address: each machine takes the packages from the index that it is set up for.
lock = UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links $(2) -o $(1) $(LOCKFLAGS)

# Some systems ship venv without ensurepip; then the system's pip puts one into .venv.
$(STAMP)venv:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or later, or name it: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, and $(PYTHON) is %d.%d: install one, or name it: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { $(PYTHON) -m venv --without-pip --clear $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install -qq pip; } \
	  || { echo "$(PYTHON) can make no virtual environment: install its venv or pip package (Debian: apt-get install python3-venv)."; exit 1; }
	@touch $@

$(STAMP)run: requirements.lock pyproject.toml | $(STAMP)venv
	@echo "Installing into $(VENV) what requirements.lock names; this happens once."
	@$(LOCKED) requirements.lock
	@$(PACKAGE)
	@touch $@

$(STAMP)test: requirements-dev.lock pyproject.toml | $(STAMP)venv
	@echo "Installing into $(VENV) what requirements-dev.lock names; this happens once."
	@$(LOCKED) requirements-dev.lock
	@$(PACKAGE)
	@touch $(STAMP)run $@

$(STAMP)browser: requirements-e2e.lock pyproject.toml | $(STAMP)venv
	@echo "Installing into $(VENV) what requirements-e2e.lock names; this happens once."
	@$(LOCKED) requirements-e2e.lock
	@$(PACKAGE)
	@touch $(STAMP)run $(STAMP)test $@

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing Chromium by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || { echo "The tests in a browser need Chromium: install it with the system's package manager (Debian: sudo apt-get install chromium)."; exit 1; }

php:
	@command -v php >/dev/null \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing PHP by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends php-cli >/dev/null; } \
	  || { echo "The tests of the WordPress example need PHP: install it with the system's package manager (Debian: sudo apt-get install php-cli)."; exit 1; }

nginx:
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing nginx by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; } \
	  || { echo "The tests of several servers need nginx: install it with the system's package manager (Debian: sudo apt-get install nginx-light)."; exit 1; }

redis:
	@command -v redis-server >/dev/null \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing Redis by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null; } \
	  || { echo "The tests of limits beside the database need Redis: install it with the system's package manager (Debian: sudo apt-get install redis-server)."; exit 1; }

wrk:
	@command -v wrk >/dev/null \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing wrk by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null; } \
	  || { echo "The benchmark needs wrk: install it with the system's package manager (Debian: sudo apt-get install wrk)."; exit 1; }

# Without it, everything but the flushes of a write is measured.
strace:
	@command -v strace >/dev/null \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing strace by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null; } \
	  || echo "The benchmark counts flushes by strace, and goes without: install it with the system's package manager (Debian: sudo apt-get install strace)."

# The OpenID provider that people sign in with in the tests; it runs on Node.js.
provider: tests/sso/provider/node_modules/.stamp

tests/sso/provider/node_modules/.stamp: tests/sso/provider/package-lock.json
	@command -v npm >/dev/null \
	  || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	       && echo "Installing Node.js by apt-get; this happens once." && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; } \
	  || { echo "The tests of signing in elsewhere need Node.js and npm: install them with the system's package manager (Debian: sudo apt-get install nodejs npm)."; exit 1; }
	@npm ci --prefix tests/sso/provider --ignore-scripts --no-audit --no-fund --silent
	@touch $@
