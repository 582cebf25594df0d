/* SPDX-License-Identifier: MIT
 *
 * The longer functions of the vocabulary (simd.h) in plain C: what a backend without its own includes.
 * Sums wrap, as they do in the instructions.
 */

/* Where signs differ, the value without one is the larger; elsewhere bit 7 of (128 + the lower bits of a) - the
 * lower bits of b tells. */
static inline uint32_t mg_max4(uint32_t a, uint32_t b) {
    const uint32_t top = 0x80808080u;
    uint32_t differ = a ^ b, above = (a | top) - (b & ~top);
    uint32_t bits = (above ^ ((above ^ ~a) & differ)) & top;
    return b ^ (differ & (bits | (bits - (bits >> 7))));
}

/* Bitwise not turns the order of int8 around. */
static inline uint32_t mg_min4(uint32_t a, uint32_t b) {
    return ~mg_max4(~a, ~b);
}

static inline void mg_add4(uint32_t pairs[2], uint32_t word) {
    for (uint32_t i = 0; i < 2; i++, word >>= 8) {
        uint32_t low = (uint32_t)(int8_t)(uint8_t)word, high = (uint32_t)(int8_t)(uint8_t)(word >> 16);
        pairs[i] = ((pairs[i] + low) & 0xffffu) | ((pairs[i] & 0xffff0000u) + (high << 16));
    }
}

static inline int16_t *mg_widen_rows(const mg_widening_t *r) {
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

static inline void mg_pair_columns(const mg_columns_t *c) {
    for (uint32_t i = 0; i < c->rows; i++) {
        for (uint32_t channel = 0; channel < 4; channel++) {
            int16_t *to = c->to + (channel * c->plane + i * c->line) / 2;
            to[0] = (int8_t)c->a[i * c->a_step + channel];
            to[1] = (int8_t)c->b[i * c->b_step + channel];
        }
    }
}

static inline void mg_dot_taps(int32_t sums[4], const int16_t *x, uint32_t line, const int16_t *taps, uint32_t rows,
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

/* A word of weights times a pair of values, to the sum of the first channel and to that of both. */
static inline void mg_add_pair(uint32_t sums[2], const int8_t *w, int32_t x0, int32_t x1) {
    sums[0] += (uint32_t)(w[0] * x0) + (uint32_t)(w[2] * x1);
    sums[1] += (uint32_t)(mg_load_i16((const uint8_t *)w) * x0) + (uint32_t)(mg_load_i16((const uint8_t *)w + 2) * x1);
}

/* Channels c and c + 1 of a pixel. */
static inline void mg_finish_pair(const mg_pairs_t *layer, uint32_t c, const uint32_t sums[2], int8_t *y) {
    const uint8_t *first = layer->table + 16 * c, *second = first + 16;
    y[c] = (int8_t)mg_requantize_twice((int32_t)(2 * sums[0]), mg_load_i32(first + 4), mg_load_i32(first + 8),
                                       mg_load_u32(first + 12));
    if (c + 1 < layer->channels) {
        int32_t twice = (int32_t)(sums[1] - sums[0]) >> 7;
        y[c + 1] = (int8_t)mg_requantize_twice(twice, mg_load_i32(second + 4), mg_load_i32(second + 8),
                                               mg_load_u32(second + 12));
    }
}

static inline void mg_start_pair(const mg_pairs_t *layer, uint32_t c, uint32_t sums[2]) {
    sums[0] = mg_load_u32(layer->table + 16 * c);
    sums[1] = mg_load_u32(layer->table + 16 * c + 16);
}

static inline void mg_pairs_of_four(const mg_pairs_t *layer, const int16_t *lanes, int8_t *out) {
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < layer->channels; c += 2, weights += 8 * layer->groups) {
        for (uint32_t pixel = 0; pixel < 4; pixel++) {
            uint32_t sums[2];
            mg_start_pair(layer, c, sums);
            for (uint32_t i = 0; i < 2 * layer->groups; i++) {
                const int16_t *x = lanes + 8 * i + 2 * pixel;
                mg_add_pair(sums, weights + 4 * i, x[0], x[1]);
            }
            mg_finish_pair(layer, c, sums, out + pixel * layer->channels);
        }
    }
}

static inline void mg_pairs_of_one(const mg_pairs_t *layer, const int8_t *x, int8_t *out) {
    const int8_t *weights = layer->weights;
    for (uint32_t c = 0; c < layer->channels; c += 2) {
        uint32_t sums[2];
        mg_start_pair(layer, c, sums);
        for (uint32_t i = 0; i < 4 * layer->groups; i += 4, weights += 8) {
            mg_add_pair(sums, weights, x[i], x[i + 2]);
            mg_add_pair(sums, weights + 4, x[i + 1], x[i + 3]);
        }
        mg_finish_pair(layer, c, sums, out);
    }
}

static inline void mg_strip_plain(const mg_strip_t *s, uint32_t stride, uint32_t line) {
    const mg_strip_channel_t *c = s->channel;
    const uint32_t at[] = {0, s->second, s->third, s->fourth};
    const int16_t *x = s->x;
    int8_t *out = s->out;
    for (int32_t left = s->left; left != 0; left += s->step, x += stride * line, out += s->out_step) {
        for (uint32_t i = 4; i-- != 0;) {
            uint32_t sum = (uint32_t)c->twice_bias;
            for (uint32_t j = 0; j < 3; j++) {
                const int16_t *v = x + j * line + i * stride, *w = c->taps + 4 * j;
                sum += (uint32_t)(v[0] * w[0]) + (uint32_t)(v[1] * w[1]) + (uint32_t)(v[2] * w[3]);
            }
            out[at[i]] = (int8_t)mg_requantize_twice((int32_t)sum, c->multiplier, c->rounding, c->shift);
        }
    }
}

static inline void mg_strip_by_1(const mg_strip_t *strip) {
    mg_strip_plain(strip, 1, 6);
}

static inline void mg_strip_by_2(const mg_strip_t *strip) {
    mg_strip_plain(strip, 2, 10);
}
