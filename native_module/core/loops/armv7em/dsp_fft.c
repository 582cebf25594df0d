/* SPDX-License-Identifier: MIT
 *
 * A stage of RFFT for Cortex-M4, M7, M33: a number in a register. SMLSD and SMLADX are a product's two parts, SASX and
 * SSAX turn by a right angle while they add.
 */
#include "../assembly.h"
#include "../loops.h"

#if defined(MG_ISA_ARMV7EM) && defined(MG_OWN_FFT)

/* LDM takes the fields in their order. */
MG_ASSERT_AT(mg_fft_stage_t, x, 0);
MG_ASSERT_AT(mg_fft_stage_t, end, 4);
MG_ASSERT_AT(mg_fft_stage_t, twiddles, 8);
MG_ASSERT_AT(mg_fft_stage_t, gap, 12);
MG_ASSERT_AT(mg_fft_stage_t, step, 16);

/* y times 8191 in Q0.15; twice the factor brings the results to the upper halves. */
#define QUARTER(y, other) \
    "smlatb " other ", " y ", r4, r5\n" \
    "smlabb " y ", " y ", r4, r5\n" \
    "pkhtb " y ", " other ", " y ", asr #16\n"

#define QUARTER_TIMES(y, other, factor) \
    QUARTER(y, other) \
    "smladx " other ", " y ", " factor ", r6\n" \
    "smlsd " y ", " y ", " factor ", r6\n" \
    "lsls " other ", " other ", #1\n" \
    "pkhtb " y ", " other ", " y ", asr #15\n"

/*     for (start = x, offset = 0; start != x + gap; start += 4, offset += step) {
 *         load three factors
 *         for (at = start; at < end; at += 4 * gap) one butterfly
 *     }
 *
 * r0 where a butterfly's first number is, r1 gap, r2 3 * gap, r4 2 * 8191, r5 2^15, r6 2^14, r7, r8, r9 the factors;
 * r3, r10, r11, r12, lr numbers. On the stack: end, twiddles, start, offset, step, x + gap. */
MG_NAKED void mg_fft_stage_words(MG_ARG const mg_fft_stage_t *stage) {
    __asm__("push {r4-r11, lr}\n"
            "sub sp, #24\n"
            "ldm r0, {r0-r4}\n" /* x, end, twiddles, gap, step */
            "add r5, r0, r3\n"
            "strd r1, r2, [sp]\n"
            "strd r4, r5, [sp, #16]\n"
            "mov r1, r3\n"
            "add r2, r1, r1, lsl #1\n"
            "movw r4, #16382\n"
            "mov r5, #32768\n"
            "mov r6, #16384\n"
            "movs r3, #0\n"

            "1:\n"
            "strd r0, r3, [sp, #8]\n"
            "ldr r12, [sp, #4]\n"
            "ldr r7, [r12, r3]\n"
            "ldr r8, [r12, r3, lsl #1]\n"
            "add r3, r3, r3, lsl #1\n"
            "ldr r9, [r12, r3]\n"

            "2:\n"
            "ldr r10, [r0, r1, lsl #1]\n"
            "ldr r12, [r0]\n" QUARTER_TIMES("r10", "r11", "r8") QUARTER("r12", "r11")
            "sadd16 r11, r12, r10\n" /* even */
            "ssub16 r12, r12, r10\n" /* odd */
            "ldr r10, [r0, r2]\n"
            "ldr lr, [r0, r1]\n" QUARTER_TIMES("r10", "r3", "r9") QUARTER_TIMES("lr", "r3", "r7")
            "sadd16 r3, lr, r10\n"
            "ssub16 lr, lr, r10\n"
            "ssax r10, r12, lr\n"
            "sasx r12, r12, lr\n"
            "str r10, [r0, r1]\n"
            "str r12, [r0, r2]\n"
            "ssub16 lr, r11, r3\n"
            "sadd16 r11, r11, r3\n"
            "str lr, [r0, r1, lsl #1]\n"
            "str r11, [r0]\n"
            "add r0, r0, r1, lsl #2\n"
            "ldr r3, [sp]\n"
            "cmp r0, r3\n"
            "blo 2b\n"

            "ldrd r0, r3, [sp, #8]\n"
            "ldrd r10, r11, [sp, #16]\n"
            "adds r0, #4\n"
            "add r3, r3, r10\n"
            "cmp r0, r11\n"
            "blo 1b\n"
            "add sp, #24\n"
            "pop {r4-r11, pc}\n");
}

#endif
