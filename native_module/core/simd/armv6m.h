/* SPDX-License-Identifier: MIT
 *
 * Armv6-M: Cortex-M0 and M0+. A 32-bit product, no longer one; words from aligned addresses only; eight
 * registers that every instruction reaches, and five more that can be added to.
 */
#define MG_SIMD_NAME "armv6m"
#define MG_OWN_SHORT
#define MG_OWN_NARROW

/* From products of 16 bits by 16. */
static inline int32_t mg_requantize_short(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    uint32_t x_low = (uint32_t)x & 0xffffu, x_high = (uint32_t)(x >> 16);
    uint32_t m_low = (uint32_t)multiplier & 0xffffu, m_high = (uint32_t)multiplier >> 16;
    uint32_t a = x_high * m_low, b = x_low * m_high;
    uint32_t low = (x_low * m_low >> 16) + (a & 0xffffu) + (b & 0xffffu);
    uint32_t top = x_high * m_high + (uint32_t)((int32_t)a >> 16) + (b >> 16) + (low >> 16);
    int32_t high = (int32_t)(top * 2 + (((low & 0xffffu) + 0x4000u) >> 15));
    int32_t y = (int32_t)((uint32_t)high + (uint32_t)(high >> 31) + (uint32_t)rounding) >> (shift & 31u);
    return y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y;
}

/* The multiplier a byte at a time, from the lowest, since 24 bits times 8 are 32. */
typedef struct {
    uint32_t bytes[4];
    int32_t rounding;
    uint32_t shift;
    int32_t min, max;
} mg_narrow_t;

static inline mg_narrow_t mg_narrow_of(int32_t multiplier, int32_t rounding, uint32_t shift, int32_t min, int32_t max) {
    uint32_t m = (uint32_t)multiplier;
    return (mg_narrow_t){{m & 255u, m >> 8 & 255u, m >> 16 & 255u, m >> 24}, rounding, shift & 31u, min, max};
}

/* Without optimisation, or for size, the compiler keeps nothing in high registers, which the assembly needs. */
#if defined(__arm__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)

#define MG_UNIFIED ".syntax unified\n"
/* Repeated by macros, not by the assembler: the compiler counts lines to know where constants are in reach. */
#define MG_INLINE __inline__ /* counts as one instruction where the compiler thinks about inlining */

/* r1 to r4 the bytes, then products; then rounding, shift, min, max. */
static inline int32_t mg_requantize_narrow(int32_t x, const mg_narrow_t *c) {
    __asm__ MG_INLINE(MG_UNIFIED
            "ldmia %[c]!, {r1, r2, r3, r4}\n"
            "muls r1, %[x]\n"
            "asrs r1, r1, #8\n"
            "muls r2, %[x]\n"
            "adds r1, r1, r2\n"
            "asrs r1, r1, #8\n"
            "muls r3, %[x]\n"
            "adds r1, r1, r3\n"
            "asrs r1, r1, #8\n"
            "muls r4, %[x]\n"
            "adds r1, r1, r4\n"
            "adds r1, #64\n"
            "asrs r1, r1, #7\n"
            "asrs %[x], %[x], #31\n"
            "adds %[x], %[x], r1\n"
            "ldmia %[c]!, {r1, r2, r3, r4}\n"
            "adds %[x], %[x], r1\n"
            "asrs %[x], r2\n"
            "cmp %[x], r3\n"
            "bge 1f\n"
            "movs %[x], r3\n"
            "1: cmp %[x], r4\n"
            "ble 2f\n"
            "movs %[x], r4\n"
            "2:\n"
            : [x] "+l"(x), [c] "+l"(c)
            :
            : "r1", "r2", "r3", "r4", "cc", "memory");
    return x;
}

#define MG_WORDS_STEP \
    "ldmia %[x]!, {r0, r1}\n" \
    "ldmia %[w]!, {r2, r3, r4, r5}\n" \
    "muls r2, r0\n" \
    "muls r3, r1\n" \
    "muls r4, r0\n" \
    "muls r5, r1\n" \
    "adds r2, r2, r3\n" \
    "adds r4, r4, r5\n" \
    "add r2, %[half]\n" \
    "add r4, %[half]\n" \
    "add %[total_0], r2\n" \
    "add %[total_1], r4\n" \
    "asrs r2, r2, #16\n" \
    "asrs r4, r4, #16\n" \
    "add %[upper_0], r2\n" \
    "add %[upper_1], r4\n"

#define MG_OWN_WORDS

/* r0, r1 two taps of the pixels; r2, r3 weights of channel 0, r4, r5 of channel 1, then products. The sums and
 * 2^15 are in high registers. 17.5 instructions for eight products. */
static inline void mg_dot_words(uint32_t sums[4], const int32_t *w, const int32_t *x, uint32_t n) {
    uint32_t total_0 = sums[0], upper_0 = sums[1], total_1 = sums[2], upper_1 = sums[3];
    const int32_t *end = x + 4 * n;
    __asm__ MG_INLINE(MG_UNIFIED
            "1:\n"
            MG_WORDS_STEP MG_WORDS_STEP
            "ldr r0, %[end]\n"
            "cmp %[x], r0\n"
            "bne 1b\n"
            : [x] "+l"(x), [w] "+l"(w), [total_0] "+h"(total_0), [upper_0] "+h"(upper_0), [total_1] "+h"(total_1),
              [upper_1] "+h"(upper_1)
            : [half] "h"(0x8000), [end] "m"(end)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    sums[0] = total_0;
    sums[1] = upper_0;
    sums[2] = total_1;
    sums[3] = upper_1;
}

#define MG_WINDOW_ROW \
    "ldmia %[x]!, {r0, r1, r2}\n" \
    "ldmia %[taps]!, {r3, r4, r5}\n" \
    "muls r3, r0\n" \
    "muls r4, r1\n" \
    "muls r5, r2\n" \
    "adds r3, r3, r4\n" \
    "add r3, %[half]\n" \
    "add r5, %[half]\n" \
    "add %[total], r3\n" \
    "add %[total], r5\n" \
    "asrs r3, r3, #16\n" \
    "asrs r5, r5, #16\n" \
    "add %[upper], r3\n" \
    "add %[upper], r5\n" \
    "add %[x], %[on]\n"

#define MG_OWN_WINDOW
static inline void mg_dot_window_any(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps,
                                     uint32_t rows, uint32_t columns, uint32_t step);

/* Any rows of an even number of columns: r0, r1 pixels, r2, r3 taps, then products; r4 pairs of columns left. */
static inline void mg_dot_even_window(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps,
                                      uint32_t rows, uint32_t columns) {
    uint32_t total = sums[0], upper = sums[1];
    const int32_t *end = taps + rows * columns;
    __asm__ MG_INLINE(MG_UNIFIED
            "1:\n"
            "mov r4, %[pairs]\n"
            "2:\n"
            "ldmia %[x]!, {r0, r1}\n"
            "ldmia %[taps]!, {r2, r3}\n"
            "muls r2, r0\n"
            "muls r3, r1\n"
            "adds r2, r2, r3\n"
            "add r2, %[half]\n"
            "add %[total], r2\n"
            "asrs r2, r2, #16\n"
            "add %[upper], r2\n"
            "subs r4, #1\n"
            "bne 2b\n"
            "add %[x], %[on]\n"
            "ldr r0, %[end]\n"
            "cmp %[taps], r0\n"
            "bne 1b\n"
            : [x] "+l"(x), [taps] "+l"(taps), [total] "+h"(total), [upper] "+h"(upper)
            : [half] "h"(0x8000), [on] "h"(4 * (line - columns)), [pairs] "h"(columns / 2), [end] "m"(end)
            : "r0", "r1", "r2", "r3", "r4", "cc", "memory");
    sums[0] = total;
    sums[1] = upper;
}

/* Three by three in one piece. r0 to r2 a row of pixels, r3 to r5 of taps, then products; sums, 2^15 and the step
 * to the next row are in high registers. */
static inline void mg_dot_window(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps, uint32_t rows,
                                 uint32_t columns, uint32_t step) {
    if (rows != 3 || columns != 3 || step != 1) {
        if (step == 1 && (columns & 1u) == 0) {
            mg_dot_even_window(sums, x, line, taps, rows, columns);
        } else {
            mg_dot_window_any(sums, x, line, taps, rows, columns, step);
        }
        return;
    }
    uint32_t total = sums[0], upper = sums[1];
    __asm__ MG_INLINE(MG_UNIFIED
            MG_WINDOW_ROW MG_WINDOW_ROW MG_WINDOW_ROW
            : [x] "+l"(x), [taps] "+l"(taps), [total] "+h"(total), [upper] "+h"(upper)
            : [half] "h"(0x8000), [on] "h"(4 * line - 12)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    sums[0] = total;
    sums[1] = upper;
}

#define MG_EXPAND_STEP \
    "ldmia %[bytes]!, {r3}\n" \
    "sxtb r0, r3\n" \
    "lsls r1, r3, #16\n" \
    "lsls r2, r3, #8\n" \
    "asrs r1, r1, #24\n" \
    "asrs r2, r2, #24\n" \
    "asrs r3, r3, #24\n" \
    "stmia %[words]!, {r0, r1, r2, r3}\n"

#define MG_OWN_EXPAND

/* Four weights of a word r3. */
static inline void mg_expand(int32_t *words, const int8_t *bytes, uint32_t n) {
    if (((uintptr_t)bytes & 3u) != 0) {
        for (uint32_t i = 0; i < n; i++) {
            words[i] = bytes[i];
        }
        return;
    }
    const int8_t *end = bytes + n;
    __asm__ volatile MG_INLINE(MG_UNIFIED
            "1:\n"
            MG_EXPAND_STEP MG_EXPAND_STEP
            "cmp %[bytes], %[end]\n"
            "bne 1b\n"
            : [words] "+l"(words), [bytes] "+l"(bytes)
            : [end] "h"(end)
            : "r0", "r1", "r2", "r3", "cc", "memory");
}

#define MG_OWN_COLUMNS
static inline void mg_dot_columns_any(int32_t sums[4], const int8_t *w, const int8_t *x, uint32_t k);

#define MG_ONE_TAP(at) \
    "ldmia %[w]!, {r0}\n" \
    "ldrsb r2, [%[x], " at "]\n" \
    "lsrs r1, r0, #8\n" \
    "ands r0, r3\n" \
    "ands r1, r3\n" \
    "muls r0, r2\n" \
    "muls r1, r2\n" \
    "add %[total_0], r0\n" \
    "add %[total_1], r1\n" \
    "asrs r0, r0, #16\n" \
    "asrs r1, r1, #16\n" \
    "add %[upper_0], r0\n" \
    "add %[upper_1], r1\n"
#define MG_TWO_TAPS MG_ONE_TAP("r4") MG_ONE_TAP("r5") "adds %[x], #2\n"

/* Masks take the pairs (c0 c1) and (c2 c3) out of a word. With weights above 0, a product of a pair borrows from
 * its upper field exactly where x is negative. r0, r1 weights, then products; r2 a value; r3 the mask; r4, r5 are
 * 0 and 1; sums are in high registers. 110 instructions for 32 products. */
static inline void mg_dot_columns(int32_t sums[4], const int8_t *w, const int8_t *x, uint32_t k, uint32_t negatives) {
    if (((uintptr_t)w & 3u) != 0 || k < 8) {
        mg_dot_columns_any(sums, w, x, k);
        return;
    }
    uint32_t total_0 = 0, upper_0 = 0, total_1 = 0, upper_1 = 0, rest = k & 7u;
    register uint32_t mask __asm__("r3") = 0x00ff00ff;
    const int8_t *end = x + (k - rest), *tail = end;
    __asm__ MG_INLINE(MG_UNIFIED
            "movs r4, #0\n"
            "movs r5, #1\n"
            "1:\n"
            MG_TWO_TAPS MG_TWO_TAPS MG_TWO_TAPS MG_TWO_TAPS
            "cmp %[x], %[end]\n"
            "bne 1b\n"
            : [x] "+l"(x), [w] "+l"(w), [total_0] "+h"(total_0), [upper_0] "+h"(upper_0), [total_1] "+h"(total_1),
              [upper_1] "+h"(upper_1)
            : [end] "h"(end), "l"(mask)
            : "r0", "r1", "r2", "r4", "r5", "cc", "memory");
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] = 0;
    }
    if (rest != 0) {
        mg_dot_columns_any(sums, w, tail, rest);
        for (uint32_t i = 0; i < rest; i++) { /* whose products did not borrow */
            negatives -= tail[i] < 0;
        }
    }
    upper_0 += negatives;
    upper_1 += negatives;
    sums[0] += (int32_t)(total_0 - (upper_0 << 16));
    sums[1] += (int32_t)upper_0;
    sums[2] += (int32_t)(total_1 - (upper_1 << 16));
    sums[3] += (int32_t)upper_1;
}

#else /* the same in C, for tests on the host too */

/* (sum + x * byte) / 256 */
static inline uint32_t mg_next_byte(uint32_t sum, int32_t x, uint32_t byte) {
    return (uint32_t)((int32_t)(sum + (uint32_t)x * byte) >> 8);
}

static inline int32_t mg_requantize_narrow(int32_t x, const mg_narrow_t *c) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 3; i++) {
        sum = mg_next_byte(sum, x, c->bytes[i]);
    }
    int32_t high = (int32_t)(sum + (uint32_t)x * c->bytes[3] + 64) >> 7;
    int32_t y = (int32_t)((uint32_t)high + (uint32_t)(x >> 31) + (uint32_t)c->rounding) >> c->shift;
    return y < c->min ? c->min : y > c->max ? c->max : y;
}

#endif

#include "scalar.h"
