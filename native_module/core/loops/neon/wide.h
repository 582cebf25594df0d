/* SPDX-License-Identifier: MIT
 *
 * The loops of PCs (loops.h) on AArch64: a vector holds a tap of eight channels.
 */

#define MG_WIDE_AT(tap, c) ((tap) * 16 + (c))

static inline void mg_wide_pack(int16_t *to, const int8_t *w, uint32_t k, uint32_t n) {
    for (uint32_t c = 0; c < n; c++) {
        for (uint32_t i = 0; i < k; i++) {
            to[MG_WIDE_AT(i, c)] = *w++;
        }
    }
}

static inline void mg_wide_tile(int32_t sums[MG_WIDE_PIXELS][16], const int16_t *x, uint32_t x_step, const int16_t *w,
                                uint32_t pairs) {
    int32x4_t v[MG_WIDE_PIXELS][4];
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        v[p][0] = v[p][1] = v[p][2] = v[p][3] = vdupq_n_s32(0);
    }
    for (uint32_t taps = 2 * pairs; taps != 0; taps--, x++, w += 16) {
        const int16x8_t low = vld1q_s16(w), high = vld1q_s16(w + 8);
        for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
            const int16x8_t value = vdupq_n_s16(x[p * x_step]);
            v[p][0] = vmlal_s16(v[p][0], vget_low_s16(low), vget_low_s16(value));
            v[p][1] = vmlal_high_s16(v[p][1], low, value);
            v[p][2] = vmlal_s16(v[p][2], vget_low_s16(high), vget_low_s16(value));
            v[p][3] = vmlal_high_s16(v[p][3], high, value);
        }
    }
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        for (uint32_t i = 0; i < 4; i++) {
            vst1q_s32(sums[p] + 4 * i, v[p][i]);
        }
    }
}

static inline void mg_wide_window(int32_t sums[MG_WIDE_PIXELS][16], const int8_t *const *x, uint32_t c, const int16_t *w,
                                  uint32_t pairs) {
    int32x4_t v[MG_WIDE_PIXELS][2];
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        v[p][0] = v[p][1] = vdupq_n_s32(0);
    }
    for (uint32_t taps = 2 * pairs; taps != 0; taps--, x += MG_WIDE_PIXELS, w += 16) {
        const int16x8_t weights = vld1q_s16(w);
        for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
            const int16x8_t values = vmovl_s8(vld1_s8(x[p] + c));
            v[p][0] = vmlal_s16(v[p][0], vget_low_s16(values), vget_low_s16(weights));
            v[p][1] = vmlal_high_s16(v[p][1], values, weights);
        }
    }
    for (uint32_t p = 0; p < MG_WIDE_PIXELS; p++) {
        vst1q_s32(sums[p], v[p][0]);
        vst1q_s32(sums[p] + 4, v[p][1]);
    }
}
