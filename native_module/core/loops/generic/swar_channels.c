/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `swar_channels` in plain C. Sums wrap on purpose.
 */
#include "../loops.h"

#ifndef MG_ISA_RV32

/* Four channels of the pixel at x, which end in four bytes at y. */
static void sum_pixel(const mg_swar_job_t *job, const int8_t *x, uint32_t *kept, int8_t *y) {
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

void mg_sum_triples(mg_swar_job_t *job) {
    for (; job->triples != 0; job->triples--, job->x += job->x_step[2], job->y += job->y_step[2], job->kept += 12) {
        sum_pixel(job, job->x, job->kept, job->y);
        sum_pixel(job, job->x + job->x_step[0], job->kept + 4, job->y + job->y_step[0]);
        sum_pixel(job, job->x + job->x_step[1], job->kept + 8, job->y + job->y_step[1]);
    }
}

void mg_dot_eight_channels(uint32_t sums[8], const uint8_t *w0, const uint8_t *w1, const int8_t *x,
                                       uint32_t k, uint32_t block) {
    memset(sums, 0, 8 * sizeof *sums);
    for (uint32_t i = 0; i < k; i += block, w0 += 4 * block, w1 += 4 * block) {
        mg_add_four_channels(sums, w0, x + i, block);
        mg_add_four_channels(sums + 4, w1, x + i, block);
    }
}

#endif
