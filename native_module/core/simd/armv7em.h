/* SPDX-License-Identifier: MIT
 *
 * Armv7E-M and Armv8-M DSP extension: Cortex-M4, M7, M33. Four int8 become two pairs of int16 with
 * SXTB16 (bytes 0 and 2) and SXTB16 of the rotated word (bytes 1 and 3); SMLAD multiplies a pair by
 * a pair and adds both products. These cores load words from any address.
 */
#include <arm_acle.h>

#include "../bytes.h"

#define MG_SIMD_NAME "armv7em"

static inline int16x2_t mg_even(uint32_t word) {
    return __sxtb16((int8x4_t)word);
}

static inline int16x2_t mg_odd(uint32_t word) {
#ifdef __arm__
    int16x2_t pair; /* GCC 12 does not find the form that rotates as well */
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
#else
    return __sxtb16((int8x4_t)(word >> 8 | word << 24));
#endif
}

static inline uint32_t mg_word(const int8_t *p) {
    return mg_load_u32((const uint8_t *)p);
}

#ifdef __arm__

static inline uint32_t mg_max4(uint32_t a, uint32_t b) {
    uint32_t y;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(y) : "r"(a), "r"(b));
    return y;
}

static inline uint32_t mg_min4(uint32_t a, uint32_t b) {
    uint32_t y;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(y) : "r"(a), "r"(b));
    return y;
}

static inline void mg_add4(uint32_t pairs[2], uint32_t word) {
    __asm__("sxtab16 %0, %0, %1" : "+r"(pairs[0]) : "r"(word));
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(pairs[1]) : "r"(word));
}

#endif

static inline int32_t mg_dot(const int8_t *x, const int8_t *w, uint32_t k) {
    int32_t sum = 0;
    uint32_t i = 0;
    for (; i + 4 <= k; i += 4) {
        uint32_t a = mg_word(x + i), b = mg_word(w + i);
        sum = __smlad(mg_even(a), mg_even(b), sum);
        sum = __smlad(mg_odd(a), mg_odd(b), sum);
    }
    for (; i < k; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

static inline void mg_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, uint32_t k) {
    const int8_t *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k;
    const int8_t *end = x + (k & ~3u);
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    while (x != end) {
        uint32_t v = mg_word(x), a = mg_word(w), b = mg_word(w1), c = mg_word(w2), d = mg_word(w3);
        int16x2_t even = mg_even(v), odd = mg_odd(v);
        s0 = __smlad(mg_odd(a), odd, __smlad(mg_even(a), even, s0));
        s1 = __smlad(mg_odd(b), odd, __smlad(mg_even(b), even, s1));
        s2 = __smlad(mg_odd(c), odd, __smlad(mg_even(c), even, s2));
        s3 = __smlad(mg_odd(d), odd, __smlad(mg_even(d), even, s3));
        x += 4;
        w += 4;
        w1 += 4;
        w2 += 4;
        w3 += 4;
    }
    for (uint32_t i = 0; i < (k & 3u); i++) {
        s0 += x[i] * w[i];
        s1 += x[i] * w1[i];
        s2 += x[i] * w2[i];
        s3 += x[i] * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* SMLALD adds both products of a pair to 64 bits; x is brought into the order of SXTB16. */
static inline int64_t mg_dot16(const int16_t *x, const int8_t *w, uint32_t k) {
    int64_t sum = 0;
    uint32_t i = 0;
    for (; i + 4 <= k; i += 4) {
        uint32_t low = mg_load_u32((const uint8_t *)(x + i)), high = mg_load_u32((const uint8_t *)(x + i + 2));
        uint32_t word = mg_word(w + i);
        sum = __smlald((int16x2_t)((low & 0xffffu) | high << 16), mg_even(word), sum);
        sum = __smlald((int16x2_t)(low >> 16 | (high & 0xffff0000u)), mg_odd(word), sum);
    }
    for (; i < k; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

#ifdef __arm__

/* Functions that are all assembly: their arguments are in r0 to r2. */
#define MG_NAKED __attribute__((naked, noinline, unused)) static void
#define MG_ARG __attribute__((unused))

#define MG_WIDEN \
    "ldr lr, [r1], #4\n" \
    "sxtb16 r12, lr\n" \
    "str r12, [r0], #16\n" \
    "sxtb16 lr, lr, ror #8\n" \
    "str lr, [r0], #16\n"

/* r0 lanes, r1 values, r2 words, r3 rows, r4, r5 what lies between rows of values and of lanes, r6 pairs of words
 * left, r12, lr a word. */
__attribute__((naked, noinline, unused)) static int16_t *mg_widen_rows(MG_ARG const mg_widening_t *rows) {
    __asm__("push {r4-r6, lr}\n"
            "ldm r0, {r0-r5}\n"
            "sub r4, r4, r2, lsl #2\n"
            "1:\n"
            "lsrs r6, r2, #1\n"
            "bcc 2f\n" MG_WIDEN
            "2:\n"
            "cbz r6, 4f\n"
            "3:\n" MG_WIDEN MG_WIDEN
            "subs r6, r6, #1\n"
            "bne 3b\n"
            "4:\n"
            "add r1, r1, r4\n"
            "add r0, r0, r5\n"
            "subs r3, r3, #1\n"
            "bne 1b\n"
            "pop {r4-r6, pc}\n");
}

/* r0 to, r1 plane, r2, r3 the columns, r4, r5 their steps, r6 rows, r7 line, r8 three planes; r9-r12 the even and
 * odd bytes of both words, lr pairs. */
MG_NAKED mg_pair_columns(MG_ARG const mg_columns_t *columns) {
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

/* r1 x, r2 from the end of a row to the next, r3 taps, r4 rows, r5 pairs of a row, r0 those left, r6, r7 one and
 * three steps, r8-r11 the sums, r12 a pair of taps, lr one of values. */
__attribute__((naked, noinline, unused)) static void mg_dot_taps(MG_ARG int32_t sums[4], MG_ARG const int16_t *x,
        MG_ARG uint32_t line, MG_ARG const int16_t *taps, MG_ARG uint32_t rows, MG_ARG uint32_t pairs,
        MG_ARG uint32_t step) {
    __asm__("push {r0, r4-r11, lr}\n"
            "ldrd r4, r5, [sp, #40]\n"
            "ldr r6, [sp, #48]\n"
            "sub r2, r2, r5, lsl #1\n"
            "lsls r2, r2, #1\n"
            "lsls r6, r6, #1\n"
            "add r7, r6, r6, lsl #1\n"
            "mov r8, #0\n mov r9, #0\n mov r10, #0\n mov r11, #0\n"
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

/* acc: twice a sum; m, r: multiplier, rounding; t is overwritten. ABOVE is for layers of which no output
 * lies below the zero point, ANY for all. */
#define MG_ANY(acc, m, r, t) \
    "add " t ", " r ", " acc ", asr #31\n" \
    "smmlar " acc ", " acc ", " m ", " t "\n"
#define MG_ABOVE(acc, m, r, t) "smmlar " acc ", " acc ", " m ", " r "\n"

/* s: shift. */
#define MG_REQUANTIZE(scale, acc, m, r, s, t) \
    scale(acc, m, r, t) \
    "asr " acc ", " acc ", " s "\n" \
    "ssat " acc ", #8, " acc "\n"

/* Four sums of a channel, m, r, s and t as above. */
#define MG_REQUANTIZE_4(scale, twice, a, b, c, d, m, r, s, t) \
    twice(a) MG_REQUANTIZE(scale, a, m, r, s, t) \
    twice(b) MG_REQUANTIZE(scale, b, m, r, s, t) \
    twice(c) MG_REQUANTIZE(scale, c, m, r, s, t) \
    twice(d) MG_REQUANTIZE(scale, d, m, r, s, t)

/* Twice the sum of a pair's first channel, and of its second from 256 times that. */
#define MG_TWICE_FIRST(acc) "lsl " acc ", " acc ", #1\n"
#define MG_TWICE_SECOND(acc) "asr " acc ", " acc ", #7\n"

/* Two taps of two channels and four pixels: twelve instructions, 48 bytes, for 16 products. Those of pixel i are
 * added to ai and bi and lie in r4 + i and r8 + i. */
#define MG_TWO_TAPS(a0, a1, a2, b0, b1, b2) \
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

/* A pair's sums become outputs; r0 its table, which may lie at any address: so no LDM. It is left at 20 more. */
#define MG_FINISH_FOUR(scale) \
    "ldr r2, [r0, #4]\n" \
    "ldr r3, [r0, #8]\n" \
    "ldr r12, [r0, #12]\n" \
    MG_REQUANTIZE_4(scale, MG_TWICE_FIRST, "r4", "r5", "r6", "r7", "r2", "r3", "r12", "lr") \
    "ldr r2, [r0, #20]!\n" \
    "ldr r3, [r0, #4]\n" \
    "ldr r12, [r0, #8]\n" \
    MG_REQUANTIZE_4(scale, MG_TWICE_SECOND, "r8", "r9", "r10", "r11", "r2", "r3", "r12", "lr")

/* r4-r7 the sums of the first channel, r8-r11 those of it and 256 times the second; r0 weights, r3 those
 * of the first channel, r12, lr values of two pixels; r1 weights, r2 lanes; between loops r0 the table.
 * [sp] out, [sp, 4] channels left, [sp, 8] channels, [sp, 12] three times that, [sp, 16] lanes, [sp, 20] their end,
 * less 1 where outputs may lie below the zero point, [sp, 24] where the loop is entered, [sp, 28] the table.
 * The first two taps start from the biases. The loop takes eight times two, and is entered where the first few
 * begin. */
MG_NAKED mg_pairs_of_four(MG_ARG const mg_pairs_t *layer, MG_ARG const int16_t *lanes, MG_ARG int8_t *out) {
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #32\n"
            "ldr r3, [r0, #8]\n"
            "strd r2, r3, [sp]\n"
            "add r4, r3, r3, lsl #1\n"
            "strd r3, r4, [sp, #8]\n"
            "ldrd r3, r4, [r0, #12]\n"
            "add r4, r4, r1\n"
            "add r4, r4, r3, lsl #5\n"
            "subs r4, r4, #1\n"
            "strd r1, r4, [sp, #16]\n"
            "lsls r3, r3, #1\n"
            "rsb r3, r3, #1\n"
            "and r3, r3, #7\n"
            "movs r4, #48\n"
            "adr r5, 2f\n"
            "mla r3, r3, r4, r5\n"
            "adds r3, r3, #1\n"
            "str r3, [sp, #24]\n"
            "ldrd r1, r0, [r0]\n"
            "subs r0, r0, #12\n"
            "1:\n"
            "ldr r7, [r0, #12]!\n"
            "ldr r11, [r0, #16]\n"
            "ldr r2, [sp, #16]\n"
            "str r0, [sp, #28]\n" MG_TWO_TAPS("r7", "r7", "r7", "r11", "r11", "r11")
            "ldr pc, [sp, #24]\n"
            ".balign 4\n"
            "2:\n"
            ".rept 8\n" MG_TWO_TAPS("r4", "r5", "r6", "r8", "r9", "r10") ".endr\n"
            "ldr r12, [sp, #20]\n"
            "cmp r2, r12\n"
            "blo 2b\n"
            "ldr r0, [sp, #28]\n"
            "sub r8, r8, r4\n"
            "sub r9, r9, r5\n"
            "sub r10, r10, r6\n"
            "sub r11, r11, r7\n"
            "bhi 5f\n" MG_FINISH_FOUR(MG_ABOVE)
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
            "5:\n" MG_FINISH_FOUR(MG_ANY)
            "b 3b\n");
}

/* Two of four taps of two pairs of channels and one pixel; with extending x 19 instructions, 76 bytes, for 16
 * products. */
#define MG_TWO_PAIRS(x) \
    "ldr r10, [r3], #4\n" \
    "ldr r11, [r12], #4\n" \
    "smlad r5, r10, " x ", r5\n" \
    "sxtb16 r10, r10\n" \
    "smlad r4, r10, " x ", r4\n" \
    "smlad r7, r11, " x ", r7\n" \
    "sxtb16 r11, r11\n" \
    "smlad r6, r11, " x ", r6\n"

#define MG_FINISH_PAIR(a, b) \
    "ldr r1, [r0, #4]\n" \
    "ldr r8, [r0, #8]\n" \
    "ldr r9, [r0, #12]\n" \
    MG_TWICE_FIRST(a) MG_REQUANTIZE(MG_ANY, a, "r1", "r8", "r9", "r10") \
    "ldr r1, [r0, #20]!\n" \
    "ldr r8, [r0, #4]\n" \
    "ldr r9, [r0, #8]\n" \
    MG_TWICE_SECOND(b) MG_REQUANTIZE(MG_ANY, b, "r1", "r8", "r9", "r10")

/* r4, r6 the sums of channels 0 and 2, r5, r7 those of them and 256 times channels 1 and 3; r8, r9 values,
 * r10, r11 weights; r1 x, lr its end, r3, r12 weights of the pairs, r0 table, r2 out.
 * [sp] x, [sp, 4] channels left, [sp, 8] where the loop is entered, [sp, 12] the second pair's table.
 * Where one pair is left, the second is the first once more. */
MG_NAKED mg_pairs_of_one(MG_ARG const mg_pairs_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out) {
    __asm__("push {r4-r11, lr}\n"
            "sub sp, sp, #20\n"
            "ldr r3, [r0, #12]\n"
            "add lr, r1, r3, lsl #2\n"
            "ldr r4, [r0, #8]\n"
            "strd r1, r4, [sp]\n"
            "rsb r3, r3, #0\n"
            "and r3, r3, #3\n"
            "movs r4, #76\n"
            "adr r5, 2f\n"
            "mla r3, r3, r4, r5\n"
            "orr r3, r3, #1\n"
            "str r3, [sp, #8]\n"
            "ldrd r3, r0, [r0]\n"
            "subs r0, r0, #12\n"
            "1:\n"
            "ldrd r1, r11, [sp]\n"
            "ldr r4, [r0, #12]!\n"
            "mov r10, r0\n"
            "mov r12, r3\n"
            "cmp r11, #2\n"
            "ittt hi\n"
            "addhi r10, r0, #32\n"
            "subhi r12, lr, r1\n"
            "addhi r12, r3, r12, lsl #1\n"
            "ldr r5, [r0, #16]\n"
            "ldr r6, [r10]\n"
            "ldr r7, [r10, #16]\n"
            "str r10, [sp, #12]\n"
            "ldr pc, [sp, #8]\n"
            ".balign 4\n"
            "2:\n"
            ".rept 4\n"
            "ldr r9, [r1], #4\n"
            "sxtb16 r8, r9\n"
            "sxtb16 r9, r9, ror #8\n" MG_TWO_PAIRS("r8") MG_TWO_PAIRS("r9")
            ".endr\n"
            "cmp r1, lr\n"
            "bne 2b\n"
            "mov r3, r12\n"
            "sub r5, r5, r4\n"
            "sub r7, r7, r6\n"
            MG_FINISH_PAIR("r4", "r5")
            "ldr r0, [sp, #12]\n"
            MG_FINISH_PAIR("r6", "r7")
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
            "3:\n" /* one, two or three are left */
            "strb r4, [r2]\n"
            "adds r10, r10, #2\n"
            "it ge\n"
            "strbge r5, [r2, #1]\n"
            "it gt\n"
            "strbgt r6, [r2, #2]\n"
            "add sp, sp, #20\n"
            "pop {r4-r11, pc}\n");
}

/* Row j of windows, whose products are added to a, b, c, d and lie in r7-r10; it moves by 1, values (r11 r12) and
 * the first of r11 again, or by 2. */
#define MG_ROW_BY_1(j, wa, wb, a, b, c, d) \
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

#define MG_ROW_BY_2(j, wa, wb, a, b, c, d) \
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

/* r0 values, r1-r6 taps (w0 w1), (w1 w2) of three rows, r7-r10 four sums, r11, r12 pairs of values, lr the bias.
 * [sp] what mg_strip_t holds from `fourth` on, then bias, multiplier, rounding and shift. The carry says all the time
 * whether outputs may lie below the zero point: that is how `left` is counted. */
#define MG_STRIP(row, step) \
    "push {r4-r11, lr}\n" \
    "sub sp, sp, #44\n" \
    "add r1, r0, #8\n" \
    "ldm r1, {r2-r8}\n" \
    "stm sp, {r2-r8}\n" \
    "ldrd r0, r12, [r0]\n" \
    "ldm r12!, {r2-r5}\n" \
    "add r1, sp, #28\n" \
    "stm r1, {r2-r5}\n" \
    "lsls r6, r6, #1\n" \
    "ldm r12, {r1-r6}\n" \
    "1:\n" \
    "ldr lr, [sp, #28]\n" \
    row("0", "r1", "r2", "lr", "lr", "lr", "lr") \
    row("1", "r3", "r4", "r7", "r8", "r9", "r10") \
    row("2", "r5", "r6", "r7", "r8", "r9", "r10") \
    "ldrd r11, r12, [sp, #32]\n" \
    "bcs 3f\n" \
    MG_ABOVE("r7", "r11", "r12", "lr") \
    MG_ABOVE("r8", "r11", "r12", "lr") \
    MG_ABOVE("r9", "r11", "r12", "lr") \
    MG_ABOVE("r10", "r11", "r12", "lr") \
    "2:\n" \
    "ldr r11, [sp, #40]\n" \
    "asr r7, r7, r11\n" \
    "ssat r7, #8, r7\n" \
    "asr r8, r8, r11\n" \
    "ssat r8, #8, r8\n" \
    "asr r9, r9, r11\n" \
    "ssat r9, #8, r9\n" \
    "asr r10, r10, r11\n" \
    "ssat r10, #8, r10\n" \
    "ldm sp, {r11, r12, lr}\n" \
    "strb r10, [lr, r11]\n" \
    "strb r9, [lr, r12]\n" \
    "ldrd r9, r10, [sp, #20]\n" \
    "strb r8, [lr, r9]\n" \
    "strb r7, [lr]\n" \
    "ldrd r11, r12, [sp, #12]\n" \
    "add lr, lr, r10\n" \
    "add r0, r0, " step "\n" \
    "adds r11, r11, r12\n" \
    "strd lr, r11, [sp, #8]\n" \
    "bne 1b\n" \
    "add sp, sp, #44\n" \
    "pop {r4-r11, pc}\n" \
    "3:\n" \
    MG_ANY("r7", "r11", "r12", "lr") \
    MG_ANY("r8", "r11", "r12", "lr") \
    MG_ANY("r9", "r11", "r12", "lr") \
    MG_ANY("r10", "r11", "r12", "lr") \
    "b 2b\n"

MG_NAKED mg_strip_by_1(MG_ARG const mg_strip_t *strip) {
    __asm__(MG_STRIP(MG_ROW_BY_1, "#12"));
}

MG_NAKED mg_strip_by_2(MG_ARG const mg_strip_t *strip) {
    __asm__(MG_STRIP(MG_ROW_BY_2, "#40"));
}

static inline int32_t mg_high_mul_twice(int32_t x, int32_t m) {
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(x), "r"(m));
    return high;
}

static inline int32_t mg_requantize_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t y;
    uint32_t rounded = (uint32_t)rounding + (uint32_t)(x >> 31);
    __asm__("smmlar %0, %1, %2, %3" : "=r"(y) : "r"(x), "r"(multiplier), "r"(rounded));
    __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(y >> (shift & 31u)));
    return y;
}

#else /* on the host, for tests */

static inline int32_t mg_high_mul_twice(int32_t x, int32_t m) {
    return (int32_t)(((int64_t)x * m + (1ll << 31)) >> 32);
}

static inline int32_t mg_requantize_twice(int32_t x, int32_t multiplier, int32_t rounding, uint32_t shift) {
    int32_t high = mg_high_mul_twice(x, multiplier);
    int32_t y = (int32_t)((uint32_t)high + (uint32_t)(x >> 31) + (uint32_t)rounding) >> (shift & 31u);
    return y < INT8_MIN ? INT8_MIN : y > INT8_MAX ? INT8_MAX : y;
}

#include "plain.h"

#endif
