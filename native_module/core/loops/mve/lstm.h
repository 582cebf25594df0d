/* SPDX-License-Identifier: MIT
 *
 * The functions of loops/lstm.h, four units in a vector.
 */
#include <arm_mve.h>

typedef mg_rescaling_t mg_ready_t;

static inline mg_ready_t mg_make_ready(mg_rescaling_t by) {
    return by;
}

static inline int32x4_t mg_rescale_four(int32x4_t x, mg_rescaling_t by) {
    const int32_t left = by.shift > 0 ? by.shift : 0, right = by.shift < 0 ? by.shift : 0;
    const int32x4_t high = vqrdmulhq_n_s32(vshlq_r_s32(x, left), by.multiplier);
    const int32x4_t fix = vandq_s32(vshrq_n_s32(high, 31), vdupq_n_s32(right >> 31));
    return vrshlq_n_s32(vaddq_s32(high, fix), right);
}

static inline int32x4_t mg_saturate_four(int32x4_t x) {
    return vmaxq_s32(vminq_s32(x, vdupq_n_s32(INT16_MAX)), vdupq_n_s32(INT16_MIN));
}

static inline void mg_add_halves(int16_t *gate, const int32_t a[4], const int32_t b[4], const mg_ready_t *of_a,
                                 const mg_ready_t *of_b, uint32_t n) {
    const int32x4_t first = mg_saturate_four(mg_rescale_four(vldrwq_s32(a), *of_a));
    const int32x4_t second = mg_saturate_four(mg_rescale_four(vldrwq_s32(b), *of_b));
    vstrhq_p_s32(gate, mg_saturate_four(vaddq_s32(first, second)), vctp32q(n));
}

/* Entries of a table of uint16 at any address. */
static inline int32x4_t mg_entries(const uint8_t *table, uint32x4_t offsets) {
    const uint32x4_t low = vldrbq_gather_offset_u32(table, offsets);
    return vreinterpretq_s32_u32(vorrq_u32(low, vshlq_n_u32(vldrbq_gather_offset_u32(table + 1, offsets), 8)));
}

/* mg_sigmoid_inline of z = x * multiplier * 2^-shift, saturated to int16. */
static inline int32x4_t mg_sigmoid_four(const uint8_t *table, int32x4_t z, bool tanh) {
    const int32_t bits = tanh ? 8 : 9;
    const uint32x4_t size = vreinterpretq_u32_s32(vabsq_s32(z)), at = vshlq_r_u32(size, -bits);
    const uint32x4_t offsets = vshlq_n_u32(vminq_u32(at, vdupq_n_u32(254)), 1);
    const int32x4_t low = mg_entries(table, offsets), step = vsubq_s32(mg_entries(table + 2, offsets), low);
    const int32x4_t within = vreinterpretq_s32_u32(vandq_u32(size, vdupq_n_u32((1u << bits) - 1)));
    int32x4_t y = vaddq_s32(vshlq_r_s32(low, bits), vmulq_s32(within, step));
    y = vpselq_s32(vdupq_n_s32(tanh ? 0xffff << 8 : 0x7fff << 10), y, vcmphiq_n_u32(at, 254));
    const int32x4_t sign = vshrq_n_s32(z, 31);
    if (tanh) {
        y = veorq_s32(vsubq_n_s32(y, 1 << 23), sign);
        return mg_saturate_four(vrshrq_n_s32(y, 8));
    }
    y = vaddq_s32(veorq_s32(y, sign), vandq_s32(sign, vdupq_n_s32(1 << 25)));
    return mg_saturate_four(vrshrq_n_s32(y, 10));
}

static inline void mg_activate(int16_t *gate, uint32_t n, const uint8_t *table, bool tanh) {
    for (uint32_t u = 0; u < n; u += 4) {
        const mve_pred16_t lanes = vctp32q(n - u);
        const int32x4_t z = vmulq_n_s32(vldrhq_z_s32(gate + u, lanes), 3);
        vstrhq_p_s32(gate + u, mg_sigmoid_four(table, z, tanh), lanes);
    }
}

static inline void mg_keep_and_add(const mg_cell_t *c, uint32_t n) {
    const int32x4_t clip = vdupq_n_s32(c->clip > 0 ? c->clip : INT16_MAX);
    const int32x4_t low_clip = vdupq_n_s32(c->clip > 0 ? -c->clip : INT16_MIN);
    const int32_t half = c->tanh_shift == 0 ? 0 : 1 << (c->tanh_shift - 1), right = -(int32_t)c->tanh_shift;
    for (uint32_t u = 0; u < n; u += 4) {
        const mve_pred16_t lanes = vctp32q(n - u);
        const int32x4_t f = vldrhq_z_s32(c->forget + u, lanes), i = vldrhq_z_s32(c->input + u, lanes);
        const int32x4_t g = vldrhq_z_s32(c->candidate + u, lanes), o = vldrhq_z_s32(c->output + u, lanes);
        const int32x4_t before = vldrhq_z_s32(c->s + u, lanes);
        const int32x4_t kept = mg_saturate_four(mg_rescale_four(vmulq_s32(f, before), c->of_kept));
        const int32x4_t added = mg_saturate_four(mg_rescale_four(vmulq_s32(i, g), c->of_added));
        const int32x4_t s = vmaxq_s32(vminq_s32(mg_saturate_four(vaddq_s32(kept, added)), clip), low_clip);
        vstrhq_p_s32(c->s + u, s, lanes);
        const int32x4_t z = vshlq_r_s32(vaddq_n_s32(vmulq_n_s32(s, c->tanh_multiplier), half), right);
        int32x4_t h = vmulq_s32(mg_sigmoid_four(c->table, z, true), o);
        h = vaddq_n_s32(mg_rescale_four(h, c->of_output), c->zero_point);
        h = vmaxq_s32(vminq_s32(h, vdupq_n_s32(c->high)), vdupq_n_s32(c->low));
        vstrhq_p_s32(c->next + u, h, lanes);
    }
}
