# SPDX-License-Identifier: MIT
# Headers are picolibc's; nothing of it is linked.
CROSS_COMPILE ?= riscv64-unknown-elf-
CFLAGS += --specs=picolibc.specs
GC_HELPER = rv32i
