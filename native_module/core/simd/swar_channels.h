/* SPDX-License-Identifier: MIT
 *
 * The part of the vocabulary that holds two channels in a word, in plain C. Sums wrap on purpose. conv_swar_channels.c tells
 * what a block is.
 */

static inline __attribute__((always_inline)) int8_t mg_requantize_fine(int32_t x, const mg_fine_t *c, bool above) {
    uint32_t sum = (uint32_t)(((int64_t)(int32_t)((uint32_t)x << 2) * c->multiplier) >> 32) + (uint32_t)c->rounding;
    int32_t y = (int32_t)(above ? sum : sum + ((uint32_t)(x >> 31) << 1)) >> (c->shift & 31u);
    return y == (int8_t)y ? (int8_t)y : (int8_t)(y >> 31 ^ INT8_MAX);
}

#ifndef MG_OWN_TWINS

/* Four channels of the pixel at x, which end in four bytes at y. */
static inline void mg_sum_twins_of(const mg_twins_t *job, const int8_t *x, uint32_t *kept, int8_t *y) {
    const uint32_t *from = job->goes_on ? kept : job->start;
    for (uint32_t i = 0; i < 4; i += 2) {
        const int32_t *w = job->w + i / 2;
        uint32_t sums[2] = {from[i], from[i + 1]}, k = 0;
        for (; k + 2 <= job->taps; k += 2) {
            mg_add_block(sums, mg_product(w[2 * k], x[k]) + mg_product(w[2 * k + 2], x[k + 1]));
        }
        if (k < job->taps) {
            mg_add_block(sums, mg_product(w[2 * k], x[k]));
        }
        if (job->ends) {
            y[i] = mg_requantize_fine((int32_t)(sums[0] - (sums[1] << 16)), &job->fine[i], job->sign == 0);
            y[i + 1] = mg_requantize_fine((int32_t)sums[1], &job->fine[i + 1], job->sign == 0);
        } else {
            kept[i] = sums[0];
            kept[i + 1] = sums[1];
        }
    }
}

static inline void mg_sum_twins(mg_twins_t *job) {
    for (; job->triples != 0; job->triples--, job->x += job->x_step[2], job->y += job->y_step[2], job->kept += 12) {
        mg_sum_twins_of(job, job->x, job->kept, job->y);
        mg_sum_twins_of(job, job->x + job->x_step[0], job->kept + 4, job->y + job->y_step[0]);
        mg_sum_twins_of(job, job->x + job->x_step[1], job->kept + 8, job->y + job->y_step[1]);
    }
}

#endif

/* A block of n taps of four channels. */
static inline void mg_add_twin_columns(uint32_t sums[4], const uint8_t *w, const int8_t *x, uint32_t n) {
    uint32_t low = 0, high = 0, all = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t four = mg_load_word(w + 4 * i), value = (uint32_t)x[i];
        all += value;
        low += (four & 0x00ff00ffu) * value;
        high += (four >> 8 & 0x00ff00ffu) * value;
    }
    mg_add_block(sums, low - all * (128u * 65537u));
    mg_add_block(sums + 2, high - all * (128u * 65537u));
}

#ifndef MG_OWN_TWIN_COLUMNS
static inline void mg_dot_twin_columns(uint32_t sums[8], const uint8_t *w0, const uint8_t *w1, const int8_t *x,
                                       uint32_t k, uint32_t block) {
    memset(sums, 0, 8 * sizeof *sums);
    for (uint32_t i = 0; i < k; i += block, w0 += 4 * block, w1 += 4 * block) {
        mg_add_twin_columns(sums, w0, x + i, block);
        mg_add_twin_columns(sums + 4, w1, x + i, block);
    }
}
#endif
