/* SPDX-License-Identifier: MIT
 *
 * The loops of layout `swar_pixels` for Cortex-M3. Inline: called, they would save and load registers each time, for a
 * few dozen instructions of work.
 */
#define MG_OWN_NARROW
#define MG_NARROW_BITS 30

typedef struct {
    int32_t multiplier, rounding;
    uint32_t shift;
    int32_t min, max;
} mg_narrow_t;

static inline mg_narrow_t mg_narrow_of(int32_t multiplier, int32_t rounding, uint32_t shift, int32_t min, int32_t max) {
    return (mg_narrow_t){multiplier, rounding, shift & 31u, min, max};
}

/* r0 the multiplier, r1 rounding, then the sum's high half, r2 the shift, r3 min, r4 max, r5 the low half. */
static inline int32_t mg_requantize_narrow(int32_t x, const mg_narrow_t *c) {
    int32_t twice;
    __asm__("ldmia %[c], {r0, r1, r2, r3, r4}\n"
            "lsl %[twice], %[x], #1\n"
            "mov r5, #0x80000000\n"
            "smlal r5, r1, %[twice], r0\n"
            "add %[x], r1, %[x], asr #31\n"
            "asr %[x], %[x], r2\n"
            "cmp %[x], r3\n"
            "it lt\n"
            "movlt %[x], r3\n"
            "cmp %[x], r4\n"
            "it gt\n"
            "movgt %[x], r4\n"
            : [x] "+r"(x), [twice] "=&r"(twice)
            : [c] "r"(c)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    return x;
}

#define MG_OWN_COLUMNS

#define MG_COLUMNS_BLOCK \
    "ldmia %[x]!, {r0, r1, r2}\n" \
    "ldmia %[w]!, {r3, r4}\n" \
    "and r5, r3, %[mask]\n" \
    "and r3, %[mask], r3, lsr #8\n" \
    "mla r5, r0, r5, r2\n" \
    "mla r3, r0, r3, r2\n" \
    "and r0, r4, %[mask]\n" \
    "and r4, %[mask], r4, lsr #8\n" \
    "mla r5, r1, r0, r5\n" \
    "mla r3, r1, r4, r3\n" \
    "add %[total_0], r5\n" \
    "add %[total_1], r3\n" \
    "add %[upper_0], %[upper_0], r5, asr #16\n" \
    "add %[upper_1], %[upper_1], r3, asr #16\n"

/* r0, r1 two values, r2 what is added; r3, r4 weights of four channels; r5, r3 products. 15.5 instructions
 * for eight of them. */
static inline __attribute__((always_inline)) void mg_dot_aligned_columns(uint32_t sums[4], const int8_t *w,
                                                                         const int32_t *x, uint32_t n) {
    uint32_t total_0 = sums[0], upper_0 = sums[1], total_1 = sums[2], upper_1 = sums[3];
    const int32_t *end = x + 6 * n;
    __asm__("1:\n"
            MG_COLUMNS_BLOCK MG_COLUMNS_BLOCK
            "ldr r0, %[end]\n"
            "cmp %[x], r0\n"
            "bne 1b\n"
            : [x] "+r"(x), [w] "+r"(w), [total_0] "+r"(total_0), [upper_0] "+r"(upper_0), [total_1] "+r"(total_1),
              [upper_1] "+r"(upper_1)
            : [end] "m"(end), [mask] "r"(0x00ff00ff)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    sums[0] = total_0;
    sums[1] = upper_0;
    sums[2] = total_1;
    sums[3] = upper_1;
}

#define MG_OWN_WORDS

#define MG_WORDS_STEP \
    "ldmia %[x]!, {r0, r1}\n" \
    "ldmia %[w]!, {r2, r3, r4, r5}\n" \
    "mla r2, r0, r2, %[half]\n" \
    "mla r4, r0, r4, %[half]\n" \
    "mla r2, r1, r3, r2\n" \
    "mla r4, r1, r5, r4\n" \
    "add %[total_0], r2\n" \
    "add %[total_1], r4\n" \
    "add %[upper_0], %[upper_0], r2, asr #16\n" \
    "add %[upper_1], %[upper_1], r4, asr #16\n"

/* r0, r1 two taps of the pixels; r2, r3 weights of channel 0, r4, r5 of channel 1, then products. 10.75
 * instructions for eight products; the first time round may be half as long. */
static inline void mg_dot_words(uint32_t sums[4], const int32_t *w, const int32_t *x, uint32_t n) {
    uint32_t total_0 = sums[0], upper_0 = sums[1], total_1 = sums[2], upper_1 = sums[3];
    const int32_t *end = x + 4 * n;
    __asm__("ldr r0, %[n]\n"
            "lsls r0, r0, #31\n"
            "bne 2f\n"
            "1:\n"
            MG_WORDS_STEP MG_WORDS_STEP
            "2:\n"
            MG_WORDS_STEP MG_WORDS_STEP
            "ldr r0, %[end]\n"
            "cmp %[x], r0\n"
            "bne 1b\n"
            : [x] "+r"(x), [w] "+r"(w), [total_0] "+r"(total_0), [upper_0] "+r"(upper_0), [total_1] "+r"(total_1),
              [upper_1] "+r"(upper_1)
            : [half] "r"(0x8000), [end] "m"(end), [n] "m"(n)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    sums[0] = total_0;
    sums[1] = upper_0;
    sums[2] = total_1;
    sums[3] = upper_1;
}

#define MG_OWN_WINDOW
static inline void mg_dot_window_any(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps,
                                     uint32_t rows, uint32_t columns, uint32_t step);

#define MG_WINDOW_ROW \
    "ldmia %[x], {r0, r1, r2}\n" \
    "ldmia %[taps]!, {r3, r4, r5}\n" \
    "add %[x], %[line]\n" \
    "mla r3, r0, r3, %[half]\n" \
    "mla r5, r2, r5, %[half]\n" \
    "mla r3, r1, r4, r3\n" \
    "add %[total], r5\n" \
    "add %[upper], %[upper], r5, asr #16\n" \
    "add %[total], r3\n" \
    "add %[upper], %[upper], r3, asr #16\n"

/* Any rows of an even number of columns: r0, r1 pixels, r2, r3 taps, then products; r4 where the row ends. */
static inline void mg_dot_even_window(uint32_t sums[2], const int32_t *x, uint32_t line, const int32_t *taps,
                                      uint32_t rows, uint32_t columns) {
    uint32_t total = sums[0], upper = sums[1];
    __asm__("1:\n"
            "add r4, %[x], %[columns]\n"
            "2:\n"
            "ldmia %[x]!, {r0, r1}\n"
            "ldmia %[taps]!, {r2, r3}\n"
            "mla r2, r0, r2, %[half]\n"
            "mla r2, r1, r3, r2\n"
            "add %[total], r2\n"
            "add %[upper], %[upper], r2, asr #16\n"
            "cmp %[x], r4\n"
            "bne 2b\n"
            "add %[x], %[on]\n"
            "subs %[rows], #1\n"
            "bne 1b\n"
            : [x] "+r"(x), [taps] "+r"(taps), [total] "+r"(total), [upper] "+r"(upper), [rows] "+r"(rows)
            : [half] "r"(0x8000), [on] "r"(4 * (line - columns)), [columns] "r"(4 * columns)
            : "r0", "r1", "r2", "r3", "r4", "cc", "memory");
    sums[0] = total;
    sums[1] = upper;
}

/* Three by three in one piece: r0 to r2 a row of pixels, r3 to r5 of taps, then products. */
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
    __asm__(MG_WINDOW_ROW MG_WINDOW_ROW MG_WINDOW_ROW
            : [x] "+r"(x), [taps] "+r"(taps), [total] "+r"(total), [upper] "+r"(upper)
            : [half] "r"(0x8000), [line] "r"(4 * line)
            : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
    sums[0] = total;
    sums[1] = upper;
}

#define MG_OWN_EXPAND

#define MG_EXPAND_STEP \
    "ldmia %[bytes]!, {r3, r6}\n" \
    "sxtb r0, r3\n" \
    "sxtb r1, r3, ror #8\n" \
    "sxtb r2, r3, ror #16\n" \
    "asrs r3, r3, #24\n" \
    "sxtb r4, r6\n" \
    "sxtb r5, r6, ror #8\n" \
    "sxtb r8, r6, ror #24\n" \
    "sxtb r6, r6, ror #16\n" \
    "stmia %[words]!, {r0, r1, r2, r3, r4, r5, r6, r8}\n"

/* Eight weights of words r3 and r6; the first time round may be half as long. */
static inline void mg_expand(int32_t *words, const int8_t *bytes, uint32_t n) {
    const int8_t *end = bytes + n;
    if (((uintptr_t)bytes & 3u) != 0) {
        while (bytes != end) {
            *words++ = *bytes++;
        }
        return;
    }
    __asm__ volatile("lsls r0, %[n], #28\n"
            "bne 2f\n"
            "1:\n"
            MG_EXPAND_STEP
            "2:\n"
            MG_EXPAND_STEP
            "cmp %[bytes], %[end]\n"
            "bne 1b\n"
            : [words] "+r"(words), [bytes] "+r"(bytes)
            : [end] "r"(end), [n] "r"(n)
            : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "cc", "memory");
}
