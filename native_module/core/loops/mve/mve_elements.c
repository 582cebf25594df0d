/* SPDX-License-Identifier: MIT
 *
 * Pooling of many channels, and ADD, in vectors.
 */
#include "../loops.h"

#ifdef MG_ISA_MVE

uint32_t mg_max_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
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
static int32x4_t divide_sums(int32x4_t sums, int32_t count, int32_t reciprocal) {
    int32x4_t magnitude = vaddq_n_s32(vabsq_s32(sums), count / 2);
    int32x4_t quotient = vqdmulhq_n_s32(magnitude, reciprocal);
    return vnegq_m_s32(quotient, quotient, vcmpltq_n_s32(sums, 0));
}

uint32_t mg_average_channels(int8_t *out, const int8_t *x, uint32_t h, uint32_t w, uint32_t line,
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
        int32x4_t even = divide_sums(vmovlbq_s16(sums), (int32_t)count, reciprocal);
        int32x4_t odd = divide_sums(vmovltq_s16(sums), (int32_t)count, reciprocal);
        sums = vmovntq_s32(vmovnbq_s32(sums, even), odd);
        sums = vmaxq_s16(sums, vdupq_n_s16((int16_t)range->min));
        vstrbq_p_s16(out + c, vminq_s16(sums, vdupq_n_s16((int16_t)range->max)), lanes);
    }
    return channels;
}

/* One multiplication and two roundings, for a shift of 0 to -31; `fix` is -1 where it is not 0. */
static int32x4_t scale_by(int32x4_t x, int32_t multiplier, int32_t shift, int32x4_t fix) {
    int32x4_t high = vqrdmulhq_n_s32(x, multiplier);
    return vrshlq_n_s32(vaddq_s32(high, vandq_s32(vshrq_n_s32(high, 31), fix)), shift);
}

uint32_t mg_add_scaled(int8_t *out, const int8_t *a, const int8_t *b, uint32_t n,
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
        x = vaddq_s32(scale_by(x, scale[0].multiplier, scale[0].shift, a_fix),
                      scale_by(y, scale[1].multiplier, scale[1].shift, b_fix));
        x = vaddq_n_s32(scale_by(x, scale[2].multiplier, scale[2].shift, fix), range->zero_point);
        vstrbq_s32(out, vminq_s32(vmaxq_s32(x, low), high));
    }
    return n & ~3u;
}

#endif
