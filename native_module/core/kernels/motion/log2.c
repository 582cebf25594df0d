/* SPDX-License-Identifier: MIT */
#include "log2.h"

/* The highest bit's place, then a bit for each squaring of the rest, of which 16 bits are kept. */
int32_t mg_log2(uint64_t x) {
    if (x == 0) {
        return 0;
    }
    uint32_t zeros = (uint32_t)__builtin_clzll(x), rest = (uint32_t)((x << zeros) >> 48), log = 63 - zeros;
    for (int i = 0; i < 9; i++) {
        rest *= rest;
        log = 2 * log + (rest >> 31);
        rest >>= 15 + (rest >> 31);
    }
    return (int32_t)log;
}
