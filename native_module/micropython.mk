# SPDX-License-Identifier: MIT
# Midge as a user C module: make USER_C_MODULES=<the folder above this one>
MIDGE_DIR := $(USERMOD_DIR)

include $(MIDGE_DIR)/sources.mk

SRC_USERMOD_C += $(MIDGE_DIR)/binding/modmidge.c $(MIDGE_DIR)/binding/data.c $(MIDGE_DIR)/binding/learn.c
SRC_USERMOD_LIB_C += $(MIDGE_CORE)
CFLAGS_USERMOD += $(MIDGE_DEFINES)

ifneq ($(MIDGE_OPS),)
$(BUILD)/$(notdir $(MIDGE_DIR))/core/%.o $(BUILD)/$(notdir $(MIDGE_DIR))/binding/%.o: $(MIDGE_OPS)
endif

# A board's port is compiled for size; the flag that comes last counts.
MIDGE_OBJECTS := $(BUILD)/$(notdir $(MIDGE_DIR))/core
$(MIDGE_OBJECTS)/%.o: CFLAGS += -Os -ffp-contract=off
$(patsubst %.c,$(MIDGE_OBJECTS)/%.o,$(MIDGE_FAST_IN_RAM) $(MIDGE_FAST)): CFLAGS += -O2
