/* SPDX-License-Identifier: MIT
 *
 * What the ops of motion share: roots, logarithms and quotients of integers.
 */
#ifndef MG_ROOTS_H
#define MG_ROOTS_H

#include <stdint.h>

/* floor(sqrt(x)). */
uint32_t mg_root32(uint32_t x);
uint32_t mg_root64(uint64_t x);

/* By how many pairs of bits x, not 0, can be shifted to the left without loss. */
uint32_t mg_root_headroom(uint64_t x);

/* log2(x) in Q6.9, rounded down, at most 1 too low; 0 for 0. */
int32_t mg_log2(uint64_t x);

/* a / b, b > 0, halves away from zero. */
static inline int64_t mg_round_divide(int64_t a, uint64_t b) {
    uint64_t size = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, quotient = (size + b / 2) / b;
    return a < 0 ? -(int64_t)quotient : (int64_t)quotient;
}

#endif
