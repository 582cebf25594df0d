/* SPDX-License-Identifier: MIT
 *
 * A stage of RFFT for Cortex-M0 and M0+: a number's two parts in two registers, both from one load.
 */
#include "../assembly.h"
#include "../loops.h"

#if defined(MG_ISA_ARMV6M) && defined(MG_OWN_FFT)

/* LDM takes the fields in their order. */
MG_ASSERT_AT(mg_fft_stage_t, x, 0);
MG_ASSERT_AT(mg_fft_stage_t, end, 4);
MG_ASSERT_AT(mg_fft_stage_t, twiddles, 8);
MG_ASSERT_AT(mg_fft_stage_t, gap, 12);
MG_ASSERT_AT(mg_fft_stage_t, step, 16);

/* On the stack: three factors; even, odd, a multiplied number; what the outer loop needs. */
#define FIRST "[sp, #0]"
#define SECOND "[sp, #4]"
#define THIRD "[sp, #8]"
#define EVEN_RE "[sp, #12]"
#define EVEN_IM "[sp, #16]"
#define ODD_RE "[sp, #20]"
#define ODD_IM "[sp, #24]"
#define D_RE "[sp, #28]"
#define D_IM "[sp, #32]"
#define TWIDDLES "[sp, #36]"
#define STEP "[sp, #40]"
#define OFFSET "[sp, #44]"
#define START "[sp, #48]"
#define LAST "[sp, #52]"
#define FRAME "56"

/* re, im = the number at a pointer times 8191 in Q0.15 */
#define QUARTER(re, im, pointer) \
    "ldr " im ", [" pointer "]\n" \
    "sxth " re ", " im "\n" \
    "asrs " im ", " im ", #16\n" \
    "muls " re ", r2, " re "\n" \
    "add " re ", r8\n" \
    "asrs " re ", " re ", #15\n" \
    "muls " im ", r2, " im "\n" \
    "add " im ", r8\n" \
    "asrs " im ", " im ", #15\n"

/* r7, r4 = the same times a factor; r3, r5, r6 are lost */
#define QUARTER_TIMES(factor, pointer) \
    QUARTER("r4", "r3", pointer) \
    "ldr r5, " factor "\n" \
    "sxth r6, r5\n" \
    "asrs r5, r5, #16\n" \
    "movs r7, r4\n" \
    "muls r7, r6, r7\n" \
    "muls r4, r5, r4\n" \
    "muls r6, r3, r6\n" \
    "muls r5, r3, r5\n" \
    "subs r7, r7, r5\n" \
    "add r7, r8\n" \
    "asrs r7, r7, #15\n" \
    "adds r4, r4, r6\n" \
    "add r4, r8\n" \
    "asrs r4, r4, #15\n"

#define STORE_FACTOR(place) \
    "ldr r5, [r3, r6]\n" \
    "str r5, " place "\n"

/* Keeps what is the caller's, and loads the stage. */
#define SET_UP \
    "push {r4-r7, lr}\n" \
    "mov r4, r8\n" \
    "mov r5, r9\n" \
    "mov r6, r10\n" \
    "mov r7, r11\n" \
    "push {r4-r7}\n" \
    "sub sp, #" FRAME "\n" \
    "ldmia r0!, {r1-r5}\n" \
    "movs r0, r1\n" \
    "mov r9, r2\n" \
    "mov r10, r4\n" \
    "str r3, " TWIDDLES "\n" \
    "str r5, " STEP "\n" \
    "adds r1, r1, r4\n" \
    "str r1, " LAST "\n" \
    "rsbs r3, r4, #0\n" \
    "mov r11, r3\n" \
    "lsls r3, r4, #2\n" \
    "mov r12, r3\n" \
    "movs r2, #1\n" \
    "lsls r3, r2, #14\n" \
    "mov r8, r3\n" \
    "lsls r2, r2, #13\n" \
    "subs r2, #1\n" \
    "movs r4, #0\n"

/* c in r7, r4, a in r5, r3 */
#define KEEP_EVEN_AND_ODD \
    "adds r6, r5, r7\n" \
    "str r6, " EVEN_RE "\n" \
    "subs r5, r5, r7\n" \
    "str r5, " ODD_RE "\n" \
    "adds r6, r3, r4\n" \
    "str r6, " EVEN_IM "\n" \
    "subs r3, r3, r4\n" \
    "str r3, " ODD_IM "\n"

/* b in r7, r4; the sum in r3, r5, the difference in r7, r4 */
#define SUM_AND_DIFFERENCE \
    "ldr r5, " D_RE "\n" \
    "adds r3, r7, r5\n" \
    "subs r7, r7, r5\n" \
    "ldr r6, " D_IM "\n" \
    "adds r5, r4, r6\n" \
    "subs r4, r4, r6\n"

/* b = odd - i difference, d = odd + i difference */
#define STORE_ODD \
    "ldr r6, " ODD_RE "\n" \
    "adds r6, r6, r4\n" \
    "strh r6, [r0]\n" \
    "subs r6, r6, r4\n" \
    "subs r6, r6, r4\n" \
    "strh r6, [r1]\n" \
    "ldr r6, " ODD_IM "\n" \
    "subs r4, r6, r7\n" \
    "strh r4, [r0, #2]\n" \
    "adds r6, r6, r7\n" \
    "strh r6, [r1, #2]\n"

/* a = even + sum, c = even - sum */
#define STORE_EVEN \
    "ldr r6, " EVEN_RE "\n" \
    "adds r4, r6, r3\n" \
    "strh r4, [r0]\n" \
    "subs r6, r6, r3\n" \
    "strh r6, [r1]\n" \
    "ldr r6, " EVEN_IM "\n" \
    "adds r4, r6, r5\n" \
    "strh r4, [r0, #2]\n" \
    "subs r6, r6, r5\n" \
    "strh r6, [r1, #2]\n"

/*     for (start = x, offset = 0; start != x + gap; start += 4, offset += step) {
 *         load three factors
 *         for (at = start; at < end; at += 4 * gap) {
 *             c, a: even = a + c, odd = a - c
 *             d, b: sum = b + d, difference = b - d
 *             b and d become odd - i difference and odd + i difference, a and c even + sum and even - sum
 *         }
 *     }
 *
 * r0, r1 where a and c are, or b and d; r2 8191, r8 half of Q0.15's one, r9 end, r10 gap, r11 -gap, r12 4 * gap. */
MG_NAKED void mg_fft_stage_words(MG_ARG const mg_fft_stage_t *stage) {
    __asm__(".syntax unified\n"
            SET_UP

            "1:\n"
            "str r0, " START "\n"
            "str r4, " OFFSET "\n"
            "ldr r3, " TWIDDLES "\n"
            "movs r6, r4\n" STORE_FACTOR(FIRST)
            "adds r6, r6, r4\n" STORE_FACTOR(SECOND)
            "adds r6, r6, r4\n" STORE_FACTOR(THIRD)
            "mov r1, r0\n"
            "add r1, r10\n"
            "add r1, r10\n"

            "2:\n" QUARTER_TIMES(SECOND, "r1") QUARTER("r5", "r3", "r0")
            KEEP_EVEN_AND_ODD
            "add r0, r10\n"
            "add r1, r10\n" QUARTER_TIMES(THIRD, "r1")
            "str r7, " D_RE "\n"
            "str r4, " D_IM "\n" QUARTER_TIMES(FIRST, "r0")
            SUM_AND_DIFFERENCE
            STORE_ODD
            "add r0, r11\n"
            "add r1, r11\n"
            STORE_EVEN
            "add r0, r12\n"
            "add r1, r12\n"
            "cmp r0, r9\n"
            "blo 2b\n"

            "ldr r0, " START "\n"
            "adds r0, #4\n"
            "ldr r4, " OFFSET "\n"
            "ldr r3, " STEP "\n"
            "adds r4, r4, r3\n"
            "ldr r3, " LAST "\n"
            "cmp r0, r3\n"
            "bhs 3f\n"
            "b 1b\n"
            "3:\n"
            "add sp, #" FRAME "\n"
            "pop {r4-r7}\n"
            "mov r8, r4\n"
            "mov r9, r5\n"
            "mov r10, r6\n"
            "mov r11, r7\n"
            "pop {r4-r7, pc}\n");
}

#endif
