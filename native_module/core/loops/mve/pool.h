/* SPDX-License-Identifier: MIT
 *
 * Pooling of many channels in vectors. Inline: called once per output pixel, for a few vectors.
 */
#include <arm_mve.h>

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
