/* SPDX-License-Identifier: MIT
 *
 * Quotients of 64 bits. Compilers call libgcc for them, of which a native module, in RAM, would hold a copy of its own:
 * there a loop does, in a tenth of the bytes.
 */
#ifndef MG_DIVIDE_H
#define MG_DIVIDE_H

#include <stdint.h>

/* floor(a / b), bit by bit; b is not 0. */
uint64_t mg_divide_by_bits(uint64_t a, uint64_t b);

static inline uint64_t mg_divide(uint64_t a, uint64_t b) {
#ifdef MG_SMALL_DIVISION
    return mg_divide_by_bits(a, b);
#else
    return a / b;
#endif
}

#endif
