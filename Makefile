# make demo and make test are all a fresh machine needs: Python 3.11 or later, make, and a package index.

PYTHON ?= python3
VENV ?= .venv
# kerberos besides, where there is a compiler and libkrb5-dev: its tests say so when they are skipped.
EXTRAS ?= test,check
# What test-all tries.
PYTHONS ?= 3.11 3.12 3.13
BIN = $(VENV)/bin
# Every version the tests run with, by hash. `make lock` writes these from setup.cfg.
LOCKED = requirements/test.txt $(if $(findstring kerberos,$(EXTRAS)),requirements/kerberos.txt)

.PHONY: help demo test test-all check format dist lock faults fuzz bench

help:
	@echo "make demo    install samlauth into $(VENV) and sign in to a rehearsal, in this terminal"
	@echo "make test    install what the tests need, run them, then make check"
	@echo "make check   formatting, lint, types, and what the README says of --help"
	@echo "make test-all  the quick tests with each Python of $(PYTHONS) that is here"
	@echo "make dist    the sdist and the wheel, made twice and compared, and a sign-in with the wheel"
	@echo "make lock    write requirements/ anew from setup.cfg; UPGRADE=--upgrade takes newer versions"
	@echo "make faults  kill and starve the writer of the AWS files, and print what was lost"
	@echo "make fuzz    feed made-up pages and SAML responses to their readers, FUZZ_SECONDS each"
	@echo "make bench   each figure that is promised, beside bare Python, aws-google-auth and aws-adfs"

# Editable by a plain path entry: setuptools' other ways load a finder at every start.
# A current pip first: the console script it writes starts faster than an old pip's.
$(VENV)/.pip: requirements/pip.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/pip.txt
	@touch $@

$(VENV)/.demo: $(VENV)/.pip setup.cfg
	$(BIN)/python -m pip install --quiet '.[sandbox]'
	@touch $@

# The project itself has no hash: without its dependencies, and built by the setuptools just installed.
$(VENV)/.test: $(VENV)/.pip setup.cfg $(LOCKED)
	$(BIN)/python -m pip install --quiet --require-hashes $(LOCKED:%=-r %)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/samlauth rehearse google

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2
	$(MAKE) check

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/interrogate --quiet samlauth
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 --no-warn-unreachable samlauth

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The quick part of the tests, with each Python that is here, in PATH or with pyenv.
test-all:
	@for version in $(PYTHONS); do \
	    python=; \
	    for found in python$$version $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python 2>/dev/null); do \
	        if $$found -c '' 2>/dev/null; then python=$$found; fi; \
	    done; \
	    if [ -z "$$python" ]; then absent="$$absent $$version"; continue; fi; \
	    echo "Python $$version: $$python"; \
	    $(MAKE) --no-print-directory VENV=$(VENV)-$$version PYTHON=$$python $(VENV)-$$version/.test \
	    && $(VENV)-$$version/bin/python -m pytest -q -n 2 --ignore=tests/e2e --ignore=tests/faults --ignore=tests/sandbox \
	    && passed="$$passed $$version" || failed="$$failed $$version"; \
	done; \
	echo "Python: passed$${passed:- none}; failed$${failed:- none}; not here$${absent:- none}"; \
	[ -n "$$passed" ] && [ -z "$$failed" ]

dist: $(VENV)/.test
	$(BIN)/python -m tests.distribution dist

$(VENV)-lock/.uv:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	@touch $@

# For every platform and every Python from the oldest on. uv keeps the versions it finds in the files.
LOCK = $(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)
lock: $(VENV)-lock/.uv
	$(LOCK) setup.cfg --extra test --extra check -o requirements/test.txt
	$(LOCK) setup.cfg --extra kerberos -c requirements/test.txt -o requirements/kerberos.txt
	echo pip | $(LOCK) - -o requirements/pip.txt

# setuptools is what aws-google-auth imports without saying so.
$(VENV)-bench/%/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	$(@D)/bin/python -m pip install --quiet aws-$(*:google=google-auth) 'setuptools < 81'
	@touch $@

bench: $(VENV)/.test $(VENV)-bench/google/.installed $(VENV)-bench/adfs/.installed
	$(BIN)/python -m tests.bench $(VENV)-bench

# By hand: each target for FUZZ_SECONDS. What breaks one is left in fuzz/found.
FUZZ_SECONDS ?= 600
FUZZ = google adfs saml

fuzz: $(VENV)/.test
	$(BIN)/python -m pip install --quiet 'atheris >= 3'
	for target in $(FUZZ); do $(BIN)/python -m fuzz $$target $(FUZZ_SECONDS) || exit 1; done

faults: $(VENV)/.test
	$(BIN)/python -m tests.faults
