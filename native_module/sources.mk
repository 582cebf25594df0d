# SPDX-License-Identifier: MIT
# The core's sources, for the make-based builds. MIDGE_DIR is this folder.
#
# MIDGE_OPS names a file that select_ops.py has made for a build that leaves out ops; what only they use, linkers drop.
# Speed matters in inner loops: files whose loops are C are compiled with -O2, all else for size. Native modules are in
# RAM: there that holds for the first list alone, the loops of 8-bit layers. Paths in core/ only: micropython.cmake and
# host_tools/midge/profiling read these lists, too. Sums of products keep their two roundings (-ffp-contract=off), so
# that every target computes the same floats.

MIDGE_CORE := $(sort $(wildcard $(MIDGE_DIR)/core/*.c $(MIDGE_DIR)/core/*/*.c $(MIDGE_DIR)/core/*/*/*.c))
MIDGE_FAST_IN_RAM := kernels/linear/conv_i8.c kernels/linear/conv_mac16.c kernels/linear/conv_swar_pixels.c \
	kernels/linear/depthwise_direct.c kernels/linear/depthwise_swar_pixels.c kernels/linear/depthwise_swar_channels.c
MIDGE_FAST := arithmetic/square_root.c kernels/elementwise/elementwise_i8.c kernels/linear/channels.c \
	kernels/linear/conv_f32.c kernels/linear/conv_i16.c kernels/linear/conv_mve.c kernels/linear/conv_swar_channels.c \
	kernels/linear/depthwise_mve.c kernels/linear/patch.c kernels/motion/bands.c kernels/motion/lagged.c \
	kernels/motion/log2.c kernels/motion/moments.c kernels/motion/random_conv.c kernels/motion/trees.c \
	kernels/pool/pool_i8.c kernels/recurrent/lstm_i8.c kernels/reduce/softmax_i8.c kernels/signal/filter_bank.c \
	kernels/signal/spectrum.c kernels/vision/image.c
MIDGE_DEFINES := -DMG_TERSE $(if $(MIDGE_OPS),-DMG_OPS='"$(MIDGE_OPS)"')
