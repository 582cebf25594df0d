/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `swar_pixels` for Cortex-M0 and M0+. Inline: called, they would save and load the high registers
 * each time, for a few dozen instructions of work.
 */
#define MG_OWN_NARROW
#define MG_NARROW_BITS 23

/* The multiplier a byte at a time. */
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

/* The products of a block, in r2 and r4. */
#define MG_ADD_BLOCK \
    "add %[total_0], r2\n" \
    "add %[total_1], r4\n" \
    "asrs r2, r2, #16\n" \
    "asrs r4, r4, #16\n" \
    "add %[upper_0], r2\n" \
    "add %[upper_1], r4\n"

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
    MG_ADD_BLOCK

#define MG_OWN_WORDS

/* r0, r1 two taps of the pixels; r2, r3 weights of channel 0, r4, r5 of channel 1, then products. The sums and
 * 2^15 are in high registers. 16.75 instructions for eight products; the first time round may be half as long. */
static inline void mg_dot_words(uint32_t sums[4], const int32_t *w, const int32_t *x, uint32_t n) {
    uint32_t total_0 = sums[0], upper_0 = sums[1], total_1 = sums[2], upper_1 = sums[3];
    const int32_t *end = x + 4 * n;
    __asm__ MG_INLINE(MG_UNIFIED
            "ldr r0, %[n]\n"
            "lsls r0, r0, #31\n"
            "bne 2f\n"
            "1:\n"
            MG_WORDS_STEP MG_WORDS_STEP
            "2:\n"
            MG_WORDS_STEP MG_WORDS_STEP
            "ldr r0, %[end]\n"
            "cmp %[x], r0\n"
            "bne 1b\n"
            : [x] "+l"(x), [w] "+l"(w), [total_0] "+h"(total_0), [upper_0] "+h"(upper_0), [total_1] "+h"(total_1),
              [upper_1] "+h"(upper_1)
            : [half] "h"(0x8000), [end] "m"(end), [n] "m"(n)
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

#define MG_COLUMNS_BLOCK \
    "ldmia %[x]!, {r0, r1}\n" \
    "ldmia %[w]!, {r2, r3}\n" \
    "lsrs r4, r2, #8\n" \
    "ands r2, %[mask]\n" \
    "ands r4, %[mask]\n" \
    "muls r2, r0\n" \
    "muls r4, r0\n" \
    "lsrs r0, r3, #8\n" \
    "ands r3, %[mask]\n" \
    "ands r0, %[mask]\n" \
    "muls r3, r1\n" \
    "muls r0, r1\n" \
    "adds r2, r2, r3\n" \
    "adds r4, r4, r0\n" \
    "ldmia %[x]!, {r0}\n" \
    "adds r2, r2, r0\n" \
    "adds r4, r4, r0\n" \
    MG_ADD_BLOCK

/* r0, r1 two values; r2, r3 weights of four channels, r4 and then r0 a second pair of theirs, then products.
 * Sums are in high registers. 24 instructions for eight products. */
static inline void mg_dot_aligned_columns(uint32_t sums[4], const int8_t *w, const int32_t *x, uint32_t n) {
    uint32_t total_0 = sums[0], upper_0 = sums[1], total_1 = sums[2], upper_1 = sums[3];
    const int32_t *end = x + 6 * n;
    __asm__ MG_INLINE(MG_UNIFIED
            "1:\n"
            MG_COLUMNS_BLOCK MG_COLUMNS_BLOCK
            "cmp %[x], %[end]\n"
            "bne 1b\n"
            : [x] "+l"(x), [w] "+l"(w), [total_0] "+h"(total_0), [upper_0] "+h"(upper_0), [total_1] "+h"(total_1),
              [upper_1] "+h"(upper_1)
            : [end] "h"(end), [mask] "l"(0x00ff00ff)
            : "r0", "r1", "r2", "r3", "r4", "cc", "memory");
    sums[0] = total_0;
    sums[1] = upper_0;
    sums[2] = total_1;
    sums[3] = upper_1;
}

#else /* the same in C, for tests on the host too */

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
