/* SPDX-License-Identifier: MIT
 *
 * Complex numbers of two int16 (simd.h) where a register holds one of the two parts.
 */
typedef struct {
    int32_t re, im; /* as large as a sum of a few int16; stored, they wrap at 16 bits */
} mg_complex_t;

static inline int32_t mg_saturated_half(int32_t x) {
    return x == (int16_t)x ? x : x >> 31 ^ INT16_MAX;
}

static inline int32_t mg_round_q15(int32_t x) {
    return (int16_t)((x + (1 << 14)) >> 15);
}

static inline mg_complex_t mg_complex(int32_t re, int32_t im) {
    mg_complex_t c = {re, im};
    return c;
}

static inline mg_complex_t mg_complex_load(const int16_t *p) {
    return mg_complex(p[0], p[1]);
}

static inline void mg_complex_store(int16_t *p, mg_complex_t c) {
    p[0] = (int16_t)c.re;
    p[1] = (int16_t)c.im;
}

static inline mg_complex_t mg_complex_scale(mg_complex_t c, int32_t factor) {
    return mg_complex(mg_round_q15(c.re * factor), mg_round_q15(c.im * factor));
}

static inline mg_complex_t mg_complex_conjugate(mg_complex_t c) {
    return mg_complex(c.re, (int16_t)-c.im);
}

static inline mg_complex_t mg_complex_add(mg_complex_t a, mg_complex_t b) {
    return mg_complex(a.re + b.re, a.im + b.im);
}

static inline mg_complex_t mg_complex_subtract(mg_complex_t a, mg_complex_t b) {
    return mg_complex(a.re - b.re, a.im - b.im);
}

static inline mg_complex_t mg_complex_add_i(mg_complex_t a, mg_complex_t b) {
    return mg_complex(a.re - b.im, a.im + b.re);
}

static inline mg_complex_t mg_complex_subtract_i(mg_complex_t a, mg_complex_t b) {
    return mg_complex(a.re + b.im, a.im - b.re);
}

static inline mg_complex_t mg_complex_wrap(mg_complex_t c) {
    return mg_complex((int16_t)c.re, (int16_t)c.im);
}

static inline mg_complex_t mg_complex_times(mg_complex_t a, mg_complex_t b) {
    return mg_complex(mg_round_q15(a.re * b.re - a.im * b.im), mg_round_q15(a.re * b.im + a.im * b.re));
}

static inline mg_complex_t mg_complex_mean(mg_complex_t a, mg_complex_t b) {
    return mg_complex((a.re + b.re) >> 1, (a.im + b.im) >> 1);
}

static inline mg_complex_t mg_complex_mirror_mean(mg_complex_t a, mg_complex_t b) {
    return mg_complex((a.re - b.re) >> 1, (b.im - a.im) >> 1);
}

static inline uint32_t mg_complex_energy(mg_complex_t c) {
    return (uint32_t)(c.re * c.re) + (uint32_t)(c.im * c.im);
}

static inline mg_complex_t mg_complex_weigh(mg_complex_t a, mg_complex_t b, uint32_t shift) {
    return mg_complex(mg_saturated_half((a.re * b.re) >> shift), mg_saturated_half((a.im * b.im) >> shift));
}
