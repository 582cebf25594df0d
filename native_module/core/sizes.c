/* SPDX-License-Identifier: MIT */
#include "sizes.h"

uint32_t mg_plus(uint32_t a, uint32_t b) {
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

uint32_t mg_times(uint32_t a, uint32_t b) {
    uint64_t product = (uint64_t)a * b;
    return product > UINT32_MAX ? UINT32_MAX : (uint32_t)product;
}

uint32_t mg_times4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return mg_times(mg_times(a, b), mg_times(c, d));
}

uint32_t mg_round_up(uint32_t a, uint32_t multiple) {
    return mg_plus(a, multiple - 1) & ~(multiple - 1);
}
