# SPDX-License-Identifier: MIT
# Midge as a native module for stock firmware. Included by the root Makefile.
#
#   make natmod ARCH=armv7emsp    build/natmod/<arch>/_midge.mpy
#   make natmod ARCH=armv7emsp OPS_FROM="wand.midge kws.midge"    with only what these models need
#   make natmod ARCH=armv7emsp MIDGE_WITHOUT="f32 int16 signal"   without these families of ops.def

ARCH ?= x64
NATMOD ?= build/natmod/$(ARCH)

natmod_tools_x64 = unix
natmod_tools_armv6m = arm
natmod_tools_armv7m = arm
natmod_tools_armv7emsp = arm
natmod_tools_armv7emdp = arm
natmod_tools_rv32imc = riscv
natmod_tools_xtensa = xtensa
natmod_tools_xtensawin = xtensa
natmod_archs := armv6m armv7m armv7emsp armv7emdp rv32imc xtensa xtensawin x64

# The backend of core/simd/: a native module does without the kernels for weights that are packed for others.
natmod_simd = $(if $(filter armv7em%,$(ARCH)),armv7em,$(if $(filter rv32%,$(ARCH)),rv32,$\
	$(if $(filter armv%,$(ARCH)),$(ARCH),scalar)))

.PHONY: natmod natmod-unknown
natmod: $(if $(filter $(ARCH),$(natmod_archs)),natmod-build,natmod-unknown)

natmod-unknown:
	@echo "no native module for ARCH=$(ARCH); known: $(natmod_archs)" >&2; false

.PHONY: natmod-build
natmod-build: $(MICROPYTHON)/py/mpconfig.h $(VENV)/.ready $(ops_ready)
	@ports/toolchain.sh $(natmod_tools_$(ARCH))
	@$(if $(filter xtensa%,$(ARCH)),ports/xtensa-sim/toolchain/make.sh $(MICROPYTHON))
	@$(call select_ops,$(NATMOD)/ops_selected.def,$(natmod_simd))
	@$(make_natmod)

make_natmod = PATH="$(call xtensa_path,$(ARCH))" $(MAKE) --no-print-directory -C native_module ARCH=$(ARCH) \
	MPY_DIR=$(abspath $(MICROPYTHON)) BUILD=$(abspath $(NATMOD)) PYTHON=$(abspath $(VENV_PYTHON)) \
	MIDGE_OPS=$(abspath $(NATMOD))/ops_selected.def

# What each op costs, by architecture.
.PHONY: op-sizes
op-sizes: natmod-build
	@$(make_natmod) $(abspath $(NATMOD))/sizes.json

# Firmware without Midge and a native module for it, as steps on the way.
arch_of = $(shell sed -n 's/^arch *= *"\(.*\)"/\1/p' ports/boards/$1.toml)
firmware-for-%-bare: $(VENV)/.ready
	@mkdir -p build/firmware/$*-bare
	@echo "building MicroPython without Midge for $* (log: build/firmware/$*-bare/build.log)"
	@$(MAKE) --no-print-directory firmware BOARD=$* BARE=1 >build/firmware/$*-bare/build.log 2>&1 || \
		{ tail -20 build/firmware/$*-bare/build.log; exit 1; }
	@$(MAKE) --no-print-directory natmod-for-$(call arch_of,$*)
