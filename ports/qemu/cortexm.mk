# SPDX-License-Identifier: MIT
CROSS_COMPILE ?= arm-none-eabi-
GC_HELPER = $(if $(filter %m0 %m0plus,$(CPU_FLAGS)),thumb1,thumb2)
