/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D of layout `mve`: 16 outputs in four vectors of sums (kernels/linear/depthwise_mve.c).
 */
#include "../assembly.h"
#include "../loops.h"
#include "requantize.h"

#ifdef MG_ISA_MVE

/* LDM takes the fields in their order. */
#define OFFSETS 4
MG_ASSERT_AT(mg_mve_row_t, x, 0);
MG_ASSERT_AT(mg_mve_row_t, offsets, OFFSETS);
MG_ASSERT_AT(mg_mve_row_t, weights, OFFSETS + 4);
MG_ASSERT_AT(mg_mve_row_t, table, 12);
MG_ASSERT_AT(mg_mve_row_t, out, 16);
MG_ASSERT_AT(mg_mve_row_t, out_step, 20);
MG_ASSERT_AT(mg_mve_row_t, step, 24);
MG_ASSERT_AT(mg_mve_row_t, count, 28);
MG_ASSERT_AT(mg_mve_row_t, pairs, 32);
MG_ASSERT_AT(mg_mve_row_t, zero_point, 36);
MG_ASSERT_AT(mg_mve_row_t, n, 40);

#define TABLE_BYTES 192 /* of a vector: four times bias, multiplier and shift of four lanes */

/* q0-q3 become the products of the first tap: bytes 0 4 8 12, then 2 6 10 14, 1 5 9 13, 3 7 11 15. */
#define FIRST_TAP(x) \
    "vldrb.8 q4, " x "\n" \
    "vldrb.8 q5, [r3], #16\n" \
    "vmullb.s8 q6, q4, q5\n" \
    "vmullt.s8 q4, q4, q5\n" \
    "vmovlb.s16 q0, q6\n" \
    "vmovlt.s16 q1, q6\n" \
    "vmovlb.s16 q2, q4\n" \
    "vmovlt.s16 q3, q4\n"

/* To q0-q3 are added two taps. Their products are summed in 16 bits, in which they fit, and then widened. */
#define TWO_TAPS(x0, x1) \
    "vldrb.8 q4, " x0 "\n" \
    "vldrb.8 q5, [r3], #16\n" \
    "vmullb.s8 q6, q4, q5\n" \
    "vmullt.s8 q4, q4, q5\n" \
    "vldrb.8 q5, " x1 "\n" \
    "vldrb.8 q7, [r3]\n" \
    "vmullb.s8 q7, q5, q7\n" \
    "vadd.i16 q6, q6, q7\n" \
    "vldrb.8 q7, [r3], #16\n" \
    "vmullt.s8 q7, q5, q7\n" \
    "vadd.i16 q4, q4, q7\n" \
    "vmovlb.s16 q5, q6\n" \
    "vadd.i32 q0, q0, q5\n" \
    "vmovlt.s16 q6, q6\n" \
    "vadd.i32 q1, q1, q6\n" \
    "vmovlb.s16 q5, q4\n" \
    "vadd.i32 q2, q2, q5\n" \
    "vmovlt.s16 q4, q4\n" \
    "vadd.i32 q3, q3, q4\n"

#define FINISH_FOUR(sums, second) \
    "vldrb.8 q4, [r4], #16\n" BIAS(sums, "q4") \
    "vldrb.8 q4, [r4], #16\n" FIRST(sums, "q4") \
    "vldrb.8 q4, [r4], #16\n" second(sums, "q4", "q5")

/* Requantises and stores; narrowing twice puts the lanes back in order. */
#define STORE(second) \
    FINISH_FOUR("q0", second) FINISH_FOUR("q1", second) FINISH_FOUR("q2", second) FINISH_FOUR("q3", second) \
    "vqmovnb.s32 q0, q0\n" \
    "vqmovnb.s32 q2, q2\n" \
    "vqmovnt.s32 q0, q1\n" \
    "vqmovnt.s32 q2, q3\n" \
    "vqadd.s16 q0, q0, r10\n" \
    "vqadd.s16 q2, q2, r10\n" \
    "vqmovnb.s16 q0, q0\n" \
    "vqmovnt.s16 q0, q2\n" \
    "vpst\n" \
    "vstrbt.8 q0, [r5]\n" \
    "sub r4, #" MG_TEXT(TABLE_BYTES) "\n" \
    "add r5, r6\n"

/*     do {
 *         q0-q3 = the first tap of 16 lanes
 *         for (i = pairs; i != 0; i--) q0-q3 += two taps, each from x + *offsets++
 *         out[0 to 15] = requantised, where the lane is one that is stored
 *         x += step, out += out_step; back to the first offset and weight
 *     } while (--count != 0)
 *
 * r1 x, r2 offsets, r3 weights, r4 table, r5 out, r6 out_step, r7 step, r8 vectors left, r9 pairs, r10 zero point,
 * r11, r12 addresses; the lanes that are stored in VPR. */
MG_NAKED void mg_mve_row(MG_ARG const mg_mve_row_t *row) {
    __asm__("push {r4-r11, lr}\n"
            "vpush {d8-d15}\n"
            "ldm r0, {r1-r11}\n"
            "vctp.8 r11\n"
            "0:\n"
            "ldr r11, [r2], #4\n"
            "add r11, r1\n"
            FIRST_TAP("[r11]")
            "wls lr, r9, 2f\n"
            "1:\n"
            "ldrd r11, r12, [r2], #8\n"
            "add r11, r1\n"
            "add r12, r1\n"
            TWO_TAPS("[r11]", "[r12]")
            "le lr, 1b\n"
            "2:\n"
            STORE(ANY)
            "ldrd r2, r3, [r0, #" MG_TEXT(OFFSETS) "]\n"
            "add r1, r7\n"
            "subs r8, #1\n"
            "bne 0b\n"
            "vpop {d8-d15}\n"
            "pop {r4-r11, pc}\n");
}

/*     do {
 *         q0-q3 = the first of nine taps of 16 lanes
 *         q0-q3 += the other eight, two by two, from three rows
 *         out[0 to 15] = requantised, where the lane is one that is stored
 *         move the three rows by step, out by out_step; back to the first weight
 *     } while (--count != 0)
 *
 * As above, but r1, r2, r9 the three rows, lr vectors left. */
#define ROW_3X3(second) \
    "push {r4-r11, lr}\n" \
    "vpush {d8-d15}\n" \
    "ldm r0, {r1-r11}\n" \
    "vctp.8 r11\n" \
    "ldr r11, [r2]\n" \
    "ldr r9, [r2, #24]\n" \
    "ldr r2, [r2, #12]\n" \
    "add r9, r1\n" \
    "add r2, r1\n" \
    "add r1, r11\n" \
    "dls lr, r8\n" \
    "1:\n" \
    FIRST_TAP("[r1]") \
    TWO_TAPS("[r1, #16]", "[r1, #32]") \
    TWO_TAPS("[r2]", "[r2, #16]") \
    TWO_TAPS("[r2, #32]", "[r9]") \
    TWO_TAPS("[r9, #16]", "[r9, #32]") \
    STORE(second) \
    "sub r3, #144\n" \
    "add r1, r7\n" \
    "add r2, r7\n" \
    "add r9, r7\n" \
    "le lr, 1b\n" \
    "vpop {d8-d15}\n" \
    "pop {r4-r11, pc}\n"

MG_NAKED void mg_mve_row_3x3(MG_ARG const mg_mve_row_t *row) {
    __asm__(ROW_3X3(ANY));
}

MG_NAKED void mg_mve_row_3x3_above(MG_ARG const mg_mve_row_t *row) {
    __asm__(ROW_3X3(ABOVE));
}

#endif
