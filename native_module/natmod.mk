# SPDX-License-Identifier: MIT
# Midge as a native module for stock firmware. Included by the root Makefile.
#
#   make natmod ARCH=armv7emsp    build/natmod/<arch>/_midge.mpy
#   make natmod ARCH=armv7emsp OPS_FROM="wand.midge kws.midge"    with only what these models need
#   make natmod ARCH=armv7emsp MIDGE_WITHOUT="f32 int16 signal motion sight learn"   without these families of ops.def

ARCH ?= x64
NATMOD ?= build/natmod/$(ARCH)

##@ Build
## A native module, _midge.mpy, for stock firmware: build/natmod/<arch>/ [ARCH=armv7emsp]
.PHONY: natmod natmod-unknown
natmod: $(if $(filter $(ARCH),$(natmod_archs)),natmod-build,natmod-unknown)

natmod-unknown:
	@echo "no native module for ARCH=$(ARCH); known: $(natmod_archs)" >&2; false

.PHONY: natmod-build
natmod-build: $(MICROPYTHON)/py/mpconfig.h $(VENV)/.ready $(ops_ready)
	@ports/toolchain.sh $(natmod_tools_$(ARCH))
	@$(if $(filter xtensa%,$(ARCH)),ports/xtensa-sim/toolchain/make.sh $(MICROPYTHON))
	@$(call select_ops,$(NATMOD)/ops_selected.def,$(natmod_simd_$(ARCH)))
	@$(make_natmod)

make_natmod = PATH="$(call xtensa_path,$(ARCH))" $(MAKE) -C native_module ARCH=$(ARCH) \
	MPY_DIR=$(abspath $(MICROPYTHON)) BUILD=$(abspath $(NATMOD)) PYTHON=$(abspath $(VENV_PYTHON)) \
	MIDGE_OPS=$(abspath $(NATMOD))/ops_selected.def

##@ Measure
## What each op costs in a native module [ARCH=armv7emsp]
.PHONY: op-sizes
op-sizes: natmod-build
	@$(make_natmod) $(abspath $(NATMOD))/sizes.json
