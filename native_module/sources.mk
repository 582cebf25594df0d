# SPDX-License-Identifier: MIT
# The core's sources, for the make-based builds. MIDGE_DIR is this folder.
#
# MIDGE_OPS names a file that select_ops.py has made for a build that leaves out ops; what only they use, linkers drop.
# Speed matters in inner loops: kernels whose loops are C are compiled with -O2, all else for size (MIDGE_FAST, which
# micropython.cmake and host_tools/midge/profiling read too: names of kernels only). Sums of products keep their two
# roundings (-ffp-contract=off), so that every target computes the same floats.

MIDGE_KERNELS := $(MIDGE_DIR)/core/kernels
MIDGE_CORE := $(sort $(wildcard $(MIDGE_DIR)/core/*.c $(MIDGE_KERNELS)/*.c))
MIDGE_FAST := patch.c channels.c conv.c conv_words.c depthwise_words.c conv_twins.c depthwise_planes.c conv_rows.c \
	depthwise_lanes.c elementwise.c pool.c softmax.c conv16.c conv_f32.c
MIDGE_DEFINES := -DMG_TERSE $(if $(MIDGE_OPS),-DMG_OPS='"$(MIDGE_OPS)"')
