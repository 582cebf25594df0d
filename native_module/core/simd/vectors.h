/* SPDX-License-Identifier: MIT
 *
 * The functions over 16-byte vectors that kernels for Helium are written in (simd.h lists them), in
 * plain C, for all other cores: so that a file packed for Helium runs everywhere and is tested there.
 */

typedef struct {
    int32_t lane[4];
} mg_four_t;

static inline mg_four_t mg_load_four(const uint8_t *p) {
    mg_four_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    for (; rows != 0; rows--, to += to_step, from += from_step) {
        memcpy(to, from, n);
    }
}

static inline mg_four_t mg_requantize_four(mg_four_t sums, const mg_four_t table[3]) {
    for (uint32_t i = 0; i < 4; i++) {
        int32_t x = (int32_t)((uint32_t)sums.lane[i] + (uint32_t)table[0].lane[i]);
        int64_t high = ((int64_t)x * table[1].lane[i] + (1 << 30)) >> 31;
        high = (high > INT32_MAX ? INT32_MAX : high) + (high >> 63);
        uint32_t shift = (uint32_t)-table[2].lane[i] & 31u;
        sums.lane[i] = (int32_t)((high + (1ll << shift >> 1)) >> shift);
    }
    return sums;
}

static inline int8_t mg_in_range(int32_t x, const mg_range_t *range) {
    int32_t y = (int32_t)((uint32_t)x + (uint32_t)range->zero_point);
    return (int8_t)(y < range->min ? range->min : y > range->max ? range->max : y);
}

static inline void mg_rows_1(const mg_rows_t *layer, const int8_t *x0, const int8_t *x1, int8_t *out) {
    const int8_t *w = layer->weights;
    const uint8_t *table = layer->table;
    (void)x1;
    for (uint32_t c = 0; c < layer->out_c; c += 4, table += 48) {
        const mg_four_t constants[3] = {mg_load_four(table), mg_load_four(table + 16), mg_load_four(table + 32)};
        mg_four_t sums = {{0, 0, 0, 0}};
        for (uint32_t i = 0; i < 64 * layer->blocks; i++) {
            sums.lane[i / 16 % 4] += x0[i / 64 * 16 + i % 16] * *w++;
        }
        sums = mg_requantize_four(sums, constants);
        for (uint32_t i = 0; i < 4 && c + i < layer->out_c; i++) {
            out[c + i] = mg_in_range(sums.lane[i], &layer->range);
        }
    }
}

static inline void mg_rows_2(const mg_rows_t *layer, const int8_t *x0, const int8_t *x1, int8_t *out) {
    mg_rows_1(layer, x0, NULL, out);
    mg_rows_1(layer, x1, NULL, out + layer->out_c);
}

/* Two products of int8 are summed in 16 bits, as the vector instructions do. */
static inline int32_t mg_lane_sum(const int8_t *x, const int32_t *offsets, const int8_t *w, uint32_t pairs) {
    int32_t sum = x[offsets[0]] * w[0];
    for (uint32_t t = 1; t <= 2 * pairs; t += 2) {
        sum += (int16_t)(x[offsets[t]] * w[16 * t] + x[offsets[t + 1]] * w[16 * t + 16]);
    }
    return sum;
}

static inline void mg_lanes(int8_t *out, const int8_t *x, const int32_t *offsets, const int8_t *w, uint32_t pairs,
                            const uint8_t *table, const mg_range_t *range, uint32_t n) {
    static const uint8_t LANES[16] = {0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15};
    for (uint32_t i = 0; i < (n + 15) / 16 * 16; i += 4, table += 48) {
        const mg_four_t constants[3] = {mg_load_four(table), mg_load_four(table + 16), mg_load_four(table + 32)};
        const uint32_t vector = i / 16 * 16;
        mg_four_t sums;
        for (uint32_t j = 0; j < 4; j++) {
            uint32_t lane = LANES[i % 16 + j];
            sums.lane[j] = mg_lane_sum(x + vector + lane, offsets, w + vector * (2 * pairs + 1) + lane, pairs);
        }
        sums = mg_requantize_four(sums, constants);
        for (uint32_t j = 0; j < 4; j++) {
            uint32_t lane = vector + LANES[i % 16 + j];
            if (lane < n) {
                out[lane] = mg_in_range(sums.lane[j], range);
            }
        }
    }
}

/* What follows does nothing: the kernels' own loops do. */

static inline uint32_t mg_max_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
                                       uint32_t channels, const mg_range_t *range) {
    (void)out, (void)x, (void)h, (void)w, (void)line, (void)channels, (void)range;
    return 0;
}

static inline uint32_t mg_average_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
                                           uint32_t channels, const mg_range_t *range) {
    (void)out, (void)x, (void)h, (void)w, (void)line, (void)channels, (void)range;
    return 0;
}

static inline uint32_t mg_add_scaled(int8_t *out, const int8_t *a, const int8_t *b, uint32_t n,
                                     const mg_scaling_t scale[3], const mg_range_t *range) {
    (void)out, (void)a, (void)b, (void)n, (void)scale, (void)range;
    return 0;
}

static inline void mg_lookup(uint8_t *out, const uint8_t *x, const uint8_t *table, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        out[i] = table[x[i]];
    }
}
