/* SPDX-License-Identifier: MIT
 *
 * Square roots and logarithms of integers, the same on every core.
 *
 * Where cores divide, the root of 32 bits is Heron's, from a power of two above it: 25, 2.5, 0.03 % off, then 1 at
 * most. Elsewhere it is u * (1 / sqrt(u)) for u in [1/4, 1), the bits shifted to the left in pairs: a chord of the
 * inverse root (off by 9 % at most), improved three times by Newton and Raphson, y = y * (3 - u * y^2) / 2, to the last
 * bits of 15; then counted up or down. Both are exact. The root of 64 bits is one step of Zimmermann's "Karatsuba
 * Square Root" (2000): the root of the upper half, then 16 more bits by one division.
 */
#include "roots.h"
#include "../../simd/simd.h"

uint32_t mg_root_headroom(uint64_t x) {
    uint32_t upper = (uint32_t)(x >> 32);
    return upper != 0 ? (uint32_t)__builtin_clz(upper) / 2 : (uint32_t)__builtin_clz((uint32_t)x) / 2 + 16;
}

#if MG_DIVIDES

uint32_t mg_root32(uint32_t x) {
    if (x == 0) {
        return 0;
    }
    uint32_t half = (33 - (uint32_t)__builtin_clz(x)) / 2, root = ((1u << half) + (x >> half)) / 2;
    for (int i = 0; i < 3; i++) {
        root = (root + x / root) / 2;
    }
    return root - (x / root < root);
}

#else

uint32_t mg_root32(uint32_t x) {
    if (x == 0) {
        return 0;
    }
    uint32_t pairs = (uint32_t)__builtin_clz(x) / 2, normal = x << 2 * pairs;
    uint32_t u = normal >> 16, y = 34907 - ((21845 * u) >> 16); /* Q0.16, and Q2.14: 2.13 - 4 u / 3 */
    for (int i = 0; i < 3; i++) {
        uint32_t square = (((y * y) >> 14) * u) >> 16;
        y = (y * (3 * 16384 - square)) >> 15;
    }
    uint32_t root = (u * y) >> 14;
    root = root > UINT16_MAX ? UINT16_MAX : root;
    while (root * root > normal) {
        root--;
    }
    while (normal - root * root > 2 * root) {
        root++;
    }
    return root >> pairs;
}

#endif

uint32_t mg_root64(uint64_t x) {
    if (x >> 32 == 0) {
        return mg_root32((uint32_t)x);
    }
    uint32_t pairs = mg_root_headroom(x);
    x <<= 2 * pairs;
    uint32_t upper = (uint32_t)(x >> 32), high = mg_root32(upper), rest = upper - high * high;
    uint32_t low = ((rest << 15) | (uint32_t)((x >> 17) & 0x7fff)) / high; /* 2^16 at most, and 1 too many at most */
    uint64_t root = ((uint64_t)high << 16) + low;
    if (root > UINT32_MAX || root * root > x) {
        root--;
    }
    return (uint32_t)root >> pairs;
}

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
