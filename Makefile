# What one does with the project; each target first installs what it needs, into the checkout and the user's cache.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PORT ?= 8000
# Each has servers of its own, of about 2 GB: as many as keep two cores busy while some of them wait.
PROCESSES ?= 3
BIN := .venv/bin
UV := .tools/bin/uv
AUDITS := tests/acceptance/graphql_http
CLIENTS := tests/acceptance/clients
PAGES := web/graphiql.html web/vite.config.ts web/tsconfig.json $(shell find web/src -type f)
LOCKING := pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock' --quiet

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Each of the many starts of our programs would compile them anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install web demo check test needed-by-tests nightly faults bench docs lock format chromium clean

help:  ## Say what there is to make
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 12

install: .venv/installed  ## Make .venv with the packages of requirements.lock and the command catalograph

web: web/dist/graphiql.html  ## Build the pages that the server serves

demo: install web  ## Run the whole system with the sample collections; Ctrl-C stops it
	@exec $(BIN)/catalograph up --collections examples/tate --port $(PORT) --data .demo \
		--load Artist=examples/tate/artists.ndjson.gz --load Artwork=examples/tate/artworks.ndjson.gz

check: install web/node_modules/.package-lock.json  ## Lint, types, layers, and the examples' collection files
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo --no-cache
	web/npm --prefix web run --silent check
	$(BIN)/catalograph schema check --collections examples/tate

test: install  ## Check, then run all tests
	@$(MAKE) --jobs 2 --output-sync=target check needed-by-tests
	$(BIN)/pytest --numprocesses $(PROCESSES) --dist loadscope --no-loadscope-reorder

needed-by-tests: web chromium $(AUDITS)/node_modules/.package-lock.json $(CLIENTS)/node_modules/.package-lock.json

nightly: check web  ## Ask 2,000 random collections what any may be asked, instead of the 100 of make test
	$(BIN)/pytest tests/unit/execution tests/integration/questions tests/acceptance/counting --hypothesis-profile=nightly

faults: check web  ## Break a running system 300 times while clients write; FAULTS_SEED=N takes another course
	FAULTS=$${FAULTS:-300} $(BIN)/pytest tests/faults

bench: install web  ## Measure import, search and memory on the full Tate data, as a table and as JSON
	$(BIN)/python -m benchmarks

docs: install  ## Write the parts of docs/ that follow from the code
	$(BIN)/python -m docs.reference

lock: $(UV)  ## Choose the newest packages that pyproject.toml allows, and write requirements.lock
	$(UV) $(LOCKING) --upgrade --output-file requirements.lock

format: install  ## Format the code and put right what ruff can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

clean:  ## Remove all that was made here, but not the data of the demo
	rm -rf .venv .tools web/node_modules web/dist $(AUDITS)/node_modules $(CLIENTS)/node_modules .mypy_cache .ruff_cache .hypothesis

# uv itself comes by pip, in the version and with the hashes of the lock.
$(UV): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is older than 3.11: name a newer one with make PYTHON=…' >&2; exit 1; }
	@mkdir -p .tools
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .tools/uv.txt
	$(PYTHON) -m pip install --quiet --upgrade --target .tools --no-deps --require-hashes -r .tools/uv.txt
	@touch $@

.venv/bin/python: | $(UV)
	$(UV) venv --quiet --allow-existing --python '$(shell command -v $(PYTHON))' .venv

.venv/installed: requirements.lock pyproject.toml .venv/bin/python | $(UV)
	$(UV) pip sync --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	@touch $@

%/node_modules/.package-lock.json: %/package-lock.json %/package.json | .venv/installed
	web/npm --prefix $* ci --ignore-scripts --prefer-offline --silent
	@touch $@

web/dist/graphiql.html: $(PAGES) web/node_modules/.package-lock.json
	web/npm --prefix web run --silent build
	@touch $@

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || $(call debian,chromium)

debian = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null || \
	{ echo 'The tests need the Debian package $(1): install it, or run make test as root.' >&2; exit 1; }; \
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $(1) >/dev/null; }
