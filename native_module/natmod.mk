# SPDX-License-Identifier: MIT
# Midge as a native module for stock firmware. Included by the root Makefile.
#
#   make natmod ARCH=armv7emsp    build/natmod/<arch>/_midge.mpy

ARCH ?= x64

natmod_tools_x86 = unix
natmod_tools_x64 = unix
natmod_tools_rv32imc = riscv
natmod_tools_xtensa = esp8266

.PHONY: natmod
natmod: $(MICROPYTHON)/py/mpconfig.h $(VENV)/.ready
	@ports/toolchain.sh $(or $(natmod_tools_$(ARCH)),$(if $(filter arm%,$(ARCH)),arm))
	@$(MAKE) --no-print-directory -C native_module ARCH=$(ARCH) MPY_DIR=$(abspath $(MICROPYTHON)) \
		BUILD=$(abspath build/natmod/$(ARCH)) PYTHON=$(abspath $(VENV_PYTHON))
