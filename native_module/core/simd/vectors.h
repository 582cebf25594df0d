/* SPDX-License-Identifier: MIT
 *
 * The functions over 16-byte vectors that kernels for Helium are written in (simd.h lists them), in
 * plain C, for all other cores: so that a file packed for Helium runs everywhere and is tested there.
 */

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    for (; rows != 0; rows--, to += to_step, from += from_step) {
        memcpy(to, from, n);
    }
}

static inline void mg_fill(int8_t *to, int32_t value, uint32_t n) {
    memset(to, value, n);
}

/* arithmetic/requantize.h with bias, multiplier and -1 >= shift >= -31 of lane i of a table of four; saturated. */
static inline int8_t mg_finish_lane(int32_t sum, const uint8_t *table, uint32_t i, int32_t zero_point) {
    int32_t x = (int32_t)((uint32_t)sum + mg_load_u32(table + 4 * i));
    int64_t high = ((int64_t)x * mg_load_i32(table + 16 + 4 * i) + (1 << 30)) >> 31;
    high = (high > INT32_MAX ? INT32_MAX : high) + (high >> 63);
    uint32_t shift = (0u - mg_load_u32(table + 32 + 4 * i)) & 31u;
    int64_t y = ((high + (1ll << shift >> 1)) >> shift) + zero_point;
    return (int8_t)(y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y);
}

static inline void mg_rows_1(const mg_rows_t *layer, const int8_t *x, int8_t *out) {
    const int8_t *w = layer->weights;
    const uint8_t *table = layer->table;
    for (uint32_t c = 0; c < layer->out_c; table += 48) {
        int32_t sums[4] = {0, 0, 0, 0};
        for (uint32_t i = 0; i < 64 * layer->blocks; i++) {
            sums[i / 16 % 4] += x[i / 64 * 16 + i % 16] * *w++;
        }
        uint32_t odd = c & 1u, step = odd != 0 || layer->out_c - c > 4 ? 2 : 1;
        for (uint32_t i = 0; i < 4 && c + step * i < layer->out_c; i++) {
            out[c + step * i] = mg_finish_lane(sums[i], table, i, layer->zero_point);
        }
        c += step == 1 ? 4 : odd != 0 ? 7 : 1; /* 0 2 4 6, then 1 3 5 7; the last four in a row */
    }
}

static inline void mg_rows_2(const mg_rows_t *layer, const int8_t *x, int8_t *out, uint32_t pairs) {
    for (uint32_t n = 2 * pairs; n != 0; n--, x += layer->step, out += layer->out_c) {
        mg_rows_1(layer, x, out);
    }
}

/* Two products of int8 are summed in 16 bits, as the vector instructions do. */
static inline int32_t mg_lane_sum(const int8_t *x, const int32_t *offsets, const int8_t *w, uint32_t pairs) {
    int32_t sum = x[offsets[0]] * w[0];
    for (uint32_t t = 1; t <= 2 * pairs; t += 2) {
        sum += (int16_t)(x[offsets[t]] * w[16 * t] + x[offsets[t + 1]] * w[16 * t + 16]);
    }
    return sum;
}

static inline void mg_lanes(const mg_lanes_t *row) {
    static const uint8_t LANES[16] = {0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15};
    for (uint32_t v = 0; v < row->count; v++) {
        for (uint32_t i = 0; i < 16; i++) {
            uint32_t lane = LANES[i];
            if (lane < row->n) {
                int32_t sum = mg_lane_sum(row->x + v * row->step + lane, row->offsets, row->weights + lane, row->pairs);
                row->out[v * row->out_step + lane] = mg_finish_lane(sum, row->table + i / 4 * 48, i % 4,
                                                                    row->zero_point);
            }
        }
    }
}
#define mg_lanes_3x3 mg_lanes

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
