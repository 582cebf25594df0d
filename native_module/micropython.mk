# SPDX-License-Identifier: MIT
# Midge as a user C module: make USER_C_MODULES=<the folder above this one>
MIDGE_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(MIDGE_DIR)/binding/modmidge.c $(MIDGE_DIR)/binding/data.c
SRC_USERMOD_LIB_C += $(wildcard $(MIDGE_DIR)/core/*.c $(MIDGE_DIR)/core/kernels/*.c)

# Only these files, and only the core for speed: a board's port is compiled for size.
$(BUILD)/$(notdir $(MIDGE_DIR))/core/%.o: CFLAGS += -O2
