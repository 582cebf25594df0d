# SPDX-License-Identifier: MIT
# The core's sources, for the make-based builds. MIDGE_DIR is this folder.
#
# MIDGE_OPS names a file that select_ops.py has made for a build that leaves out ops; what only they use, linkers drop.
# Speed matters where weights are multiplied: those files are compiled with -O2, the others for size. Sums of products
# keep their two roundings (-ffp-contract=off), so that every target computes the same floats.

MIDGE_KERNELS := $(MIDGE_DIR)/core/kernels
MIDGE_CORE := $(sort $(wildcard $(MIDGE_DIR)/core/*.c $(MIDGE_KERNELS)/*.c))
MIDGE_FAST := $(addprefix $(MIDGE_KERNELS)/,patch.c conv.c conv_pairs.c depthwise_strips.c conv_words.c \
	depthwise_words.c conv_twins.c depthwise_planes.c conv_rows.c depthwise_lanes.c elementwise.c pool.c softmax.c conv16.c conv_f32.c)
MIDGE_DEFINES := $(if $(MIDGE_OPS),-DMG_OPS='"$(MIDGE_OPS)"')
