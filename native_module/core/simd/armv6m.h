/* SPDX-License-Identifier: MIT
 *
 * Armv6-M: Cortex-M0 and M0+. A 32-bit product, no longer one; words from aligned addresses only; eight
 * registers that every instruction reaches, and five more that can be added to.
 */
#define MG_SIMD_NAME "armv6m"
#define MG_OWN_HIGH_MUL
#define MG_OWN_SHORT
#define MG_OWN_WIDE_PRODUCT
#define MG_OWN_SQUARE

/* From products of 16 bits by 16. */
static inline int32_t mg_high_mul_twice(int32_t x, int32_t m) {
    uint32_t x_low = (uint32_t)x & 0xffffu, x_high = (uint32_t)(x >> 16);
    uint32_t m_low = (uint32_t)m & 0xffffu, m_high = (uint32_t)(m >> 16);
    uint32_t a = x_high * m_low, b = x_low * m_high;
    uint32_t low = (x_low * m_low >> 16) + (a & 0xffffu) + (b & 0xffffu) + 0x8000u;
    return (int32_t)(x_high * m_high + (uint32_t)((int32_t)a >> 16) + (uint32_t)((int32_t)b >> 16) + (low >> 16));
}

static inline uint64_t mg_wide_product(uint32_t a, uint32_t b) {
    uint32_t a_low = a & 0xffffu, a_high = a >> 16, b_low = b & 0xffffu, b_high = b >> 16;
    uint32_t low = a_low * b_low, middle = a_high * b_low + (low >> 16), other = a_low * b_high + (middle & 0xffffu);
    return (uint64_t)(a_high * b_high + (middle >> 16) + (other >> 16)) << 32 | (low & 0xffffu) | other << 16;
}

static inline uint64_t mg_square(int32_t x) {
    uint32_t size = x < 0 ? 0 - (uint32_t)x : (uint32_t)x, low = size & 0xffffu, high = size >> 16;
    return ((uint64_t)(high * high) << 32) + ((uint64_t)(high * low) << 17) + low * low;
}

/* (sum + x * byte) / 256 */
static inline uint32_t mg_next_byte(uint32_t sum, int32_t x, uint32_t byte) {
    return (uint32_t)((int32_t)(sum + (uint32_t)x * byte) >> 8);
}

/* The multiplier a byte at a time, from the lowest, since 24 bits times 8 are 32, for the usual x. */
static inline int32_t mg_requantize_short(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    uint32_t m = (uint32_t)multiplier;
    int32_t high;
    if ((uint32_t)x + (1u << 23) < 1u << 24) {
        uint32_t sum = mg_next_byte(mg_next_byte(mg_next_byte(0, x, m & 255u), x, m >> 8 & 255u), x, m >> 16 & 255u);
        high = (int32_t)(sum + (uint32_t)x * (m >> 24) + 64) >> 7;
    } else {
        high = mg_high_mul_twice((int32_t)((uint32_t)x << 1), multiplier);
    }
    int32_t y = (int32_t)((uint32_t)high + (uint32_t)(high >> 31) + (uint32_t)rounding) >> (shift & 31u);
    return y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y;
}

#if defined(__arm__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define MG_OWN_DOT4

/* r0 a value, r1 a weight, then their product; one register counts up to 0 behind the end of all five rows. */
static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    if (k != 0) {
        int32_t at = -(int32_t)k;
        __asm__(".syntax unified\n"
                "1:\n"
                "ldrsb r0, [%[x], %[at]]\n"
                "ldrsb r1, [%[w0], %[at]]\n"
                "muls r1, r0\n"
                "add %[s0], r1\n"
                "ldrsb r1, [%[w1], %[at]]\n"
                "muls r1, r0\n"
                "add %[s1], r1\n"
                "ldrsb r1, [%[w2], %[at]]\n"
                "muls r1, r0\n"
                "add %[s2], r1\n"
                "ldrsb r1, [%[w3], %[at]]\n"
                "muls r1, r0\n"
                "add %[s3], r1\n"
                "adds %[at], #1\n"
                "bne 1b\n"
                : [at] "+l"(at), [s0] "+h"(s0), [s1] "+h"(s1), [s2] "+h"(s2), [s3] "+h"(s3)
                : [x] "l"(x + k), [w0] "l"(w + k), [w1] "l"(w + 2 * k), [w2] "l"(w + 3 * k), [w3] "l"(w + 4 * k)
                : "r0", "r1", "cc", "memory");
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#endif

#define MG_OWN_LANES

/* Two neighbours, for more of which there are no registers. */
static inline void mg_dot_two_lanes(int32_t sums[2], const int8_t *x, uint32_t x_step, const int8_t *w, uint32_t w_step,
                                    uint32_t n) {
    int32_t s0 = 0, s1 = 0;
#if defined(__arm__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
    /* r0, r1 values, then products; r2, r3 zero and one, since only a register can be the offset of a signed byte */
    __asm__(".syntax unified\n"
            "movs r2, #0\n"
            "movs r3, #1\n"
            "1:\n"
            "ldrsb r0, [%[x], r2]\n"
            "ldrsb r1, [%[w], r2]\n"
            "muls r0, r1\n"
            "add %[s0], r0\n"
            "ldrsb r0, [%[x], r3]\n"
            "ldrsb r1, [%[w], r3]\n"
            "muls r0, r1\n"
            "add %[s1], r0\n"
            "add %[x], %[x_step]\n"
            "add %[w], %[w_step]\n"
            "subs %[n], #1\n"
            "bne 1b\n"
            : [x] "+l"(x), [w] "+l"(w), [n] "+l"(n), [s0] "+h"(s0), [s1] "+h"(s1)
            : [x_step] "h"(x_step), [w_step] "h"(w_step)
            : "r0", "r1", "r2", "r3", "cc", "memory");
#else
    for (; n != 0; n--, x += x_step, w += w_step) {
        s0 += x[0] * w[0];
        s1 += x[1] * w[1];
    }
#endif
    sums[0] = s0;
    sums[1] = s1;
}

static inline void mg_dot_lanes(int32_t sums[4], const int8_t *x, uint32_t x_step, const int8_t *w, uint32_t w_step,
                                uint32_t n) {
    mg_dot_two_lanes(sums, x, x_step, w, w_step, n);
    mg_dot_two_lanes(sums + 2, x + 2, x_step, w + 2, w_step, n);
}

#if defined(__arm__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) /* as in loops/armv6m/ */
#define MG_OWN_BINS
static inline void mg_sum_block(uint32_t sums[4], const uint32_t *x, const uint16_t *w, const uint16_t *u, uint32_t n) {
    uint32_t w_low = 0, w_high = 0, u_low = 0, u_high = 0, distance = (uint32_t)((uintptr_t)u - (uintptr_t)w);
    __asm__(".syntax unified\n"
            "1:\n"
            "ldmia %[x]!, {r0}\n"
            "uxth r1, r0\n"
            "lsrs r0, r0, #16\n"
            "ldrh r2, [%[w]]\n"
            "movs r3, r2\n"
            "muls r2, r1, r2\n"
            "add %[w_low], r2\n"
            "muls r3, r0, r3\n"
            "add %[w_high], r3\n"
            "ldrh r2, [%[w], %[u]]\n"
            "adds %[w], #2\n"
            "muls r1, r2, r1\n"
            "add %[u_low], r1\n"
            "muls r0, r2, r0\n"
            "add %[u_high], r0\n"
            "cmp %[x], %[end]\n"
            "bne 1b\n"
            : [x] "+l"(x), [w] "+l"(w), [w_low] "+h"(w_low), [w_high] "+h"(w_high), [u_low] "+h"(u_low),
              [u_high] "+h"(u_high)
            : [u] "l"(distance), [end] "h"(x + n)
            : "r0", "r1", "r2", "r3", "cc", "memory");
    sums[0] = w_low;
    sums[1] = w_high;
    sums[2] = u_low;
    sums[3] = u_high;
}
#endif

#include "scalar.h"
