/* SPDX-License-Identifier: MIT
 *
 * Logarithms of integers, the same on every core.
 */
#ifndef MG_LOG2_H
#define MG_LOG2_H

#include <stdint.h>

/* log2(x) in Q6.9, rounded down, at most 1 too low; 0 for 0. */
int32_t mg_log2(uint64_t x);

#endif
