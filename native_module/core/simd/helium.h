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

static inline void mg_copy_rows(int8_t *to, uint32_t to_step, const int8_t *from, uint32_t from_step, uint32_t n,
                                uint32_t rows) {
    if (n <= 16) {
        __asm__ volatile("vctp.8 %[n]\n"
                         "wls lr, %[rows], 2f\n"
                         "1:\n"
                         "vpstt\n"
                         "vldrbt.8 q0, [%[from]]\n"
                         "vstrbt.8 q0, [%[to]]\n"
                         "add %[from], %[from_step]\n"
                         "add %[to], %[to_step]\n"
                         "le lr, 1b\n"
                         "2:\n"
                         : [to] "+r"(to), [from] "+r"(from)
                         : [to_step] "r"(to_step), [from_step] "r"(from_step), [n] "r"(n), [rows] "r"(rows)
                         : "lr", "q0", "memory");
        return;
    }
    for (const uint32_t moved = (n + 15) & ~15u; rows != 0; rows--, to += to_step - moved, from += from_step - moved) {
        __asm__ volatile("dlstp.8 lr, %2\n"
                         "1:\n"
                         "vldrb.8 q0, [%1], #16\n"
                         "vstrb.8 q0, [%0], #16\n"
                         "letp lr, 1b\n"
                         : "+r"(to), "+r"(from)
                         : "r"(n)
                         : "lr", "q0", "memory");
    }
}

static inline void mg_fill(int8_t *to, int32_t value, uint32_t n) {
    __asm__ volatile("vdup.8 q0, %[value]\n"
                     "wlstp.8 lr, %[n], 2f\n"
                     "1:\n"
                     "vstrb.8 q0, [%[to]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [to] "+r"(to)
                     : [value] "r"(value), [n] "r"(n)
                     : "lr", "q0", "memory");
}

#define MG_OWN_CLAMP
static inline void mg_clamp_bytes(int8_t *y, uint32_t n, int8_t min, int8_t max) {
    for (uint32_t i = 0; i < n; i += 16) {
        mve_pred16_t lanes = vctp8q(n - i);
        int8x16_t v = vminq_s8(vmaxq_s8(vldrbq_z_s8(y + i, lanes), vdupq_n_s8(min)), vdupq_n_s8(max));
        vstrbq_p_s8(y + i, v, lanes);
    }
}

/* Bias and two roundings of four sums. VQRDMULH is the first; the second, VRSHL, rounds halves up: taking 1 off
 * where the value is negative makes it round them away from zero. */
#define MG_BIAS(sums, bias) "vadd.i32 " sums ", " sums ", " bias "\n"
#define MG_FIRST(sums, multiplier) "vqrdmulh.s32 " sums ", " sums ", " multiplier "\n"
#define MG_SECOND(sums, shift, free) \
    "vshr.s32 " free ", " sums ", #31\n" \
    "vadd.i32 " sums ", " sums ", " free "\n" \
    "vrshl.s32 " sums ", " sums ", " shift "\n"

/* r0 r2 r4 r6 the sums of pixel 0, r8 r10 r12 lr those of pixel 1; r1, r3 their values, r5 weights; sixteen
 * instructions for 128 products with those of the loop. Only even registers can be sums, so that none is left
 * for LE. */
#define MG_ROWS_4X2(mac) \
    "vldrb.8 q0, [r1], #16\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r0, q0, q2\n" \
    "vldrb.8 q1, [r3], #16\n" mac " r8, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r2, q0, q3\n" mac " r10, q1, q3\n" \
    "vldrb.8 q2, [r5], #16\n" mac " r4, q0, q2\n" mac " r12, q1, q2\n" \
    "vldrb.8 q3, [r5], #16\n" mac " r6, q0, q3\n" mac " lr, q1, q3\n"

/* Four channels of two pixels, requantised, in q0 and q1. */
#define MG_ROWS_PASS_2 \
    "ldrd r1, r3, [sp]\n" \
    "ldr r9, [sp, #8]\n" \
    MG_ROWS_4X2("vmladav.s8") \
    "subs r9, #1\n" \
    "beq 3f\n" \
    "2:\n" MG_ROWS_4X2("vmladava.s8") \
    "subs r9, #1\n" \
    "bne 2b\n" \
    "3:\n" \
    "vldrb.8 q2, [r11], #16\n" \
    "vmov q0[2], q0[0], r0, r4\n" \
    "vmov q0[3], q0[1], r2, r6\n" \
    "vmov q1[2], q1[0], r8, r12\n" \
    "vmov q1[3], q1[1], r10, lr\n" \
    MG_BIAS("q0", "q2") MG_BIAS("q1", "q2") \
    "vldrb.8 q2, [r11], #16\n" \
    MG_FIRST("q0", "q2") MG_FIRST("q1", "q2") \
    "vldrb.8 q2, [r11], #16\n" \
    MG_SECOND("q0", "q2", "q3") MG_SECOND("q1", "q2", "q3")

/* On the stack: x0, x1, blocks, channels left, out_c, zero point, weights, table, two steps, pairs left. Registers
 * as above, and r7 out, r9 blocks left, r11 table; q4, q5 channels of each pixel in 16 bits: the first four in the even
 * lanes, the second in the odd ones, which puts them in order. */
MG_NAKED mg_rows_2(MG_ARG const mg_rows_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out, MG_ARG uint32_t pairs) {
    __asm__("push {r4-r11, lr}\n"
            "vpush {d8-d11}\n"
            "push {r3}\n"
            "ldm r0, {r4, r5, r6, r8, r9, r10}\n"
            "add r3, r1, r4\n"
            "mov r7, r6\n"
            "lsl r11, r4, #1\n"
            "push {r1, r3, r5-r11}\n"
            "mov r7, r2\n"
            "0:\n"
            "ldrd r5, r11, [sp, #24]\n"
            "1:\n"
            MG_ROWS_PASS_2
            "ldr r0, [sp, #12]\n"
            "vqmovnb.s32 q4, q0\n"
            "vqmovnb.s32 q5, q1\n"
            "cmp r0, #4\n"
            "ble 4f\n"
            MG_ROWS_PASS_2
            "vqmovnt.s32 q4, q0\n"
            "vqmovnt.s32 q5, q1\n"
            "ldrd r0, r2, [sp, #12]\n"
            "ldr r4, [sp, #20]\n"
            "add r2, r7\n"
            "vqadd.s16 q4, q4, r4\n"
            "vqadd.s16 q5, q5, r4\n"
            "vqmovnb.s16 q4, q4\n"
            "vqmovnb.s16 q5, q5\n"
            "vctp.16 r0\n"
            "vpstt\n"
            "vstrbt.16 q4, [r7], #8\n"
            "vstrbt.16 q5, [r2]\n"
            "subs r0, #8\n"
            "str r0, [sp, #12]\n"
            "bgt 1b\n"
            "b 5f\n"
            "4:\n" /* no more than four channels are left */
            "ldrd r2, r4, [sp, #16]\n"
            "vqadd.s16 q4, q4, r4\n"
            "vqadd.s16 q5, q5, r4\n"
            "vqmovnb.s16 q4, q4\n"
            "vqmovnb.s16 q5, q5\n"
            "add r2, r7\n"
            "vctp.32 r0\n"
            "vpstt\n"
            "vstrbt.32 q4, [r7], #4\n"
            "vstrbt.32 q5, [r2]\n"
            "subs r0, #4\n"
            "5:\n"
            "ldr r2, [sp, #16]\n"
            "add r7, r0\n" /* what is not left is below 0 */
            "add r7, r2\n"
            "str r2, [sp, #12]\n"
            "ldrd r1, r3, [sp]\n"
            "ldrd r4, r6, [sp, #32]\n"
            "add r1, r4\n"
            "add r3, r4\n"
            "strd r1, r3, [sp]\n"
            "subs r6, #1\n"
            "str r6, [sp, #36]\n"
            "bne 0b\n"
            "add sp, #40\n"
            "vpop {d8-d11}\n"
            "pop {r4-r11, pc}\n");
}

/* Four channels of one pixel, in q0; r0 r2 r4 r6 the sums. */
#define MG_ROWS_PASS_1 \
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
    MG_BIAS("q0", "q1") \
    "vldrb.8 q1, [r11], #16\n" \
    MG_FIRST("q0", "q1") \
    "vldrb.8 q1, [r11], #16\n" \
    MG_SECOND("q0", "q1", "q2")

/* r3 the pixel, r5 weights, r7 out, r8 channels left, r9 blocks, r10 zero point, r11 table. */
MG_NAKED mg_rows_1(MG_ARG const mg_rows_t *layer, MG_ARG const int8_t *x, MG_ARG int8_t *out) {
    __asm__("push {r4-r11, lr}\n"
            "vpush {d8-d9}\n"
            "mov r3, r1\n"
            "mov r7, r2\n"
            "ldrd r9, r8, [r0, #4]\n"
            "ldrd r10, r5, [r0, #12]\n"
            "ldr r11, [r0, #20]\n"
            "1:\n"
            MG_ROWS_PASS_1
            "vqmovnb.s32 q4, q0\n"
            "cmp r8, #4\n"
            "ble 4f\n"
            MG_ROWS_PASS_1
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

/* q0-q3 become the products of the first tap: bytes 0 4 8 12, then 2 6 10 14, 1 5 9 13, 3 7 11 15. */
#define MG_LANES_FIRST(x) \
    "vldrb.8 q4, " x "\n" \
    "vldrb.8 q5, [r3], #16\n" \
    "vmullb.s8 q6, q4, q5\n" \
    "vmullt.s8 q4, q4, q5\n" \
    "vmovlb.s16 q0, q6\n" \
    "vmovlt.s16 q1, q6\n" \
    "vmovlb.s16 q2, q4\n" \
    "vmovlt.s16 q3, q4\n"

/* To q0-q3 are added two taps. Their products are summed in 16 bits, in which they fit, and then widened. */
#define MG_LANES_PAIR(x0, x1) \
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

#define MG_LANES_FOUR(sums) \
    "vldrb.8 q4, [r4], #16\n" MG_BIAS(sums, "q4") \
    "vldrb.8 q4, [r4], #16\n" MG_FIRST(sums, "q4") \
    "vldrb.8 q4, [r4], #16\n" MG_SECOND(sums, "q4", "q5")

/* Requantises and stores; narrowing twice puts the lanes back in order. */
#define MG_LANES_STORE \
    MG_LANES_FOUR("q0") MG_LANES_FOUR("q1") MG_LANES_FOUR("q2") MG_LANES_FOUR("q3") \
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
    "sub r4, #192\n" \
    "add r5, r6\n"

/* r1 x, r2 offsets, r3 weights, r4 table, r5 out, r6 out_step, r7 step, r8 vectors left, r9 pairs, r10 zero point,
 * r11, r12 addresses; the lanes that are stored in VPR. */
MG_NAKED mg_lanes(MG_ARG const mg_lanes_t *row) {
    __asm__("push {r4-r11, lr}\n"
            "vpush {d8-d15}\n"
            "ldm r0, {r1-r11}\n"
            "vctp.8 r11\n"
            "0:\n"
            "ldr r11, [r2], #4\n"
            "add r11, r1\n"
            MG_LANES_FIRST("[r11]")
            "wls lr, r9, 2f\n"
            "1:\n"
            "ldrd r11, r12, [r2], #8\n"
            "add r11, r1\n"
            "add r12, r1\n"
            MG_LANES_PAIR("[r11]", "[r12]")
            "le lr, 1b\n"
            "2:\n"
            MG_LANES_STORE
            "ldrd r2, r3, [r0, #4]\n"
            "add r1, r7\n"
            "subs r8, #1\n"
            "bne 0b\n"
            "vpop {d8-d15}\n"
            "pop {r4-r11, pc}\n");
}

/* As above, but r1, r2, r9 the three rows, lr vectors left. */
MG_NAKED mg_lanes_3x3(MG_ARG const mg_lanes_t *row) {
    __asm__("push {r4-r11, lr}\n"
            "vpush {d8-d15}\n"
            "ldm r0, {r1-r11}\n"
            "vctp.8 r11\n"
            "ldr r11, [r2]\n"
            "ldr r9, [r2, #24]\n"
            "ldr r2, [r2, #12]\n"
            "add r9, r1\n"
            "add r2, r1\n"
            "add r1, r11\n"
            "dls lr, r8\n"
            "1:\n"
            MG_LANES_FIRST("[r1]")
            MG_LANES_PAIR("[r1, #16]", "[r1, #32]")
            MG_LANES_PAIR("[r2]", "[r2, #16]")
            MG_LANES_PAIR("[r2, #32]", "[r9]")
            MG_LANES_PAIR("[r9, #16]", "[r9, #32]")
            MG_LANES_STORE
            "sub r3, #144\n"
            "add r1, r7\n"
            "add r2, r7\n"
            "add r9, r7\n"
            "le lr, 1b\n"
            "vpop {d8-d15}\n"
            "pop {r4-r11, pc}\n");
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
