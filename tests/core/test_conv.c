/* SPDX-License-Identifier: MIT
 *
 * Random convolutions in layouts PLAIN, INT4, DSP, SWAR_PIXELS and SWAR_CHANNELS against the formula (layers.h).
 */
#include "layers.h"
#include "loops/loops.h"

/* An axis of one or two outputs, nothing of which lies outside. */
static axis_t inner_axis(void) {
    axis_t a = random_axis(true);
    uint32_t reach = (uint32_t)(a.kernel - 1) * a.dilation + 1, more = (uint32_t)random_between(0, 1) * a.stride;
    return (axis_t){(uint16_t)(reach + more), (uint16_t)(more == 0 ? 1 : 2), a.kernel, a.stride, a.dilation, 0};
}

mg_conv_params_t random_convolution(bool depthwise, uint32_t round) {
    axis_t h = random_axis(true), w = random_axis(true);
    if (round % 4 == 0) {
        h = (axis_t){h.in, 1, 1, h.stride, h.dilation, 0};
        w = (axis_t){w.in, (uint16_t)((w.in - 1) / w.stride + 1), 1, w.stride, w.dilation, 0};
    }
    int32_t in_c = random_between(1, round % 5 == 0 ? 70 : 9), most = 3;
    if (depthwise && round % 4 == 1) { /* a few outputs inside the image (core/kernels/linear/depthwise_direct.c) */
        h = inner_axis();
        w = round % 8 == 1 ? (axis_t){h.in, 1, h.in, 1, 1, 0} : inner_axis();
        most = 1 + (round % 16 == 1);
    }
    int32_t out_c = depthwise ? in_c * random_between(1, most) : random_between(1, round % 6 == 5 ? 40 : 11);
    mg_conv_params_t p = {
        .batches = (uint16_t)random_between(1, 2),
        .in_h = h.in,
        .in_w = w.in,
        .in_c = (uint16_t)in_c,
        .out_h = h.out,
        .out_w = w.out,
        .out_c = (uint16_t)out_c,
        .kernel_h = h.kernel,
        .kernel_w = w.kernel,
        .stride_h = h.stride,
        .stride_w = w.stride,
        .dilation_h = h.dilation,
        .dilation_w = w.dilation,
        .pad_top = h.pad,
        .pad_left = w.pad,
        .in_zero_point = (int8_t)random_between(-128, 127),
        .out_zero_point = (int8_t)random_between(-128, 127),
        .act_min = (int8_t)(round % 3 == 0 ? random_between(-128, 0) : -128),
        .act_max = (int8_t)(round % 3 == 0 ? random_between(1, 127) : 127),
    };
    return p;
}

/* at: batch, row, column, channel of the output */
static int64_t slow_sum(const mg_conv_params_t *p, const int8_t *x, const int8_t *w, bool depthwise,
                        const int32_t at[4]) {
    int64_t sum = 0;
    int32_t n = at[0], c = at[3], first = depthwise ? c / (p->out_c / p->in_c) : 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            for (int32_t k = first; k < (depthwise ? first + 1 : p->in_c); k++) {
                int32_t y = at[1] * p->stride_h - p->pad_top + ky * p->dilation_h;
                int32_t z = at[2] * p->stride_w - p->pad_left + kx * p->dilation_w;
                bool inside = y >= 0 && y < p->in_h && z >= 0 && z < p->in_w;
                int32_t value = inside ? x[((n * p->in_h + y) * p->in_w + z) * p->in_c + k] : p->in_zero_point;
                int32_t weight = depthwise ? w[(ky * p->kernel_w + kx) * p->out_c + c]
                                           : w[((c * p->kernel_h + ky) * p->kernel_w + kx) * p->in_c + k];
                sum += value * weight;
            }
        }
    }
    return sum;
}

static void slow_conv(const mg_conv_params_t *p, const int8_t *x, const uint8_t *data, bool depthwise, int8_t *out) {
    const uint8_t *table = data + p->channels_at;
    const int8_t *w = (const int8_t *)data + p->weights_at;
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t z = 0; z < p->out_w; z++) {
                for (int32_t c = 0; c < p->out_c; c++) {
                    int64_t sum = slow_sum(p, x, w, depthwise, (int32_t[]){n, y, z, c});
                    int32_t biased = slow_wrap(sum + mg_load_i32(table + 4 * c));
                    int32_t value = slow_requantize(biased, mg_load_i32(table + 4 * (p->out_c + c)),
                                                    (int8_t)table[8 * p->out_c + c]);
                    *out++ = (int8_t)clamp(slow_wrap((int64_t)value + p->out_zero_point), p->act_min, p->act_max);
                }
            }
        }
    }
}

/* The tap in a place: of each row of the kernel the groups of four that it holds, then what is left. */
static uint32_t tap_at(const mg_conv_params_t *p, uint32_t place) {
    uint32_t row = (uint32_t)p->kernel_w * p->in_c, whole = row / 4 * 4, rest = row - whole;
    if (place < whole * p->kernel_h) {
        return place / whole * row + place % whole;
    }
    place -= whole * p->kernel_h;
    return rest == 0 || place >= rest * p->kernel_h ? UINT32_MAX : place / rest * row + whole + place % rest;
}

/* Two channels by four taps, as core/kernels/linear/conv_dsp.c describes them. */
static void pack_dsp(const mg_conv_params_t *p, const int8_t *weights, uint32_t taps, int8_t *packed) {
    for (uint32_t c = 0; c < p->out_c; c += 2) {
        for (uint32_t k = 0; k < taps; k += 4) {
            for (uint32_t i = 0; i < 4; i++, packed += 2) {
                uint32_t tap = tap_at(p, k + (uint32_t[]){0, 2, 1, 3}[i]);
                int32_t one = tap < taps ? weights[c * taps + tap] : 0;
                int32_t other = tap < taps && c + 1 < p->out_c ? weights[(c + 1) * taps + tap] : 0;
                int16_t both = (int16_t)(one + 256 * other);
                memcpy(packed, &both, 2);
            }
        }
    }
}

/* Two channels by two taps of any number of pixels, four channels of one, as core/kernels/linear/conv_swar_pixels.c
 * says; conv_swar_channels.c wants four channels for any number, and no more taps than there are. */
static uint32_t pack_swar(const mg_conv_params_t *p, const int8_t *weights, uint32_t taps, bool channels,
                          int8_t *packed) {
    bool one = channels || (p->batches == 1 && p->out_h == 1 && p->out_w == 1);
    uint32_t group = one ? 4 : 2, padded = channels ? taps : (taps + 3) / 4 * 4, size = 0;
    for (uint32_t c = 0; c < p->out_c; c += group) {
        for (uint32_t i = 0; i < group * padded; i++) {
            uint32_t channel = c + (one ? (i & 1) * 2 + (i >> 1 & 1) : i >> 1 & 1);
            uint32_t tap = one ? i / 4 : i / 4 * 2 + (i & 1);
            int32_t weight = channel < p->out_c && tap < taps ? weights[channel * taps + tap] : 0;
            packed[size++] = (int8_t)(one ? weight ^ -128 : weight);
        }
    }
    return size;
}

/* Rows of a multiple of four taps, in one of the two forms of core/kernels/linear/conv_mac16.c. */
static uint32_t pack_mac16(const mg_conv_params_t *p, const int8_t *weights, uint32_t taps, int8_t *packed) {
    bool by_rows = (p->batches == 1 && p->out_h == 1 && p->out_w == 1) || taps >= 384;
    uint32_t padded = (taps + 3) / 4 * 4, size = 0;
    for (uint32_t c = 0; c < p->out_c; c++) {
        int32_t start = 0;
        uint32_t row = size + (by_rows ? 4 : 0);
        for (uint32_t k = 0; k < padded; k++) {
            int32_t weight = k < taps ? weights[c * taps + k] : 0;
            bool lower = k % 2 == 0 || !by_rows;
            packed[row + k] = (int8_t)(lower ? weight ^ -128 : weight);
            start -= lower ? 127 * (weight + 128) : 0;
        }
        memcpy(packed + size, &start, by_rows ? 4 : 0);
        size = row + padded;
    }
    return size + (by_rows ? 4 : 0);
}

typedef enum { PLAIN, DSP, DSP_LINES, SWAR_PIXELS, SWAR_CHANNELS, MAC16, INT4 } kind_t; /* of layout */

/* Whether four taps are a block for those four channels that c is one of (core/kernels/linear/conv_swar_channels.c). */
static bool four_taps_fit(const mg_conv_params_t *p, const int8_t *weights, uint32_t taps, uint32_t c) {
    for (uint32_t channel = c / 4 * 4; channel < p->out_c && channel < c / 4 * 4 + 4; channel++) {
        for (uint32_t k = 0; k + 4 <= taps; k += 4) {
            const int8_t *w = weights + channel * taps + k;
            if (abs(w[0]) + abs(w[1]) + abs(w[2]) + abs(w[3]) > 255) {
                return false;
            }
        }
    }
    return true;
}

/* Of a channel with the multiplier 2^30: (x + 1 + 2^shift) >> (shift + 1) is a line (core/loops/loops.h). */
static void line_of_halves(int32_t words[4], int32_t zero_point, bool second) {
    const int32_t half = 1 << (MG_LINE_SHIFT - 1);
    words[0]++;
    words[1] = (int32_t)(1u << (31 + MG_LINE_SHIFT - words[3]));
    words[2] = (half + 2 * half * zero_point) * (second ? 256 : 1);
    words[3] = 0;
}

/* The data of a layer whose layout is not PLAIN: weights packed or as they were, then bias,
 * multiplier, rounding and shift of each channel (core/loops/loops.h). */
static uint8_t *fast_data(mg_conv_params_t *p, const uint8_t *data, uint32_t weights, bool depthwise, kind_t kind,
                          layer_t *layer) {
    bool pairs = !depthwise && (kind == DSP || kind == DSP_LINES);
    uint32_t taps = weights / p->out_c, size = weights;
    const uint8_t *table = data + p->channels_at;
    const int8_t *plain = (const int8_t *)data + p->weights_at;
    uint32_t most = p->weights_at + (taps + 7u) * (p->out_c + 3u) + 16u * (p->out_c + 1u);
    uint8_t *fast = allocate(most);
    int8_t *packed = (int8_t *)fast + p->weights_at;
    memset(fast, 0, most);
    memcpy(fast, data, p->weights_at + (depthwise ? weights : 0));
    if (pairs) {
        pack_dsp(p, plain, taps, packed);
        size = (taps + 3) / 4 * 4 * (uint32_t)((p->out_c + 1) / 2 * 2);
    } else if (!depthwise && kind == MAC16) {
        size = pack_mac16(p, plain, taps, packed);
    } else if (!depthwise) {
        size = pack_swar(p, plain, taps, kind == SWAR_CHANNELS, packed);
    }
    p->layout = kind == SWAR_PIXELS     ? MG_LAYOUT_CONV_2D_SWAR_PIXELS
                : kind == SWAR_CHANNELS ? MG_LAYOUT_CONV_2D_SWAR_CHANNELS
                : kind == MAC16         ? MG_LAYOUT_CONV_2D_MAC16
                : kind == DSP_LINES     ? MG_LAYOUT_CONV_2D_DSP_LINES
                                        : MG_LAYOUT_CONV_2D_DSP;
    p->channels_at = p->weights_at + size;
    layer->data_size = p->channels_at + 16u * (p->out_c + (pairs ? p->out_c & 1u : 0u));
    for (uint32_t c = 0; c < p->out_c; c++) {
        int32_t shift = -(int8_t)table[8u * p->out_c + c];
        int32_t words[4] = {mg_load_i32(table + 4 * c), mg_load_i32(table + 4 * (p->out_c + c)),
                            (1 << (shift - 1)) + p->out_zero_point * (1 << shift), shift};
        if (kind == SWAR_CHANNELS || (kind == MAC16 && !depthwise)) {
            words[2] = 1 + 2 * words[2];
            words[3] += 1 + (kind != MAC16 && !depthwise && four_taps_fit(p, plain, taps, c) ? 256 : 0);
        }
        if (kind == DSP_LINES) {
            line_of_halves(words, p->out_zero_point, c % 2 == 1);
        }
        memcpy(fast + p->channels_at + 16 * c, words, sizeof words);
    }
    for (uint32_t c = 0; pairs && c < p->out_c; c += 2) { /* the second channel's sum contains the first one's */
        uint8_t *bias = fast + p->channels_at + 16 * c;
        uint32_t both = mg_load_u32(bias) + 256 * mg_load_u32(bias + 16);
        memcpy(bias + 16, &both, 4);
    }
    layer->data = fast;
    return fast;
}

/* The data of a layer whose weights are int4, for which those of `data` are made to be: theirs two in a byte. */
static uint8_t *int4_data(mg_conv_params_t *p, uint8_t *data, uint32_t weights, layer_t *layer) {
    uint32_t at = p->channels_at;
    p->layout = MG_LAYOUT_CONV_2D_INT4;
    p->channels_at = p->weights_at + (weights + 1) / 2;
    layer->data_size = p->channels_at + 9u * p->out_c;
    uint8_t *packed = allocate(layer->data_size);
    memset(packed, 0, layer->data_size);
    for (uint32_t i = 0; i < weights; i++) {
        int32_t w = random_between(-8, 7);
        data[p->weights_at + i] = (uint8_t)w;
        packed[p->weights_at + i / 2] |= (uint8_t)((w & 15) << i % 2 * 4);
    }
    memcpy(packed + p->channels_at, data + at, 9u * p->out_c);
    layer->data = packed;
    return packed;
}

/* Makes the weights what the converter lets through: no -128, no two neighbours above 255. Every
 * fourth layer has the largest there are, every other fourth small ones. */
static void tame(int8_t *weights, uint32_t n, uint32_t round) {
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = (int8_t)(round % 4 == 2   ? weights[i] / 3
                              : round % 4 != 0 ? at_least(weights[i], -127)
                              : weights[i] < 0 ? -127
                                               : 127);
    }
}

/* An axis of the 3x3 windows that have code of their own. */
static axis_t axis_of_three(uint16_t stride) {
    axis_t a = {(uint16_t)random_between(1, 14), 1, 3, stride, 1, (uint16_t)random_between(0, 2)};
    a.out = (uint16_t)random_between(1, (a.in + a.pad - 1) / stride + 1);
    return a;
}

static void make_three(mg_conv_params_t *p, uint16_t stride) {
    axis_t h = axis_of_three(stride), w = axis_of_three(stride);
    p->in_h = h.in, p->out_h = h.out, p->kernel_h = 3, p->stride_h = stride, p->dilation_h = 1, p->pad_top = h.pad;
    p->in_w = w.in, p->out_w = w.out, p->kernel_w = 3, p->stride_w = stride, p->dilation_w = 1, p->pad_left = w.pad;
}

/* A single output pixel, of so many taps that their values may take several chunks. */
static void make_vector(mg_conv_params_t *p) {
    p->batches = p->in_h = p->in_w = p->out_h = p->out_w = 1;
    p->kernel_h = p->kernel_w = p->stride_h = p->stride_w = p->dilation_h = p->dilation_w = 1;
    p->pad_top = p->pad_left = 0;
    p->in_c = (uint16_t)random_between(1, 400);
}

static void one_conv(bool depthwise, kind_t kind, uint32_t round) {
    mg_conv_params_t p = random_convolution(depthwise, round);
    bool fast = kind != PLAIN && kind != INT4;
    if (depthwise && (kind == DSP || kind == MAC16) && p.dilation_h != 1) {
        p.dilation_w = 1;
        p.pad_left = (uint16_t)at_most(p.pad_left, p.kernel_w - 1);
        p.out_w = (uint16_t)at_most(p.out_w, (p.in_w + p.pad_left - 1) / p.stride_w + 1);
    }
    if (depthwise && kind != PLAIN && kind != SWAR_PIXELS && kind != INT4 && round % 2 == 0) {
        make_three(&p, (uint16_t)(1 + round / 2 % 3));
    }
    if (!depthwise && (kind == SWAR_PIXELS || kind == MAC16) && round % 8 == 3) {
        make_vector(&p);
    }
    if (kind == DSP_LINES) {
        p.act_min = (int8_t)at_least(p.act_min, p.out_zero_point);
        p.act_max = (int8_t)at_least(p.act_max, p.act_min);
    }
    uint32_t patch = (uint32_t)p.kernel_h * p.kernel_w * p.in_c;
    uint32_t weights = depthwise ? (uint32_t)p.kernel_h * p.kernel_w * p.out_c : patch * p.out_c;
    p.weights_at = round % 7;
    p.channels_at = p.weights_at + weights;
    uint32_t data_size = p.channels_at + 9u * p.out_c;
    uint8_t *data = allocate(data_size);
    random_bytes(data, data_size);
    if (kind == SWAR_PIXELS || ((kind == DSP || kind == DSP_LINES || kind == SWAR_CHANNELS) && !depthwise)) {
        tame((int8_t *)data + p.weights_at, weights, round);
    }
    for (uint32_t c = 0; c < p.out_c; c++) {
        int32_t most = 20000;
        if (round % 6 == 0 && ((kind != DSP && kind != DSP_LINES) || depthwise)) {
            most = 1 << (kind == SWAR_CHANNELS || kind == MAC16 ? 27 : kind == DSP ? random_between(20, 29) : 29);
        }
        int32_t bias = random_between(-most, most);
        int32_t multiplier = kind == DSP_LINES ? 1 << 30 : random_multiplier();
        int32_t usual = random_between(-12, -5), any = fast ? random_between(-22, -1) : random_between(-31, 30);
        memcpy(data + p.channels_at + 4 * c, &bias, fast || round % 9 != 0 ? 4 : 0);
        memcpy(data + p.channels_at + 4 * (p.out_c + c), &multiplier, 4);
        data[p.channels_at + 8u * p.out_c + c] = (uint8_t)(round % 8 == 0 && kind != DSP_LINES ? any : usual);
    }
    uint32_t inputs = (uint32_t)p.batches * p.in_h * p.in_w * p.in_c;
    uint32_t outputs = (uint32_t)p.batches * p.out_h * p.out_w * p.out_c;
    mg_conv_params_t plain = p;
    layer_t layer = {depthwise ? MG_OP_DEPTHWISE_CONV_2D : MG_OP_CONV_2D,
                     1,
                     {MG_INT8, MG_INT8},
                     {inputs, outputs},
                     &p,
                     data,
                     data_size,
                     0};
    uint8_t *other = fast           ? fast_data(&p, data, weights, depthwise, kind, &layer)
                     : kind == INT4 ? int4_data(&p, data, weights, &layer)
                                    : NULL;
    uint32_t scratch = layer.scratch = layer_scratch(&layer);
    if (scratch != 0) {
        layer.scratch--;
        CHECK(layer_scratch(&layer) == scratch, "round %u: one byte less than %u is enough", round, scratch);
        layer.scratch++;
    }
    if (kind == SWAR_PIXELS || kind == SWAR_CHANNELS || (kind == MAC16 && !depthwise)) { /* for larger tiles */
        layer.scratch += (uint32_t)random_between(0, 2 * (int32_t)scratch);
    }
    layer_run_t run;
    if (layer_run(&layer, &run)) {
        int8_t *wanted = allocate(outputs);
        slow_conv(&plain, (const int8_t *)run.inputs[0], data, depthwise, wanted);
        compare(wanted, &run, depthwise ? "depthwise" : "conv", round);
        free(wanted);
        layer_free(&run);
    }
    free(other);
    free(data);
}

static void rounds(bool depthwise, kind_t kind, uint32_t n) {
    for (uint32_t round = 0; round < n; round++) {
        one_conv(depthwise, kind, round);
    }
}

static void conv(void) {
    rounds(false, PLAIN, 1500);
}

static void conv_int4(void) {
    for (uint32_t round = 0; round < 1500; round++) {
        one_conv(round % 2 == 0, INT4, round / 2);
    }
}

static void conv_dsp(void) {
    rounds(false, DSP, 1500);
}

static void conv_dsp_lines(void) {
    rounds(false, DSP_LINES, 1500);
}

static void conv_swar_pixels(void) {
    rounds(false, SWAR_PIXELS, 1500);
}

static void conv_swar_channels(void) {
    rounds(false, SWAR_CHANNELS, 1500);
}

static void conv_mac16(void) {
    rounds(false, MAC16, 1500);
}

static void depthwise(void) {
    rounds(true, PLAIN, 800);
}

static void depthwise_dsp(void) {
    rounds(true, DSP, 1500);
}

static void depthwise_swar_pixels(void) {
    rounds(true, SWAR_PIXELS, 1500);
}

static void depthwise_swar_channels(void) {
    rounds(true, SWAR_CHANNELS, 1500);
}

static void depthwise_mac16(void) {
    rounds(true, MAC16, 1500);
}

/* Fewer pixels than are summed at once: what lay in the scratch instead must not overflow the sums. */
static void conv_dsp_of_two_pixels(void) {
    enum { K = 2048 };
    mg_conv_params_t p = {.channels_at = K,
                          .batches = 1,
                          .in_h = 1,
                          .in_w = 2,
                          .in_c = K,
                          .out_h = 1,
                          .out_w = 2,
                          .out_c = 1,
                          .kernel_h = 1,
                          .kernel_w = 1,
                          .stride_h = 1,
                          .stride_w = 1,
                          .dilation_h = 1,
                          .dilation_w = 1,
                          .act_min = -128,
                          .act_max = 127};
    uint8_t *data = allocate(K + 9);
    memset(data, 127, K);
    memset(data + K, 0, 8);
    data[K + 8] = (uint8_t)-1;
    layer_t layer = {MG_OP_CONV_2D, 1, {MG_INT8, MG_INT8}, {2 * K, 2}, &p, data, 0, 0};
    uint8_t *fast = fast_data(&p, data, K, false, DSP, &layer);
    layer.scratch = layer_scratch(&layer);
    layer_run_t run;
    if (layer_run(&layer, &run)) {
        memset(run.model.arena, 0x7f, run.model.arena_size);
        mg_run(&run.model);
        CHECK(((int8_t *)run.output)[0] == 0, "a multiplier of 0 gave %d", ((int8_t *)run.output)[0]);
        layer_free(&run);
    }
    free(fast);
    free(data);
}

/* The longest row of products that the validator lets through, of the largest products. */
static void longest_accumulator(void) {
    enum { TAPS = 2 * 65535 };
    mg_conv_params_t p = {.channels_at = 5 * TAPS,
                          .batches = 1,
                          .in_h = 2,
                          .in_w = 1,
                          .in_c = 65535,
                          .out_h = 1,
                          .out_w = 1,
                          .out_c = 5,
                          .kernel_h = 2,
                          .kernel_w = 1,
                          .stride_h = 1,
                          .stride_w = 1,
                          .dilation_h = 1,
                          .dilation_w = 1,
                          .act_min = -128,
                          .act_max = 127};
    uint8_t *data = allocate(5 * TAPS + 45);
    memset(data, 0x80, 5 * TAPS);
    memset(data + 5 * TAPS, 0, 45);
    for (uint32_t c = 0; c < 5; c++) {
        int32_t multiplier = 1 << 30;
        memcpy(data + 5 * TAPS + 20 + 4 * c, &multiplier, 4);
        data[5 * TAPS + 40 + c] = (uint8_t)-23; /* 2^31 becomes 127 */
    }
    layer_t layer = {MG_OP_CONV_2D, 1, {MG_INT8, MG_INT8}, {TAPS, 5}, &p, data, 5 * TAPS + 45, TAPS};
    layer_run_t run;
    if (layer_run(&layer, &run)) {
        memset(run.inputs[0], 0x80, TAPS);
        mg_run(&run.model);
        for (uint32_t i = 0; i < 5; i++) {
            CHECK(((int8_t *)run.output)[i] == 127, "channel %u: %d", i, ((int8_t *)run.output)[i]);
        }
        layer_free(&run);
    }
    free(data);
}

const test_t CONV_TESTS[] = {
    {"conv", conv},
    {"conv dsp", conv_dsp},
    {"conv dsp lines", conv_dsp_lines},
    {"conv swar pixels", conv_swar_pixels},
    {"conv swar channels", conv_swar_channels},
    {"conv mac16", conv_mac16},
    {"conv int4", conv_int4},
    {"conv dsp of two pixels", conv_dsp_of_two_pixels},
    {"depthwise", depthwise},
    {"depthwise dsp", depthwise_dsp},
    {"depthwise swar pixels", depthwise_swar_pixels},
    {"depthwise swar channels", depthwise_swar_channels},
    {"depthwise mac16", depthwise_mac16},
    {"longest accumulator", longest_accumulator},
    {NULL, NULL},
};
