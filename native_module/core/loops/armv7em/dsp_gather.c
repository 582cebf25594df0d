/* SPDX-License-Identifier: MIT
 *
 * Bytes of the input become pairs of int16 in the scratch. SXTB16 extends bytes 0 and 2 of a word, rotated 1 and 3.
 */
#include "../assembly.h"
#include "../loops.h"

#ifdef MG_ISA_ARMV7EM

#define WIDEN \
    "ldr lr, [r1], #4\n" \
    "sxtb16 r12, lr\n" \
    "str r12, [r0], #16\n" \
    "sxtb16 lr, lr, ror #8\n" \
    "str lr, [r0], #16\n"

/* LDM takes the fields in their order. */
MG_ASSERT_AT(mg_widening_t, lanes, 0);
MG_ASSERT_AT(mg_widening_t, x, 4);
MG_ASSERT_AT(mg_widening_t, words, 8);
MG_ASSERT_AT(mg_widening_t, rows, 12);
MG_ASSERT_AT(mg_widening_t, line, 16);
MG_ASSERT_AT(mg_widening_t, gap, 20);

/*     line -= 4 * words
 *     do {
 *         if (words is odd) widen a word
 *         for (pairs = words / 2; pairs != 0; pairs--) widen two words
 *         x += line, lanes += gap
 *     } while (--rows != 0)
 *     return lanes
 *
 * r0 lanes, r1 values, r2 words, r3 rows, r4, r5 what lies between rows of values and of lanes, r6 pairs of words
 * left, r12, lr a word. */
MG_NAKED int16_t *mg_widen_rows(MG_ARG const mg_widening_t *rows) {
    __asm__("push {r4-r6, lr}\n"
            "ldm r0, {r0-r5}\n"
            "sub r4, r4, r2, lsl #2\n"
            "1:\n"
            "lsrs r6, r2, #1\n"
            "bcc 2f\n" WIDEN
            "2:\n"
            "cbz r6, 4f\n"
            "3:\n" WIDEN WIDEN
            "subs r6, r6, #1\n"
            "bne 3b\n"
            "4:\n"
            "add r1, r1, r4\n"
            "add r0, r0, r5\n"
            "subs r3, r3, #1\n"
            "bne 1b\n"
            "pop {r4-r6, pc}\n");
}

MG_ASSERT_AT(mg_columns_t, to, 0);
MG_ASSERT_AT(mg_columns_t, plane, 4);
MG_ASSERT_AT(mg_columns_t, a, 8);
MG_ASSERT_AT(mg_columns_t, b, 12);
MG_ASSERT_AT(mg_columns_t, a_step, 16);
MG_ASSERT_AT(mg_columns_t, b_step, 20);
MG_ASSERT_AT(mg_columns_t, rows, 24);
MG_ASSERT_AT(mg_columns_t, line, 28);

/*     do {
 *         (a0 a2), (a1 a3) = the word at a, extended; a += a_step; b likewise
 *         to[0] = (a0 b0), to[2 * plane] = (a2 b2)
 *         to[plane] = (a1 b1), to[3 * plane] = (a3 b3)
 *         to += line
 *     } while (--rows != 0)
 *
 * r0 to, r1 plane, r2, r3 the columns, r4, r5 their steps, r6 rows, r7 line, r8 three planes; r9-r12 the even and
 * odd bytes of both words, lr pairs. */
MG_NAKED void mg_pair_columns(MG_ARG const mg_columns_t *columns) {
    __asm__("push {r4-r11, lr}\n"
            "ldm r0, {r0-r7}\n"
            "add r8, r1, r1, lsl #1\n"
            "1:\n"
            "ldr r10, [r2]\n"
            "ldr r12, [r3]\n"
            "add r2, r2, r4\n"
            "add r3, r3, r5\n"
            "sxtb16 r9, r10\n"
            "sxtb16 r11, r12\n"
            "sxtb16 r10, r10, ror #8\n"
            "sxtb16 r12, r12, ror #8\n"
            "pkhbt lr, r9, r11, lsl #16\n"
            "str lr, [r0]\n"
            "pkhtb lr, r11, r9, asr #16\n"
            "str lr, [r0, r1, lsl #1]\n"
            "pkhbt lr, r10, r12, lsl #16\n"
            "str lr, [r0, r1]\n"
            "pkhtb lr, r12, r10, asr #16\n"
            "str lr, [r0, r8]\n"
            "add r0, r0, r7\n"
            "subs r6, r6, #1\n"
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}

#endif
