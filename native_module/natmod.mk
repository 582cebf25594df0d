# SPDX-License-Identifier: MIT
# Midge as a native module for stock firmware. Included by the root Makefile.
#
#   make natmod ARCH=armv7emsp    build/natmod/<arch>/_midge.mpy
#   make natmod ARCH=armv7emsp OPS_FROM="wand.midge kws.midge"    with only what these models need
#   make natmod ARCH=armv7emsp MIDGE_WITHOUT="f32 int16 signal motion sight learn"   without these families of ops.def
#   make natmod ARCH=armv7emsp SET=networks    build/natmod/<arch>/networks/_midge.mpy, a set of those below

ARCH ?= x64
NATMOD ?= build/natmod/$(ARCH)$(addprefix /,$(SET))

# The sets that make dist builds besides: `midge install --for MODEL` sends the smallest module that runs a model, by
# the list of ops that lies beside each. What midge train makes of movements; small networks of movements and sounds.
natmod_sets := motion networks int8
natmod_ops_motion := MOMENTS BANDS LAGGED STANDARDIZE CENTROIDS RANDOM_CONV CONV_2D_I16 EXTREME MAP SOFTMAX_I16
natmod_ops_networks := CONV_2D DEPTHWISE_CONV_2D MAX_POOL_2D SOFTMAX
natmod_without_int8 := f32 int16 signal motion sight learn
ifneq ($(SET),)
OPS := $(natmod_ops_$(SET))
MIDGE_WITHOUT := $(natmod_without_$(SET))
endif

##@ Build
## A native module, _midge.mpy, for stock firmware: build/natmod/<arch>/ [ARCH=armv7emsp SET=]
.PHONY: natmod natmod-unknown
natmod: $(if $(filter $(ARCH),$(natmod_archs)),$(if $(filter-out $(natmod_sets),$(SET)),natmod-unknown,natmod-build),natmod-unknown)

natmod-unknown:
	@echo "no native module for ARCH=$(ARCH)$(addprefix  SET=,$(SET)); known: $(natmod_archs); sets: $(natmod_sets)" >&2; false

.PHONY: natmod-build
natmod-build: $(MICROPYTHON)/py/mpconfig.h $(VENV)/.ready $(ops_ready) $(if $(filter xtensa%,$(ARCH)),xtensa-compilers)
	@ports/toolchain.sh $(natmod_tools_$(ARCH))
	@$(call select_ops,$(NATMOD)/ops_selected.def,$(natmod_simd_$(ARCH)))
	@$(make_natmod)

# What is behind an underscore in the name: xtensawin_mac16 is a module for those of its boards that have MAC16.
natmod_code = $(firstword $(subst _, ,$(ARCH)))
make_natmod = PATH="$(call xtensa_path,$(natmod_code))" $(on_all_cores) -C native_module ARCH=$(natmod_code) \
	$(if $(filter %_mac16,$(ARCH)),MIDGE_DEFINES_OF=-DMG_MAC16) \
	MPY_DIR=$(abspath $(MICROPYTHON)) BUILD=$(abspath $(NATMOD)) PYTHON=$(abspath $(VENV_PYTHON)) \
	MIDGE_OPS=$(abspath $(NATMOD))/ops_selected.def

##@ Measure
## What each op costs in a native module [ARCH=armv7emsp]
.PHONY: op-sizes
op-sizes: natmod-build
	@$(make_natmod) $(abspath $(NATMOD))/sizes.json
