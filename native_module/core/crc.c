/* SPDX-License-Identifier: MIT
 *
 * A byte a step by a table that is made on the stack, where it is soon gone: in the code it would be 1 kB.
 */
#include "bytes.h"
#include "midge.h"

static inline __attribute__((always_inline)) uint32_t next(const uint32_t table[256], uint32_t crc) {
    return table[crc & 255u] ^ crc >> 8;
}

/* Apart from its caller, whose table compilers would address anew in each step. */
static __attribute__((noinline)) uint32_t sum(const uint32_t table[256], uint32_t crc, const uint8_t *bytes,
                                              size_t size) {
    for (;; size--) {
        if (mg_is_aligned(bytes, 4)) {
            for (size_t words = size / 4; words != 0; words--, bytes += 4) {
                crc ^= mg_load_word(bytes);
                crc = next(table, next(table, next(table, next(table, crc))));
            }
            size %= 4;
        }
        if (size == 0) {
            return crc;
        }
        crc = next(table, crc ^ *bytes++);
    }
}

uint32_t mg_crc32(uint32_t crc, const uint8_t *bytes, size_t size) {
    uint32_t table[256] = {0}, power = 1;
    for (uint32_t i = 128; i != 0; i >>= 1) { /* of single bits, and with each of them its sums with those before */
        power = power >> 1 ^ (0xedb88320u & (0u - (power & 1u)));
        for (uint32_t j = 0; j < 256; j += 2 * i) {
            table[i + j] = power ^ table[j];
        }
    }
    return ~sum(table, ~crc, bytes, size);
}
