/* SPDX-License-Identifier: MIT
 *
 * Square roots of integers, the same on every core; all are exact. What fills its words is inline, for loops.
 */
#ifndef MG_SQUARE_ROOT_H
#define MG_SQUARE_ROOT_H

#include <stdint.h>

/* 2^23 / sqrt(x), rounded down, for 32 <= i and x up to (i + 1) * 2^25. */
extern const uint8_t mg_inverse_roots[128];

/* floor(sqrt(x)). */
uint32_t mg_root32(uint32_t x);
uint32_t mg_root64(uint64_t x);

/* By how many pairs of bits x, not 0, can be shifted to the left without loss. */
static inline uint32_t mg_root_headroom(uint64_t x) {
    uint32_t upper = (uint32_t)(x >> 32);
    return upper != 0 ? (uint32_t)__builtin_clz(upper) / 2 : (uint32_t)__builtin_clz((uint32_t)x) / 2 + 16;
}

/* floor(sqrt(x)), 2^30 <= x. Newton's method for x / sqrt(x), from below, is within 1 after two steps. */
static inline uint32_t mg_root_of_word(uint32_t x) {
    const uint32_t inverse = mg_inverse_roots[x >> 25];
    uint32_t root = ((x >> 16) * inverse) >> 7;
    root += (((x - root * root) >> 11) * inverse) >> 13;
    root += ((x - root * root) * inverse) >> 24;
    return root + (x - root * root > 2 * root);
}

/* floor(sqrt(x)), 2^62 <= x: the root of the upper word, and one division for the other half of the digits, which is
 * at most 1 too large (Zimmermann, "Karatsuba square root", 1999). */
static inline uint32_t mg_root_of_words(uint32_t high, uint32_t low) {
    uint32_t root = mg_root_of_word(high), rest = high - root * root;
    uint32_t dividend = rest << 15 | low >> 17, digits = dividend / root;
    rest = (dividend - digits * root) << 1 | (low >> 16 & 1);
    root = (root << 16) + digits;
    return root - (rest <= UINT16_MAX && (digits > UINT16_MAX || digits * digits > (rest << 16 | (low & UINT16_MAX))));
}

#endif
