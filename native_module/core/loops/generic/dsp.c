/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `dsp` in plain C. Sums wrap, as they do in the instructions.
 */
#include "../loops.h"

#ifndef MG_ISA_ARMV7EM

int16_t *mg_widen_rows(const mg_widening_t *r) {
    int16_t *lanes = r->lanes;
    const int8_t *x = r->x;
    for (uint32_t i = 0; i < r->rows; i++, x += r->line, lanes += (int32_t)r->gap / 2) {
        for (uint32_t j = 0; j < 4 * r->words; j += 4, lanes += 16) {
            lanes[0] = x[j];
            lanes[1] = x[j + 2];
            lanes[8] = x[j + 1];
            lanes[9] = x[j + 3];
        }
    }
    return lanes;
}

#ifndef MG_ISA_MAC16
void mg_pair_columns(const mg_columns_t *c) {
    for (uint32_t i = 0; i < c->rows; i++) {
        for (uint32_t channel = 0; channel < 4; channel++) {
            int16_t *to = c->to + (channel * c->plane + i * c->line) / 2;
            to[0] = (int8_t)c->a[i * c->a_step + channel];
            to[1] = (int8_t)c->b[i * c->b_step + channel];
        }
    }
}

void mg_dot_taps(int32_t sums[4], const int16_t *x, uint32_t line, const int16_t *taps, uint32_t rows,
                               uint32_t pairs, uint32_t step) {
    for (uint32_t i = 0; i < 4; i++, x += step) {
        uint32_t sum = 0;
        for (uint32_t r = 0; r < rows; r++) {
            for (uint32_t j = 0; j < 2 * pairs; j++) {
                sum += (uint32_t)(x[r * line + j] * taps[r * 2 * pairs + j]);
            }
        }
        sums[i] = (int32_t)sum;
    }
}
#endif

/* A word of weights times a pair of values, to the sum of the first channel and to that of both. */
static void add_pair(uint32_t sums[2], const int8_t *w, int32_t x0, int32_t x1) {
    sums[0] += (uint32_t)(w[0] * x0) + (uint32_t)(w[2] * x1);
    sums[1] += (uint32_t)(mg_load_i16((const uint8_t *)w) * x0) + (uint32_t)(mg_load_i16((const uint8_t *)w + 2) * x1);
}

/* A channel whose two roundings are one number. */
static int8_t on_line(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    const int64_t product = mg_long_product(x, multiplier);
    return (int8_t)mg_to_i8((int32_t)((uint32_t)(product >> 32) + (uint32_t)rounding) >> shift);
}

/* Channels c and c + 1 of a pixel. */
static void finish_pair(const mg_dsp_layer_t *layer, uint32_t c, const uint32_t sums[2], int8_t *y) {
    const uint8_t *first = layer->table + 16 * c, *second = first + 16;
    const int32_t second_sum = (int32_t)(sums[1] - sums[0]);
    if (layer->lines) {
        y[c] = on_line((int32_t)sums[0], mg_load_i32(first + 4), mg_load_i32(first + 8), MG_LINE_SHIFT);
        if (c + 1 < layer->channels) {
            y[c + 1] = on_line(second_sum, mg_load_i32(second + 4), mg_load_i32(second + 8), MG_SECOND_LINE_SHIFT);
        }
        return;
    }
    y[c] = (int8_t)mg_requantize_twice((int32_t)(2 * sums[0]), mg_load_i32(first + 4), mg_load_i32(first + 8),
                                       mg_load_u32(first + 12));
    if (c + 1 < layer->channels) {
        y[c + 1] = (int8_t)mg_requantize_twice(second_sum >> 7, mg_load_i32(second + 4), mg_load_i32(second + 8),
                                               mg_load_u32(second + 12));
    }
}

static void start_pair(const mg_dsp_layer_t *layer, uint32_t c, uint32_t sums[2]) {
    sums[0] = mg_load_u32(layer->table + 16 * c);
    sums[1] = mg_load_u32(layer->table + 16 * c + 16);
}

void mg_dsp_four_pixels(const mg_dsp_layer_t *layer, const int16_t *lanes, int8_t *out) {
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < layer->channels; c += 2) {
        uint32_t start[2], first[4], both[4]; /* sums of the pixels: beside each other, for compilers of PCs */
        start_pair(layer, c, start);
        for (uint32_t pixel = 0; pixel < 4; pixel++) {
            first[pixel] = start[0];
            both[pixel] = start[1];
        }
        const int16_t *x = lanes;
        for (uint32_t i = 0; i < 2 * layer->groups; i++, weights += 4, x += 8) {
            const int32_t w0 = weights[0], w1 = weights[2], pair0 = mg_load_i16((const uint8_t *)weights);
            const int32_t pair1 = mg_load_i16((const uint8_t *)weights + 2);
            for (uint32_t pixel = 0; pixel < 4; pixel++) {
                first[pixel] += (uint32_t)(w0 * x[2 * pixel] + w1 * x[2 * pixel + 1]);
                both[pixel] += (uint32_t)(pair0 * x[2 * pixel]) + (uint32_t)(pair1 * x[2 * pixel + 1]);
            }
        }
        for (uint32_t pixel = 0; pixel < 4; pixel++) {
            const uint32_t sums[2] = {first[pixel], both[pixel]};
            finish_pair(layer, c, sums, out + pixel * layer->channels);
        }
    }
}

void mg_dsp_one_pixel(const mg_dsp_layer_t *layer, const int8_t *x, int8_t *out) {
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < layer->channels; c += 2) {
        uint32_t sums[2];
        start_pair(layer, c, sums);
        for (uint32_t i = 0; i < 4 * layer->groups; i += 4, weights += 8) {
            add_pair(sums, weights, x[i], x[i + 2]);
            add_pair(sums, weights + 4, x[i + 1], x[i + 3]);
        }
        finish_pair(layer, c, sums, out);
    }
}

#ifndef MG_ISA_MAC16

static int8_t requantize(const mg_dsp_channel_t *c, int32_t sum) {
    if (c->shift != 0) {
        return (int8_t)mg_requantize_twice(sum, c->multiplier, c->rounding, c->shift);
    }
    return on_line(sum, c->multiplier, c->rounding, MG_STRIP_SHIFT);
}

static void strip_of_one(const mg_dsp_strip_t *s, uint32_t stride) {
    const uint32_t at[] = {0, s->second, s->third, s->fourth}, line = 2 + 4 * stride;
    const mg_dsp_channel_t *c = s->channel;
    const int16_t *x = s->x;
    int8_t *out = s->out;
    for (uint32_t row = 0; row < s->rows; row++, x += stride * line, out += s->out_step) {
        for (uint32_t i = 4; i-- != 0;) {
            uint32_t sum = (uint32_t)c->bias;
            for (uint32_t j = 0; j < 3; j++) {
                const int16_t *v = x + j * line + i * stride, *w = c->taps + 4 * j;
                sum += (uint32_t)(v[0] * w[0]) + (uint32_t)(v[1] * w[1]) + (uint32_t)(v[2] * w[3]);
            }
            out[at[i]] = requantize(c, (int32_t)sum);
        }
    }
}

#else

void mg_mac16_strip_by_1(const mg_dsp_strip_t *strip);
void mg_mac16_strip_by_2(const mg_dsp_strip_t *strip);

static void strip_of_one(const mg_dsp_strip_t *strip, uint32_t stride) {
    if (stride == 1) {
        mg_mac16_strip_by_1(strip);
    } else {
        mg_mac16_strip_by_2(strip);
    }
}

#endif

void mg_dsp_strip(const mg_dsp_strip_t *strip, uint32_t stride) {
    mg_dsp_strip_t one = *strip;
    for (uint32_t k = strip->count; k != 0; k--, mg_next_channel(&one)) {
        strip_of_one(&one, stride);
    }
}

#endif
