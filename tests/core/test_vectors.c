/* SPDX-License-Identifier: MIT
 *
 * Layout MVE and the other loops over vectors of 16 bytes (core/loops/mve/, generic/mve.c): their functions against
 * plain ones, and random layers packed for them against layout PLAIN, which test_conv.c holds against the formula.
 */
#include <string.h>

#include "check.h"
#include "arithmetic/requantize.h"
#include "loops/loops.h"

/* A tensor of one value, with shifts that MVE's requantisation takes, at the extremes of an accumulator: the
 * bias is all that there is. */
static void requantize_mve(void) {
    static const int32_t EXTREMES[] = {INT32_MIN, INT32_MIN + 1, -(1 << 30), -1, 0, 1, 1 << 30, INT32_MAX};
    const int8_t x[16] = {0}, w[64] = {0};
    for (uint32_t i = 0; i < 50000; i++) {
        int32_t table[12];
        for (uint32_t c = 0; c < 4; c++) {
            table[8 + c] = random_between(-31, -1);
            table[4 + c] = i % 16 == 0 ? INT32_MAX : (1 << 30) | (int32_t)(random_u32() >> 2);
            table[c] = i % 8 == 0 ? EXTREMES[random_u32() % 8] : (int32_t)random_u32() >> random_between(0, 31);
            if (i % 4 == 0) { /* exactly a half, or next to it */
                table[4 + c] = 1 << 30;
                table[c] = (random_between(-100, 100) * 2 + 1) * (1 << (uint32_t)(-table[8 + c] % 20));
                table[c] += random_between(-2, 2);
            }
        }
        int32_t zero_point = i % 3 == 0 ? 0 : random_between(-128, 127);
        mg_mve_layer_t layer = {16, 1, 4, zero_point, w, (const uint8_t *)table, false};
        int8_t y[3][8] = {{0}};
        mg_mve_one_pixel(&layer, x, y[0]);
        layer.step = 0;
        mg_mve_two_pixels(&layer, x, y[1], 1);
        mg_mve_two_pixels_above(&layer, x, y[2], 1);
        for (uint32_t c = 0; c < 4; c++) {
            const int32_t real = mg_requantize(table[c], table[4 + c], table[8 + c]);
            const int32_t wanted = mg_clamp(mg_wrap_add(real, zero_point), -128, 127);
            CHECK(y[0][c] == wanted && y[1][c] == wanted && y[1][c + 4] == wanted,
                  "round %u: %d times %d shifted by %d is %d %d %d, wanted %d", i, table[c], table[4 + c], table[8 + c],
                  y[0][c], y[1][c], y[1][c + 4], wanted);
            CHECK(y[2][c] == y[2][c + 4] && (real >= 0 ? y[2][c] == wanted : y[2][c] <= zero_point),
                  "round %u, above %d: %d and %d, wanted %d", i, zero_point, y[2][c], y[2][c + 4], wanted);
        }
    }
}

static void copy_rows(void) {
    int8_t from[400], to[400], wanted[400];
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t n = (uint32_t)random_between(1, 60), rows = (uint32_t)random_between(1, 5);
        uint32_t to_step = n + round % 3, from_step = n + round % 5, at = round % 7;
        random_bytes(from, sizeof from);
        random_bytes(to, sizeof to);
        memcpy(wanted, to, sizeof to);
        for (uint32_t i = 0; i < n * rows; i++) {
            wanted[at + i / n * to_step + i % n] = from[i / n * from_step + i % n];
        }
        mg_copy_rows(to + at, to_step, from, from_step, n, rows);
        CHECK(memcmp(to, wanted, sizeof to) == 0, "%u rows of %u bytes", rows, n);
        uint32_t filled = n * (round % 6); /* none, too */
        memset(wanted + at, (int)round, filled);
        mg_fill(to + at, (int32_t)round, filled);
        CHECK(memcmp(to, wanted, sizeof to) == 0, "%u bytes filled", filled);
    }
}

static uint32_t at_most(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static void random_window(uint16_t *in, uint16_t *out, uint16_t *kernel, uint16_t *stride, uint16_t *dilation,
                          uint16_t *pad) {
    *in = (uint16_t)random_between(1, 12);
    *kernel = (uint16_t)random_between(1, 5);
    *stride = (uint16_t)random_between(1, 3);
    *dilation = (uint16_t)(random_between(0, 3) == 0 ? random_between(2, 3) : 1);
    *pad = (uint16_t)random_between(0, (*kernel - 1) * *dilation);
    *out = (uint16_t)random_between(1, (*in + *pad - 1) / *stride + 1);
}

/* Channel i of core/kernels/linear/conv_mve.c, in which n lie. */
static uint32_t channel_of(uint32_t i, uint32_t n) {
    return n - i / 8 * 8 > 4 ? i / 8 * 8 + i % 4 * 2 + i % 8 / 4 : i;
}

/* In the order of core/kernels/linear/conv_mve.c. */
static void pack_conv(const mg_conv_params_t *p, const int8_t *w, uint32_t taps, int8_t *packed) {
    for (uint32_t c = 0; c < p->out_c; c += 4) {
        for (uint32_t k = 0; k < taps; k += 16) {
            for (uint32_t i = 0; i < 64; i++) {
                uint32_t channel = channel_of(c + i / 16, p->out_c), tap = k + i % 16;
                *packed++ = channel < p->out_c && tap < taps ? w[channel * taps + tap] : 0;
            }
        }
    }
}

/* In the order of core/kernels/linear/depthwise_mve.c. Lane i is channel i % in_c. */
static void pack_depthwise(const mg_conv_params_t *p, const int8_t *w, uint32_t lanes, int8_t *packed) {
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w;
    for (uint32_t lane = 0; lane < lanes; lane += 16) {
        for (uint32_t t = 0; t < (taps | 1u); t++) {
            for (uint32_t i = lane; i < lane + 16; i++) {
                *packed++ = t < taps && i < lanes ? w[t * p->out_c + i % p->in_c] : 0;
            }
        }
    }
}

/* bias, multiplier and shift of four lanes, 0 0 -1 where a lane is no channel. */
static void pack_table(const mg_conv_params_t *p, const uint8_t *table, const uint32_t lanes[4], uint32_t n_lanes,
                       uint8_t *packed) {
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t c = lanes[i] % p->out_c;
        int32_t words[3] = {mg_load_i32(table + 4 * c), mg_load_i32(table + 4 * (p->out_c + c)),
                            (int8_t)table[8u * p->out_c + c]};
        for (uint32_t j = 0; j < 3; j++) {
            int32_t word = lanes[i] < n_lanes ? words[j] : j == 2 ? -1 : 0;
            memcpy(packed + 16 * j + 4 * i, &word, 4);
        }
    }
}

/* The data section of a layer in layout MVE, from that in PLAIN. */
static uint8_t *packed_data(mg_conv_params_t *p, const uint8_t *data, bool depthwise, uint32_t *size) {
    const int8_t *w = (const int8_t *)data + p->weights_at;
    const uint8_t *table = data + p->channels_at;
    uint32_t taps = (uint32_t)p->kernel_h * p->kernel_w * (depthwise ? 1u : p->in_c);
    uint32_t pixels = depthwise && p->stride_w == 1 && p->in_c <= 8 ? 16u / p->in_c : 1;
    uint32_t lanes = p->out_c * pixels, fours = depthwise ? (lanes + 15) / 16 * 4 : (lanes + 3) / 4;
    uint32_t weights = fours * 4 * (depthwise ? taps | 1u : (taps + 15) / 16 * 16);
    p->layout = depthwise ? MG_LAYOUT_DEPTHWISE_CONV_2D_MVE : MG_LAYOUT_CONV_2D_MVE;
    p->channels_at = p->weights_at + weights;
    *size = p->channels_at + 48 * fours;
    uint8_t *packed = allocate(*size);
    memset(packed, 0, *size);
    if (depthwise) {
        pack_depthwise(p, w, lanes, (int8_t *)packed + p->weights_at);
    } else {
        pack_conv(p, w, taps, (int8_t *)packed + p->weights_at);
    }
    for (uint32_t i = 0; i < fours; i++) {
        static const uint32_t FIRST[4] = {0, 2, 1, 3};
        uint32_t four[4];
        for (uint32_t j = 0; j < 4; j++) {
            four[j] = depthwise ? i / 4 * 16 + FIRST[i % 4] + 4 * j : channel_of(4 * i + j, p->out_c);
        }
        pack_table(p, table, four, lanes, packed + p->channels_at + 48 * i);
    }
    return packed;
}

/* Weights -127 to 127, as the converter demands of a depthwise layer; shifts of the short requantisation. */
static uint8_t *random_data(mg_conv_params_t *p, uint32_t weights, uint32_t *size) {
    p->channels_at = p->weights_at + weights;
    *size = p->channels_at + 9u * p->out_c;
    uint8_t *data = allocate(*size);
    for (uint32_t i = 0; i < p->channels_at; i++) {
        data[i] = (uint8_t)(random_u32() % 4 == 0 ? random_between(0, 1) * 254 - 127 : random_between(-127, 127));
    }
    for (uint32_t c = 0; c < p->out_c; c++) {
        int32_t bias = random_between(-20000, 20000), multiplier = (1 << 30) | (int32_t)(random_u32() >> 2);
        memcpy(data + p->channels_at + 4 * c, &bias, 4);
        memcpy(data + p->channels_at + 4 * (p->out_c + c), &multiplier, 4);
        data[p->channels_at + 8u * p->out_c + c] = (uint8_t)random_between(-12, -5);
    }
    return data;
}

/* A layer in both layouts on the same inputs. */
static void compare_layouts(mg_conv_params_t p, bool depthwise, uint32_t round) {
    uint32_t weights = (uint32_t)p.kernel_h * p.kernel_w * (depthwise ? 1u : p.in_c) * p.out_c, size;
    uint8_t *data = random_data(&p, weights, &size);
    uint32_t inputs = (uint32_t)p.batches * p.in_h * p.in_w * p.in_c;
    uint32_t outputs = (uint32_t)p.batches * p.out_h * p.out_w * p.out_c;
    uint16_t op = depthwise ? MG_OP_DEPTHWISE_CONV_2D : MG_OP_CONV_2D;
    layer_t plain = {op, 1, {MG_INT8, MG_INT8}, {inputs, outputs}, &p, data, size, 0};
    plain.scratch = layer_scratch(&plain);
    mg_conv_params_t q = p;
    uint32_t packed_size;
    uint8_t *packed = packed_data(&q, data, depthwise, &packed_size);
    layer_t layer = {op, 1, {MG_INT8, MG_INT8}, {inputs, outputs}, &q, packed, packed_size, 0};
    layer.scratch = layer_scratch(&layer);
    if (layer.scratch != 0) {
        uint32_t scratch = layer.scratch--;
        CHECK(layer_scratch(&layer) == scratch, "round %u: one byte less than %u is enough", round, scratch);
        layer.scratch++;
    }
    layer_run_t wanted, run;
    uint32_t seed = random_u32();
    random_seed(seed);
    if (layer_run(&plain, &wanted)) {
        random_seed(seed);
        if (layer_run(&layer, &run)) {
            CHECK(memcmp(wanted.inputs[0], run.inputs[0], inputs) == 0, "round %u: other inputs", round);
            for (uint32_t i = 0; i < outputs; i++) {
                int8_t got = ((int8_t *)run.output)[i], right = ((int8_t *)wanted.output)[i];
                if (!CHECK(got == right, "%s %u: output %u is %d, wanted %d", depthwise ? "depthwise" : "conv", round,
                           i, got, right)) {
                    break;
                }
            }
            layer_free(&run);
        }
        layer_free(&wanted);
    }
    random_seed(seed + 1);
    free(packed);
    free(data);
}

static mg_conv_params_t random_layer(uint32_t round) {
    mg_conv_params_t p = {.weights_at = round % 7,
                          .batches = (uint16_t)random_between(1, 2),
                          .in_zero_point = (int8_t)random_between(-128, 127),
                          .out_zero_point = (int8_t)random_between(-128, 127),
                          .act_min = (int8_t)(round % 3 == 0 ? random_between(-128, 0) : -128),
                          .act_max = (int8_t)(round % 3 == 0 ? random_between(1, 127) : 127)};
    random_window(&p.in_h, &p.out_h, &p.kernel_h, &p.stride_h, &p.dilation_h, &p.pad_top);
    random_window(&p.in_w, &p.out_w, &p.kernel_w, &p.stride_w, &p.dilation_w, &p.pad_left);
    return p;
}

static void conv_mve(void) {
    for (uint32_t round = 0; round < 1000; round++) {
        mg_conv_params_t p = random_layer(round);
        if (round % 3 == 0) {
            p.kernel_h = p.kernel_w = 1;
            p.pad_top = p.pad_left = 0;
            p.out_h = (uint16_t)at_most(p.out_h, (p.in_h - 1u) / p.stride_h + 1);
            p.out_w = (uint16_t)at_most(p.out_w, (p.in_w - 1u) / p.stride_w + 1);
        }
        p.in_c = (uint16_t)(round % 5 == 0 ? 16 * random_between(1, 4) : random_between(1, 40));
        p.out_c = (uint16_t)random_between(1, 21);
        compare_layouts(p, false, round);
    }
}

static void depthwise_mve(void) {
    for (uint32_t round = 0; round < 1000; round++) {
        mg_conv_params_t p = random_layer(round);
        p.in_c = p.out_c = (uint16_t)(round % 2 == 0 ? random_between(1, 18) : random_between(19, 70));
        compare_layouts(p, true, round);
    }
}

/* Windows of many channels; windows of more values than 16 bits can sum. */
static void pool_channels(void) {
    for (uint32_t round = 0; round < 400; round++) {
        int32_t h = random_between(1, round % 20 == 0 ? 20 : 5), w = random_between(1, h), y = random_between(1, 3);
        uint32_t channels = (uint32_t)random_between(1, 40);
        bool average = round % 2 == 0;
        mg_pool_params_t p = {1,
                              (uint16_t)(h + y - 1),
                              (uint16_t)w,
                              (uint16_t)channels,
                              (uint16_t)y,
                              1,
                              (uint16_t)h,
                              (uint16_t)w,
                              1,
                              1,
                              0,
                              0,
                              (int8_t)(round % 3 == 0 ? -20 : -128),
                              (int8_t)(round % 3 == 0 ? 30 : 127),
                              (uint16_t)(average && round % 8 == 0)};
        uint32_t inputs = (uint32_t)((h + y - 1) * w) * channels, outputs = (uint32_t)y * channels;
        layer_t layer = {average ? MG_OP_AVERAGE_POOL_2D : MG_OP_MAX_POOL_2D,
                         1,
                         {MG_INT8, MG_INT8},
                         {inputs, outputs},
                         &p,
                         NULL,
                         0,
                         0};
        layer_run_t run;
        if (!layer_run(&layer, &run)) {
            continue;
        }
        if (round % 7 == 0) {
            memset(run.inputs[0], round % 2 == 0 ? 0x80 : 0x7f, inputs);
            mg_run(&run.model);
        }
        for (uint32_t i = 0; i < outputs; i++) {
            int32_t sum = 0, best = -128, count = h * w;
            for (uint32_t j = 0; j < (uint32_t)count; j++) {
                uint32_t at = i / channels * (uint32_t)w * channels + j * channels + i % channels;
                int32_t value = (int8_t)run.inputs[0][at];
                sum += value;
                best = value > best ? value : best;
            }
            int32_t mean = p.half_up ? (sum + 128 * count + count / 2) / count - 128
                                     : (sum + (sum > 0 ? count / 2 : -(count / 2))) / count;
            int32_t wanted = mg_clamp(average ? mean : best, p.act_min, p.act_max), got = ((int8_t *)run.output)[i];
            CHECK(got == wanted, "pool %u: output %u is %d, wanted %d", round, i, got, wanted);
        }
        layer_free(&run);
    }
}

const test_t VECTOR_TESTS[] = {
    {"requantize mve", requantize_mve}, {"copy rows", copy_rows},         {"conv mve", conv_mve},
    {"depthwise mve", depthwise_mve},   {"pool channels", pool_channels}, {NULL, NULL},
};
