/* SPDX-License-Identifier: MIT
 *
 * The rules for each op: what its check refuses.
 */
#include <string.h>

#include "refusals.h"

#define BAD_WINDOW "a window that does not divide its input: samples"
#define BAD_LENGTH "a Fourier transform of an impossible length"
#define BAD_SHIFT "an impossible shift in a noise reduction: bits"
#define NOTHING "a detection of nothing: classes"
#define TENSORS "wrong number of tensors"
#define WRONG_DTYPE "a tensor of the wrong dtype"
#define SHAPE "parameters do not match a tensor's shape: elements"
#define CONSTANT "a constant ends after the data: offset"
#define MULTIPLIER "a multiplier or shift out of range: multiplier"
#define WINDOW_ZERO "a zero in a window's shape: kernel"
#define WINDOW "a window is outside its input: positions"
#define TAPS "a kernel of too many taps"
#define SMALL_SCRATCH "too little scratch"
#define LAYOUT "weights for another core, convert again for this one: layout"
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
#define CONSTANT_INPUT "a constant where this op wants a tensor of the arena: input"
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
    {"quantize_i16", RESCALED, {{OF(1, rescale, in_dtype), 8}}},
    {"quantize_i16", RESCALED, {{OF(1, rescale, in_dtype), 10}}},
    {"quantize_i16", RESCALED, {{OF(1, rescale, out_dtype), 8}}},
    {"quantize_i16", RESCALED, {{OF(1, rescale, in_dtype), 5}}},
    {"quantize_i16", RESCALED, {{OF(1, rescale, out_dtype), 5}}},
    {"matmul", "a product of nothing", {{PARAM(matmul, rows), 0}}},
    {"matmul", "a product of nothing", {{PARAM(matmul, depth), 0}}},
    {"matmul", "an operand is read outside its tensor: dimension", {{PARAM_AT(matmul, a_batch, 0), 0x80000000u}}},
    {"matmul", "an operand is read outside its tensor: dimension", {{PARAM_AT(matmul, b_batch, 0), 0x80000000u}}},
    {"conv_i16", GROUPS, {{PARAM(conv_i16, groups), 0}}},
    {"conv_i16", GROUPS, {{PARAM(conv_i16, in_c), 0}}},
    {"conv_i16", GROUPS, {{PARAM(conv_i16, out_c), 0}}},
    {"conv_i16", WINDOW, {{PARAM(conv_i16, out_h), 0xffff}, {PARAM(conv_i16, stride_h), 0xffff}}},
    {"conv_i16", WINDOW, {{PARAM(conv_i16, kernel_w), 0xffff}, {PARAM(conv_i16, dilation_w), 0xffff}}},
    {"conv_i16", WINDOW_ZERO, {{PARAM(conv_i16, in_h), 0}}},
    {"conv_i16", WINDOW_ZERO, {{PARAM(conv_i16, out_w), 0}}},
    {"conv_i16", WINDOW_ZERO, {{PARAM(conv_i16, kernel_h), 0}}},
    {"spectrum_of_8",
     "a constant as the input of an op that takes none: input",
     {{PLACE(0), 1}, {OFFSET(0), 0}, {INPUT_OUTPUT(0), 1}}},
    {"float_convolutions", CONSTANT_INPUT, {{PLACE(0), 1}, {OFFSET(0), 0}, {INPUT_OUTPUT(0), 1}}},

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
    {"conv_same", LAYOUT, {{PARAM(conv, layout), 9}}},
    {"depthwise_same", LAYOUT, {{PARAM(conv, layout), 65535}}},
    {"depthwise_same",
     DILATION,
     {{PARAM(conv, layout), 1}, {PARAM(conv, dilation_h), 2}, {PARAM(conv, dilation_w), 2}}},
    {"conv_same", CONSTANT, {{PARAM(conv, layout), 1}}},
    {"conv_same", CONSTANT, {{PARAM(conv, layout), 8}}},
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
    {"mean",
     SHAPE,
     {{PARAM_AT(reduce, keep_dims, 8), 1},
      {PARAM_AT(reduce, keep_stride, 8), 0},
      {PARAM_AT(reduce, reduce_dims, 8), 24},
      {PARAM_AT(reduce, reduce_stride, 8), 1}}},
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
    {"audio",
     "a twiddle factor beyond the unit circle: index",
     {{OF(2, rfft, twiddles_at), 0}, {DATA, 0, 0, 4, 0x80008000u}}},
    {"audio", "a first twiddle factor other than 1", {{OF(2, rfft, twiddles_at), 0}, {DATA, 0, 0, 4, 32766}}},
    {"audio", "frequencies beyond the spectrum: bin", {{OF(3, energy, last), 10}}},
    {"audio", "frequencies beyond the spectrum: bin", {{OF(3, energy, first), 9}}},
    {"audio", SHAPE, {{OF(3, energy, bins), 10}}},
    {"audio", SHAPE, {{OF(4, filter_bank, bins), 10}}},
    {"audio", SHAPE, {{OF(4, filter_bank, channels), 3}}},
    {"audio", CONSTANT, {{OF(4, filter_bank, bank_at), 0xfffffff0u}}},
    {"audio", CONSTANT, {{OF(4, filter_bank, weights_at), 0xfffffff0u}}},
    {"audio", "a filter beyond the spectrum or its weights: channel", {{OF(4, filter_bank, n_weights), 7}}},
    {"audio",
     "a filter beyond the spectrum or its weights: channel",
     {{OF(4, filter_bank, bank_at), 0}, {DATA, 0, 0, 4, 9}, {DATA, 0, 4, 2, 1}}},
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
    {"quantised_logarithm",
     "an impossible shift before a logarithm: bits",
     {{OF(0, log_table_i8, correction_bits), 32}}},
    {"quantised_logarithm", "an impossible shift after a logarithm: bits", {{OF(0, log_table_i8, shift), 32}}},
    {"quantised_logarithm", SHAPE, {{OF(0, log_table_i8, count), 3}}},
    {"quantised_logarithm", CONSTANT, {{OF(0, log_table_i8, table_at), 0xfffffff0u}}},

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

    {"detection",
     "boxes or scores of another dtype than bytes and reals",
     {{DTYPE(0), MG_BOOL}, {OF(0, detection, box_dtype), MG_BOOL}}},
    {"detection",
     "boxes or scores of another dtype than bytes and reals",
     {{DTYPE(1), MG_BOOL}, {OF(0, detection, score_dtype), MG_BOOL}}},
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
    {"detection", SMALL_SCRATCH, {{SCRATCH_SIZE(0), 59}}},
    {"detection", SMALL_SCRATCH, {{OF(0, detection, limit), 4}}},
};

static void rules_of_ops(void) {
    check_refusals(REFUSALS, sizeof REFUSALS / sizeof REFUSALS[0]);
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
    mg_conv_params_t conv = {.channels_at = WEIGHTS,
                             .batches = 1,
                             .in_h = 1,
                             .in_w = 1,
                             .in_c = 32768,
                             .out_h = 1,
                             .out_w = 1,
                             .out_c = 1,
                             .kernel_h = 2,
                             .kernel_w = 2,
                             .stride_h = 1,
                             .stride_w = 1,
                             .dilation_h = 1,
                             .dilation_w = 1,
                             .act_max = 127};
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
    check_layer(&(layer_t){MG_OP_MEAN, 1, {MG_INT8, MG_INT8}, {many, 1}, &mean, NULL, 0, 0},
                "a mean of too many elements");
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

const test_t OP_RULE_TESTS[] = {
    {"rules of ops", rules_of_ops},
    {"rules of large numbers", large_numbers},
    {"rules of counts", counts},
    {NULL, NULL},
};
