# SPDX-License-Identifier: MIT
# The core's sources, for the make-based builds. MIDGE_DIR is this folder.
#
# A build may leave out families of ops, to be smaller: MIDGE_WITHOUT="f32 int16 signal". A model that
# needs one is then refused by its number. Speed matters where weights are multiplied: those files are
# compiled with -O2, the others for size. Sums of products keep their two roundings (-ffp-contract=off), so
# that every target computes the same floats.

MIDGE_WITHOUT ?=

MIDGE_KERNELS := $(MIDGE_DIR)/core/kernels
MIDGE_FAMILY_f32 := $(wildcard $(MIDGE_KERNELS)/*_f32.c)
MIDGE_FAMILY_int16 := $(wildcard $(MIDGE_KERNELS)/*16.c) $(MIDGE_KERNELS)/lstm.c $(MIDGE_KERNELS)/svdf.c
MIDGE_FAMILY_signal := $(addprefix $(MIDGE_KERNELS)/,spectrum.c filterbank.c detection.c)

MIDGE_CORE := $(filter-out $(foreach family,$(MIDGE_WITHOUT),$(MIDGE_FAMILY_$(family))), \
	$(sort $(wildcard $(MIDGE_DIR)/core/*.c $(MIDGE_KERNELS)/*.c)))
MIDGE_FAST := $(addprefix $(MIDGE_KERNELS)/,common.c conv.c conv_packed.c depthwise_planes.c conv_words.c \
	depthwise_words.c conv_rows.c depthwise_lanes.c elementwise.c pool.c softmax.c conv16.c conv_f32.c)
MIDGE_DEFINES := $(foreach family,$(MIDGE_WITHOUT),-DMG_WITHOUT_$(family))
