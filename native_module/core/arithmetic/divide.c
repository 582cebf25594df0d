/* SPDX-License-Identifier: MIT */
#include "divide.h"

uint64_t mg_divide_by_bits(uint64_t a, uint64_t b) {
    uint64_t quotient = 0, bit = 1;
    for (; b < a && b >> 63 == 0; b <<= 1) {
        bit <<= 1;
    }
    for (; bit != 0; bit >>= 1, b >>= 1) {
        if (a >= b) {
            a -= b;
            quotient |= bit;
        }
    }
    return quotient;
}
