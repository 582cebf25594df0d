/* SPDX-License-Identifier: MIT
 *
 * CONV_2D of layout `mve`: four channels of two pixels, or of one, in registers (kernels/linear/conv_mve.c).
 *
 * VMLADAVA.S8 adds 16 products of bytes to a core register, an even one. Constants of a file may be at any address:
 * they are loaded as bytes, which need no alignment. Source: Armv8-M Architecture Reference Manual, MVE.
 */
#include "../assembly.h"
#include "../loops.h"
#include "requantize.h"

#ifdef MG_ISA_MVE

/* LDM and LDRD take the fields in their order. */
#define BLOCKS 4
#define ZERO_POINT 12
#define TABLE 20
MG_ASSERT_AT(mg_mve_layer_t, step, 0);
MG_ASSERT_AT(mg_mve_layer_t, blocks, BLOCKS);
MG_ASSERT_AT(mg_mve_layer_t, out_c, BLOCKS + 4);
MG_ASSERT_AT(mg_mve_layer_t, zero_point, ZERO_POINT);
MG_ASSERT_AT(mg_mve_layer_t, weights, ZERO_POINT + 4);
MG_ASSERT_AT(mg_mve_layer_t, table, TABLE);

/* r0 r2 r4 r6 the sums of pixel 0, r8 r10 r12 lr those of pixel 1; r1, r3 their values, r5 weights; sixteen
 * instructions for 128 products with those of the loop. Only even registers can be sums, so that none is left
 * for LE. */
#define BLOCK_OF_TWO(mac) \
    "vldrb.8 q0, [r1], #16\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r0, q0, q2\n" \
    "vldrb.8 q1, [r3], #16\n" mac " r8, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r2, q0, q3\n" mac " r10, q1, q3\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r4, q0, q2\n" mac " r12, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r6, q0, q3\n" mac " lr, q1, q3\n"

/* What is on the stack, and where. */
#define X0 "[sp]" /* with x1 after it */
#define BLOCKS_HELD "[sp, #8]"
#define CHANNELS_LEFT "[sp, #12]"
#define OUT_C "[sp, #16]" /* with the zero point after it */
#define ZERO_POINT_HELD "[sp, #20]"
#define WEIGHTS_AND_TABLE "[sp, #24]"
#define TWO_STEPS "[sp, #32]" /* with the pairs left after it */
#define PAIRS_LEFT "[sp, #36]"

/* Four channels of two pixels, requantised, in q0 and q1. */
#define FOUR_OF_TWO(second) \
    "ldrd r1, r3, " X0 "\n" \
    "ldr r9, " BLOCKS_HELD "\n" \
    BLOCK_OF_TWO("vmladav.s8") \
    "subs r9, #1\n" \
    "beq 3f\n" \
    "2:\n" BLOCK_OF_TWO("vmladava.s8") \
    "subs r9, #1\n" \
    "bne 2b\n" \
    "3:\n" \
    "vldrb.8 q2, [r11], #16\n" \
    "vmov q0[2], q0[0], r0, r4\n" \
    "vmov q0[3], q0[1], r2, r6\n" \
    "vmov q1[2], q1[0], r8, r12\n" \
    "vmov q1[3], q1[1], r10, lr\n" \
    BIAS("q0", "q2") BIAS("q1", "q2") \
    "vldrb.8 q2, [r11], #16\n" \
    FIRST("q0", "q2") FIRST("q1", "q2") \
    "vldrb.8 q2, [r11], #16\n" \
    second("q0", "q2", "q3") second("q1", "q2", "q3")

/* Moves on by two pixels; r6 becomes the pairs left. */
#define NEXT_PIXELS \
    "ldrd r1, r3, " X0 "\n" \
    "ldrd r4, r6, " TWO_STEPS "\n" \
    "add r1, r4\n" \
    "add r3, r4\n" \
    "strd r1, r3, " X0 "\n"

/* Adds the zero point, r4, and narrows to bytes. */
#define ADD_AND_NARROW \
    "vqadd.s16 q4, q4, r4\n" \
    "vqadd.s16 q5, q5, r4\n" \
    "vqmovnb.s16 q4, q4\n" \
    "vqmovnb.s16 q5, q5\n"

/*     do {
 *         for (channels = out_c; channels > 0; channels -= 8) {
 *             q0, q1 = four channels of two pixels, requantised; narrowed into the even lanes of q4, q5
 *             if (channels > 4) the next four, into the odd lanes
 *             add the zero point, narrow to bytes, store as many as there are channels
 *         }
 *         x += 2 * step, out += 2 * out_c
 *     } while (--pairs != 0)
 *
 * Registers as above, and r7 out, r9 blocks left, r11 table; q4, q5 channels of each pixel in 16 bits: the first four
 * in the even lanes, the second in the odd ones, which puts them in order. */
#define TWO_PIXELS(second) \
    "push {r4-r11, lr}\n" \
    "vpush {d8-d11}\n" \
    "push {r3}\n" \
    "ldm r0, {r4, r5, r6, r8, r9, r10}\n" \
    "add r3, r1, r4\n" \
    "mov r7, r6\n" \
    "lsl r11, r4, #1\n" \
    "push {r1, r3, r5-r11}\n" \
    "mov r7, r2\n" \
    "0:\n" \
    "ldrd r5, r11, " WEIGHTS_AND_TABLE "\n" \
    "1:\n" \
    FOUR_OF_TWO(second) \
    "ldr r0, " CHANNELS_LEFT "\n" \
    "vqmovnb.s32 q4, q0\n" \
    "vqmovnb.s32 q5, q1\n" \
    "cmp r0, #4\n" \
    "ble 4f\n" \
    FOUR_OF_TWO(second) \
    "vqmovnt.s32 q4, q0\n" \
    "vqmovnt.s32 q5, q1\n" \
    "ldrd r0, r2, " CHANNELS_LEFT "\n" \
    "ldr r4, " ZERO_POINT_HELD "\n" \
    "add r2, r7\n" \
    ADD_AND_NARROW \
    "vctp.16 r0\n" \
    "vpstt\n" \
    "vstrbt.16 q4, [r7], #8\n" \
    "vstrbt.16 q5, [r2]\n" \
    "subs r0, #8\n" \
    "str r0, " CHANNELS_LEFT "\n" \
    "bgt 1b\n" \
    "b 5f\n" \
    "4:\n" /* no more than four channels are left */ \
    "ldrd r2, r4, " OUT_C "\n" \
    ADD_AND_NARROW \
    "add r2, r7\n" \
    "vctp.32 r0\n" \
    "vpstt\n" \
    "vstrbt.32 q4, [r7], #4\n" \
    "vstrbt.32 q5, [r2]\n" \
    "subs r0, #4\n" \
    "5:\n" \
    "ldr r2, " OUT_C "\n" \
    "add r7, r0\n" /* what is not left is below 0 */ \
    "add r7, r2\n" \
    "str r2, " CHANNELS_LEFT "\n" \
    NEXT_PIXELS \
    "subs r6, #1\n" \
    "str r6, " PAIRS_LEFT "\n" \
    "bne 0b\n" \
    "add sp, #40\n" \
    "vpop {d8-d11}\n" \
    "pop {r4-r11, pc}\n"

MG_NAKED void mg_mve_two_pixels(MG_ARG const mg_mve_layer_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out,
                                MG_ARG uint32_t pairs) {
    __asm__(TWO_PIXELS(ANY));
}

MG_NAKED void mg_mve_two_pixels_above(MG_ARG const mg_mve_layer_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out,
                                      MG_ARG uint32_t pairs) {
    __asm__(TWO_PIXELS(ABOVE));
}

/* Four channels of one pixel, in q0; r0 r2 r4 r6 the sums. */
#define FOUR_OF_ONE \
    "mov r1, r3\n" \
    "mov r0, #0\n" \
    "mov r2, #0\n" \
    "mov r4, #0\n" \
    "mov r6, #0\n" \
    "dls lr, r9\n" \
    "2:\n" \
    "vldrb.8 q0, [r1], #16\n" \
    "vldrb.8 q1, [r5], #16\n" \
    "vmladava.s8 r0, q0, q1\n" \
    "vldrb.8 q2, [r5], #16\n" \
    "vmladava.s8 r2, q0, q2\n" \
    "vldrb.8 q3, [r5], #16\n" \
    "vmladava.s8 r4, q0, q3\n" \
    "vldrb.8 q1, [r5], #16\n" \
    "vmladava.s8 r6, q0, q1\n" \
    "le lr, 2b\n" \
    "vldrb.8 q1, [r11], #16\n" \
    "vmov q0[2], q0[0], r0, r4\n" \
    "vmov q0[3], q0[1], r2, r6\n" \
    BIAS("q0", "q1") \
    "vldrb.8 q1, [r11], #16\n" \
    FIRST("q0", "q1") \
    "vldrb.8 q1, [r11], #16\n" \
    ANY("q0", "q1", "q2")

/*     for (channels = out_c; channels > 0; channels -= 8) {
 *         q0 = four channels, requantised; narrowed into the even lanes of q4
 *         if (channels > 4) the next four, into the odd lanes
 *         add the zero point, narrow to bytes
 *         store as many as there are channels
 *     }
 *
 * r3 the pixel, r5 weights, r7 out, r8 channels left, r9 blocks, r10 zero point, r11 table. */
MG_NAKED void mg_mve_one_pixel(MG_ARG const mg_mve_layer_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out) {
    __asm__("push {r4-r11, lr}\n"
            "vpush {d8-d9}\n"
            "mov r3, r1\n"
            "mov r7, r2\n"
            "ldrd r9, r8, [r0, #" MG_TEXT(BLOCKS) "]\n"
            "ldrd r10, r5, [r0, #" MG_TEXT(ZERO_POINT) "]\n"
            "ldr r11, [r0, #" MG_TEXT(TABLE) "]\n"
            "1:\n"
            FOUR_OF_ONE
            "vqmovnb.s32 q4, q0\n"
            "cmp r8, #4\n"
            "ble 4f\n"
            FOUR_OF_ONE
            "vqmovnt.s32 q4, q0\n"
            "vqadd.s16 q4, q4, r10\n"
            "vqmovnb.s16 q4, q4\n"
            "vctp.16 r8\n"
            "vpst\n"
            "vstrbt.16 q4, [r7], #8\n"
            "subs r8, #8\n"
            "bgt 1b\n"
            "b 5f\n"
            "4:\n"
            "vqadd.s16 q4, q4, r10\n"
            "vqmovnb.s16 q4, q4\n"
            "vctp.32 r8\n"
            "vpst\n"
            "vstrbt.32 q4, [r7]\n"
            "5:\n"
            "vpop {d8-d9}\n"
            "pop {r4-r11, pc}\n");
}

#endif
