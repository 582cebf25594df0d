/* SPDX-License-Identifier: MIT
 *
 * CONV_2D of layout `dsp`: two channels of four pixels, or four channels of one, in registers. A word of weights times
 * a pair of values adds a[k] * x[k] + a[k'] * x[k'] and 256 times that of the second channel, b; with the even bytes
 * extended it is the first part alone (kernels/linear/conv_dsp.c).
 */
#include "../assembly.h"
#include "../loops.h"
#include "requantize.h"

#ifdef MG_ISA_ARMV7EM

#define WEIGHTS 0
#define CHANNELS 8
#define GROUPS 12
MG_ASSERT_AT(mg_dsp_layer_t, weights, WEIGHTS);
MG_ASSERT_AT(mg_dsp_layer_t, table, WEIGHTS + 4); /* LDRD takes pairs */
MG_ASSERT_AT(mg_dsp_layer_t, channels, CHANNELS);
MG_ASSERT_AT(mg_dsp_layer_t, groups, GROUPS);
MG_ASSERT_AT(mg_dsp_layer_t, lines, GROUPS + 4);

#define MULTIPLIER 4
#define ROUNDING 8
#define SHIFT 12
#define CHANNEL 16 /* from one to the next */
MG_ASSERT_AT(mg_channel_t, bias, 0);
MG_ASSERT_AT(mg_channel_t, multiplier, MULTIPLIER);
MG_ASSERT_AT(mg_channel_t, rounding, ROUNDING);
MG_ASSERT_AT(mg_channel_t, shift, SHIFT);
_Static_assert(sizeof(mg_channel_t) == CHANNEL, "a channel of the table");

/* Twice the sum of a pair's first channel, and of its second from 256 times that. */
#define TWICE_FIRST(acc) "lsl " acc ", " acc ", #1\n"
#define TWICE_SECOND(acc) "asr " acc ", " acc ", #7\n"

/* Four sums of a channel; m, r, s and t as in requantize.h. */
#define REQUANTIZE_4(twice, a, b, c, d, m, r, s, t) \
    twice(a) REQUANTIZE(a, m, r, s, t) \
    twice(b) REQUANTIZE(b, m, r, s, t) \
    twice(c) REQUANTIZE(c, m, r, s, t) \
    twice(d) REQUANTIZE(d, m, r, s, t)

/* Multiplier, rounding and shift of the channel at r0, which may be at any address: so no LDM. */
#define LOAD_FIRST_LINE(m, r) \
    "ldr " m ", [r0, #" MG_TEXT(MULTIPLIER) "]\n" \
    "ldr " r ", [r0, #" MG_TEXT(ROUNDING) "]\n"
#define LOAD_FIRST(m, r, s) LOAD_FIRST_LINE(m, r) "ldr " s ", [r0, #" MG_TEXT(SHIFT) "]\n"
/* Those of the channel after it, to whose multiplier r0 moves, and to the next channel from there. */
#define LOAD_SECOND_LINE(m, r) \
    "ldr " m ", [r0, #" MG_TEXT(CHANNEL) "+" MG_TEXT(MULTIPLIER) "]!\n" \
    "ldr " r ", [r0, #" MG_TEXT(ROUNDING) "-" MG_TEXT(MULTIPLIER) "]\n"
#define LOAD_SECOND(m, r, s) LOAD_SECOND_LINE(m, r) "ldr " s ", [r0, #" MG_TEXT(SHIFT) "-" MG_TEXT(MULTIPLIER) "]\n"
#define TO_NEXT MG_TEXT(CHANNEL) "-" MG_TEXT(MULTIPLIER)

/* Two taps of two channels and four pixels: twelve instructions for 16 products. Those of pixel i are added to ai and
 * bi and end in r4 + i and r8 + i. */
#define TWO_TAPS_BYTES 48
#define TWO_TAPS(a0, a1, a2, b0, b1, b2) \
    "ldr r0, [r1], #4\n" \
    "ldrd r12, lr, [r2], #8\n" \
    "sxtb16 r3, r0\n" \
    "smlad r4, r3, r12, " a0 "\n" \
    "smlad r8, r0, r12, " b0 "\n" \
    "smlad r5, r3, lr, " a1 "\n" \
    "smlad r9, r0, lr, " b1 "\n" \
    "ldrd r12, lr, [r2], #8\n" \
    "smlad r6, r3, r12, " a2 "\n" \
    "smlad r10, r0, r12, " b2 "\n" \
    "smlad r7, r3, lr, r7\n" \
    "smlad r11, r0, lr, r11\n"

/* A pair's sums become outputs; r0 its table. */
#define FINISH_FOUR \
    LOAD_FIRST("r2", "r3", "r12") \
    REQUANTIZE_4(TWICE_FIRST, "r4", "r5", "r6", "r7", "r2", "r3", "r12", "lr") \
    LOAD_SECOND("r2", "r3", "r12") \
    REQUANTIZE_4(TWICE_SECOND, "r8", "r9", "r10", "r11", "r2", "r3", "r12", "lr")
#define LINES_4(a, b, c, d, m, r, shift) \
    LINE(a, m, r, shift) \
    LINE(b, m, r, shift) \
    LINE(c, m, r, shift) \
    LINE(d, m, r, shift)
#define FINISH_FOUR_LINES \
    LOAD_FIRST_LINE("r2", "r3") \
    LINES_4("r4", "r5", "r6", "r7", "r2", "r3", MG_LINE_SHIFT) \
    LOAD_SECOND_LINE("r2", "r3") \
    LINES_4("r8", "r9", "r10", "r11", "r2", "r3", MG_SECOND_LINE_SHIFT)

/* What the loop over channels needs goes to the stack; r3 becomes the number of groups. */
#define KEEP_ARGUMENTS \
    "ldr r3, [r0, #" MG_TEXT(CHANNELS) "]\n" \
    "strd r2, r3, [sp]\n" \
    "add r4, r3, r3, lsl #1\n" \
    "strd r3, r4, [sp, #8]\n" \
    "ldrd r3, r4, [r0, #" MG_TEXT(GROUPS) "]\n" \
    "add r4, r4, r1\n" \
    "add r4, r4, r3, lsl #5\n" \
    "subs r4, r4, #1\n" \
    "strd r1, r4, [sp, #16]\n"

/*     for (channels = layer->channels; channels > 0; channels -= 2, table += 2) {
 *         a[4], b[4] = the biases + the first two taps
 *         enter the loop so that its eight times two taps end with the last: (1 - 2 * groups) % 8 of them are left out
 *         do { a[i], b[i] += two taps of pixel i, eight times } while (lanes < end)
 *         out[i * layer->channels], out[i * layer->channels + 1] = requantised a[i], b[i] - a[i]
 *     }
 *
 * r4-r7 the sums of the first channel, r8-r11 those of it and 256 times the second; r0 weights, r3 those
 * of the first channel, r12, lr values of two pixels; r1 weights, r2 lanes; between loops r0 the table.
 * [sp] out, [sp, 4] channels left, [sp, 8] channels, [sp, 12] three times that, [sp, 16] lanes, [sp, 20] their end,
 * less 1 where channels are no lines, [sp, 24] where the loop is entered, [sp, 28] the table. */
MG_NAKED void mg_dsp_four_pixels(MG_ARG const mg_dsp_layer_t *layer, MG_ARG const int16_t *lanes,
                                 MG_ARG int8_t *out) {
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #32\n"
            KEEP_ARGUMENTS
            "lsls r3, r3, #1\n"
            "rsb r3, r3, #1\n"
            "and r3, r3, #7\n" /* whatever the number of groups is, the jump ends inside the loop */
            "movs r4, #" MG_TEXT(TWO_TAPS_BYTES) "\n"
            "adr r5, 2f\n"
            "mla r3, r3, r4, r5\n"
            "adds r3, r3, #1\n" /* Thumb */
            "str r3, [sp, #24]\n"
            "ldrd r1, r0, [r0, #" MG_TEXT(WEIGHTS) "]\n"
            "subs r0, r0, #" TO_NEXT "\n"
            "1:\n"
            "ldr r7, [r0, #" TO_NEXT "]!\n"
            "ldr r11, [r0, #" MG_TEXT(CHANNEL) "]\n"
            "ldr r2, [sp, #16]\n"
            "str r0, [sp, #28]\n" TWO_TAPS("r7", "r7", "r7", "r11", "r11", "r11")
            "ldr pc, [sp, #24]\n"
            ".balign 4\n"
            "2:\n"
            ".rept 8\n" TWO_TAPS("r4", "r5", "r6", "r8", "r9", "r10") ".endr\n"
            "6:\n" MG_ASSERT_BYTES("2b", "6b", "8*" MG_TEXT(TWO_TAPS_BYTES))
            "ldr r12, [sp, #20]\n"
            "cmp r2, r12\n"
            "blo 2b\n"
            "ldr r0, [sp, #28]\n"
            "sub r8, r8, r4\n"
            "sub r9, r9, r5\n"
            "sub r10, r10, r6\n"
            "sub r11, r11, r7\n"
            "bhi 5f\n" FINISH_FOUR_LINES
            "3:\n"
            "ldm sp, {r2, r3, r12, lr}\n"
            "subs r3, r3, #2\n"
            "blt 4f\n"
            "bfi r5, r9, #8, #8\n"
            "strh r5, [r2, r12]\n"
            "bfi r6, r10, #8, #8\n"
            "strh r6, [r2, r12, lsl #1]\n"
            "bfi r7, r11, #8, #8\n"
            "strh r7, [r2, lr]\n"
            "bfi r4, r8, #8, #8\n"
            "strh r4, [r2], #2\n"
            "strd r2, r3, [sp]\n"
            "bne 1b\n"
            "add sp, sp, #32\n"
            "pop {r4-r11, pc}\n"
            "4:\n"
            "strb r4, [r2]\n"
            "strb r5, [r2, r12]\n"
            "strb r6, [r2, r12, lsl #1]\n"
            "strb r7, [r2, lr]\n"
            "add sp, sp, #32\n"
            "pop {r4-r11, pc}\n"
            "5:\n" FINISH_FOUR
            "b 3b\n");
}

/* Two of four taps of two pairs of channels and one pixel. */
#define TWO_PAIRS(x) \
    "ldr r10, [r3], #4\n" \
    "ldr r11, [r12], #4\n" \
    "smlad r5, r10, " x ", r5\n" \
    "sxtb16 r10, r10\n" \
    "smlad r4, r10, " x ", r4\n" \
    "smlad r7, r11, " x ", r7\n" \
    "sxtb16 r11, r11\n" \
    "smlad r6, r11, " x ", r6\n"

/* All four taps: 19 instructions for 16 products. */
#define FOUR_TAPS_BYTES 76
#define FOUR_TAPS \
    "ldr r9, [r1], #4\n" \
    "sxtb16 r8, r9\n" \
    "sxtb16 r9, r9, ror #8\n" TWO_PAIRS("r8") TWO_PAIRS("r9")

/* Multiplier, rounding and shift of the first are in r8, r9, r1. */
#define FINISH_PAIR(a, b) \
    TWICE_FIRST(a) REQUANTIZE(a, "r8", "r9", "r1", "r10") \
    LOAD_SECOND("r8", "r9", "r1") TWICE_SECOND(b) REQUANTIZE(b, "r8", "r9", "r1", "r10")
#define FINISH_PAIR_LINES(a, b) \
    LINE(a, "r8", "r9", MG_LINE_SHIFT) \
    LOAD_SECOND_LINE("r8", "r9") LINE(b, "r8", "r9", MG_SECOND_LINE_SHIFT)

/* r0 table, [sp, 12] that of the second pair; the shift of lines is 0. */
#define FINISH_TWO_PAIRS \
    LOAD_FIRST("r8", "r9", "r1") \
    "cbnz r1, 4f\n" FINISH_PAIR_LINES("r4", "r5") \
    "ldr r0, [sp, #12]\n" LOAD_FIRST_LINE("r8", "r9") FINISH_PAIR_LINES("r6", "r7") \
    "b 5f\n" \
    "4:\n" FINISH_PAIR("r4", "r5") \
    "ldr r0, [sp, #12]\n" LOAD_FIRST("r8", "r9", "r1") FINISH_PAIR("r6", "r7") \
    "5:\n"

/* One, two or three channels, 4 more than r10 says; r2 out. */
#define STORE_FEW \
    "strb r4, [r2]\n" \
    "adds r10, r10, #2\n" \
    "it ge\n" \
    "strbge r5, [r2, #1]\n" \
    "it gt\n" \
    "strbgt r6, [r2, #2]\n"

/*     for (channels = layer->channels; channels > 0; channels -= 4) {
 *         s[4] = the biases of two pairs; where one pair is left, the second is the first once more
 *         enter the loop so that its four times four taps end with the last: -groups % 4 of them are left out
 *         do { s[i] += four taps, four times } while (x < end)
 *         out[0 to 3] = requantised s, as many as there are channels
 *     }
 *
 * r4, r6 the sums of channels 0 and 2, r5, r7 those of them and 256 times channels 1 and 3; r8, r9 values,
 * r10, r11 weights; r1 x, lr its end, r3, r12 weights of the pairs, r0 table, r2 out.
 * [sp] x, [sp, 4] channels left, [sp, 8] where the loop is entered, [sp, 12] the second pair's table. */
MG_NAKED void mg_dsp_one_pixel(MG_ARG const mg_dsp_layer_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out) {
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #20\n"
            "ldr r3, [r0, #" MG_TEXT(GROUPS) "]\n"
            "add lr, r1, r3, lsl #2\n"
            "ldr r4, [r0, #" MG_TEXT(CHANNELS) "]\n"
            "strd r1, r4, [sp]\n"
            "rsb r3, r3, #0\n"
            "and r3, r3, #3\n" /* whatever the number of groups is, the jump ends inside the loop */
            "movs r4, #" MG_TEXT(FOUR_TAPS_BYTES) "\n"
            "adr r5, 2f\n"
            "mla r3, r3, r4, r5\n"
            "orr r3, r3, #1\n" /* Thumb */
            "str r3, [sp, #8]\n"
            "ldrd r12, r0, [r0, #" MG_TEXT(WEIGHTS) "]\n"
            "subs r0, r0, #" TO_NEXT "\n"
            "1:\n"
            "ldrd r1, r11, [sp]\n"
            "ldr r4, [r0, #" TO_NEXT "]!\n"
            "mov r10, r0\n"
            "mov r3, r12\n"
            "cmp r11, #2\n"
            "ittt hi\n"
            "addhi r10, r0, #2*" MG_TEXT(CHANNEL) "\n"
            "addhi r12, r12, lr, lsl #1\n"
            "subhi r12, r12, r1, lsl #1\n"
            "ldr r5, [r0, #" MG_TEXT(CHANNEL) "]\n"
            "ldr r6, [r10]\n"
            "ldr r7, [r10, #" MG_TEXT(CHANNEL) "]\n"
            "str r10, [sp, #12]\n"
            "ldr pc, [sp, #8]\n"
            ".balign 4\n"
            "2:\n"
            ".rept 4\n" FOUR_TAPS ".endr\n"
            "6:\n" MG_ASSERT_BYTES("2b", "6b", "4*" MG_TEXT(FOUR_TAPS_BYTES))
            "cmp r1, lr\n"
            "bne 2b\n"
            "sub r5, r5, r4\n"
            "sub r7, r7, r6\n"
            FINISH_TWO_PAIRS
            "ldr r10, [sp, #4]\n"
            "subs r10, r10, #4\n"
            "blt 3f\n"
            "bfi r4, r5, #8, #8\n"
            "bfi r6, r7, #8, #8\n"
            "pkhbt r4, r4, r6, lsl #16\n"
            "str r4, [r2], #4\n"
            "str r10, [sp, #4]\n"
            "bne 1b\n"
            "add sp, sp, #20\n"
            "pop {r4-r11, pc}\n"
            "3:\n" STORE_FEW
            "add sp, sp, #20\n"
            "pop {r4-r11, pc}\n");
}

#endif
