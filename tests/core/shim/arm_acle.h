/* SPDX-License-Identifier: MIT
 *
 * The Arm C Language Extensions that simd/armv7em.h uses, in plain C, so that the backend runs on
 * the host and under its sanitizers. Stricter than the instruction: an accumulator that overflows
 * stops the test, because the kernels promise that none does. Source: ACLE, section 32-bit SIMD.
 */
#ifndef MG_SHIM_ARM_ACLE_H
#define MG_SHIM_ARM_ACLE_H

#include <stdint.h>

typedef int32_t int8x4_t;
typedef int32_t int16x2_t;

static inline uint32_t __ror(uint32_t x, uint32_t n) {
    n %= 32;
    return n == 0 ? x : x >> n | x << (32 - n);
}

/* Bytes 0 and 2, sign extended to two int16. */
static inline int16x2_t __sxtb16(int8x4_t x) {
    int32_t low = (int8_t)(uint8_t)x, high = (int8_t)(uint8_t)((uint32_t)x >> 16);
    return (int16x2_t)(((uint32_t)low & 0xffffu) | (uint32_t)high << 16);
}

static inline int32_t __smlad(int16x2_t a, int16x2_t b, int32_t sum) {
    int32_t low = (int16_t)(uint16_t)a * (int16_t)(uint16_t)b;
    int32_t high = (int16_t)(uint16_t)((uint32_t)a >> 16) * (int16_t)(uint16_t)((uint32_t)b >> 16);
    return sum + low + high;
}

static inline int32_t __smlabb(int32_t a, int32_t b, int32_t sum) {
    return sum + (int16_t)(uint16_t)a * (int16_t)(uint16_t)b;
}

static inline int32_t __smlatt(int32_t a, int32_t b, int32_t sum) {
    return sum + (int16_t)(uint16_t)((uint32_t)a >> 16) * (int16_t)(uint16_t)((uint32_t)b >> 16);
}

static inline int64_t __smlald(int16x2_t a, int16x2_t b, int64_t sum) {
    return sum + (int16_t)a * (int16_t)b + (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static inline int32_t __smlsd(int16x2_t a, int16x2_t b, int32_t sum) {
    return sum + (int16_t)a * (int16_t)b - (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static inline int32_t __smladx(int16x2_t a, int16x2_t b, int32_t sum) {
    return sum + (int16_t)a * (int16_t)(b >> 16) + (int16_t)(a >> 16) * (int16_t)b;
}

/* Wraps: twice 2^15 squared is 2^31. */
static inline int32_t __smuad(int16x2_t a, int16x2_t b) {
    int32_t low = (int16_t)a * (int16_t)b, high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)low + (uint32_t)high);
}

/* Two halves, each shifted and wrapped at 16 bits. */
static inline int16x2_t mg_shim_halves(int32_t low, int32_t high, int shift) {
    return (int16x2_t)(((uint32_t)(low >> shift) & 0xffffu) | (uint32_t)(high >> shift) << 16);
}

static inline int16x2_t __sadd16(int16x2_t a, int16x2_t b) {
    return mg_shim_halves((int16_t)a + (int16_t)b, (a >> 16) + (b >> 16), 0);
}

static inline int16x2_t __ssub16(int16x2_t a, int16x2_t b) {
    return mg_shim_halves((int16_t)a - (int16_t)b, (a >> 16) - (b >> 16), 0);
}

static inline int16x2_t __shadd16(int16x2_t a, int16x2_t b) {
    return mg_shim_halves((int16_t)a + (int16_t)b, (a >> 16) + (b >> 16), 1);
}

static inline int16x2_t __shsub16(int16x2_t a, int16x2_t b) {
    return mg_shim_halves((int16_t)a - (int16_t)b, (a >> 16) - (b >> 16), 1);
}

/* Of b, the upper half goes to the lower one, and the lower to the upper. */
static inline int16x2_t __sasx(int16x2_t a, int16x2_t b) {
    return mg_shim_halves((int16_t)a - (b >> 16), (a >> 16) + (int16_t)b, 0);
}

static inline int16x2_t __ssax(int16x2_t a, int16x2_t b) {
    return mg_shim_halves((int16_t)a + (b >> 16), (a >> 16) - (int16_t)b, 0);
}

static inline int32_t __ssat(int32_t x, int bits) {
    int32_t most = (int32_t)((1u << (bits - 1)) - 1);
    return x > most ? most : x < -most - 1 ? -most - 1 : x;
}

#endif
