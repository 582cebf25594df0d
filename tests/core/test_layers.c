/* SPDX-License-Identifier: MIT
 *
 * Random layers of every op against kernels written the slow way: an index at a time, in 64 bits, from
 * the formula at the head of each kernel. core.mk runs this once for each simd/ backend and compares
 * their outputs, too.
 */
#include <math.h>
#include <string.h>

#include "check.h"

static int32_t clamp(int64_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : (int32_t)x;
}

static int32_t at_most(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static int32_t at_least(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static int32_t random_multiplier(void) {
    return random_u32() % 16 == 0 ? (int32_t)(random_u32() >> 1) : (1 << 30) | (int32_t)(random_u32() >> 2);
}

static void compare(const int8_t *wanted, const layer_run_t *run, const char *what, uint32_t round) {
    for (uint32_t i = 0; i < run->output_size; i++) {
        int8_t got = ((const int8_t *)run->output)[i];
        if (!CHECK(got == wanted[i], "%s %u: output %u is %d, wanted %d", what, round, i, got, wanted[i])) {
            return;
        }
    }
}

/* One axis of a window: sizes that the validator accepts. */
typedef struct {
    uint16_t in, out, kernel, stride, dilation, pad;
} axis_t;

static axis_t random_axis(bool dilated) {
    axis_t a;
    a.in = (uint16_t)random_between(1, 9);
    a.kernel = (uint16_t)random_between(1, 4);
    a.stride = (uint16_t)random_between(1, 3);
    a.dilation = (uint16_t)(dilated ? at_most(1, random_between(0, 3)) * random_between(1, 3) : 1);
    a.dilation = a.dilation == 0 ? 1 : a.dilation;
    a.pad = (uint16_t)random_between(0, (a.kernel - 1) * a.dilation);
    a.out = (uint16_t)random_between(1, (a.in + a.pad - 1) / a.stride + 1);
    return a;
}

static mg_conv_params_t random_conv(bool depthwise, uint32_t round) {
    axis_t h = random_axis(true), w = random_axis(true);
    if (round % 4 == 0) {
        h = (axis_t){h.in, 1, 1, h.stride, h.dilation, 0};
        w = (axis_t){w.in, (uint16_t)((w.in - 1) / w.stride + 1), 1, w.stride, w.dilation, 0};
    }
    int32_t in_c = random_between(1, round % 5 == 0 ? 70 : 9);
    int32_t out_c = depthwise ? in_c * random_between(1, 3) : random_between(1, 11);
    mg_conv_params_t p = {
        .batches = (uint16_t)random_between(1, 2), .in_h = h.in, .in_w = w.in, .in_c = (uint16_t)in_c,
        .out_h = h.out, .out_w = w.out, .out_c = (uint16_t)out_c,
        .kernel_h = h.kernel, .kernel_w = w.kernel, .stride_h = h.stride, .stride_w = w.stride,
        .dilation_h = h.dilation, .dilation_w = w.dilation, .pad_top = h.pad, .pad_left = w.pad,
        .in_zero_point = (int8_t)random_between(-128, 127), .out_zero_point = (int8_t)random_between(-128, 127),
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
static void pack_pairs(const mg_conv_params_t *p, const int8_t *weights, uint32_t taps, int8_t *packed) {
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

/* Two channels by two taps of any number of pixels, four channels of one, as core/kernels/linear/conv_swar_pixels.c says;
 * conv_swar_channels.c wants four channels for any number, and no more taps than there are. */
static uint32_t pack_words(const mg_conv_params_t *p, const int8_t *weights, uint32_t taps, bool twins,
                           int8_t *packed) {
    bool one = twins || (p->batches == 1 && p->out_h == 1 && p->out_w == 1);
    uint32_t group = one ? 4 : 2, padded = twins ? taps : (taps + 3) / 4 * 4, size = 0;
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

typedef enum { CANONICAL, DSP, WORDS, TWINS, INT4 } kind_t; /* of layout */

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

/* The data of a layer whose layout is not the canonical one: weights packed or as they were, then bias,
 * multiplier, rounding and shift of each channel (core/kernels/linear/channels.h). */
static uint8_t *fast_data(mg_conv_params_t *p, const uint8_t *data, uint32_t weights, bool depthwise, kind_t kind,
                          layer_t *layer) {
    bool pairs = !depthwise && kind == DSP;
    uint32_t taps = weights / p->out_c, size = weights;
    const uint8_t *table = data + p->channels_at;
    const int8_t *canonical = (const int8_t *)data + p->weights_at;
    uint32_t most = p->weights_at + (taps + 3u) * (p->out_c + 3u) + 16u * (p->out_c + 1u);
    uint8_t *fast = allocate(most);
    int8_t *packed = (int8_t *)fast + p->weights_at;
    memset(fast, 0, most);
    memcpy(fast, data, p->weights_at + (depthwise ? weights : 0));
    if (pairs) {
        pack_pairs(p, canonical, taps, packed);
        size = (taps + 3) / 4 * 4 * (uint32_t)((p->out_c + 1) / 2 * 2);
    } else if (!depthwise) {
        size = pack_words(p, canonical, taps, kind == TWINS, packed);
    }
    p->layout = kind == WORDS ? MG_LAYOUT_WORDS : kind == TWINS ? MG_LAYOUT_TWINS
                : depthwise ? MG_LAYOUT_STRIPS : MG_LAYOUT_PAIRS;
    p->channels_at = p->weights_at + size;
    layer->data_size = p->channels_at + 16u * (p->out_c + (pairs ? p->out_c & 1u : 0u));
    for (uint32_t c = 0; c < p->out_c; c++) {
        int32_t shift = -(int8_t)table[8u * p->out_c + c];
        int32_t words[4] = {mg_load_i32(table + 4 * c), mg_load_i32(table + 4 * (p->out_c + c)),
                            (1 << (shift - 1)) + p->out_zero_point * (1 << shift), shift};
        if (kind == TWINS) {
            words[2] = 1 + 2 * words[2];
            words[3] += 1 + (!depthwise && four_taps_fit(p, canonical, taps, c) ? 256 : 0);
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
    p->layout = MG_LAYOUT_NIBBLES;
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
        weights[i] = (int8_t)(round % 4 == 2 ? weights[i] / 3
                              : round % 4 != 0 ? at_least(weights[i], -127) : weights[i] < 0 ? -127 : 127);
    }
}

/* An axis of the 3x3 windows that strips have code of their own for. */
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
    mg_conv_params_t p = random_conv(depthwise, round);
    bool fast = kind == DSP || kind == WORDS || kind == TWINS;
    if (depthwise && kind == DSP && p.dilation_h != 1) {
        p.dilation_w = 1;
        p.pad_left = (uint16_t)at_most(p.pad_left, p.kernel_w - 1);
        p.out_w = (uint16_t)at_most(p.out_w, (p.in_w + p.pad_left - 1) / p.stride_w + 1);
    }
    if (depthwise && (kind == DSP || kind == TWINS) && round % 2 == 0) {
        make_three(&p, (uint16_t)(1 + round / 2 % 3));
    }
    if (!depthwise && kind == WORDS && round % 8 == 3) {
        make_vector(&p);
    }
    uint32_t patch = (uint32_t)p.kernel_h * p.kernel_w * p.in_c;
    uint32_t weights = depthwise ? (uint32_t)p.kernel_h * p.kernel_w * p.out_c : patch * p.out_c;
    p.weights_at = round % 7;
    p.channels_at = p.weights_at + weights;
    uint32_t data_size = p.channels_at + 9u * p.out_c;
    uint8_t *data = allocate(data_size);
    random_bytes(data, data_size);
    if (kind == WORDS || ((kind == DSP || kind == TWINS) && !depthwise)) {
        tame((int8_t *)data + p.weights_at, weights, round);
    }
    for (uint32_t c = 0; c < p.out_c; c++) {
        int32_t most = kind != DSP && round % 6 == 0 ? 1 << (kind == TWINS ? 27 : 29) : 20000;
        int32_t bias = random_between(-most, most), multiplier = random_multiplier();
        int32_t usual = random_between(-12, -5), any = fast ? random_between(-22, -1) : random_between(-31, 30);
        memcpy(data + p.channels_at + 4 * c, &bias, fast || round % 9 != 0 ? 4 : 0);
        memcpy(data + p.channels_at + 4 * (p.out_c + c), &multiplier, 4);
        data[p.channels_at + 8u * p.out_c + c] = (uint8_t)(round % 8 == 0 ? any : usual);
    }
    uint32_t inputs = (uint32_t)p.batches * p.in_h * p.in_w * p.in_c;
    uint32_t outputs = (uint32_t)p.batches * p.out_h * p.out_w * p.out_c;
    mg_conv_params_t canonical = p;
    layer_t layer = {depthwise ? MG_OP_DEPTHWISE_CONV_2D : MG_OP_CONV_2D, 1, {MG_INT8, MG_INT8}, {inputs, outputs}, &p,
                     data, data_size, 0};
    uint8_t *other = fast ? fast_data(&p, data, weights, depthwise, kind, &layer)
                     : kind == INT4 ? int4_data(&p, data, weights, &layer) : NULL;
    uint32_t scratch = layer.scratch = layer_scratch(&layer);
    if (scratch != 0) {
        layer.scratch--;
        CHECK(layer_scratch(&layer) == scratch, "round %u: one byte less than %u is enough", round, scratch);
        layer.scratch++;
    }
    layer.scratch += kind == WORDS || kind == TWINS ? (uint32_t)random_between(0, 2 * (int32_t)scratch) : 0; /* for larger tiles */
    layer_run_t run;
    if (layer_run(&layer, &run)) {
        int8_t *wanted = allocate(outputs);
        slow_conv(&canonical, (const int8_t *)run.inputs[0], data, depthwise, wanted);
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
    rounds(false, CANONICAL, 1500);
}

static void conv_int4(void) {
    for (uint32_t round = 0; round < 1500; round++) {
        one_conv(round % 2 == 0, INT4, round / 2);
    }
}

static void conv_pairs(void) {
    rounds(false, DSP, 1500);
}

static void conv_words(void) {
    rounds(false, WORDS, 1500);
}

static void conv_twins(void) {
    rounds(false, TWINS, 1500);
}

static void depthwise(void) {
    rounds(true, CANONICAL, 800);
}

static void depthwise_strips(void) {
    rounds(true, DSP, 1500);
}

static void depthwise_words(void) {
    rounds(true, WORDS, 1500);
}

static void depthwise_planes(void) {
    rounds(true, TWINS, 1500);
}

/* Fewer pixels than are summed at once: what lay in the scratch instead must not overflow the sums. */
static void conv_pairs_of_two_pixels(void) {
    enum { K = 2048 };
    mg_conv_params_t p = {.channels_at = K, .batches = 1, .in_h = 1, .in_w = 2, .in_c = K, .out_h = 1, .out_w = 2,
                          .out_c = 1, .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1, .dilation_h = 1,
                          .dilation_w = 1, .act_min = -128, .act_max = 127};
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
    mg_conv_params_t p = {.channels_at = 5 * TAPS, .batches = 1, .in_h = 2, .in_w = 1, .in_c = 65535, .out_h = 1,
                          .out_w = 1, .out_c = 5, .kernel_h = 2, .kernel_w = 1, .stride_h = 1, .stride_w = 1,
                          .dilation_h = 1, .dilation_w = 1, .act_min = -128, .act_max = 127};
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

static void slow_pool(const mg_pool_params_t *p, const int8_t *x, bool average, int8_t *out) {
    for (int32_t i = 0; i < p->batches * p->out_h * p->out_w * p->channels; i++) {
        int32_t c = i % p->channels, z = i / p->channels % p->out_w, y = i / p->channels / p->out_w % p->out_h;
        int32_t n = i / p->channels / p->out_w / p->out_h, count = 0, sum = 0, max = -128;
        int32_t top = y * p->stride_h - p->pad_top, left = z * p->stride_w - p->pad_left;
        for (int32_t row = top; row < top + p->kernel_h; row++) {
            for (int32_t col = left; col < left + p->kernel_w; col++) {
                if (row >= 0 && row < p->in_h && col >= 0 && col < p->in_w) {
                    int32_t v = x[((n * p->in_h + row) * p->in_w + col) * p->channels + c];
                    count++;
                    sum += v;
                    max = v > max ? v : max;
                }
            }
        }
        int32_t mean = (int32_t)round((double)sum / count);
        *out++ = (int8_t)clamp(average ? mean : max, p->act_min, p->act_max);
    }
}

static void pools(void) {
    for (uint32_t round = 0; round < 1500; round++) {
        axis_t h = random_axis(false), w = random_axis(false);
        bool average = round % 2 == 0;
        mg_pool_params_t p = {(uint16_t)random_between(1, 2), h.in, w.in, (uint16_t)random_between(1, 7), h.out, w.out,
                              h.kernel, w.kernel, h.stride, w.stride, h.pad, w.pad,
                              (int8_t)(round % 3 == 0 ? -20 : -128), (int8_t)(round % 3 == 0 ? 30 : 127), 0};
        uint32_t inputs = (uint32_t)p.batches * h.in * w.in * p.channels;
        uint32_t outputs = (uint32_t)p.batches * h.out * w.out * p.channels;
        layer_t layer = {average ? MG_OP_AVERAGE_POOL_2D : MG_OP_MAX_POOL_2D, 1, {MG_INT8, MG_INT8}, {inputs, outputs},
                         &p, NULL, 0, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            int8_t *wanted = allocate(outputs);
            slow_pool(&p, (const int8_t *)run.inputs[0], average, wanted);
            compare(wanted, &run, average ? "average pool" : "max pool", round);
            free(wanted);
            layer_free(&run);
        }
    }
}

/* The largest window that the validator lets through, full of the largest values. */
static void largest_average(void) {
    enum { H = 1024, W = 4096 };
    for (int32_t value = -128; value <= 127; value += 255) {
        mg_pool_params_t p = {1, H, W, 1, 1, 1, H, W, 1, 1, 0, 0, -128, 127, 0};
        layer_t layer = {MG_OP_AVERAGE_POOL_2D, 1, {MG_INT8, MG_INT8}, {H * W, 1}, &p, NULL, 0, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            memset(run.inputs[0], value, H * W);
            mg_run(&run.model);
            CHECK(*(int8_t *)run.output == value, "%d became %d", value, *(int8_t *)run.output);
            layer_free(&run);
        }
    }
}

/* Each of five dimensions in a or b or both; the elements that each input then has. */
static void random_broadcast(mg_binary_params_t *p, uint32_t elements[3]) {
    elements[0] = elements[1] = elements[2] = 1;
    for (uint32_t i = 5; i-- != 0;) {
        uint32_t d = (uint32_t)random_between(1, 4), shared = (uint32_t)random_between(0, 3);
        p->dims[i] = d;
        p->a_stride[i] = d > 1 && shared != 1 ? elements[0] : 0;
        p->b_stride[i] = d > 1 && shared != 2 ? elements[1] : 0;
        elements[0] *= shared != 1 ? d : 1;
        elements[1] *= shared != 2 ? d : 1;
        elements[2] *= d;
    }
}

static int8_t slow_binary(const mg_binary_params_t *p, bool add, int32_t a, int32_t b) {
    a -= p->a_zero_point;
    b -= p->b_zero_point;
    int32_t y = a * b;
    if (add) {
        y = slow_wrap((int64_t)slow_requantize(a * (1 << 20), p->a_multiplier, p->a_shift)
                      + slow_requantize(b * (1 << 20), p->b_multiplier, p->b_shift));
    }
    y = slow_requantize(y, p->out_multiplier, p->out_shift);
    return (int8_t)clamp(slow_wrap((int64_t)y + p->out_zero_point), p->act_min, p->act_max);
}

static void binaries(void) {
    for (uint32_t round = 0; round < 1500; round++) {
        bool add = round % 2 == 0, wild = round % 10 == 0;
        int32_t out_shift = add ? random_between(-20, -17) : random_between(-8, -5);
        mg_binary_params_t p = {
            .a_multiplier = random_multiplier(), .b_multiplier = random_multiplier(),
            .out_multiplier = random_multiplier(), .a_shift = (int8_t)(wild ? random_between(-31, 30) : -1),
            .b_shift = (int8_t)(wild ? random_between(-31, 30) : 0),
            .out_shift = (int8_t)(wild ? random_between(-31, 30) : out_shift),
            .a_zero_point = (int8_t)random_between(-128, 127), .b_zero_point = (int8_t)random_between(-128, 127),
            .out_zero_point = (int8_t)random_between(-128, 127),
            .act_min = (int8_t)random_between(-128, -20), .act_max = (int8_t)random_between(20, 127)};
        layer_t layer = {add ? MG_OP_ADD : MG_OP_MUL, 2, {MG_INT8, MG_INT8, MG_INT8}, {0}, &p, NULL, 0, 0};
        random_broadcast(&p, layer.elements);
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        int8_t *wanted = allocate(layer.elements[2]);
        for (uint32_t i = 0; i < layer.elements[2]; i++) {
            uint32_t rest = i, a = 0, b = 0;
            for (uint32_t d = 5; d-- != 0; rest /= p.dims[d]) {
                a += rest % p.dims[d] * p.a_stride[d];
                b += rest % p.dims[d] * p.b_stride[d];
            }
            wanted[i] = slow_binary(&p, add, (int8_t)run.inputs[0][a], (int8_t)run.inputs[1][b]);
        }
        compare(wanted, &run, add ? "add" : "mul", round);
        free(wanted);
        layer_free(&run);
    }
}

/* Six axes, in a random order kept, reduced, kept, ...: rows of a contiguous input. */
static void means(void) {
    for (uint32_t round = 0; round < 1000; round++) {
        mg_reduce_params_t p = {.bias = random_between(-3000, 3000), .multiplier = random_multiplier(),
                                .shift = round % 8 == 0 ? random_between(-31, 30) : random_between(-5, 0),
                                .out_zero_point = random_between(-128, 127)};
        uint32_t elements = 1, kept = 1;
        for (uint32_t i = 3; i-- != 0;) {
            uint32_t d[2] = {(uint32_t)random_between(1, 5), (uint32_t)random_between(1, 5)};
            for (uint32_t j = 0; j < 2; j++) {
                bool keep = (j + round / 2) % 2 == 0;
                (keep ? p.keep_dims : p.reduce_dims)[i] = d[j];
                (keep ? p.keep_stride : p.reduce_stride)[i] = d[j] == 1 ? 0 : elements;
                elements *= d[j];
                kept *= keep ? d[j] : 1;
            }
        }
        layer_t layer = {MG_OP_MEAN, 1, {MG_INT8, MG_INT8}, {elements, kept}, &p, NULL, 0, 0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        int8_t *wanted = allocate(kept);
        for (uint32_t i = 0; i < kept; i++) {
            uint32_t rest = i, base = 0, count = p.reduce_dims[0] * p.reduce_dims[1] * p.reduce_dims[2];
            for (uint32_t d = 3; d-- != 0; rest /= p.keep_dims[d]) {
                base += rest % p.keep_dims[d] * p.keep_stride[d];
            }
            int64_t sum = p.bias;
            for (uint32_t j = 0; j < count; j++) {
                uint32_t at = base, left = j;
                for (uint32_t d = 3; d-- != 0; left /= p.reduce_dims[d]) {
                    at += left % p.reduce_dims[d] * p.reduce_stride[d];
                }
                sum += (int8_t)run.inputs[0][at];
            }
            int32_t y = slow_requantize(slow_wrap(sum), p.multiplier, p.shift);
            wanted[i] = (int8_t)clamp(slow_wrap((int64_t)y + p.out_zero_point), -128, 127);
        }
        compare(wanted, &run, "mean", round);
        free(wanted);
        layer_free(&run);
    }
}

/* Slices with any step of a transposed input into a part of the output. */
static void copies(void) {
    static const uint8_t DTYPES[] = {MG_INT8, MG_UINT8, MG_INT16, MG_INT32, MG_FLOAT32};
    for (uint32_t round = 0; round < 1500; round++) {
        uint32_t dtype = DTYPES[round % 5], size = mg_dtype_size(dtype);
        mg_copy_params_t p = {.element_size = (uint16_t)size, .fill = round % 3 == 0,
                              .fill_value = (int32_t)random_u32()};
        uint32_t in = 1, out = 1;
        int32_t order = random_between(0, 4);
        for (uint32_t i = 5; i-- != 0;) {
            uint32_t d = (uint32_t)random_between(1, 4), from = (i + (uint32_t)order) % 5;
            int32_t in_step = random_between(1, 2), out_step = random_between(1, 2);
            int32_t sign = random_between(0, 1) * 2 - 1;
            p.dims[from] = d;
            p.in_stride[from] = d == 1 ? 0 : (int32_t)in * in_step * sign;
            p.in_start += sign < 0 ? (d - 1) * in * (uint32_t)in_step : 0;
            in *= d * (uint32_t)in_step;
            p.out_stride[from] = d == 1 ? 0 : (int32_t)out * out_step * -sign;
            p.out_start += sign > 0 ? (d - 1) * out * (uint32_t)out_step : 0;
            out *= d * (uint32_t)out_step;
        }
        layer_t layer = {MG_OP_COPY, 1, {dtype, dtype}, {in, out}, &p, NULL, 0, 0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        int8_t *wanted = allocate((size_t)out * size);
        memcpy(wanted, run.output, out * size);
        for (uint32_t i = 0; p.fill && i < out; i++) {
            memcpy(wanted + i * size, &p.fill_value, size);
        }
        for (uint32_t i = 0; i < p.dims[0] * p.dims[1] * p.dims[2] * p.dims[3] * p.dims[4]; i++) {
            int64_t rest = i, from = p.in_start, to = p.out_start;
            for (uint32_t d = 5; d-- != 0; rest /= p.dims[d]) {
                from += rest % p.dims[d] * p.in_stride[d];
                to += rest % p.dims[d] * p.out_stride[d];
            }
            memcpy(wanted + to * size, run.inputs[0] + from * size, size);
        }
        compare(wanted, &run, "copy", round);
        free(wanted);
        layer_free(&run);
    }
}

static void tables(void) {
    for (uint32_t round = 0; round < 200; round++) {
        uint8_t table[259];
        random_bytes(table, sizeof table);
        mg_lut_params_t p = {(uint32_t)random_between(1, 300), round % 4};
        layer_t layer = {MG_OP_LUT, 1, {1 + round % 2, 1 + round / 2 % 2}, {p.count, p.count}, &p, table, 259, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            for (uint32_t i = 0; i < p.count; i++) {
                uint8_t y = ((uint8_t *)run.output)[i];
                CHECK(y == table[p.table_at + run.inputs[0][i]], "lut %u: output %u is %u", round, i, y);
            }
            layer_free(&run);
        }
    }
}

/* Within one step of the real function; the exact bits are the host's conformance tests'. */
static void softmaxes(void) {
    for (uint32_t round = 0; round < 300; round++) {
        double scale = random_between(1, 3000) / 10000.0;
        uint32_t depth = (uint32_t)random_between(1, round % 50 == 0 ? 4095 : 40);
        uint32_t rows = (uint32_t)random_between(1, 3), elements = rows * depth;
        int32_t table[256];
        for (int32_t i = 0; i < 256; i++) {
            double value = exp(-i * scale) * 2147483648.0;
            table[i] = value > 2147483647.0 ? INT32_MAX : (int32_t)value;
        }
        mg_softmax_params_t p = {rows, depth, 0, (uint32_t)random_between(200, 256)};
        p.table_size = scale < 0.1 ? 256 : p.table_size;
        layer_t layer = {MG_OP_SOFTMAX, 1, {MG_INT8, MG_INT8}, {elements, elements}, &p, table, sizeof table, 0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        for (uint32_t r = 0; r < rows; r++) {
            const int8_t *x = (const int8_t *)run.inputs[0] + r * depth, *y = (const int8_t *)run.output + r * depth;
            double sum = 0;
            for (uint32_t c = 0; c < depth; c++) {
                sum += exp(x[c] * scale);
            }
            for (uint32_t c = 0; c < depth; c++) {
                double wanted = fmin(exp(x[c] * scale) / sum * 256 - 128, 127);
                CHECK(fabs(y[c] - wanted) <= 1.0, "softmax %u: %d, wanted %g", round, y[c], wanted);
            }
        }
        layer_free(&run);
    }
}

static void affine(void) {
    for (uint32_t i = 0; i < 300; i++) {
        mg_affine_params_t p = {(uint32_t)random_between(1, 100), (float)random_between(1, 1000) / 300.0f,
                                random_between(-128, 127)};
        layer_t layer = {MG_OP_QUANTIZE, 1, {MG_FLOAT32, MG_INT8}, {p.count, p.count}, &p, NULL, 0, 0};
        layer_run_t run;
        if (layer_run(&layer, &run)) {
            for (uint32_t j = 0; j < p.count; j++) {
                float x = ((float *)run.inputs[0])[j];
                int32_t y = ((int8_t *)run.output)[j];
                int32_t wanted = clamp((int64_t)round((double)(x / p.scale)) + p.zero_point, -128, 127);
                CHECK(y == wanted, "quantize %g: %d, wanted %d", (double)x, y, wanted);
            }
            layer_free(&run);
        }
        layer_t back = {MG_OP_DEQUANTIZE, 1, {MG_INT8, MG_FLOAT32}, {p.count, p.count}, &p, NULL, 0, 0};
        if (layer_run(&back, &run)) {
            for (uint32_t j = 0; j < p.count; j++) {
                float y = ((float *)run.output)[j], wanted = p.scale * (float)((int8_t)run.inputs[0][j] - p.zero_point);
                CHECK(y == wanted, "dequantize: %g, wanted %g", (double)y, (double)wanted);
            }
            layer_free(&run);
        }
    }
}

const test_t LAYER_TESTS[] = {
    {"conv", conv},
    {"conv pairs", conv_pairs},
    {"conv by words", conv_words},
    {"conv by twins", conv_twins},
    {"conv of int4 weights", conv_int4},
    {"conv pairs of two pixels", conv_pairs_of_two_pixels},
    {"depthwise", depthwise},
    {"depthwise strips", depthwise_strips},
    {"depthwise by words", depthwise_words},
    {"depthwise by planes", depthwise_planes},
    {"longest accumulator", longest_accumulator},
    {"pools", pools},
#ifndef __arm__ /* emulated boards have 16 MB */
    {"largest average", largest_average},
#endif
    {"binaries", binaries},
    {"means", means},
    {"copies", copies},
    {"tables", tables},
    {"softmaxes", softmaxes},
    {"affine", affine},
    {NULL, NULL},
};
