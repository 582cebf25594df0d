/* SPDX-License-Identifier: MIT
 *
 * DEPTHWISE_CONV_2D of layout `dsp`: four neighbouring outputs in registers (kernels/linear/depthwise_dsp.c).
 */
#include "../assembly.h"
#include "../loops.h"
#include "requantize.h"

#ifdef MG_ISA_ARMV7EM

/*     sums[4] = 0
 *     do {
 *         for (j = pairs; j != 0; j--, x += 2, taps += 2)
 *             sums[i] += the pair at x[i * step] times the pair of taps
 *         x += line - 2 * pairs
 *     } while (--rows != 0)
 *
 * r1 x, r2 from the end of a row to the next, r3 taps, r4 rows, r5 pairs of a row, r0 those left, r6, r7 one and
 * three steps, r8-r11 the sums, r12 a pair of taps, lr one of values. */
MG_NAKED void mg_dot_taps(MG_ARG int32_t sums[4], MG_ARG const int16_t *x, MG_ARG uint32_t line,
                          MG_ARG const int16_t *taps, MG_ARG uint32_t rows, MG_ARG uint32_t pairs,
                          MG_ARG uint32_t step) {
    __asm__("push {r0, r4-r11, lr}\n"
            "ldrd r4, r5, [sp, #40]\n"
            "ldr r6, [sp, #48]\n"
            "sub r2, r2, r5, lsl #1\n"
            "lsls r2, r2, #1\n"
            "lsls r6, r6, #1\n"
            "add r7, r6, r6, lsl #1\n"
            "mov r8, #0\n"
            "mov r9, #0\n"
            "mov r10, #0\n"
            "mov r11, #0\n"
            "1:\n"
            "mov r0, r5\n"
            "2:\n"
            "ldr r12, [r3], #4\n"
            "ldr lr, [r1, r6]\n"
            "smlad r9, lr, r12, r9\n"
            "ldr lr, [r1, r6, lsl #1]\n"
            "smlad r10, lr, r12, r10\n"
            "ldr lr, [r1, r7]\n"
            "smlad r11, lr, r12, r11\n"
            "ldr lr, [r1], #4\n"
            "smlad r8, lr, r12, r8\n"
            "subs r0, r0, #1\n"
            "bne 2b\n"
            "add r1, r1, r2\n"
            "subs r4, r4, #1\n"
            "bne 1b\n"
            "pop {r0}\n"
            "stm r0, {r8-r11}\n"
            "pop {r4-r11, pc}\n");
}

/* Row j of windows, whose products are added to a, b, c, d and end in r7-r10; it moves by 1, values (r11 r12) and
 * the first of r11 again, or by 2. */
#define ROW_BY_1(j, wa, wb, a, b, c, d) \
    "ldrd r11, r12, [r0, #12*" j "]\n" \
    "smlad r7, r11, " wa ", " a "\n" \
    "smlabt r8, " wa ", r11, " b "\n" \
    "ldr r11, [r0, #12*" j "+8]\n" \
    "smlatb r7, " wb ", r12, r7\n" \
    "smlad r8, r12, " wb ", r8\n" \
    "smlad r9, r12, " wa ", " c "\n" \
    "smlabt r10, " wa ", r12, " d "\n" \
    "smlatb r9, " wb ", r11, r9\n" \
    "smlad r10, r11, " wb ", r10\n"

#define ROW_BY_2(j, wa, wb, a, b, c, d) \
    "ldrd r11, r12, [r0, #20*" j "]\n" \
    "smlad r7, r11, " wa ", " a "\n" \
    "smlatb r7, " wb ", r12, r7\n" \
    "smlad r8, r12, " wa ", " b "\n" \
    "ldrd r11, r12, [r0, #20*" j "+8]\n" \
    "smlatb r8, " wb ", r11, r8\n" \
    "smlad r9, r11, " wa ", " c "\n" \
    "smlatb r9, " wb ", r12, r9\n" \
    "smlad r10, r12, " wa ", " d "\n" \
    "ldr r11, [r0, #20*" j "+16]\n" \
    "smlatb r10, " wb ", r11, r10\n"

/* LDM takes the fields of a strip in their order. */
MG_ASSERT_AT(mg_dsp_strip_t, x, 0);
MG_ASSERT_AT(mg_dsp_strip_t, channel, 4);
MG_ASSERT_AT(mg_dsp_strip_t, fourth, 8);
MG_ASSERT_AT(mg_dsp_strip_t, third, 12);
MG_ASSERT_AT(mg_dsp_strip_t, out, 16);
MG_ASSERT_AT(mg_dsp_strip_t, rows, 20);
MG_ASSERT_AT(mg_dsp_strip_t, size, 24);
MG_ASSERT_AT(mg_dsp_strip_t, second, 28);
MG_ASSERT_AT(mg_dsp_strip_t, out_step, 32);
MG_ASSERT_AT(mg_dsp_strip_t, plane, 36);
MG_ASSERT_AT(mg_dsp_strip_t, count, 40);
MG_ASSERT_AT(mg_dsp_channel_t, bias, 0);
MG_ASSERT_AT(mg_dsp_channel_t, multiplier, 4);
MG_ASSERT_AT(mg_dsp_channel_t, rounding, 8);
MG_ASSERT_AT(mg_dsp_channel_t, shift, 12);
MG_ASSERT_AT(mg_dsp_channel_t, taps, 16);

/* On the stack: fourth, third, */
#define OUT "[sp, #8]"
#define LEFT "[sp, #12]" /* and the step by which it is counted */
#define SECOND "[sp, #20]" /* and out_step */
#define CHANNEL "#28"
#define BIAS "[sp, " CHANNEL "]"
#define MULTIPLIER "[sp, #32]"
#define SHIFT "[sp, #40]"
#define STRIP_AT "#44" /* x, channel, out, rows, size, plane, count */
#define LOOP "[sp, #72]"
#define BACK "[sp, #76]"
#define STACK "#80"

/*     do {
 *         do {
 *             sums[4] = the bias + three rows of three taps times the values under each output
 *             requantise them, the shorter way where the channel's shift is fixed
 *             out[fourth], out[third], out[second], out[0] = sums: where there are fewer, the first is written last
 *             x += stride * line, out += out_step
 *         } while ((left += step) != 0)
 *         the next channel's x, channel, out
 *     } while (--count != 0)
 *
 * r0 values, r1-r6 taps (w0 w1), (w1 w2) of three rows, r7-r10 four sums, r11, r12 pairs of values, lr the bias.
 * The carry says all the time that the channel has a shift of its own: so `left` is counted down to 0 there, else up. */
#define ROWS_OF_OUTPUTS(next, stored, own, row, step) \
    next ":\n" \
    "ldr lr, " BIAS "\n" \
    row("0", "r1", "r2", "lr", "lr", "lr", "lr") \
    row("1", "r3", "r4", "r7", "r8", "r9", "r10") \
    row("2", "r5", "r6", "r7", "r8", "r9", "r10") \
    "ldrd r11, r12, " MULTIPLIER "\n" \
    "bcs " own "f\n" \
    LINE("r7", "r11", "r12", MG_STRIP_SHIFT) \
    LINE("r8", "r11", "r12", MG_STRIP_SHIFT) \
    LINE("r9", "r11", "r12", MG_STRIP_SHIFT) \
    LINE("r10", "r11", "r12", MG_STRIP_SHIFT) \
    stored ":\n" \
    "ldm sp, {r11, r12, lr}\n" \
    "strb r10, [lr, r11]\n" \
    "strb r9, [lr, r12]\n" \
    "ldrd r9, r10, " SECOND "\n" \
    "strb r8, [lr, r9]\n" \
    "strb r7, [lr]\n" \
    "ldrd r11, r12, " LEFT "\n" \
    "add lr, lr, r10\n" \
    "adds r11, r11, r12\n" \
    "add r0, r0, " step "\n" \
    "strd lr, r11, " OUT "\n" \
    "bne " next "b\n"

MG_NAKED void mg_dsp_strip(MG_ARG const mg_dsp_strip_t *strip, MG_ARG uint32_t stride) {
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, " STACK "\n"
            "adr.w r12, 2f + 1\n" /* Thumb */
            "cmp r1, #1\n"
            "it ne\n"
            "addne r12, r12, #5f - 2f\n"
            "str r12, " LOOP "\n"
            "ldm r0, {r1-r11}\n"
            "stm sp, {r3-r5}\n"
            "strd r8, r9, " SECOND "\n"
            "add r0, sp, " STRIP_AT "\n"
            "stm r0, {r1, r2, r5-r7, r10, r11}\n"
            "1:\n"
            "add r1, sp, " STRIP_AT "\n"
            "ldm r1, {r0, r2, r3, r6}\n"
            "str r3, " OUT "\n"
            "ldm r2!, {r8-r11}\n"
            "add r1, sp, " CHANNEL "\n"
            "stm r1, {r8-r11}\n"
            "mov r7, #-1\n"
            "cmp r11, #1\n"
            "itt cc\n"
            "rsbcc r6, r6, #0\n"
            "movcc r7, #1\n"
            "strd r6, r7, " LEFT "\n"
            "ldm r2, {r1-r6}\n"
            "ldr pc, " LOOP "\n"
            ".balign 4\n"
            ROWS_OF_OUTPUTS("2", "3", "8", ROW_BY_1, "#12")
            "4:\n"
            "add r0, sp, " STRIP_AT "\n"
            "ldm r0, {r1-r7}\n"
            "add r1, r1, r6, lsl #1\n"
            "adds r2, r2, r5\n"
            "adds r3, r3, #1\n"
            "subs r7, r7, #1\n"
            "stm r0, {r1-r7}\n"
            "bne 1b\n"
            "add sp, sp, " STACK "\n"
            "pop {r4-r11, pc}\n"
            ROWS_OF_OUTPUTS("5", "6", "7", ROW_BY_2, "#40")
            "b 4b\n"
            "7:\n"
            "bl 9f\n"
            "b 6b\n"
            "8:\n"
            "bl 9f\n"
            "b 3b\n"
            "9:\n" /* four sums of a channel with a shift of its own */
            "str lr, " BACK "\n" ANY("r7", "r11", "r12", "lr") ANY("r8", "r11", "r12", "lr")
            ANY("r9", "r11", "r12", "lr") ANY("r10", "r11", "r12", "lr")
            "ldr r11, " SHIFT "\n" SATURATE("r7", "r11") SATURATE("r8", "r11") SATURATE("r9", "r11")
            SATURATE("r10", "r11")
            "ldr pc, " BACK "\n");
}

#endif
