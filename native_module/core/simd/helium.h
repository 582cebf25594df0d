/* SPDX-License-Identifier: MIT
 *
 * Helium (MVE) of Cortex-M55 and M85: vectors of 16 bytes. These cores have the DSP instructions, too, so
 * that everything else is armv7em.h's. Constants of a file may lie at any address: they are loaded as
 * bytes, which need no alignment.
 *
 * VMLADAVA.S8 adds 16 products of bytes to a core register, an even one. Source: Armv8-M Architecture
 * Reference Manual, MVE.
 */
#include <arm_mve.h>

#undef MG_SIMD_NAME
#define MG_SIMD_NAME "helium"

typedef int32x4_t mg_four_t;

static inline mg_four_t mg_load_four(const uint8_t *p) {
    return vreinterpretq_s32_u8(vldrbq_u8(p));
}

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    if (n <= 16) {
        mve_pred16_t lanes = vctp8q(n);
        for (; rows != 0; rows--, to += to_step, from += from_step) {
            vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
        }
        return;
    }
    for (; rows != 0; rows--, to += to_step, from += from_step) {
        int8_t *t = to;
        const int8_t *f = from;
        __asm__ volatile("dlstp.8 lr, %2\n"
                         "1:\n"
                         "vldrb.8 q0, [%1], #16\n"
                         "vstrb.8 q0, [%0], #16\n"
                         "letp lr, 1b\n"
                         : "+r"(t), "+r"(f)
                         : "r"(n)
                         : "lr", "q0", "memory");
    }
}

#define MG_NAKED __attribute__((naked, noinline, unused)) static void
#define MG_ARG __attribute__((unused))

/* Bias, first rounding, second rounding of four sums (mg_requantize_four): constants, free vector. */
#define MG_BIAS(sums, bias) "vadd.i32 " sums ", " sums ", " bias "\n"
#define MG_FIRST(sums, multiplier) "vqrdmulh.s32 " sums ", " sums ", " multiplier "\n"
#define MG_SECOND(sums, shift, free) \
    "vshr.s32 " free ", " sums ", #31\n" \
    "vadd.i32 " sums ", " sums ", " free "\n" \
    "vrshl.s32 " sums ", " sums ", " shift "\n"
#define MG_RANGE(values) \
    "vadd.i32 " values ", " values ", q5\n" \
    "vmax.s32 " values ", " values ", q6\n" \
    "vmin.s32 " values ", " values ", q7\n"

/* What mg_rows_2 and mg_rows_1 keep: zero point, min and max in q5-q7, the words of *layer on the stack. */
#define MG_ROWS_ENTRY \
    "push {r4-r11, lr}\n" \
    "vpush {d8-d15}\n" \
    "ldrd r4, r5, [r0, #16]\n" \
    "ldr r6, [r0, #24]\n" \
    "vdup.32 q5, r4\n" \
    "vdup.32 q6, r5\n" \
    "vdup.32 q7, r6\n" \
    "mov r7, r3\n" \
    "ldrd r5, r11, [r0]\n" \
    "ldrd r8, r9, [r0, #8]\n" /* blocks, out_c */ \
    "push {r1, r2, r8, r9}\n" \
    "push {r9}\n"             /* channels left */
#define MG_ROWS_EXIT \
    "add sp, #20\n" \
    "vpop {d8-d15}\n" \
    "pop {r4-r11, pc}\n"

/* r0 r4 r8 r12 the sums of pixel 0, r2 r6 r10 lr those of pixel 1; r1, r3 their values, r5 weights, r7
 * out, r9 blocks left, r11 table; sixteen instructions for 128 products. All even registers are sums, so that
 * none is left for LE. On the stack: channels left, x0, x1, blocks, out_c. */
#define MG_ROWS_4X2(mac) \
    "vldrb.8 q0, [r1], #16\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r0, q0, q2\n" \
    "vldrb.8 q1, [r3], #16\n" mac " r2, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r4, q0, q3\n" mac " r6, q1, q3\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r8, q0, q2\n" mac " r10, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r12, q0, q3\n" mac " lr, q1, q3\n"

MG_NAKED mg_rows_2(MG_ARG const mg_rows_t *layer, MG_ARG const int8_t *x0, MG_ARG const int8_t *x1,
                   MG_ARG int8_t *out) {
    __asm__(MG_ROWS_ENTRY
            "1:\n"
            "ldrd r1, r3, [sp, #4]\n"
            "ldr r9, [sp, #12]\n"
            MG_ROWS_4X2("vmladav.s8")
            "subs r9, #1\n"
            "beq 3f\n"
            "2:\n" MG_ROWS_4X2("vmladava.s8")
            "subs r9, #1\n"
            "bne 2b\n"
            "3:\n"
            "vldrb.8 q2, [r11], #16\n"
            "vmov q0[2], q0[0], r0, r8\n"
            "vmov q0[3], q0[1], r4, r12\n"
            "vmov q1[2], q1[0], r2, r10\n"
            "vmov q1[3], q1[1], r6, lr\n"
            MG_BIAS("q0", "q2") MG_BIAS("q1", "q2")
            "vldrb.8 q2, [r11], #16\n"
            MG_FIRST("q0", "q2") MG_FIRST("q1", "q2")
            "vldrb.8 q2, [r11], #16\n"
            MG_SECOND("q0", "q2", "q3") MG_SECOND("q1", "q2", "q4")
            "ldr r2, [sp]\n"
            "ldr r0, [sp, #16]\n"
            MG_RANGE("q0") MG_RANGE("q1")
            "vctp.32 r2\n"
            "add r0, r7\n"
            "vpstt\n"
            "vstrbt.32 q0, [r7], #4\n"
            "vstrbt.32 q1, [r0]\n"
            "subs r2, #4\n"
            "str r2, [sp]\n"
            "bgt 1b\n"
            MG_ROWS_EXIT);
}

/* r0 r2 r4 r6 the sums; the rest as above. Ten instructions for 64 products. */
MG_NAKED mg_rows_1(MG_ARG const mg_rows_t *layer, MG_ARG const int8_t *x0, MG_ARG const int8_t *x1,
                   MG_ARG int8_t *out) {
    __asm__(MG_ROWS_ENTRY
            "1:\n"
            "ldr r1, [sp, #4]\n"
            "ldr r9, [sp, #12]\n"
            "mov r0, #0\n"
            "mov r2, #0\n"
            "mov r4, #0\n"
            "mov r6, #0\n"
            "dls lr, r9\n"
            "2:\n"
            "vldrb.8 q0, [r1], #16\n"
            "vldrb.8 q1, [r5], #16\n"
            "vmladava.s8 r0, q0, q1\n"
            "vldrb.8 q2, [r5], #16\n"
            "vmladava.s8 r2, q0, q2\n"
            "vldrb.8 q3, [r5], #16\n"
            "vmladava.s8 r4, q0, q3\n"
            "vldrb.8 q1, [r5], #16\n"
            "vmladava.s8 r6, q0, q1\n"
            "le lr, 2b\n"
            "vldrb.8 q1, [r11], #16\n"
            "vmov q0[2], q0[0], r0, r4\n"
            "vmov q0[3], q0[1], r2, r6\n"
            MG_BIAS("q0", "q1")
            "vldrb.8 q1, [r11], #16\n"
            MG_FIRST("q0", "q1")
            "vldrb.8 q1, [r11], #16\n"
            MG_SECOND("q0", "q1", "q2")
            "ldr r2, [sp]\n"
            MG_RANGE("q0")
            "vctp.32 r2\n"
            "vpst\n"
            "vstrbt.32 q0, [r7], #4\n"
            "subs r2, #4\n"
            "str r2, [sp]\n"
            "bgt 1b\n"
            MG_ROWS_EXIT);
}

#define MG_REQUANTIZE_FOUR(sums) \
    "vldrb.8 q4, [%[table]], #16\n" MG_BIAS(sums, "q4") \
    "vldrb.8 q4, [%[table]], #16\n" MG_FIRST(sums, "q4") \
    "vldrb.8 q4, [%[table]], #16\n" MG_SECOND(sums, "q4", "q5")

/* q0-q3 the sums: bytes 0 4 8 12, then 2 6 10 14, 1 5 9 13, 3 7 11 15; q4-q7 values, weights, products.
 * Two products are added in 16 bits, in which they fit, before they are widened. */
static inline void mg_lanes(int8_t *out, const int8_t *x, const int32_t *offsets, const int8_t *w, uint32_t pairs,
                            const uint8_t *table, const mg_range_t *range, uint32_t n) {
    uint32_t at, next, left = n;
    __asm__ volatile("0:\n"
                     "ldr %[at], [%[offsets]], #4\n"
                     "add %[at], %[x]\n"
                     "vldrb.8 q4, [%[at]]\n"
                     "vldrb.8 q5, [%[w]], #16\n"
                     "vmullb.s8 q6, q4, q5\n"
                     "vmullt.s8 q4, q4, q5\n"
                     "vmovlb.s16 q0, q6\n"
                     "vmovlt.s16 q1, q6\n"
                     "vmovlb.s16 q2, q4\n"
                     "vmovlt.s16 q3, q4\n"
                     "wls lr, %[pairs], 2f\n"
                     "1:\n"
                     "ldrd %[at], %[next], [%[offsets]], #8\n"
                     "add %[at], %[x]\n"
                     "add %[next], %[x]\n"
                     "vldrb.8 q4, [%[at]]\n"
                     "vldrb.8 q5, [%[w]], #16\n"
                     "vmullb.s8 q6, q4, q5\n"
                     "vmullt.s8 q4, q4, q5\n"
                     "vldrb.8 q5, [%[next]]\n"
                     "vldrb.8 q7, [%[w]]\n"
                     "vmullb.s8 q7, q5, q7\n"
                     "vadd.i16 q6, q6, q7\n"
                     "vldrb.8 q7, [%[w]], #16\n"
                     "vmullt.s8 q7, q5, q7\n"
                     "vadd.i16 q4, q4, q7\n"
                     "vmovlb.s16 q5, q6\n"
                     "vadd.i32 q0, q0, q5\n"
                     "vmovlt.s16 q6, q6\n"
                     "vadd.i32 q1, q1, q6\n"
                     "vmovlb.s16 q5, q4\n"
                     "vadd.i32 q2, q2, q5\n"
                     "vmovlt.s16 q4, q4\n"
                     "vadd.i32 q3, q3, q4\n"
                     "le lr, 1b\n"
                     "2:\n" /* narrowing twice puts the lanes back in order */
                     MG_REQUANTIZE_FOUR("q0") MG_REQUANTIZE_FOUR("q1") MG_REQUANTIZE_FOUR("q2") MG_REQUANTIZE_FOUR("q3")
                     "ldrd %[at], %[next], [%[range], #4]\n"
                     "vqmovnb.s32 q0, q0\n"
                     "vdup.8 q6, %[at]\n"
                     "ldr %[at], [%[range]]\n"
                     "vqmovnt.s32 q0, q1\n"
                     "vqmovnb.s32 q2, q2\n"
                     "vqmovnt.s32 q2, q3\n"
                     "vqadd.s16 q0, q0, %[at]\n"
                     "vdup.8 q7, %[next]\n"
                     "vqadd.s16 q2, q2, %[at]\n"
                     "vqmovnb.s16 q0, q0\n"
                     "vqmovnt.s16 q0, q2\n"
                     "vmax.s8 q0, q0, q6\n"
                     "vmin.s8 q0, q0, q7\n"
                     "vctp.8 %[left]\n"
                     "vpst\n"
                     "vstrbt.8 q0, [%[out]], #16\n"
                     "sub %[offsets], %[offsets], %[pairs], lsl #3\n"
                     "add %[x], #16\n"
                     "sub %[offsets], #4\n"
                     "subs %[left], #16\n"
                     "bgt 0b\n"
                     : [w] "+r"(w), [offsets] "+r"(offsets), [table] "+r"(table), [at] "=&r"(at),
                       [next] "=&r"(next), [x] "+r"(x), [out] "+r"(out), [left] "+r"(left)
                     : [pairs] "r"(pairs), [range] "r"(range)
                     : "cc", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "memory");
}
#undef MG_REQUANTIZE_FOUR

/* VQRDMULH is the first rounding; the second one, VRSHL, rounds halves up: taking 1 off where the value is
 * negative makes it round them away from zero. */
static inline mg_four_t mg_requantize_four(mg_four_t sums, const mg_four_t table[3]) {
    mg_four_t high = vqrdmulhq_s32(vaddq_s32(sums, table[0]), table[1]);
    return vrshlq_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), table[2]);
}

static inline uint32_t mg_max_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
                                       uint32_t channels, const mg_range_t *range) {
    int8x16_t low = vdupq_n_s8((int8_t)range->min), high = vdupq_n_s8((int8_t)range->max);
    for (uint32_t c = 0; c < channels; c += 16) {
        mve_pred16_t lanes = vctp8q(channels - c);
        const int8_t *row = x + c;
        int8x16_t best = low;
        for (uint32_t i = 0; i < h; i++, row += line) {
            const int8_t *at = row;
            for (uint32_t j = 0; j < w; j++, at += channels) {
                best = vmaxq_s8(best, vldrbq_z_s8(at, lanes));
            }
        }
        vstrbq_p_s8(out + c, vminq_s8(best, high), lanes);
    }
    return channels;
}

/* Four sums divided by a count from 2 to 256, halves away from zero, by the count's reciprocal in Q31: below
 * 2^16 the error of a product is less than 1 / count. */
static inline int32x4_t mg_divide_sums(int32x4_t sums, int32_t count, int32_t reciprocal) {
    int32x4_t magnitude = vaddq_n_s32(vabsq_s32(sums), count / 2);
    int32x4_t quotient = vqdmulhq_n_s32(magnitude, reciprocal);
    return vnegq_m_s32(quotient, quotient, vcmpltq_n_s32(sums, 0));
}

static inline uint32_t mg_average_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
                                           uint32_t channels, const mg_range_t *range) {
    uint32_t count = h * w;
    if (count < 2 || count > 256) {
        return 0;
    }
    int32_t reciprocal = (int32_t)((0x80000000u + count - 1) / count);
    for (uint32_t c = 0; c < channels; c += 8) {
        mve_pred16_t lanes = vctp16q(channels - c);
        const int8_t *row = x + c;
        int16x8_t sums = vdupq_n_s16(0);
        for (uint32_t i = 0; i < h; i++, row += line) {
            const int8_t *at = row;
            for (uint32_t j = 0; j < w; j++, at += channels) {
                sums = vaddq_s16(sums, vldrbq_z_s16(at, lanes));
            }
        }
        int32x4_t even = mg_divide_sums(vmovlbq_s16(sums), (int32_t)count, reciprocal);
        int32x4_t odd = mg_divide_sums(vmovltq_s16(sums), (int32_t)count, reciprocal);
        sums = vmovntq_s32(vmovnbq_s32(sums, even), odd);
        sums = vmaxq_s16(sums, vdupq_n_s16((int16_t)range->min));
        vstrbq_p_s16(out + c, vminq_s16(sums, vdupq_n_s16((int16_t)range->max)), lanes);
    }
    return channels;
}

static inline void mg_lookup(uint8_t *out, const uint8_t *x, const uint8_t *table, uint32_t n) {
    for (uint32_t i = 0; i < n; i += 16) {
        mve_pred16_t lanes = vctp8q(n - i);
        vstrbq_p_u8(out + i, vldrbq_gather_offset_z_u8(table, vldrbq_z_u8(x + i, lanes), lanes), lanes);
    }
}

/* One multiplication and two roundings, for a shift of 0 to -31; `fix` is -1 where it is not 0. */
static inline int32x4_t mg_scale(int32x4_t x, int32_t multiplier, int32_t shift, int32x4_t fix) {
    int32x4_t high = vqrdmulhq_n_s32(x, multiplier);
    return vrshlq_n_s32(vaddq_s32(high, vandq_s32(vshrq_n_s32(high, 31), fix)), shift);
}

static inline uint32_t mg_add_scaled(int8_t *out, const int8_t *a, const int8_t *b, uint32_t n,
                                     const mg_scaling_t scale[3], const mg_range_t *range) {
    if (scale[0].shift > 0 || scale[1].shift > 0 || scale[2].shift > 0) {
        return 0;
    }
    int32x4_t a_fix = vdupq_n_s32(-(scale[0].shift != 0)), b_fix = vdupq_n_s32(-(scale[1].shift != 0));
    int32x4_t fix = vdupq_n_s32(-(scale[2].shift != 0));
    const int32x4_t low = vdupq_n_s32(range->min), high = vdupq_n_s32(range->max);
    for (uint32_t left = n / 4; left != 0; left--, a += 4, b += 4, out += 4) {
        int32x4_t x = vshlq_n_s32(vsubq_n_s32(vldrbq_s32(a), scale[0].zero_point), 20);
        int32x4_t y = vshlq_n_s32(vsubq_n_s32(vldrbq_s32(b), scale[1].zero_point), 20);
        x = vaddq_s32(mg_scale(x, scale[0].multiplier, scale[0].shift, a_fix),
                      mg_scale(y, scale[1].multiplier, scale[1].shift, b_fix));
        x = vaddq_n_s32(mg_scale(x, scale[2].multiplier, scale[2].shift, fix), range->zero_point);
        vstrbq_s32(out, vminq_s32(vmaxq_s32(x, low), high));
    }
    return n & ~3u;
}
