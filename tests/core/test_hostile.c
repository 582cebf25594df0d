/* SPDX-License-Identifier: MIT
 *
 * Files that lie. Each rule of FORMAT.md is broken alone, in a file that is sound otherwise, and must
 * be named in the refusal; then every bit and every length of the seeds is altered.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "exercise.h"

#define HEADER_SIZE 80u
#define TENSOR_SIZE 48u
#define NODE_SIZE 20u

typedef enum { NOWHERE, HEADER, TENSOR, NODE, PARAMS, ENDS, DATA, STRINGS } where_t;

/* `value`, little-endian in `width` bytes, at `offset` into the index-th thing of its kind. */
typedef struct {
    where_t where;
    uint32_t index, offset, width;
    uint32_t value;
} edit_t;

typedef struct {
    const char *seed, *message;
    edit_t edits[4];
} refusal_t;

/* Where the fields stand; FORMAT.md */
#define AT_ARENA_SIZE HEADER, 0, 20, 4
#define AT_N_TENSORS HEADER, 0, 24, 2
#define AT_N_NODES HEADER, 0, 26, 2
#define AT_N_INPUTS HEADER, 0, 28, 2
#define AT_N_OUTPUTS HEADER, 0, 30, 2
#define AT_RESERVED HEADER, 0, 34, 2
#define AT_TENSORS HEADER, 0, 36, 4
#define AT_NODES HEADER, 0, 40, 4
#define AT_NODES_SIZE HEADER, 0, 44, 4
#define AT_ENDS HEADER, 0, 48, 4
#define AT_STRINGS HEADER, 0, 52, 4
#define AT_STRINGS_SIZE HEADER, 0, 56, 4
#define AT_DATA HEADER, 0, 60, 4
#define AT_DATA_SIZE HEADER, 0, 64, 4
#define AT_ENDS_OF(i) ENDS, 0, 2 * (i), 2
#define DTYPE(i) TENSOR, i, 0, 1
#define T_RANK(i) TENSOR, i, 1, 1
#define PLACE(i) TENSOR, i, 2, 1
#define T_RESERVED(i) TENSOR, i, 3, 1
#define OFFSET(i) TENSOR, i, 4, 4
#define T_SIZE(i) TENSOR, i, 8, 4
#define T_SCALE(i) TENSOR, i, 16, 4
#define DIM(i, d) TENSOR, i, 24 + 4 * (d), 4
#define SCRATCH(i) NODE, i, 12, 4
#define SCRATCH_SIZE(i) NODE, i, 16, 4
#define PARAM_AT(type, field, i) PARAMS, 0, offsetof(mg_##type##_params_t, field) + (i), \
    sizeof(((mg_##type##_params_t *)0)->field[0])
#define OF(node, type, field) PARAMS, node, offsetof(mg_##type##_params_t, field), \
    sizeof(((mg_##type##_params_t *)0)->field)
#define PARAM(type, field) PARAMS, 0, offsetof(mg_##type##_params_t, field), \
    sizeof(((mg_##type##_params_t *)0)->field)

#define BAD_WINDOW "a window that does not divide its input: samples"
#define BAD_LENGTH "a Fourier transform of an impossible length"
#define BAD_SHIFT "an impossible shift in a noise reduction: bits"
#define NOTHING "a detection of nothing: classes"
#define BEHIND "a section ends behind the file: offset"
#define ORDER "a section lies out of place: offset"
#define NEWER_DTYPE "needs a newer Midge on the board: dtype"
#define DIMENSION "a tensor with an impossible dimension"
#define OUTSIDE "a tensor lies outside its memory: offset"
#define SCALE "a tensor's scale is no number: tensor"
#define NODE_BEHIND "a node ends behind its section: bytes left"
#define NODE_WRONG "a node of the wrong size: bytes"
#define SCRATCH_OUT "scratch outside the arena: offset"
#define OVERLAP "a node's tensors overlap: scratch offset"
#define TENSORS "wrong number of tensors"
#define WRONG_DTYPE "a tensor of the wrong dtype"
#define SHAPE "parameters do not match a tensor's shape: elements"
#define CONSTANT "a constant ends behind the data: offset"
#define MULTIPLIER "a multiplier or shift out of range: multiplier"
#define WINDOW_ZERO "a zero in a window's shape: kernel"
#define WINDOW "a window lies outside its input: positions"
#define TAPS "a kernel of too many taps"
#define SMALL_SCRATCH "too little scratch"
#define LAYOUT "weights in a layout that this build lacks, convert the model again for this core: layout"
#define DILATION "layout DSP with dilation in both directions: rows apart"
#define DEPTHWISE "output channels are no multiple of the input's"
#define WALK_DIM "an impossible dimension: dimension"
#define WALK_OUT "a tensor is read outside its bounds: input"
#define COPY_SIZE "a copy of the wrong element size"
#define COPY_DIM "an impossible dimension in a copy: dimension"
#define COPY_OUT "a copy reaches outside its tensor: start"
#define WIDE_TABLE "a table for wider values than bytes: dtype"
#define CLASSES "softmax of too many classes"
#define EXPONENTIAL "an impossible value in a table of exponentials"
#define GROUPS "channels that do not divide into groups"
#define RESIZE "a resize reads outside its input: scale"
#define RESCALED "a rescaling of values that are not int8, uint8, int16 or int32: dtype"
#define NO_SCALE "the scale is no positive number"

static const refusal_t REFUSALS[] = {
    {"bilinear", RESIZE, {{PARAM(bilinear, scale_h), 0xffffffffu}}},
    {"bilinear", RESIZE, {{PARAM(bilinear, scale_w), 1u << 30}}},
    {"bilinear", RESIZE, {{PARAM(bilinear, start_h), 0x80000000u}}},
    {"bilinear", RESIZE, {{PARAM(bilinear, start_w), (1u << 26) + 1}}},
    {"bilinear_legacy", RESIZE, {{PARAM(bilinear, scale_h), 0xbf800000u}}}, /* -1 */
    {"bilinear_legacy", RESIZE, {{PARAM(bilinear, scale_w), 0x7fc00000u}}}, /* no number */
    {"bilinear_legacy", RESIZE, {{PARAM(bilinear, scale_h), 0x4e800000u}}}, /* 2^30 */
    {"bilinear_legacy", RESIZE, {{PARAM(bilinear, start_w), 1}}},
    {"bilinear", WRONG_DTYPE, {{DTYPE(0), 2}}},
    {"quantize_16", RESCALED, {{OF(1, rescale, in_dtype), 8}}},
    {"quantize_16", RESCALED, {{OF(1, rescale, in_dtype), 10}}},
    {"quantize_16", RESCALED, {{OF(1, rescale, out_dtype), 8}}},
    {"quantize_16", RESCALED, {{OF(1, rescale, in_dtype), 5}}},
    {"quantize_16", RESCALED, {{OF(1, rescale, out_dtype), 5}}},
    {"matmul", "a product of nothing", {{PARAM(matmul, rows), 0}}},
    {"matmul", "a product of nothing", {{PARAM(matmul, depth), 0}}},
    {"conv_16", GROUPS, {{PARAM(conv16, groups), 0}}},
    {"conv_16", GROUPS, {{PARAM(conv16, in_c), 0}}},
    {"conv_16", GROUPS, {{PARAM(conv16, out_c), 0}}},
    {"conv_16", WINDOW, {{PARAM(conv16, out_h), 0xffff}, {PARAM(conv16, stride_h), 0xffff}}},
    {"conv_16", WINDOW, {{PARAM(conv16, kernel_w), 0xffff}, {PARAM(conv16, dilation_w), 0xffff}}},
    {"conv_16", WINDOW_ZERO, {{PARAM(conv16, in_h), 0}}},
    {"conv_16", WINDOW_ZERO, {{PARAM(conv16, out_w), 0}}},
    {"conv_16", WINDOW_ZERO, {{PARAM(conv16, kernel_h), 0}}},
    {"spectrum_of_8", "a constant as the input of an op that takes none: input",
     {{PLACE(0), 1}, {OFFSET(0), 0}, {AT_ENDS_OF(0), 1}}},
    {"pad", "needs a newer Midge on the board: flags", {{HEADER, 0, 16, 4, 1}}},
    {"pad", "needs a newer Midge on the board: flags", {{AT_RESERVED, 1}}},
    {"pad", BEHIND, {{AT_TENSORS, 0xffffffc0u}}},
    {"pad", BEHIND, {{AT_N_TENSORS, 0xffff}}},
    {"pad", BEHIND, {{AT_NODES, 0xfffffffcu}}},
    {"pad", BEHIND, {{AT_NODES_SIZE, 0xffffffffu}}},
    {"pad", BEHIND, {{AT_ENDS, 0xfffffffcu}}},
    {"pad", BEHIND, {{AT_N_INPUTS, 0xffff}}},
    {"pad", BEHIND, {{AT_N_OUTPUTS, 0xffff}}},
    {"pad", BEHIND, {{AT_STRINGS, 0xfffffffcu}}},
    {"pad", BEHIND, {{AT_STRINGS_SIZE, 0xfffffff0u}}},
    {"mul", BEHIND, {{AT_DATA, 0xfffffff0u}, {AT_DATA_SIZE, 0x20}}},
    {"pad", BEHIND, {{AT_DATA_SIZE, 0xffffffffu}}},
    {"pad", ORDER, {{AT_TENSORS, 76}}},
    {"pad", ORDER, {{AT_TENSORS, 82}}},
    {"pad", ORDER, {{AT_TENSORS, 84}}},
    {"pad", ORDER, {{AT_NODES, 80}}},
    {"pad", ORDER, {{AT_NODES, 178}}},
    {"pad", ORDER, {{AT_ENDS, 176}}},
    {"pad", ORDER, {{AT_ENDS, 0}}},
    {"pad", ORDER, {{AT_STRINGS, 80}}},
    {"pad", ORDER, {{AT_DATA, 16}}},
    {"softmax", ORDER, {{AT_DATA_SIZE, 4}, {AT_DATA, 1200 + 4}}},
    {"pad", "larger than 2 GB: arena bytes", {{AT_ARENA_SIZE, 0x80000000u}}},
    {"pad", "arena size is no multiple of 16", {{AT_ARENA_SIZE, 0x1008}}},
    {"pad", "a model without input or output: ends", {{AT_N_INPUTS, 0}}},
    {"pad", "a model without input or output: ends", {{AT_N_OUTPUTS, 0}}},
    {"pad", "the strings do not end with a NUL: bytes", {{AT_STRINGS_SIZE, 0}}},
    {"pad", "the strings do not end with a NUL: bytes", {{AT_STRINGS_SIZE, 2}}},

    {"pad", NEWER_DTYPE, {{DTYPE(0), 0}}},
    {"pad", NEWER_DTYPE, {{DTYPE(1), 11}}},
    {"pad", NEWER_DTYPE, {{DTYPE(1), 255}}},
    {"pad", "a tensor of too high a rank", {{T_RANK(0), 7}}},
    {"pad", DIMENSION, {{DIM(0, 0), 0}}},
    {"pad", DIMENSION, {{DIM(0, 5), 0}}},
    {"pad", DIMENSION, {{DIM(0, 5), 2}}},
    {"pad", "a tensor larger than any file: dimension", {{DIM(0, 0), 0xffffffffu}}},
    {"pad", "a tensor larger than any file: dimension", {{DIM(0, 0), 0x10000}, {DIM(0, 1), 0x10000}}},
    {"pad", "a tensor's size is not its shape's: bytes", {{T_SIZE(0), 13}}},
    {"pad", "a tensor's size is not its shape's: bytes", {{DIM(0, 0), 0x80000001u}, {DIM(0, 1), 1}, {DIM(0, 2), 1}}},
    {"pad", "needs a newer Midge on the board: place", {{PLACE(0), 3}}},
    {"pad", "needs a newer Midge on the board: place", {{T_RESERVED(0), 1}}},
    {"pad", OUTSIDE, {{OFFSET(0), 0x1000}}},
    {"pad", OUTSIDE, {{OFFSET(0), 0xffffffffu}}},
    {"pad", OUTSIDE, {{AT_ARENA_SIZE, 16}}},
    {"pad", OUTSIDE, {{PLACE(0), 1}}},
    {"add_constant_in_place", OUTSIDE, {{AT_DATA_SIZE, 14}}},
    {"pad_int16", OUTSIDE, {{OFFSET(0), 1}}},
    {"reverse_float", OUTSIDE, {{OFFSET(1), 2}}},
    {"pad", SCALE, {{T_SCALE(0), 0x7fc00000}}},
    {"pad", SCALE, {{T_SCALE(0), 0x7f800000}}},
    {"pad", SCALE, {{T_SCALE(0), 0xbf800000u}}},
    {"pad", "an input or output that is not there: tensor", {{ENDS, 0, 0, 2, 2}}},
    {"pad", "an input or output that is not there: tensor", {{ENDS, 0, 2, 2, 0xffff}}},
    {"softmax", "an input or output is a constant: tensor", {{PLACE(0), 1}, {OFFSET(0), 0}}},
    {"softmax", "an input or output is a constant: tensor", {{PLACE(1), 1}, {OFFSET(1), 0}}},

    {"pad", NODE_BEHIND, {{AT_NODES_SIZE, 16}}},
    {"pad", NODE_BEHIND, {{AT_NODES_SIZE, 0}}},
    {"pad", NODE_BEHIND, {{AT_N_NODES, 2}}},
    {"pad", NODE_BEHIND, {{NODE, 0, 2, 2, 0xfffc}}},
    {"pad", NODE_BEHIND, {{NODE, 0, 2, 2, 102}}},
    {"pad", "needs a newer Midge on the board: op", {{NODE, 0, 0, 2, 0}}},
    {"pad", "needs a newer Midge on the board: op", {{NODE, 0, 0, 2, 0x7fff}}},
    {"pad", NODE_WRONG, {{NODE, 0, 2, 2, 20}}},
    {"pad", NODE_WRONG, {{NODE, 0, 2, 2, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 4, 1, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 4, 1, 2}, {NODE, 0, 5, 1, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 5, 1, 0}}},
    {"pad", NODE_WRONG, {{NODE, 0, 4, 1, 255}}},
    {"pad", NODE_WRONG, {{NODE, 0, 0, 2, MG_OP_LUT}}},
    {"network", NODE_WRONG, {{NODE, 0, 2, 2, 132}, {NODE, 0, 4, 1, 33}}},
    {"pad", "needs a newer Midge on the board: node flags", {{NODE, 0, 6, 2, 1}}},
    {"pad", "a node names a tensor that is not there", {{NODE, 0, 20, 2, 2}}},
    {"pad", "a node names a tensor that is not there", {{NODE, 0, 22, 2, 0xffff}}},
    {"add_constant_in_place", "a node writes to a constant: tensor", {{NODE, 0, 24, 2, 2}}},
    {"pad", SCRATCH_OUT, {{SCRATCH(0), 0xfffffff0u}}},
    {"pad", SCRATCH_OUT, {{SCRATCH_SIZE(0), 0xffffffffu}}},
    {"pad", SCRATCH_OUT, {{SCRATCH(0), 8}}},
    {"conv_same", OVERLAP, {{SCRATCH(0), 0}}},
    {"conv_same", OVERLAP, {{SCRATCH(0), 64}}},
    {"softmax", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 0}}},
    {"softmax", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 13}}},
    {"mul", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 16}, {OFFSET(2), 1}}},
    {"mul", OVERLAP, {{OFFSET(0), 0}, {OFFSET(1), 1}, {OFFSET(2), 0}}},
    {"logistic", OVERLAP, {{SCRATCH_SIZE(0), 1}, {SCRATCH(0), 0}, {OFFSET(0), 0}, {OFFSET(1), 0}}},
    {"pad", "bytes behind the last node", {{AT_N_NODES, 0}}},

    {"mul", TENSORS, {{NODE, 0, 4, 1, 1}, {NODE, 0, 5, 1, 2}}},
    {"network", TENSORS, {{NODE, 3, 4, 1, 1}, {NODE, 3, 5, 1, 2}}},
    {"network", TENSORS, {{NODE, 2, 2, 2, 56}, {NODE, 2, 5, 1, 2}, {NODE, 2, 24, 2, 1}, {OFFSET(1), 244}}},
    {"mul", WRONG_DTYPE, {{DTYPE(0), 2}}},
    {"mul", WRONG_DTYPE, {{DTYPE(1), 2}}},
    {"mul", WRONG_DTYPE, {{DTYPE(2), 2}}},
    {"conv_same", WRONG_DTYPE, {{DTYPE(0), 2}}},
    {"conv_same", WRONG_DTYPE, {{DTYPE(1), 2}}},
    {"depthwise_same", WRONG_DTYPE, {{DTYPE(0), 2}}},
    {"max_pool", WRONG_DTYPE, {{DTYPE(1), 2}}},
    {"average_pool", WRONG_DTYPE, {{DTYPE(0), 2}}},
    {"add_broadcast", WRONG_DTYPE, {{DTYPE(1), 2}}},
    {"softmax", WRONG_DTYPE, {{DTYPE(1), 2}}},
    {"mean", WRONG_DTYPE, {{DTYPE(0), 2}}},
    {"pad", WRONG_DTYPE, {{DTYPE(1), 2}}},
    {"quantize_dequantize", WRONG_DTYPE, {{DTYPE(0), MG_INT32}}},
    {"quantize_dequantize", WRONG_DTYPE, {{DTYPE(1), MG_INT32}}},
    {"quantize_dequantize", WRONG_DTYPE, {{DTYPE(2), MG_UINT8}}},

    {"conv_same", SHAPE, {{PARAM(conv, batches), 0}}},
    {"conv_same", SHAPE, {{PARAM(conv, batches), 2}}},
    {"conv_same", SHAPE, {{PARAM(conv, in_h), 5}}},
    {"conv_same", SHAPE, {{PARAM(conv, in_w), 65535}}},
    {"conv_same", SHAPE, {{PARAM(conv, in_c), 4}}},
    {"conv_same", SHAPE, {{PARAM(conv, in_c), 0}}},
    {"conv_same", SHAPE, {{PARAM(conv, out_h), 1}}},
    {"conv_same", SHAPE, {{PARAM(conv, out_w), 1}}},
    {"conv_same", SHAPE, {{PARAM(conv, out_c), 4}}},
    {"conv_same", CONSTANT, {{PARAM(conv, weights_at), 0xffffffffu}}},
    {"conv_same", CONSTANT, {{PARAM(conv, weights_at), 60}}},
    {"conv_same", CONSTANT, {{PARAM(conv, channels_at), 0xffffffffu}}},
    {"conv_same", CONSTANT, {{PARAM(conv, channels_at), 138}}},
    {"conv_same", CONSTANT, {{PARAM(conv, kernel_h), 5}, {SCRATCH_SIZE(0), 45}, {AT_ARENA_SIZE, 256}}},
    {"depthwise_same", CONSTANT, {{PARAM(conv, weights_at), 0x7ffffff0}}},
    {"conv_same", MULTIPLIER, {{DATA, 0, 136 + 20, 4, 0x80000000u}}},
    {"conv_same", MULTIPLIER, {{DATA, 0, 136 + 36, 4, 0xffffffffu}}},
    {"conv_same", MULTIPLIER, {{DATA, 0, 136 + 40, 1, 31}}},
    {"conv_same", MULTIPLIER, {{DATA, 0, 136 + 44, 1, 0xe0}}},
    {"conv_same", WINDOW_ZERO, {{PARAM(conv, in_h), 0}}},
    {"conv_same", WINDOW_ZERO, {{PARAM(conv, out_w), 0}}},
    {"conv_same", WINDOW_ZERO, {{PARAM(conv, kernel_h), 0}}},
    {"conv_same", WINDOW_ZERO, {{PARAM(conv, stride_w), 0}}},
    {"conv_same", WINDOW_ZERO, {{PARAM(conv, dilation_h), 0}}},
    {"conv_same", WINDOW, {{PARAM(conv, pad_top), 3}}},
    {"conv_same", WINDOW, {{PARAM(conv, pad_left), 65535}}},
    {"conv_same", WINDOW, {{PARAM(conv, stride_h), 4}, {PARAM(conv, pad_top), 0}}},
    {"conv_same", WINDOW, {{PARAM(conv, stride_w), 65535}}},
    {"conv_same", WINDOW, {{PARAM(conv, dilation_w), 65535}}},
    {"conv_1x1", WINDOW, {{PARAM(conv, pad_left), 1}}},
    {"max_pool", WINDOW, {{PARAM(pool, pad_top), 2}}},
    {"max_pool", WINDOW, {{PARAM(pool, pad_left), 2}}},
    {"max_pool", SHAPE, {{PARAM(pool, in_h), 6}}},
    {"average_pool", WINDOW, {{PARAM(pool, stride_h), 2}}},
    {"conv_same", LAYOUT, {{PARAM(conv, layout), 7}}},
    {"depthwise_same", LAYOUT, {{PARAM(conv, layout), 65535}}},
    {"depthwise_same", DILATION, {{PARAM(conv, layout), 1}, {PARAM(conv, dilation_h), 2}, {PARAM(conv, dilation_w), 2}}},
    {"conv_same", CONSTANT, {{PARAM(conv, layout), 1}}},
    {"depthwise_same", CONSTANT, {{PARAM(conv, layout), 1}}},
    {"conv_int4", "int4 weights with a zero point", {{OF(0, conv, weights_zero_point), 1}}},
    {"conv_int4", "int4 weights with a zero point", {{OF(1, conv, weights_zero_point), 1}}},
    {"conv_int4", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 12 + 11}}},
    {"conv_int4", SMALL_SCRATCH, {{SCRATCH_SIZE(1), 12 + 4 * 12 - 1}}},
    {"conv_int4", CONSTANT, {{AT_DATA_SIZE, 64}}},
    {"conv_same", CONSTANT, {{PARAM(conv, layout), 2}}},
    {"depthwise_same", CONSTANT, {{PARAM(conv, layout), 2}}},
    {"conv_same", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 26}}},
    {"conv_same", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 0}}},
    {"depthwise_same", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 17}}},
    {"depthwise_same", DEPTHWISE, {{PARAM(conv, in_c), 0}}},
    {"depthwise_same", DEPTHWISE, {{PARAM(conv, in_c), 4}}},
    {"average_pool", "a window of too many elements", {{PARAM(pool, kernel_h), 4096}, {PARAM(pool, kernel_w), 4096}}},
    {"average_pool", SHAPE, {{PARAM(pool, channels), 3}}},
    {"max_pool", SHAPE, {{PARAM(pool, batches), 2}}},
    {"max_pool", SHAPE, {{PARAM(pool, out_w), 1}}},

    {"add_broadcast", MULTIPLIER, {{PARAM(binary, a_multiplier), 0xffffffffu}}},
    {"add_broadcast", MULTIPLIER, {{PARAM(binary, b_multiplier), 0x80000000u}}},
    {"add_broadcast", MULTIPLIER, {{PARAM(binary, out_multiplier), 0x80000000u}}},
    {"add_broadcast", MULTIPLIER, {{PARAM(binary, a_shift), 31}}},
    {"add_broadcast", MULTIPLIER, {{PARAM(binary, b_shift), 0xe0}}},
    {"add_broadcast", MULTIPLIER, {{PARAM(binary, out_shift), 0x80}}},
    {"mul", MULTIPLIER, {{PARAM(binary, out_shift), 31}}},
    {"add_broadcast", WALK_DIM, {{PARAM_AT(binary, dims, 0), 0}}},
    {"add_broadcast", WALK_DIM, {{PARAM_AT(binary, dims, 16), 0}}},
    {"add_broadcast", WALK_DIM, {{PARAM_AT(binary, dims, 0), 2}}},
    {"add_broadcast", WALK_DIM, {{PARAM_AT(binary, dims, 0), 0xffffffffu}}},
    {"add_broadcast", WALK_OUT, {{PARAM_AT(binary, a_stride, 16), 2}}},
    {"add_broadcast", WALK_OUT, {{PARAM_AT(binary, a_stride, 12), 0xffffffffu}}},
    {"add_broadcast", WALK_OUT, {{PARAM_AT(binary, b_stride, 16), 1}}},
    {"add_broadcast", WALK_OUT, {{PARAM_AT(binary, b_stride, 12), 0xffffffffu}}},
    {"add_broadcast", WALK_DIM, {{PARAM_AT(binary, a_stride, 0), 1}}},
    {"add_broadcast", WALK_DIM, {{PARAM_AT(binary, b_stride, 0), 0xffffffffu}}},
    {"add_broadcast", SHAPE, {{PARAM_AT(binary, dims, 12), 2}}},

    {"mean", MULTIPLIER, {{PARAM(reduce, multiplier), 0x80000000u}}},
    {"mean", MULTIPLIER, {{PARAM(reduce, shift), 31}}},
    {"mean", MULTIPLIER, {{PARAM(reduce, shift), 0xffffffe0u}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, keep_dims, 0), 0}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, reduce_dims, 8), 0}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, keep_dims, 0), 5}}},
    {"mean", WALK_OUT, {{PARAM_AT(reduce, keep_stride, 4), 48}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, keep_stride, 0), 1}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, reduce_dims, 8), 0x1000001}}},
    {"mean", WALK_OUT, {{PARAM_AT(reduce, reduce_stride, 8), 3}}},
    {"mean", WALK_OUT, {{PARAM_AT(reduce, reduce_stride, 8), 0xffffffffu}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, reduce_stride, 0), 0xffffffffu}}},
    {"mean", SHAPE, {{PARAM_AT(reduce, keep_dims, 8), 1}, {PARAM_AT(reduce, keep_stride, 8), 0}}},
    {"mean", SHAPE, {{PARAM_AT(reduce, keep_dims, 8), 1}, {PARAM_AT(reduce, keep_stride, 8), 0},
                     {PARAM_AT(reduce, reduce_dims, 8), 24}, {PARAM_AT(reduce, reduce_stride, 8), 1}}},
    {"mean", SHAPE, {{PARAM_AT(reduce, reduce_dims, 8), 11}}},
    {"mean", WALK_DIM, {{PARAM_AT(reduce, reduce_dims, 8), 0xffffff}, {PARAM_AT(reduce, reduce_stride, 8), 0}}},

    {"pad", COPY_SIZE, {{PARAM(copy, element_size), 2}}},
    {"pad", COPY_SIZE, {{PARAM(copy, element_size), 0}}},
    {"pad", COPY_SIZE, {{PARAM(copy, fill), 2}}},
    {"pad", COPY_DIM, {{PARAM_AT(copy, dims, 16), 0}}},
    {"pad", COPY_DIM, {{PARAM_AT(copy, in_stride, 0), 1}}},
    {"pad", COPY_DIM, {{PARAM_AT(copy, out_stride, 0), 0xffffffffu}}},
    {"pad", COPY_DIM, {{PARAM_AT(copy, dims, 0), 0xffffffffu}}},
    {"pad", COPY_DIM, {{PARAM_AT(copy, dims, 0), 11}}},
    {"pad", COPY_OUT, {{PARAM(copy, in_start), 12}}},
    {"pad", COPY_OUT, {{PARAM(copy, in_start), 0xffffffffu}}},
    {"pad", COPY_OUT, {{PARAM(copy, in_start), 1}}},
    {"pad", COPY_OUT, {{PARAM(copy, out_start), 60}}},
    {"pad", COPY_OUT, {{PARAM_AT(copy, in_stride, 16), 0xffffffffu}}},
    {"pad", COPY_OUT, {{PARAM_AT(copy, in_stride, 16), 0x80000000u}}},
    {"pad", COPY_OUT, {{PARAM_AT(copy, out_stride, 12), 0x7fffffff}}},
    {"pad", COPY_OUT, {{PARAM_AT(copy, out_stride, 12), 0x80000000u}}},
    {"pad", COPY_OUT, {{PARAM_AT(copy, dims, 16), 7}}},
    {"reverse_float", COPY_OUT, {{PARAM(copy, in_start), 11}}},

    {"logistic", WIDE_TABLE, {{DTYPE(0), MG_INT16}, {T_SIZE(0), 18}, {AT_ARENA_SIZE, 64}, {OFFSET(1), 32}}},
    {"logistic", WIDE_TABLE, {{DTYPE(1), MG_INT16}, {T_SIZE(1), 18}, {AT_ARENA_SIZE, 64}, {OFFSET(1), 16}}},
    {"logistic", SHAPE, {{PARAM(lut, count), 10}}},
    {"logistic", SHAPE, {{PARAM(lut, count), 8}}},
    {"logistic", CONSTANT, {{PARAM(lut, table_at), 1}}},
    {"logistic", CONSTANT, {{PARAM(lut, table_at), 0xffffff00u}}},

    {"softmax", SHAPE, {{PARAM(softmax, rows), 3}}},
    {"softmax", SHAPE, {{PARAM(softmax, depth), 0}}},
    {"softmax", CONSTANT, {{PARAM(softmax, table_at), 0xffffffffu}}},
    {"softmax", CONSTANT, {{PARAM(softmax, table_size), 0x40000000}}},
    {"softmax", CLASSES, {{PARAM(softmax, table_size), 0}}},
    {"softmax", EXPONENTIAL, {{DATA, 0, 0, 4, 0x7ffffffe}}},
    {"softmax", EXPONENTIAL, {{DATA, 0, 4, 4, 0x80000000u}}},
    {"softmax", EXPONENTIAL, {{PARAM(softmax, table_at), 4}, {PARAM(softmax, table_size), 1}}},

    {"quantize_dequantize", NO_SCALE, {{PARAM(affine, scale), 0}}},
    {"quantize_dequantize", NO_SCALE, {{PARAM(affine, scale), 0x80000000u}}},
    {"quantize_dequantize", NO_SCALE, {{PARAM(affine, scale), 0x7fc00000}}},
    {"quantize_dequantize", NO_SCALE, {{PARAM(affine, scale), 0x7f800000}}},
    {"quantize_dequantize", SHAPE, {{PARAM(affine, count), 7}}},
    {"quantize_dequantize", SHAPE, {{PARAM(affine, count), 5}}},

    {"audio", BAD_WINDOW, {{OF(0, window, window_size), 0}}},
    {"audio", BAD_WINDOW, {{OF(0, window, window_size), 5}}},
    {"audio", BAD_WINDOW, {{OF(0, window, shift), 32}}},
    {"audio", SHAPE, {{OF(0, window, count), 24}}},
    {"audio", CONSTANT, {{OF(0, window, window_at), 0xfffffff0u}}},
    {"audio", SHAPE, {{OF(1, count, count), 13}}},
    {"audio", BAD_LENGTH, {{OF(2, rfft, fft_length), 2}}},
    {"audio", BAD_LENGTH, {{OF(2, rfft, fft_length), 17}}},
    {"audio", BAD_LENGTH, {{OF(2, rfft, fft_length), 24}}},
    {"audio", BAD_LENGTH, {{OF(2, rfft, fft_length), 1u << 17}}},
    {"audio", BAD_LENGTH, {{OF(2, rfft, in_length), 17}}},
    {"audio", SHAPE, {{OF(2, rfft, in_length), 11}}},
    {"audio", SHAPE, {{OF(2, rfft, fft_length), 32}}},
    {"audio", SHAPE, {{OF(2, rfft, frames), 0}}},
    {"audio", CONSTANT, {{OF(2, rfft, twiddles_at), 0xfffffff0u}}},
    {"audio", "a twiddle factor beyond the unit circle: index", {{OF(2, rfft, twiddles_at), 0}, {DATA, 0, 0, 4, 0x80008000u}}},
    {"audio", "frequencies beyond the spectrum: bin", {{OF(3, energy, last), 10}}},
    {"audio", "frequencies beyond the spectrum: bin", {{OF(3, energy, first), 9}}},
    {"audio", SHAPE, {{OF(3, energy, bins), 10}}},
    {"audio", SHAPE, {{OF(4, filter_bank, bins), 10}}},
    {"audio", SHAPE, {{OF(4, filter_bank, channels), 3}}},
    {"audio", CONSTANT, {{OF(4, filter_bank, bank_at), 0xfffffff0u}}},
    {"audio", CONSTANT, {{OF(4, filter_bank, weights_at), 0xfffffff0u}}},
    {"audio", "a filter beyond the spectrum or its weights: channel", {{OF(4, filter_bank, n_weights), 7}}},
    {"audio", "a filter beyond the spectrum or its weights: channel", {{OF(4, filter_bank, bank_at), 0}, {DATA, 0, 0, 4, 9}, {DATA, 0, 4, 2, 1}}},
    {"audio", SHAPE, {{OF(5, count, count), 3}}},
    {"audio", BAD_SHIFT, {{OF(6, spectral_subtraction, smoothing_bits), 32}}},
    {"audio", BAD_SHIFT, {{OF(6, spectral_subtraction, fraction_bits), 64}}},
    {"audio", BAD_SHIFT, {{OF(6, spectral_subtraction, clamping), 2}}},
    {"audio", SHAPE, {{OF(6, spectral_subtraction, channels), 3}}},
    {"audio", "an impossible shift in a gain control: bits", {{OF(7, pcan, snr_shift), 64}}},
    {"audio", SHAPE, {{OF(7, pcan, count), 3}}},
    {"audio", CONSTANT, {{OF(7, pcan, gains_at), 0xfffffff0u}}},
    {"audio", "an impossible shift before a logarithm: bits", {{OF(8, log_table, correction_bits), 32}}},
    {"audio", SHAPE, {{OF(8, log_table, count), 3}}},
    {"audio", CONSTANT, {{OF(8, log_table, table_at), 0xfffffff0u}}},

    {"arithmetic_and_cast", WRONG_DTYPE, {{OF(0, cast, in_dtype), MG_INT8}}},
    {"arithmetic_and_cast", WRONG_DTYPE, {{OF(0, cast, out_dtype), MG_UINT32}}},
    {"arithmetic_and_cast", SHAPE, {{OF(0, cast, count), 7}}},
    {"arithmetic_and_cast", "a cast between 64 bits and a real: dtype", {{OF(3, cast, in_dtype), MG_INT64}}},
    {"arithmetic_and_cast", "a cast between 64 bits and a real: dtype", {{OF(4, cast, out_dtype), MG_UINT64}}},
    {"arithmetic_and_cast", "an unknown function of two values", {{OF(1, map, function), 16}}},
    {"arithmetic_and_cast", WALK_DIM, {{OF(1, map, dims[0]), 0}}},
    {"arithmetic_and_cast", WALK_DIM, {{OF(1, map, a_stride[0]), 1}}},
    {"arithmetic_and_cast", WALK_DIM, {{OF(1, map, b_stride[0]), 1}}},
    {"arithmetic_and_cast", WALK_OUT, {{OF(1, map, a_stride[4]), 2}}},
    {"arithmetic_and_cast", WALK_OUT, {{OF(1, map, b_stride[4]), 1}}},
    {"arithmetic_and_cast", SHAPE, {{OF(1, map, dims[4]), 5}}},

    {"detection", "boxes or scores of another dtype than bytes and reals", {{DTYPE(0), MG_BOOL}, {OF(0, detection, box_dtype), MG_BOOL}}},
    {"detection", "boxes or scores of another dtype than bytes and reals", {{DTYPE(1), MG_BOOL}, {OF(0, detection, score_dtype), MG_BOOL}}},
    {"detection", WRONG_DTYPE, {{OF(0, detection, box_dtype), MG_INT8}}},
    {"detection", WRONG_DTYPE, {{OF(0, detection, score_dtype), MG_FLOAT32}}},
    {"detection", NOTHING, {{OF(0, detection, box_size), 3}}},
    {"detection", NOTHING, {{OF(0, detection, boxes), 0}}},
    {"detection", NOTHING, {{OF(0, detection, classes), 0}}},
    {"detection", NOTHING, {{OF(0, detection, classes), 4}}},
    {"detection", NOTHING, {{OF(0, detection, limit), 0}}},
    {"detection", NOTHING, {{OF(0, detection, max_detections), 0}}},
    {"detection", SHAPE, {{OF(0, detection, boxes), 2}}},
    {"detection", SHAPE, {{OF(0, detection, score_size), 4}}},
    {"detection", SHAPE, {{OF(0, detection, max_detections), 3}}},
    {"detection", CONSTANT, {{OF(0, detection, anchors_at), 0xfffffff0u}}},
    {"detection", "too little scratch for the boxes: bytes", {{SCRATCH_SIZE(0), 59}}},
    {"detection", "too little scratch for the boxes: bytes", {{OF(0, detection, limit), 4}}},
};

static uint32_t node_at(const uint8_t *file, uint32_t index) {
    uint32_t at = mg_load_u32(file + 40);
    for (; index != 0; index--) {
        at += mg_load_u16(file + at + 2);
    }
    return at;
}

static uint32_t place_of(const uint8_t *file, const edit_t *edit) {
    switch (edit->where) {
        case TENSOR: return mg_load_u32(file + 36) + edit->index * TENSOR_SIZE;
        case NODE: return node_at(file, edit->index);
        case PARAMS: {
            uint32_t at = node_at(file, edit->index), n = (uint32_t)file[at + 4] + file[at + 5];
            return at + NODE_SIZE + 2 * (n + n % 2);
        }
        case ENDS: return mg_load_u32(file + 48);
        case STRINGS: return mg_load_u32(file + 52);
        case DATA: return mg_load_u32(file + 60);
        default: return 0;
    }
}

static void check_refusal(const refusal_t *refusal, size_t index) {
    const seed_t *seed = seed_named(refusal->seed);
    uint8_t *file = allocate(seed->size);
    uint32_t at[4];
    memcpy(file, seed->bytes, seed->size);
    for (size_t i = 0; i < 4; i++) { /* all places first: an edit may move what the next one names */
        at[i] = place_of(file, &refusal->edits[i]) + refusal->edits[i].offset;
    }
    for (size_t i = 0; i < 4 && refusal->edits[i].where != NOWHERE; i++) {
        memcpy(file + at[i], &refusal->edits[i].value, refusal->edits[i].width);
    }
    exercise_repair(file, seed->size);
    mg_error_t error = {0};
    exercise_t result = exercise(file, seed->size, 0, &error);
    if (CHECK(result == EXERCISE_REFUSED, "refusal %u of %s: wanted \"%s\"", (unsigned)index, refusal->seed,
              refusal->message)) {
        CHECK(strncmp(error.message, refusal->message, strlen(refusal->message)) == 0,
              "refusal %u of %s: got \"%s\", wanted \"%s\"", (unsigned)index, refusal->seed, error.message,
              refusal->message);
    }
    free(file);
}

static void every_rule(void) {
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        check_refusal(&REFUSALS[i], i);
    }
}

static void check_layer(const layer_t *layer, const char *message) {
    size_t size;
    uint8_t *file = layer_file(layer, &size);
    mg_error_t error = {0};
    bool refused = exercise(file, size, 0, &error) == EXERCISE_REFUSED;
    CHECK(refused && strcmp(error.message, message) == 0, "op %u: got \"%s\", wanted \"%s\"", layer->op,
          refused ? error.message : "accepted", message);
    free(file);
}

/* Rules that take more than a seed with other numbers. */
static void large_numbers(void) {
    enum { WEIGHTS = 4 * 32768 };
    mg_conv_params_t conv = {.channels_at = WEIGHTS, .batches = 1, .in_h = 1, .in_w = 1, .in_c = 32768, .out_h = 1,
                             .out_w = 1, .out_c = 1, .kernel_h = 2, .kernel_w = 2, .stride_h = 1, .stride_w = 1,
                             .dilation_h = 1, .dilation_w = 1, .act_max = 127};
    uint8_t *zeros = allocate(WEIGHTS + 9);
    memset(zeros, 0, WEIGHTS + 9);
    check_layer(&(layer_t){MG_OP_CONV_2D, 1, {MG_INT8, MG_INT8}, {32768, 1}, &conv, zeros, WEIGHTS + 9, WEIGHTS}, TAPS);
    free(zeros);

    int32_t table[257] = {INT32_MAX};
    mg_softmax_params_t classes = {1, 4096, 0, 1}, entries = {1, 4, 0, 257};
    check_layer(&(layer_t){MG_OP_SOFTMAX, 1, {MG_INT8, MG_INT8}, {4096, 4096}, &classes, table, 4, 0}, CLASSES);
    check_layer(&(layer_t){MG_OP_SOFTMAX, 1, {MG_INT8, MG_INT8}, {4, 4}, &entries, table, sizeof table, 0}, CLASSES);

    uint32_t many = (1u << 24) + 16;
    mg_reduce_params_t mean = {.keep_dims = {1, 1, 1}, .reduce_dims = {1, 1, many}, .reduce_stride = {0, 0, 1}};
    check_layer(&(layer_t){MG_OP_MEAN, 1, {MG_INT8, MG_INT8}, {many, 1}, &mean, NULL, 0, 0}, "a mean of too many elements");
}

/* Ops of one input with two and the other way round; inputs and outputs of different lengths. */
static void counts(void) {
    mg_params_t none;
    memset(&none, 0, sizeof none);
    none.affine.scale = 1.0f;
    for (uint16_t op = MG_OP_CONV_2D; op <= MG_OP_DEQUANTIZE; op++) {
        uint32_t wrong = op == MG_OP_ADD || op == MG_OP_MUL ? 1 : 2;
        layer_t layer = {op, wrong, {MG_INT8, MG_INT8, MG_INT8}, {1, 1, 1}, &none, NULL, 0, 0};
        mg_params_t params = none;
        params.conv.in_c = op == MG_OP_DEPTHWISE_CONV_2D ? 1 : 0;
        layer.params = op == MG_OP_DEPTHWISE_CONV_2D ? &params : &none;
        check_layer(&layer, TENSORS);
    }
    none.window.window_size = 1;
    check_layer(&(layer_t){MG_OP_WINDOW, 2, {MG_INT16, MG_INT16, MG_INT16}, {1, 1, 1}, &none, NULL, 0, 0}, TENSORS);
    check_layer(&(layer_t){MG_OP_AUTO_SCALE, 1, {MG_INT16, MG_INT16}, {1, 1}, &none, NULL, 0, 0}, TENSORS);
    int32_t table[64] = {INT32_MAX};
    mg_lut_params_t lut = {9, 0};
    mg_affine_params_t affine = {9, 1.0f, 0};
    mg_softmax_params_t softmax = {3, 3, 0, 1};
    for (uint32_t longer = 0; longer < 2; longer++) {
        uint32_t in = 9 + longer, out = 10 - longer;
        check_layer(&(layer_t){MG_OP_LUT, 1, {MG_INT8, MG_INT8}, {in, out}, &lut, table, 256, 0}, SHAPE);
        check_layer(&(layer_t){MG_OP_QUANTIZE, 1, {MG_FLOAT32, MG_INT8}, {in, out}, &affine, NULL, 0, 0}, SHAPE);
        check_layer(&(layer_t){MG_OP_DEQUANTIZE, 1, {MG_INT8, MG_FLOAT32}, {in, out}, &affine, NULL, 0, 0}, SHAPE);
        check_layer(&(layer_t){MG_OP_SOFTMAX, 1, {MG_INT8, MG_INT8}, {in, out}, &softmax, table, 4, 0}, SHAPE);
    }
}

static void check_foreign(const void *bytes, size_t size, mg_status_t status, const char *message) {
    mg_error_t error;
    uint8_t *exact = allocate(size);
    if (size != 0) {
        memcpy(exact, bytes, size);
    }
    CHECK(exercise(exact, size, 3, &error) == EXERCISE_REFUSED, "accepted %s", message);
    CHECK(error.status == status && strstr(error.message, message) != NULL, "%d: %s", (int)error.status, error.message);
    free(exact);
}

static void foreign_files(void) {
    const seed_t *seed = seed_named("pad");
    uint8_t file[80];
    memcpy(file, seed->bytes, sizeof file);
    check_foreign("", 0, MG_FOREIGN, "not a .midge file");
    check_foreign("MID", 3, MG_FOREIGN, "not a .midge file");
    check_foreign("MIDI....", 8, MG_FOREIGN, "not a .midge file");
    check_foreign("\x1c\0\0\0TFL3", 8, MG_FOREIGN, "TensorFlow Lite");
    check_foreign("\x1c\0\0\0TFL", 7, MG_FOREIGN, "not a .midge file");
    check_foreign(file, 4, MG_CORRUPT, "cut short");
    check_foreign(file, 8, MG_CORRUPT, "cut short");
    check_foreign(file, 79, MG_CORRUPT, "cut short");
    check_foreign(file, 80, MG_CORRUPT, "cut short");
    file[8] = 79;
    file[9] = 0;
    check_foreign(file, 80, MG_CORRUPT, "cut short");
    file[8] = 80;
    check_foreign(file, 80, MG_CORRUPT, "checksum");
    file[4] = 2;
    check_foreign(file, 80, MG_FOREIGN, "major version");
    file[4] = 1;
    file[5] = 1;
    check_foreign(file, 80, MG_FOREIGN, "major version");
}

static void every_length(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        uint8_t *file = allocate(seeds[i].size);
        for (size_t size = 0; size < seeds[i].size; size++) {
            mg_error_t error;
            memcpy(file, seeds[i].bytes, size);
            exercise_t result = exercise(file, size, 0, &error);
            CHECK(!seeds[i].sound || result == EXERCISE_REFUSED, "%s: accepted %u bytes", seeds[i].name,
                  (unsigned)size);
            exercise_repair(file, size);
            exercise(file, size, (uint32_t)size % 16, &error);
        }
        free(file);
    }
}

static void alter(const seed_t *seed, uint8_t *file, size_t at, uint8_t mask) {
    mg_error_t error;
    memcpy(file, seed->bytes, seed->size);
    file[at] ^= mask;
    if (seed->sound && at != 6 && at != 7) { /* every minor version is accepted */
        CHECK(!mg_model_open(&(mg_model_t){0}, file, seed->size, &error), "%s: byte %u ^ %u", seed->name, (unsigned)at,
              mask);
    }
    if (at >= 16) {
        exercise_repair(file, seed->size);
        exercise(file, seed->size, (uint32_t)at % 16, &error);
    }
}

/* Once as it is and once with the checksum set right again. */
static void every_bit(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        const seed_t *seed = &seeds[i];
        uint8_t *file = allocate(seed->size);
        uint32_t constants = seed->size > 4000 ? mg_load_u32(seed->bytes + 60) : UINT32_MAX;
        for (size_t at = 0; at < seed->size; at++) {
            alter(seed, file, at, 0xff);
            for (uint32_t bit = 0; bit < 8 && at < constants; bit++) { /* a large model's weights: 0xff is enough */
                alter(seed, file, at, (uint8_t)(1u << bit));
            }
        }
        free(file);
    }
}

/* The widths of the numbers in each op's parameters, in order, from ops.def. */
#define MG_FIELD(type, name) *at++ = sizeof(type);
#define MG_ARRAY(type, name, n) \
    for (uint32_t i = 0; i < (n); i++) { \
        *at++ = sizeof(type); \
    }
#define MG_STRUCT(name, fields) \
    static uint8_t *name##_widths(uint8_t *at) { \
        fields return at; \
    }
#include "ops.def"
#undef MG_STRUCT
#undef MG_ARRAY
#undef MG_FIELD

static uint32_t widths_of(uint16_t op, uint8_t *widths) {
    switch (op) {
#define MG_OP(number, name, kernel, params, in_place) \
    case number: return (uint32_t)(params##_widths(widths) - widths);
#include "ops.def"
#undef MG_OP
        default: return 0;
    }
}

/* Every number of every node's parameters takes values at the ends of its range and near its own. */
static void every_field(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        const seed_t *seed = &seeds[i];
        mg_error_t error;
        uint32_t nodes = seed->sound ? mg_load_u16(seed->bytes + 26) : 0, at = mg_load_u32(seed->bytes + 40);
        uint8_t *file = allocate(seed->size), widths[256];
        for (uint32_t n = 0; n < nodes; n++, at += mg_load_u16(seed->bytes + at + 2)) {
            uint32_t ends = (uint32_t)seed->bytes[at + 4] + seed->bytes[at + 5];
            uint32_t field = at + NODE_SIZE + 2 * (ends + ends % 2);
            uint32_t count = widths_of(mg_load_u16(seed->bytes + at), widths);
            for (uint32_t k = 0; k < count; field += widths[k++]) {
                uint32_t old = 0;
                memcpy(&old, seed->bytes + field, widths[k] < 4 ? widths[k] : 4);
                const uint32_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
                                           0x80000000u, 0xfffffff0u, 0xffffffffu, old + 1, old - 1, 2 * old, 0u - old};
                for (uint32_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                    memcpy(file, seed->bytes, seed->size);
                    memcpy(file + field, &values[v], widths[k] < 4 ? widths[k] : 4);
                    exercise_repair(file, seed->size);
                    exercise(file, seed->size, 5, &error);
                }
            }
        }
        free(file);
    }
}

const test_t HOSTILE_TESTS[] = {
    {"foreign files", foreign_files}, {"every rule", every_rule}, {"rules of large numbers", large_numbers},
    {"rules of counts", counts},      {"every length", every_length}, {"every bit", every_bit},
    {"every field", every_field},
    {NULL, NULL},
};
