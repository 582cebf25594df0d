/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `mve` in plain C.
 */
#include "../loops.h"

#ifndef MG_ISA_MVE

/* arithmetic/requantize.h with bias, multiplier and -1 >= shift >= -31 of lane i of a table of four; saturated. */
static int8_t finish_lane(int32_t sum, const uint8_t *table, uint32_t i, int32_t zero_point) {
    int32_t x = (int32_t)((uint32_t)sum + mg_load_u32(table + 4 * i));
    int64_t high = ((int64_t)x * mg_load_i32(table + 16 + 4 * i) + (1 << 30)) >> 31;
    high = (high > INT32_MAX ? INT32_MAX : high) + (high >> 63);
    uint32_t shift = (0u - mg_load_u32(table + 32 + 4 * i)) & 31u;
    int64_t y = ((high + (1ll << shift >> 1)) >> shift) + zero_point;
    return (int8_t)(y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y);
}

/* A block of taps, which compilers of PCs make vectors of. */
static inline int32_t sum_of_16(const int8_t *x, const int8_t *w) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < 16; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

void mg_mve_one_pixel(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out) {
    const int8_t *w = layer->weights;
    const uint8_t *table = layer->table;
    for (uint32_t c = 0; c < layer->out_c; table += 48) {
        int32_t sums[4] = {0, 0, 0, 0};
        for (uint32_t i = 0; i < 4 * layer->blocks; i++, w += 16) {
            sums[i % 4] += sum_of_16(x + i / 4 * 16, w);
        }
        uint32_t odd = c & 1u, step = odd != 0 || layer->out_c - c > 4 ? 2 : 1;
        for (uint32_t i = 0; i < 4 && c + step * i < layer->out_c; i++) {
            out[c + step * i] = finish_lane(sums[i], table, i, layer->zero_point);
        }
        c += step == 1 ? 4 : odd != 0 ? 7 : 1; /* 0 2 4 6, then 1 3 5 7; the last four in a row */
    }
}

void mg_mve_two_pixels(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out, uint32_t pairs) {
    for (uint32_t n = 2 * pairs; n != 0; n--, x += layer->step, out += layer->out_c) {
        mg_mve_one_pixel(layer, x, out);
    }
}

void mg_mve_two_pixels_above(const mg_mve_layer_t *layer, const int8_t *x, int8_t *out, uint32_t pairs) {
    mg_mve_two_pixels(layer, x, out, pairs);
}

/* Two products of int8 are summed in 16 bits, as the vector instructions do. */
static int32_t lane_sum(const int8_t *x, const int32_t *offsets, const int8_t *w, uint32_t pairs) {
    int32_t sum = x[offsets[0]] * w[0];
    for (uint32_t t = 1; t <= 2 * pairs; t += 2) {
        sum += (int16_t)(x[offsets[t]] * w[16 * t] + x[offsets[t + 1]] * w[16 * t + 16]);
    }
    return sum;
}

void mg_mve_row(const mg_mve_row_t *row) {
    static const uint8_t LANES[16] = {0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15};
    for (uint32_t v = 0; v < row->count; v++) {
        for (uint32_t i = 0; i < 16; i++) {
            uint32_t lane = LANES[i];
            if (lane < row->n) {
                int32_t sum = lane_sum(row->x + v * row->step + lane, row->offsets, row->weights + lane, row->pairs);
                row->out[v * row->out_step + lane] = finish_lane(sum, row->table + i / 4 * 48, i % 4,
                                                                    row->zero_point);
            }
        }
    }
}

void mg_mve_row_3x3(const mg_mve_row_t *row) {
    mg_mve_row(row);
}

void mg_mve_row_3x3_above(const mg_mve_row_t *row) {
    mg_mve_row(row);
}

#endif
