/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `mac16` in plain C. Sums wrap, as they do in the instructions.
 */
#include "../loops.h"

#ifndef MG_ISA_MAC16

static int8_t finish(int32_t sum, const mg_fine_t *fine, int32_t min, int32_t max) {
    int32_t y = mg_requantize_fine(sum, fine, false);
    return (int8_t)(y < min ? min : y > max ? max : y);
}

void mg_mac16_pixels(const mg_mac16_pixels_t *job) {
    const int16_t *x = job->x;
    int8_t *y = job->y;
    for (uint32_t i = 0; i < job->n; i++, y += job->y_step) {
        uint32_t sum = (uint32_t)job->bias;
        for (uint32_t k = 0; k < 4 * job->fours; k++) {
            sum += (uint32_t)(*x++ * job->w[k]);
        }
        *y = finish((int32_t)sum, &job->fine, job->min, job->max);
    }
}

void mg_mac16_channels(const mg_mac16_channels_t *job) {
    const uint8_t *w = job->w, *table = job->table;
    for (uint32_t i = 0; i < job->n; i++, table += 16) {
        const int16_t *x = job->x;
        int64_t sum = mg_load_i32(w);
        w += 4;
        for (uint32_t k = 0; k < job->fours; k++, x += 4, w += 4) {
            sum += x[0] * mg_load_i16(w) + x[1] * mg_load_i16(w + 2) + x[2] * w[0] + x[3] * w[2];
        }
        const mg_fine_t fine = {mg_load_i32(table + 4), mg_load_i32(table + 8), mg_load_u32(table + 12)};
        const uint32_t whole = (uint32_t)(sum >> 8) + mg_load_u32(table) + (uint32_t)job->offset;
        job->y[i] = finish((int32_t)whole, &fine, job->min, job->max);
    }
}

void mg_mac16_widen(int16_t *to, const uint8_t *from, uint32_t fours, uint32_t flip) {
    for (uint32_t i = 0; i < fours; i++, to += 4, from += 4) {
        to[0] = (int8_t)(from[0] ^ flip);
        to[1] = (int8_t)(from[2] ^ flip);
        to[2] = (int8_t)(from[1] ^ flip);
        to[3] = (int8_t)(from[3] ^ flip);
    }
}

#endif
