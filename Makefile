# SPDX-License-Identifier: MIT
# Everything starts here; `make help` lists it. Built things go to build/.

PYTHON ?= python3
SHARED ?= ../shared
TARGET ?= host
RUNS ?= 0
FUZZ_SECONDS ?= 60
DEMO_BOARD := $(or $(BOARD),unix)

VENV := build/venv
BIN := $(VENV)/bin
LIBRARY := host_tools/midge/core/libmidge.so
CORE := $(wildcard native_module/core/*.[ch] native_module/core/*/*.[ch] native_module/core/*/*/*.[ch]) native_module/ops.def

.DEFAULT_GOAL := help

include ports/ports.mk
include native_module/natmod.mk
include tests/core.mk

.PHONY: help
help:
	@echo "make demo [BOARD=qemu-cortex-m4]     the gesture wand on a board; by default MicroPython's unix port"
	@echo "make example                         train on handwritten digits, quantise, evaluate, run on an emulated board"
	@echo "make test                            all tests, on the emulated Cortex-M4 board"
	@echo "make test-boards                     the boards' tests on every emulated board"
	@echo "make conformance MODELS=<dir> [TARGET=host|unix|<emulated board>] [RUNS=n]"
	@echo "                                     real models against their recorded outputs"
	@echo "make firmware BOARD=<board>          MicroPython with Midge linked in -> build/firmware/<board>/"
	@echo "make natmod ARCH=<arch>              a native module for stock firmware -> build/natmod/<arch>/"
	@echo "make mip                             packages for mpremote mip install, of each module built -> build/mip/"
	@echo "                                     with OPS_FROM=<models> or MIDGE_WITHOUT=<families> in either: fewer ops"
	@echo "make test-natmods                    native modules and the Pico's firmware, on emulated boards"
	@echo "make op-sizes ARCH=<arch>            what each op costs in a native module"
	@echo "make size                            what Midge adds to Cortex-M4 firmware"
	@echo "make bench [MODELS=<dir>] [TARGETS=cortex-m4,...]   instructions of each node -> build/bench.json"
	@echo "make test-bench                      typical layers, no more than 2 % above tests/bench/baseline.json"
	@echo "make test-quantize [ONLY=name]       our quantiser against Google's on every float model"
	@echo "make fuzz [FUZZ_SECONDS=60]          feed damaged models to the core under sanitizers"
	@echo "make lint | clean"

# The virtual environment with the host tools, remade when their list of packages changes.
$(VENV)/.ready: host_tools/pyproject.toml host_tools/setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Midge needs Python 3.10 or later; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "no virtual environments here; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing the host tools into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e 'host_tools[firmware]'
	@touch $@

# What tests and measurements need besides.
$(VENV)/.ready-to-test: $(VENV)/.ready
	@echo "installing what the tests need into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e 'host_tools[test]'
	@touch $@

$(LIBRARY): $(CORE) host_tools/midge/core/build.py
	@$(PYTHON) host_tools/midge/core/build.py

.PHONY: host
host: $(VENV)/.ready $(LIBRARY)

# Firmware as a step on the way: its long output goes to a file.
firmware-for-%: $(VENV)/.ready
	@mkdir -p build/firmware/$* && echo "building MicroPython with Midge for $* (log: build/firmware/$*/build.log)"
	@$(MAKE) --no-print-directory firmware BOARD=$* >build/firmware/$*/build.log 2>&1 || \
		{ tail -20 build/firmware/$*/build.log; exit 1; }

# MicroPython as it comes from elsewhere, without Midge: what `midge install` meets.
stock-firmware-for-%: $(VENV)/.ready
	@mkdir -p build/no-modules build/firmware/$*-stock
	@echo "building MicroPython without Midge for $* (log: build/firmware/$*-stock/build.log)"
	@$(MAKE) --no-print-directory firmware BOARD=$* USER_C_MODULES=build/no-modules FIRMWARE=build/firmware/$*-stock \
		>build/firmware/$*-stock/build.log 2>&1 || { tail -20 build/firmware/$*-stock/build.log; exit 1; }

natmod-for-%: $(VENV)/.ready
	@mkdir -p build/natmod/$* && echo "building the native module for $* (log: build/natmod/$*/build.log)"
	@$(MAKE) --no-print-directory natmod ARCH=$* >build/natmod/$*/build.log 2>&1 || \
		{ tail -20 build/natmod/$*/build.log; exit 1; }

.PHONY: demo
demo: host firmware-for-$(DEMO_BOARD)
	@$(BIN)/python host_tools/demo/demo.py --board $(DEMO_BOARD)

# The same from the start: a network is trained, and its answers on the board are compared with those of the PC.
.PHONY: example
example: $(VENV)/.ready-to-test host firmware-for-qemu-cortex-m4
	@$(BIN)/python host_tools/demo/digits/digits.py

.PHONY: conformance
conformance: host $(if $(filter-out host,$(TARGET)),firmware-for-$(TARGET))
	@$(BIN)/python -m tests.conformance $(or $(MODELS),$(SHARED)/models) --target $(TARGET) --runs $(RUNS)

BUILT := $(VENV)/.ready-to-test host firmware-for-unix firmware-for-qemu-cortex-m4 stock-firmware-for-qemu-cortex-m4 \
	natmod-for-x64 natmod-for-armv7emsp

# Packages for `mpremote mip install <address>/<arch>/`, of every native module that is built.
.PHONY: mip
mip: host
	@$(BIN)/python -m midge.link.modules build/mip

# Steps that need not wait for one another share the cores. Each prints once it is done, the longest start first.
at_once = $(MAKE) --no-print-directory -j$(JOBS) --output-sync=target

.PHONY: test test-python test-ops test-conformance
test: $(BUILT) $(CORE_SEEDS)/list
	@+$(at_once) test-python test-conformance test-ops test-core test-quantize test-bench fuzz size lint

test-python: $(BUILT)
	@$(BIN)/python -m pytest -q -rs -m "not boards" --ignore=tests/ops tests
	@$(BIN)/python -m tests.support.tables --passed unix qemu-cortex-m4

test-ops: $(VENV)/.ready-to-test host
	@$(BIN)/python -m pytest -q tests/ops
	@$(BIN)/python -m tests.support.tables --check

# The native module of every architecture on firmware without Midge, and firmware for the Pico in its emulator.
NATMOD_BOARDS := qemu-cortex-m0plus qemu-cortex-m3 qemu-cortex-m4 qemu-cortex-m7 qemu-rv32 unix xtensa-sim lx106-sim
.PHONY: test-natmods built-for-natmods run-natmods
test-natmods: built-for-natmods
	@$(MAKE) --no-print-directory run-natmods

built-for-natmods: $(VENV)/.ready-to-test host $(NATMOD_BOARDS:%=firmware-for-%-bare) firmware-for-RPI_PICO \
		firmware-for-RPI_PICO2 firmware-for-RPI_PICO-bare
	@$(MAKE) --no-print-directory firmware BOARD=unix BARE=1 MICROPYTHON_VERSION=1.26.1 >build/firmware/unix-1.26.log

run-natmods:
	@$(BIN)/python -m pytest -q -rs tests/device/test_natmods.py tests/device/test_esp8266.py \
		tests/device/test_tailored.py tests/device/test_rp2040.py
	@$(BIN)/python -m tests.support.tables --passed RPI_PICO xtensa-sim lx106-sim
	@for board in qemu-cortex-m3 qemu-cortex-m4 qemu-rv32 xtensa-sim lx106-sim; do \
		[ ! -d $(SHARED)/models ] || $(BIN)/python -m tests.conformance $(SHARED)/models \
			--target $$board-bare --runs 1 --quiet || exit 1; done

# Every model on every target; without the real models there is nothing to compare.
test-conformance: $(BUILT)
	@if [ -d $(SHARED)/models ]; then \
		for target in host unix qemu-cortex-m4; do \
			echo "conformance on $$target"; \
			$(BIN)/python -m tests.conformance $(SHARED)/models --target $$target --runs 3 --quiet || exit 1; \
		done; \
		echo "conformance of weights packed for DSP cores, on qemu-cortex-m4"; \
		$(BIN)/python -m tests.conformance $(SHARED)/models --target qemu-cortex-m4 --pack cortex-m4 \
			--runs 2 --quiet || exit 1; \
		echo "conformance of the op fixtures on unix"; \
		$(BIN)/python -m tests.conformance $(SHARED)/ops --target unix --runs 2 --quiet || exit 1; \
		echo "conformance of ONNX models on host"; \
		$(BIN)/python -m tests.conformance $(SHARED)/onnx --runs 4 --quiet --at-least 0.9; \
	else echo "conformance skipped: no real models at $(SHARED)/models (SHARED=<dir> names another place)"; fi

# Our quantiser against Google's, on the float models that lie beside the repository.
.PHONY: test-quantize
test-quantize: $(VENV)/.ready-to-test host
	@if [ -d $(SHARED)/models ]; then $(BIN)/python -m tests.quantize $(SHARED) $(if $(ONLY),--only $(ONLY)); \
	else echo "comparison of quantisers skipped: no real models at $(SHARED)/models"; fi

# The tests of a board, and integer models on it, as they are and packed for its core, on each emulated board but the
# one that `make test` has had.
BOARDS ?= $(filter-out qemu-cortex-m4,$(basename $(notdir $(wildcard ports/boards/qemu-*.toml))))
.PHONY: test-boards
test-boards: built-for-natmods $(addprefix built-for-,$(BOARDS)) # one build after the other: boards share modules
	@+$(at_once) run-natmods $(addprefix run-on-,$(BOARDS))

test-board-%: built-for-%
	@$(MAKE) --no-print-directory run-on-$*

built-for-%: $(VENV)/.ready-to-test host firmware-for-%
	@$(MAKE) --no-print-directory natmod-for-$(call arch_of,$*)

run-on-%:
	@echo "tests on $*"
	@BOARDS=$* $(BIN)/python -m pytest -q tests/device/test_board_qemu.py tests/device/test_sensor.py \
		tests/device/test_scripts.py -k "not on_the_host and not unix"
	@[ $* = qemu-cortex-m4 ] || $(BIN)/python -m tests.support.tables --passed $*
	@if [ -d $(SHARED)/models ]; then for pack in "" "--pack $*"; do \
		echo "conformance on $* $$pack"; \
		$(BIN)/python -m tests.conformance $(SHARED)/models --target $* --runs 1 --most-macs 3000000 \
			--quiet $$pack || exit 1; \
	done; fi

.PHONY: lint
lint: $(VENV)/.ready-to-test
	@$(BIN)/ruff check --quiet . && cd host_tools && ../$(BIN)/mypy --no-error-summary

# What Midge's objects take in firmware; the limits are promises of the README. Builds with
# MIDGE_WITHOUT="f32 int16 signal" hold the first sum only.
SIZE_LIMIT := 32768
SIZE_LIMIT_ALL := 53248
.PHONY: size
size: firmware-for-qemu-cortex-m4
	@find build/firmware/qemu-cortex-m4/native_module -name '*.o' | sort | xargs arm-none-eabi-size | \
		grep -v -e conv_words -e depthwise_words -e conv_twins -e depthwise_planes -e conv_rows \
		-e depthwise_lanes | \
		awk 'NR > 1 { n = $$6; sub(".*native_module/", "", n); printf "%8d  %s\n", $$1 + $$2, n; all += $$1 + $$2; \
			if (n !~ /_f32|16\.o|lstm|svdf|spectrum|filterbank|detection|real/) base += $$1 + $$2 } \
		END { printf "Midge adds %d bytes to Cortex-M4 firmware with the int8 ops (at most $(SIZE_LIMIT)), " \
			"%d with all ops (at most $(SIZE_LIMIT_ALL))\n", base, all; \
			exit base > $(SIZE_LIMIT) || all > $(SIZE_LIMIT_ALL) }'

TARGETS ?= cortex-m0plus,cortex-m3,cortex-m4,cortex-m7,cortex-m33,cortex-m55,rv32
.PHONY: bench test-bench
bench: $(VENV)/.ready-to-test host
	@ports/toolchain.sh arm riscv
	@$(BIN)/python -m tests.bench $(or $(MODELS),$(SHARED)/models) --targets $(TARGETS) --code

test-bench: $(VENV)/.ready-to-test host
	@ports/toolchain.sh arm riscv
	@$(BIN)/python -m tests.bench --check

.PHONY: clean
clean:
	rm -rf build host_tools/build host_tools/*.egg-info $(LIBRARY)
