# make demo and make test are all a fresh machine needs: Python 3.11 or later, make, and a package index.

PYTHON ?= python3
VENV ?= .venv
# kerberos besides, where there is a compiler and libkrb5-dev: its tests say so when they are skipped.
EXTRAS ?= test,check
BIN = $(VENV)/bin

.PHONY: help demo test check format faults bench clean

help:
	@echo "make demo    install samlauth into $(VENV) and sign in to a rehearsal, in this terminal"
	@echo "make test    install what the tests need, run them, then make check"
	@echo "make check   formatting, lint, types, and what the README says of --help"
	@echo "make faults  kill and starve the writer of the AWS files, and print what was lost"
	@echo "make bench   each figure that is promised, beside bare Python, aws-google-auth and aws-adfs"

# Editable by a plain path entry: setuptools' other ways load a finder at every start.
# A current pip first: the console script it writes starts faster than an old pip's.
$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.demo: $(VENV)/.pip setup.cfg
	$(BIN)/python -m pip install --quiet '.[sandbox]'
	@touch $@

$(VENV)/.test: $(VENV)/.pip setup.cfg
	$(BIN)/python -m pip install --quiet --config-settings editable_mode=compat --editable '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/samlauth rehearse google

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2
	$(MAKE) check

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --follow-imports=silent samlauth/effects/browser

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# setuptools is what aws-google-auth imports without saying so.
$(VENV)-peers/%/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	$(@D)/bin/python -m pip install --quiet aws-$(*:google=google-auth) 'setuptools < 81'
	@touch $@

bench: $(VENV)/.test $(VENV)-peers/google/.installed $(VENV)-peers/adfs/.installed
	$(BIN)/python -m tests.bench $(VENV)-peers

faults: $(VENV)/.test
	$(BIN)/python -m tests.faults
