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
CORE := $(wildcard native_module/core/*.[ch] native_module/core/*/*.[ch] native_module/core/*/*/*.[ch]) \
	native_module/binding/ctypes.c native_module/ops.def

# step WHAT,LOG,COMMAND: run a long command with its output in a file; say what it does and how long it took.
step = ports/tools/step.sh "$1" $2 $3
# Tests that take a while are named: CI has so much time and no more.
PYTEST := $(BIN)/python -m pytest -q --durations=15 --durations-min=8
pip_install = ports/tools/install.sh $(BIN)

MAKEFLAGS += --no-print-directory
# Hundreds of processes import the same libraries. Compiling those anew takes them longer than all they are started for,
# whatever the environment says of it, as those of containers do.
unexport PYTHONDONTWRITEBYTECODE
# Steps share the cores. More threads for small matrices would spend most of their time waiting for one another.
export OPENBLAS_NUM_THREADS := 1
.DEFAULT_GOAL := help

# What the rows of boards and cores say, as variables. make remakes it first, when a row has come, changed or gone.
include build/boards.mk
build/boards.mk: ports/tools/boards_mk.py $(wildcard host_tools/midge/targets/*.*) ports/boards $(wildcard ports/boards/*)
	@$(PYTHON) $< $@

include ports/ports.mk
include native_module/natmod.mk
include tests/core.mk

##@ Start here
.PHONY: help
help:
	@awk -f ports/tools/help.awk $(filter-out build/%,$(MAKEFILE_LIST))

# The virtual environment with the host tools, remade when their list of packages changes.
$(VENV)/.ready: pyproject.toml setup.py
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "no virtual environments here; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(call step,installing the host tools into $(VENV),build/host-tools.log,$(pip_install) '.[firmware]')
	@touch $@

# What tests and measurements need besides.
$(VENV)/.ready-to-test: $(VENV)/.ready
	@$(call step,installing what the tests need into $(VENV),build/test-tools.log,$(pip_install) '.[test]')
	@touch $@

# What wheels are made with.
$(VENV)/.ready-to-dist: $(VENV)/.ready
	@$(call step,installing what wheels are made with into $(VENV),build/dist-tools.log,$(pip_install) '.[dist]')
	@touch $@

$(VENV)/.ready-for-docs: $(VENV)/.ready
	@$(call step,installing what makes the site into $(VENV),build/docs-tools.log,$(pip_install) '.[docs]')
	@touch $@

$(LIBRARY): $(CORE) host_tools/midge/core/build.py | $(VENV)/.ready
	@$(PYTHON) host_tools/midge/core/build.py

# What draws the studio's curves, from npm. Without that, or off line, the studio says what it lacks.
UPLOT_VERSION := 1.6.32
CHARTS := build/page/uPlot-$(UPLOT_VERSION)
UPLOT := build/browser/node_modules/uplot/dist
$(CHARTS): | npm-is-there
	@npm install --silent --no-fund --no-audit --prefix build/browser uplot@$(UPLOT_VERSION) && mkdir -p $(@D) && \
		cp $(UPLOT)/uPlot.iife.min.js $(@D)/uPlot.js && cp $(UPLOT)/uPlot.min.css $(@D)/uPlot.css && touch $@ || \
		echo "npm did not bring uPlot: the studio goes without curves until make page does" >&2

.PHONY: npm-is-there
npm-is-there:
	@ports/toolchain.sh npm

.PHONY: host
host: $(VENV)/.ready $(LIBRARY) $(if $(shell command -v npm),$(CHARTS))

# Firmware and native modules as steps on the way. -bare is MicroPython as it comes from elsewhere, without Midge: what
# `midge install` meets, and what native modules are tried on. They may be built at once, so what they share comes first.
firmware-for-%: $(VENV)/.ready $(MICROPYTHON)/py/mpconfig.h
	@$(call step,building MicroPython with Midge for $*,build/firmware/$*/build.log,$(MAKE) firmware BOARD=$*)

firmware-for-%-bare: $(VENV)/.ready $(MICROPYTHON)/py/mpconfig.h
	@$(call step,building MicroPython without Midge for $*,build/firmware/$*-bare/build.log,\
		$(MAKE) firmware BOARD=$* BARE=1)

natmod-for-%: $(VENV)/.ready $(MICROPYTHON)/py/mpconfig.h
	@$(call step,building the native module for $*,build/natmod/$(subst -,/,$*)/build.log,\
		$(MAKE) natmod ARCH=$(word 1,$(subst -, ,$*)) SET=$(word 2,$(subst -, ,$*)))

## A gesture wand on MicroPython: its unix port, or an emulated board [BOARD=qemu-cortex-m4]
.PHONY: demo
demo: host firmware-for-$(DEMO_BOARD)
	@$(BIN)/$(if $(filter unix,$(DEMO_BOARD)),python host_tools/demo/demo.py,midge demo --board $(DEMO_BOARD))

## Handwritten digits: train, quantise, evaluate, and compare the board's answers with the PC's
.PHONY: example
example: $(VENV)/.ready-to-test host firmware-for-qemu-cortex-m4
	@$(BIN)/python host_tools/demo/digits/digits.py

##@ Build
## Packages for mpremote mip install, of every native module that is built: build/mip/
.PHONY: mip
mip: host
	@$(BIN)/python -m midge.link.modules build/mip

## For the studio's page: uPlot, which draws curves, and the core for phones: build/page/
.PHONY: page
page: $(CHARTS) build/page/midge.wasm

build/page/midge.wasm: $(CORE) native_module/binding/wasm.c host_tools/midge/core/build.py | $(VENV)/.ready-to-dist
	@$(call step,compiling the core for browsers,build/page.log,$(BIN)/python host_tools/midge/core/build.py wasm)

## Wheels for Linux, macOS and Windows with all that boards need, and the sources: build/dist/
.PHONY: dist
dist: $(VENV)/.ready-to-dist host page $(natmod_archs:%=natmod-for-%) \
		$(foreach set,$(natmod_sets),$(natmod_archs:%=natmod-for-%-$(set))) $(prebuilt_firmware:%=firmware-for-%)
	@$(BIN)/python host_tools/dist/make.py build/dist

## The documents as a site, every link checked: build/site/
.PHONY: docs
docs: $(VENV)/.ready-for-docs
	@$(BIN)/python host_tools/docs/make_site.py build/site-source
	@NO_MKDOCS_2_WARNING=1 $(call step,building the site,build/docs.log,$(BIN)/mkdocs build)

##@ Test
BUILT := $(VENV)/.ready-to-test host firmware-for-unix firmware-for-unix-bare firmware-for-qemu-cortex-m4 \
	firmware-for-qemu-cortex-m4-bare natmod-for-$(arch_of_unix) natmod-for-$(arch_of_qemu-cortex-m4) \
	natmod-for-$(arch_of_qemu-cortex-m4)-networks
TEST_STEPS := test-host-models test-device test-host-tools test-conformance test-ops test-core test-quantize test-bench \
	fuzz fuzz-readers size lint

# at_once STEPS,HOW MANY: steps that need not wait for one another share the cores; each prints once it is done, the
# longest start first. Tests of emulated boards use a processor half of the time and wait for bytes the other half: they
# run more at once than there are cores.
at_once = $(MAKE) -j$(or $2,$(JOBS)) --output-sync=recurse $1
built_at_once = PYTHONPATH=$(abspath host_tools) $(call at_once,$1) # pip may be putting midge into its place anew
one_more := $(shell expr $(JOBS) + 1)
twice_as_many := $(shell expr $(JOBS) \* 2)
timed-%: # what all of them need has been built
	@$(call step,$*,-,$(MAKE) $* BUILT=)

## All tests, on this PC, on MicroPython's unix port and on the emulated Cortex-M4 board
.PHONY: test tools-for-tests
test: # one installation of what the steps would each install, while the other core fetches the compilers
	@+$(call at_once,tools-for-tests $(VENV)/.ready-to-test)
	@+$(call built_at_once,$(BUILT) $(CORE_SEEDS)/list)
	@+$(call step,make test,-,$(call at_once,$(TEST_STEPS:%=timed-%),$(one_more)))
	@echo "next: make test-boards, the same on every other emulated board"

tools-for-tests:
	@ports/toolchain.sh unix arm riscv xtensa fuzz $(core_tools)
	@$(MAKE) xtensa-compilers

## The tests of the host tools: those of models, from files to training, and all others
.PHONY: test-host test-host-models test-host-tools
HOST_MODELS := $(addprefix tests/host/,convert core evaluate fileformat graph importers lowering passes program quantize \
	train)
test-host: test-host-models test-host-tools
test-host-models: $(BUILT)
	@$(PYTEST) -rs $(HOST_MODELS)
test-host-tools: $(BUILT)
	@$(PYTEST) -rs tests/host $(HOST_MODELS:%=--ignore=%)

## Scripts, uploads and installs: here, on the unix port, on the emulated M4 [STREAM_MINUTES=60]
.PHONY: test-device
test-device: $(BUILT)
	@$(PYTEST) -rs -m "not boards" --ignore=tests/ops --ignore=tests/host --ignore=tests/dist --ignore=tests/studio tests
	@$(BIN)/python -m tests.support.tables --passed unix qemu-cortex-m4

## Every op against its oracle
.PHONY: test-ops
test-ops: $(VENV)/.ready-to-test host
	@$(PYTEST) tests/ops

## Small PyTorch modules of every kind, by both of its exporters, against PyTorch; 15 minutes
.PHONY: test-torch
test-torch: $(VENV)/.ready-to-test host build/venv-torch/.ready
	@rm -rf build/torch
	@build/venv-torch/bin/python -m tests.torch build/torch
	@$(call check_models,build/torch,--at-least 0.9)

build/venv-torch/.ready: pyproject.toml # of its own: PyTorch takes a gigabyte
	@$(PYTHON) -m venv build/venv-torch
	@$(call step,installing PyTorch into build/venv-torch,build/torch-tools.log,\
		ports/tools/install.sh build/venv-torch/bin '.[torch]')
	@touch $@

## Drawn ONNX graphs of many ops against onnxruntime [GRAPHS=3000]
.PHONY: fuzz-graphs
fuzz-graphs: $(VENV)/.ready-to-test $(LIBRARY)
	@$(BIN)/python -m tests.fuzz.graphs $(if $(GRAPHS),--each $(GRAPHS)) --seed $(or $(SEED),0)

## Drawn stacks of Keras layers against Keras, in float and in int8; 20 minutes [LAYERS=1000]
.PHONY: fuzz-layers
fuzz-layers: $(VENV)/.ready-to-test $(LIBRARY)
	@$(BIN)/python -m tests.fuzz.layers $(if $(LAYERS),--each $(LAYERS)) --seed $(or $(SEED),0)

## Drawn PyTorch modules, by both of its exporters, against PyTorch; 10 minutes [MODULES=300]
.PHONY: fuzz-modules
fuzz-modules: $(VENV)/.ready-to-test $(LIBRARY) build/venv-torch/.ready
	@build/venv-torch/bin/python -m tests.fuzz.modules $(if $(MODULES),--each $(MODULES)) --seed $(or $(SEED),0)

## A scripted newcomer in Chromium teaches an emulated board; pictures: build/studio/
.PHONY: test-studio
AXE_VERSION := 4.14.1
test-studio: $(VENV)/.ready-to-test host page firmware-for-qemu-cortex-m4 build/browser/axe-$(AXE_VERSION)
	@$(PYTEST) -rs -s tests/studio

build/browser/axe-$(AXE_VERSION): # what looks for barriers to people with disabilities
	@ports/toolchain.sh browser
	@npm install --silent --no-fund --no-audit --prefix build/browser axe-core@$(AXE_VERSION)
	@touch $@

## An hour of sound: front end, an emulated board that listens, real people [SOUND_SECONDS=3600]
.PHONY: test-sound
SOUND_SECONDS ?= 3600
test-sound: $(VENV)/.ready-to-test host firmware-for-qemu-cortex-m4
	@SOUND_SECONDS=$(SOUND_SECONDS) LISTEN_SECONDS=$(SOUND_SECONDS) $(PYTEST) -s \
		tests/ops/test_front_end.py tests/device/test_microphone.py tests/device/test_heard_by_people.py

## The boards' tests and integer models on every other emulated board; native modules; the Pico
.PHONY: test-boards
NATMOD_STEPS := run-natmods run-pico run-natmod-models
BOARDS ?= $(filter-out qemu-cortex-m4,$(emulated_boards)) # `make test` has had that one
test-boards:
	@ports/toolchain.sh unix arm riscv rp2 xtensa
	@+$(call built_at_once,built-for-natmods $(addprefix built-for-,$(BOARDS)))
	@+$(call step,make test-boards,-,$(call at_once,$(NATMOD_STEPS:%=timed-%) $(addprefix timed-run-on-,$(BOARDS)),$(twice_as_many)))

## The same on one of them
test-board-%: built-for-%
	@$(MAKE) run-on-$*

.SECONDEXPANSION:
built-for-%: $(VENV)/.ready-to-test host firmware-for-% natmod-for-$$(arch_of_$$*)
	@:

run-on-%:
	@BOARDS=$* $(PYTEST) tests/device/test_board_qemu.py tests/device/test_sensor.py \
		tests/device/test_scripts.py -k "not on_the_host and not unix"
	@[ $* = qemu-cortex-m4 ] || $(BIN)/python -m tests.support.tables --passed $*
	@$(call check_models,$(SHARED)/models,--target $* --runs 1 --most-macs 3000000)
	@$(call check_models,$(SHARED)/models,--target $* --runs 1 --most-macs 3000000 --pack $*)

## Each architecture's native module on firmware without Midge; the Pico's firmware emulated
.PHONY: test-natmods built-for-natmods $(NATMOD_STEPS)
test-natmods: built-for-natmods
	@+$(call at_once,$(NATMOD_STEPS))

built-for-natmods: $(VENV)/.ready-to-test host $(natmod_boards:%=firmware-for-%-bare) $(natmod_archs:%=natmod-for-%) \
		firmware-for-RPI_PICO firmware-for-RPI_PICO2 firmware-for-RPI_PICO-bare firmware-of-1.26

firmware-of-1.26: $(VENV)/.ready
	@$(call step,building MicroPython 1.26 without Midge for unix,build/firmware/unix-1.26.log,\
		$(MAKE) firmware BOARD=unix BARE=1 MICROPYTHON_VERSION=1.26.1)

run-natmods:
	@$(PYTEST) -rs tests/device/test_natmods.py tests/device/test_esp8266.py tests/device/test_tailored.py
	@$(BIN)/python -m tests.support.tables --passed xtensa-sim xtensa-mac16-sim lx106-sim

run-pico:
	@$(PYTEST) -rs tests/device/test_rp2040.py
	@$(BIN)/python -m tests.support.tables --passed RPI_PICO

# Real models on one board of each instruction set but the M4's smaller and larger kin.
NATMOD_MODELS := $(filter-out unix qemu-cortex-m0plus qemu-cortex-m7,$(natmod_boards))
run-natmod-models:
	@$(foreach board,$(NATMOD_MODELS),$(call check_models,$(SHARED)/models,--target $(board)-bare --runs 1 --most-macs 3000000) &&) true

# check_models MODELS,OPTIONS: models against their recorded outputs, where there are any.
check_models = { [ ! -d $1 ] || { echo "conformance of $1 $2"; \
	$(BIN)/python -m tests.conformance $1 --quiet $2; }; }

## The wheels as a stranger installs them, without compilers; other PCs' libraries, emulated
.PHONY: test-dist
test-dist: $(VENV)/.ready-to-test dist
	@ports/toolchain.sh arm
	@$(PYTEST) -rs -s tests/dist

## Every recorded model on every target: host, unix, the emulated Cortex-M4
.PHONY: test-conformance
test-conformance: $(BUILT)
	@[ -d $(SHARED)/models ] || \
		echo "conformance skipped: no real models at $(SHARED)/models (SHARED=<dir> names another place)"
	@$(call check_models,$(SHARED)/models,--target host --runs 3)
	@$(call check_models,$(SHARED)/models,--target unix --runs 3)
	@$(call check_models,$(SHARED)/models,--target qemu-cortex-m4 --runs 3)
	@$(call check_models,$(SHARED)/models,--target qemu-cortex-m4 --runs 2 --pack cortex-m4)
	@$(call check_models,$(SHARED)/ops,--target unix --runs 2)
	@$(call check_models,$(SHARED)/onnx,--runs 4 --at-least 0.9)

## Models against their recorded outputs [MODELS=<dir> TARGET=host|unix|<board> RUNS=n]
.PHONY: conformance
conformance: host $(if $(filter-out host,$(TARGET)),firmware-for-$(TARGET))
	@$(BIN)/python -m tests.conformance $(or $(MODELS),$(SHARED)/models) --target $(TARGET) --runs $(RUNS)

## Our quantiser against Google's on every float model [ONLY=<name>]
.PHONY: test-quantize
test-quantize: $(VENV)/.ready-to-test host
	@if [ -d $(SHARED)/models ]; then $(BIN)/python -m tests.quantize $(SHARED) $(if $(ONLY),--only $(ONLY)); \
	else echo "comparison of quantisers skipped: no real models at $(SHARED)/models"; fi

## What training is worth: simulated people, and the recordings of SHARED [PARTS="wand har_st"]
.PHONY: bench-train
bench-train: $(VENV)/.ready-to-test host
	@SHARED=$(abspath $(SHARED)) $(BIN)/python -m tests.train $(PARTS)

## What training on sounds is worth; an hour [PARTS="arabic digits" VOICES=<dir>]
.PHONY: bench-sounds
bench-sounds: $(VENV)/.ready-to-test host
	@SHARED=$(abspath $(SHARED)) VOICES=$(VOICES) $(BIN)/python -m tests.train.sounds $(PARTS)

## What a word from its name is worth, on real speakers; half an hour [WORDS= VOICES= NEGATIVES=]
.PHONY: bench-word
bench-word: $(VENV)/.ready-to-test host
	@SHARED=$(abspath $(SHARED)) VOICES=$(VOICES) NEGATIVES=$(NEGATIVES) $(BIN)/python -m tests.train.wake $(WORDS)

## What training on pictures is worth, on those of SHARED; an hour [PARTS="hands cells"]
.PHONY: bench-pictures
bench-pictures: $(VENV)/.ready-to-test host
	@SHARED=$(abspath $(SHARED)) $(BIN)/python -m tests.train.pictures $(PARTS)

## What boards learn from a few examples, on recordings; an hour [PARTS="words cuts board"]
.PHONY: bench-learning
bench-learning: $(VENV)/.ready-to-test host firmware-for-unix firmware-for-qemu-cortex-m4 firmware-for-qemu-cortex-m0plus
	@SHARED=$(abspath $(SHARED)) $(BIN)/python -m tests.train.learning $(PARTS)

## Train host_tools/demo/words anew, from SHARED, espeak-ng and flite; half an hour
.PHONY: words
words: $(VENV)/.ready-to-test host
	@SHARED=$(abspath $(SHARED)) $(BIN)/python -m tests.train.words build/words.midge

## Ruff, mypy and clang-format
.PHONY: lint
lint: $(VENV)/.ready-to-test
	@$(BIN)/ruff check --quiet . && $(BIN)/mypy --no-error-summary
	@$(BIN)/clang-format --dry-run -Werror $$(git ls-files "*.c" "*.h")

## The hashes of all that tests, wheels and the site need, for CI: tests/requirements.lock
.PHONY: lock
UV_VERSION := 0.13.9
lock:
	@$(PYTHON) -m venv build/venv-lock
	@$(call step,installing uv,build/lock.log,build/venv-lock/bin/pip install --disable-pip-version-check uv==$(UV_VERSION))
	@build/venv-lock/bin/uv pip compile pyproject.toml --extra test --extra firmware --extra dist --extra docs \
		--generate-hashes --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.11 --no-annotate \
		--no-header --upgrade --output-file tests/requirements.lock

##@ Measure
## What Midge adds to Cortex-M4 firmware, against the README's promise
.PHONY: size
size: firmware-for-qemu-cortex-m4
	@$(BIN)/python native_module/tools/size.py build/firmware/qemu-cortex-m4 \
		$(core_compiler_cortex-m4) $(core_flags_cortex-m4)

## Instructions of each node of models: build/bench.json [MODELS=<dir> TARGETS=cortex-m4,...]
.PHONY: bench
comma := ,
space := $() $()
TARGETS ?= $(subst $(space),$(comma),$(cores))
tools_to_count = ports/toolchain.sh arm riscv xtensa && ports/xtensa-sim/toolchain/make.sh $(MICROPYTHON)
bench: $(VENV)/.ready-to-test host $(MICROPYTHON)/py/mpconfig.h
	@$(tools_to_count)
	@$(BIN)/python -m tests.bench $(or $(MODELS),$(SHARED)/models) --targets $(TARGETS) --code

## Instructions of typical layers: at most 2 % above tests/bench/baseline.json
.PHONY: test-bench
test-bench: $(VENV)/.ready-to-test host $(MICROPYTHON)/py/mpconfig.h
	@$(tools_to_count)
	@$(BIN)/python -m tests.bench --check

##@ Clean up
## Remove everything that was built
.PHONY: clean
clean:
	rm -rf build host_tools/build host_tools/*.egg-info $(LIBRARY)
