/* SPDX-License-Identifier: MIT
 *
 * What the kernels share: checks that a node's parameters fit its tensors and constants.
 *
 * A _check function returns true when its kernel can read and write nothing outside what the file
 * and the arena hold; it forms all sizes with sizes.h. Otherwise it records the first fault.
 */
#ifndef MG_KERNELS_H
#define MG_KERNELS_H

#include "../ops.h"
#include "../arithmetic/requantize.h"
#include "../sizes.h"

/* Records a fault and gives false. Kept out of line: every check calls it. */
MG_CHECKED bool mg_refuse_model(const mg_check_t *check, const char *message, uint32_t found, uint32_t wanted);
MG_CHECKED bool mg_refuse_damage(const mg_check_t *check);

/* The same for weights in a layout that this build has no kernel for. */
MG_CHECKED bool mg_refuse_layout(const mg_check_t *check);

/* The same for parameters that no converter writes. On boards one text serves for all of those (MG_TERSE): the
 * host's tools, which have them all, say more. */
#ifdef MG_TERSE
#define MG_REFUSE(check, message, found, wanted) mg_refuse_damage(check)
#else
#define MG_REFUSE(check, message, found, wanted) mg_refuse_model((check), (message), (found), (wanted))
#endif

/* Whether a convolution is a dense layer. A build for those alone (MG_DENSE_ONLY) refuses every other one, so
 * that the compiler drops what patches and several pixels need. */
static inline bool mg_is_dense(const mg_conv_params_t *p) {
    return p->batches == 1 && p->kernel_h == 1 && p->kernel_w == 1 && p->in_h == 1 && p->in_w == 1 && p->out_h == 1
           && p->out_w == 1;
}

static inline bool mg_is_pointwise(const mg_conv_params_t *p) {
    return MG_DENSE_ONLY || (p->kernel_h == 1 && p->kernel_w == 1);
}

static inline uint32_t mg_pixels_of(const mg_conv_params_t *p) {
    return MG_DENSE_ONLY ? 1 : mg_times4(p->batches, p->out_h, p->out_w, 1);
}

/* The node has so many inputs and one output, of these dtypes. */
MG_CHECKED bool mg_check_signature(const mg_check_t *check, uint32_t n_inputs, uint32_t in_dtype, uint32_t out_dtype);

/* The node has so many inputs, none of them a constant, and so many outputs, of these dtypes. */
MG_CHECKED bool mg_check_tensors(const mg_check_t *check, uint32_t n_inputs, uint32_t n_outputs, const uint8_t *dtypes);

/* Tensor i of the node (inputs, then outputs) has `elements` elements. */
MG_CHECKED bool mg_check_elements(const mg_check_t *check, uint32_t i, uint32_t elements);

/* A walk over dims with these strides, in elements, stays inside tensor i, and visits at most `limit` elements, which
 * is at most MG_MOST. */
MG_CHECKED bool mg_check_walk(const mg_check_t *check, uint32_t i, const uint32_t *dims, const uint32_t *strides,
                              uint32_t rank, uint32_t limit);

/* The same over the elements of output `i`, which is what an operand of an op element by element does. */
MG_CHECKED bool mg_check_operand(const mg_check_t *check, uint32_t i, const uint32_t *dims, const uint32_t *strides);

/* The dimensions and strides of a reduction, which `reduce` and `extreme` both start with. */
MG_CHECKED bool mg_check_reduction(const mg_check_t *check);

/* The dimensions and strides of products, which `matmul` and `matmul_i16` both start with. */
MG_CHECKED bool mg_check_product(const mg_check_t *check);

/* A constant is in the data section. */
MG_CHECKED bool mg_check_data(const mg_check_t *check, uint32_t offset, uint32_t size);

/* The node has this much scratch, the least that its kernel takes. */
MG_CHECKED bool mg_check_scratch(const mg_check_t *check, uint32_t least);

/* Tells who asks (mg_ask_scratch) that more scratch makes the kernel faster: in steps, up to `most`. Gives true. Boards
 * never ask. */
#ifdef MG_TERSE
#define MG_OFFER_SCRATCH(check, step, most) true
#else
#define MG_OFFER_SCRATCH(check, step, most) mg_offer_scratch((check), (step), (most))
MG_CHECKED bool mg_offer_scratch(const mg_check_t *check, uint32_t step, uint32_t most);
#endif

MG_CHECKED bool mg_check_multiplier(const mg_check_t *check, int32_t multiplier, int32_t shift);

/* A channel table of n channels is in the data section with multipliers and shifts in range. */
MG_CHECKED bool mg_check_channels(const mg_check_t *check, uint32_t offset, uint32_t n);

/* A window of `kernel` taps, `dilation` apart, moved by `stride` from -pad over `in` elements gives
 * `out` positions, each of which touches at least one element. */
MG_CHECKED bool mg_check_window(const mg_check_t *check, uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
                                uint32_t dilation, uint32_t pad);

/* Gathers the inputs under one output position of a convolution into
 * patch [kernel_h][kernel_w][in_c], with the input's zero point where the window hangs over. */
void mg_gather_patch(const mg_conv_params_t *p, const int8_t *image, int32_t y, int32_t x, int8_t *patch);

/* Weights of an output of a convolution. */
static inline uint32_t mg_taps_of(const mg_conv_params_t *p) {
    return mg_times4(p->kernel_h, p->kernel_w, p->in_c, 1);
}

/* How many inputs lie under the windows of so many outputs: below 2^19 where mg_check_window has accepted them, or up
 * to three more. */
static inline uint32_t mg_reach(uint32_t outputs, uint32_t stride, uint32_t kernel, uint32_t dilation) {
    return (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

/* The dilation of so many taps or the stride of so many outputs. Those of a single one, which no check bounds, would
 * only carry pointers away behind it. */
static inline uint32_t mg_step(uint32_t count, uint32_t step) {
    return count == 1 ? 1 : step;
}

/* Shapes and constants that conv2d and depthwise have in common, and the bytes that they want. */
MG_CHECKED bool mg_check_conv(const mg_check_t *check, uint32_t weights, uint32_t scratch);

/* The shapes of a pooling op. */
MG_CHECKED bool mg_check_pool(const mg_check_t *check);

/* Fixed point (softmax_i8.c): x << n, saturated; 1 / (1 + a) in Q0.31 for a in [0, 1) of Q0.31; zeros in
 * front of the highest bit. */
int32_t mg_shift_left(int32_t x, uint32_t n);
int32_t mg_reciprocal_of_one_plus(int32_t a);
uint32_t mg_leading_zeros(uint32_t x);

/* The part of a window that is inside: taps [*first, *last) of those that start at `start`. */
static inline void mg_clip_window(int32_t start, uint32_t kernel, uint32_t in, uint32_t *first, uint32_t *last) {
    *first = start < 0 ? (uint32_t)-start : 0;
    int32_t room = (int32_t)in - start;
    *last = room < (int32_t)kernel ? (uint32_t)room : kernel;
}

#endif
