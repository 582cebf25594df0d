/* SPDX-License-Identifier: MIT
 *
 * Complex numbers of two int16 (simd.h) in one register, the real part in the lower half: SMLSD and SMLADX are a
 * product's two parts, SASX and SSAX turn by a right angle while they add. Words are loaded from any address.
 */
typedef uint32_t mg_complex_t;

/* The upper halves of two words. */
static inline mg_complex_t mg_upper_halves(uint32_t re, uint32_t im) {
#ifdef __arm__
    uint32_t y;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(y) : "r"(im), "r"(re));
    return y;
#else
    return re >> 16 | (im & 0xffff0000u);
#endif
}

static inline mg_complex_t mg_complex(int32_t re, int32_t im) {
    return ((uint32_t)re & 0xffffu) | (uint32_t)im << 16;
}

static inline mg_complex_t mg_complex_load(const int16_t *p) {
    return mg_load_u32((const uint8_t *)p);
}

static inline void mg_complex_store(int16_t *p, mg_complex_t c) {
    mg_store_u32((uint8_t *)p, c);
}

/* Twice the factor brings the results to the upper halves. */
static inline mg_complex_t mg_complex_scale(mg_complex_t c, int32_t factor) {
#ifdef __arm__ /* with a known factor, GCC takes shifts and additions instead */
    uint32_t re, im;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(re) : "r"(c), "r"(2 * factor), "r"(1 << 15));
    __asm__("smlatb %0, %1, %2, %3" : "=r"(im) : "r"(c), "r"(2 * factor), "r"(1 << 15));
    return mg_upper_halves(re, im);
#else
    return mg_upper_halves((uint32_t)((int16_t)c * 2 * factor + (1 << 15)),
                           (uint32_t)(((int32_t)c >> 16) * 2 * factor + (1 << 15)));
#endif
}

static inline mg_complex_t mg_complex_add(mg_complex_t a, mg_complex_t b) {
    return (mg_complex_t)__sadd16((int16x2_t)a, (int16x2_t)b);
}

static inline mg_complex_t mg_complex_subtract(mg_complex_t a, mg_complex_t b) {
    return (mg_complex_t)__ssub16((int16x2_t)a, (int16x2_t)b);
}

static inline mg_complex_t mg_complex_conjugate(mg_complex_t c) {
    return (c & 0xffffu) | (mg_complex_subtract(0, c) & 0xffff0000u);
}

static inline mg_complex_t mg_complex_add_i(mg_complex_t a, mg_complex_t b) {
    return (mg_complex_t)__sasx((int16x2_t)a, (int16x2_t)b);
}

static inline mg_complex_t mg_complex_subtract_i(mg_complex_t a, mg_complex_t b) {
    return (mg_complex_t)__ssax((int16x2_t)a, (int16x2_t)b);
}

static inline mg_complex_t mg_complex_wrap(mg_complex_t c) {
    return c;
}

static inline mg_complex_t mg_complex_times(mg_complex_t a, mg_complex_t b) {
    uint32_t re = (uint32_t)__smlsd((int16x2_t)a, (int16x2_t)b, 1 << 14);
    uint32_t im = (uint32_t)__smladx((int16x2_t)a, (int16x2_t)b, 1 << 14);
#ifdef __arm__
    uint32_t y;
    __asm__("pkhtb %0, %1, %2, asr #15" : "=r"(y) : "r"(im << 1), "r"(re));
    return y;
#else
    return mg_upper_halves(re << 1, im << 1);
#endif
}

static inline mg_complex_t mg_complex_mean(mg_complex_t a, mg_complex_t b) {
    return (mg_complex_t)__shadd16((int16x2_t)a, (int16x2_t)b);
}

static inline mg_complex_t mg_complex_mirror_mean(mg_complex_t a, mg_complex_t b) {
    uint32_t re = (uint32_t)__shsub16((int16x2_t)a, (int16x2_t)b), im = (uint32_t)__shsub16((int16x2_t)b, (int16x2_t)a);
    return (re & 0xffffu) | (im & 0xffff0000u);
}

static inline uint32_t mg_complex_energy(mg_complex_t c) {
    return (uint32_t)__smuad((int16x2_t)c, (int16x2_t)c);
}

static inline mg_complex_t mg_complex_weigh(mg_complex_t a, mg_complex_t b, uint32_t shift) {
    int32_t re = ((int16_t)a * (int16_t)b) >> shift, im = (((int32_t)a >> 16) * ((int32_t)b >> 16)) >> shift;
    return mg_complex(mg_to_i16(re), mg_to_i16(im));
}
