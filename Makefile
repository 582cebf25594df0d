# SPDX-License-Identifier: MIT
# Everything starts here; `make help` lists it. Built things go to build/.

PYTHON ?= python3
VENV := build/venv
BIN := $(VENV)/bin
SHARED ?= ../shared
CORE := $(wildcard native_module/core/*.[ch] native_module/core/*/*.[ch]) native_module/ops.def

.DEFAULT_GOAL := help

include ports/ports.mk
-include native_module/natmod.mk
-include tests/core.mk

.PHONY: help demo test test-host conformance lint size clean

help:
	@echo "make demo  [BOARD=qemu-cortex-m4]    run the gesture wand on a board (default: the unix port)"
	@echo "make test                            all tests"
	@echo "make conformance MODELS=<dir> [TARGET=host|unix|qemu-cortex-m4]"
	@echo "make firmware BOARD=<board>          MicroPython with Midge linked in -> build/firmware/<board>/"
	@echo "make natmod ARCH=<arch>              a native module for stock firmware -> build/natmod/<arch>/"
	@echo "make size | lint | fuzz | clean"

# The virtual environment: remade when what it holds changes.
$(VENV)/.ready: host_tools/pyproject.toml host_tools/setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Midge needs Python 3.10 or later; $(PYTHON) is older. Name another: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing the host tools into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e 'host_tools[test,firmware]'
	@touch $@

host_tools/midge/libmidge.so: $(CORE) host_tools/build_core.py
	@$(PYTHON) host_tools/build_core.py $@

.PHONY: host
host: $(VENV)/.ready host_tools/midge/libmidge.so

clean:
	rm -rf build host_tools/build host_tools/*.egg-info host_tools/midge/libmidge.so
