/* SPDX-License-Identifier: MIT
 *
 * The part of the vocabulary that only some cores have instructions for, in plain C.
 */

/* Where signs differ, the value without one is the larger; elsewhere bit 7 of (128 + the lower bits of a) - the
 * lower bits of b tells. */
static inline uint32_t mg_max4(uint32_t a, uint32_t b) {
    const uint32_t top = 0x80808080u;
    uint32_t differ = a ^ b, above = (a | top) - (b & ~top);
    uint32_t bits = (above ^ ((above ^ ~a) & differ)) & top;
    return b ^ (differ & (bits | (bits - (bits >> 7))));
}

/* Bitwise not turns the order of int8 around. */
static inline uint32_t mg_min4(uint32_t a, uint32_t b) {
    return ~mg_max4(~a, ~b);
}

static inline void mg_add4(uint32_t pairs[2], uint32_t word) {
    for (uint32_t i = 0; i < 2; i++, word >>= 8) {
        uint32_t low = (uint32_t)(int8_t)(uint8_t)word, high = (uint32_t)(int8_t)(uint8_t)(word >> 16);
        pairs[i] = ((pairs[i] + low) & 0xffffu) | ((pairs[i] & 0xffff0000u) + (high << 16));
    }
}

/* Each half xor its sign, plus its sign. */
static inline uint32_t mg_abs2(uint32_t pair) {
    uint32_t sign = (pair >> 15) & 0x00010001u;
    return (pair ^ ((sign << 16) - sign)) + sign;
}

#ifndef MG_OWN_WIDE_PRODUCT
static inline uint64_t mg_wide_product(uint32_t a, uint32_t b) {
    return (uint64_t)a * b;
}
#endif

#ifndef MG_OWN_HIGH_MUL
static inline int32_t mg_high_mul_twice(int32_t x, int32_t m) {
    return (int32_t)((mg_long_product(x, m) + (1ll << 31)) >> 32);
}
#endif

static inline int32_t mg_scale_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t high = mg_high_mul_twice(x, multiplier);
    return (int32_t)((uint32_t)high + (uint32_t)(x >> 31) + (uint32_t)rounding) >> (shift & 31u);
}

static inline int32_t mg_to_i8(int32_t x) {
    return x == (int8_t)x ? x : x >> 31 ^ INT8_MAX;
}

static inline int32_t mg_to_i16(int32_t x) {
    return x == (int16_t)x ? x : x >> 31 ^ INT16_MAX;
}

static inline int32_t mg_requantize_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t y = mg_scale_twice(x, multiplier, rounding, shift);
    return y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y;
}
