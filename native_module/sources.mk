# SPDX-License-Identifier: MIT
# The core's sources, for the make-based builds. MIDGE_DIR is this folder.
#
# MIDGE_OPS names a file that select_ops.py has made for a build that leaves out ops; what only they use, linkers drop.
# Speed matters in inner loops: kernels whose loops are C are compiled with -O2, all else for size. Native modules lie in
# RAM: there that holds for the first list alone, the loops of 8-bit layers. Names of kernels only: micropython.cmake
# and host_tools/midge/profiling read these lists, too. Sums of products keep their two roundings (-ffp-contract=off),
# so that every target computes the same floats.

MIDGE_CORE := $(sort $(wildcard $(MIDGE_DIR)/core/*.c $(MIDGE_DIR)/core/*/*.c $(MIDGE_DIR)/core/*/*/*.c))
MIDGE_FAST_IN_RAM := linear/conv_i8.c linear/conv_swar_pixels.c linear/depthwise_swar_pixels.c \
	linear/depthwise_swar_channels.c
MIDGE_FAST := linear/patch.c linear/channels.c linear/conv_i16.c linear/conv_f32.c linear/conv_swar_channels.c \
	linear/conv_mve.c linear/depthwise_mve.c elementwise/elementwise_i8.c pool/pool_i8.c reduce/softmax_i8.c
MIDGE_DEFINES := -DMG_TERSE $(if $(MIDGE_OPS),-DMG_OPS='"$(MIDGE_OPS)"')
