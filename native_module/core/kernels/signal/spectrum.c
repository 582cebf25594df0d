/* SPDX-License-Identifier: MIT
 *
 * From samples to the energy of each frequency, int16: WINDOW, AUTO_SCALE, RFFT, ENERGY.
 *
 *     WINDOW:      y[i] = clamp(x[i] * w[i % size] >> shift)
 *     AUTO_SCALE:  y = x << s with the largest s that keeps max |x| in 15 bits; s is the second output
 *     RFFT:        Y[k] = sum over j of x[j] * exp(-2 pi i j k / N) / N, k = 0 ... N/2, real and imaginary
 *                  part in turn; x [frames, in_length] is padded with zeros to N, a power of two
 *     ENERGY:      y[k] = re^2 + im^2 for first <= k < last, 0 elsewhere, uint32
 *
 * RFFT packs the N reals into n = N/2 complex numbers, transforms these by decimation in time in
 * stages of 4 (and one of 2 where the logarithm is odd), and separates the two halves of the spectrum.
 * Before each stage of p all values are multiplied by floor(32767 / p) in Q0.15, every product is
 * rounded half up to Q0.15, and sums wrap at 16 bits as they do in the reference. A product of two
 * complex numbers stays below 2^15 * 46341 < 2^31 for twiddles on the unit circle; the check makes
 * sure that they are.
 * Source: TFLM's signal library (signal/src), and the fixed-point form of KISS FFT for the order of
 * roundings; Sorensen et al., "Real-valued fast Fourier transform algorithms" (1987).
 */
#include "../kernels.h"

typedef struct {
    int32_t re, im;
} complex_t;

bool mg_window_check(const mg_check_t *check) {
    const mg_window_params_t *p = &check->params.window;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    if (p->window_size == 0 || p->count % p->window_size != 0 || p->shift > 31) {
        return MG_REFUSE(check, "a window that does not divide its input: samples", p->count, p->window_size);
    }
    return mg_check_tensors(check, 1, 1, DTYPES) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count) && mg_check_data(check, p->window_at, mg_times(2, p->window_size));
}

void mg_window_run(const mg_call_t *call) {
    const mg_window_params_t *p = &call->params.window;
    const uint8_t *window = call->data + p->window_at;
    const int16_t *x = call->in[0];
    int16_t *out = call->out[0];
    for (uint32_t i = 0, j = 0; i < p->count; i++, j++) {
        j = j == p->window_size ? 0 : j;
        int32_t y = (x[i] * (int16_t)mg_load_u16(window + 2 * j)) >> p->shift;
        out[i] = (int16_t)mg_clamp(y, INT16_MIN, INT16_MAX);
    }
}

bool mg_auto_scale_check(const mg_check_t *check) {
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16, MG_INT32};
    uint32_t count = check->params.count.count;
    return mg_check_tensors(check, 1, 2, DTYPES) && mg_check_elements(check, 0, count)
           && mg_check_elements(check, 1, count) && mg_check_elements(check, 2, 1);
}

void mg_auto_scale_run(const mg_call_t *call) {
    uint32_t count = call->params.count.count;
    const int16_t *x = call->in[0];
    int16_t *out = call->out[0];
    int16_t max = 0;
    for (uint32_t i = 0; i < count; i++) {
        /* |-32768| becomes -32768 and is overtaken by whatever follows: so it is in the reference. */
        max = x[i] > max ? x[i] : -x[i] > max ? (int16_t)-x[i] : max;
    }
    int32_t scale = 0;
    while (max > 0 && max < 1 << 14) {
        max = (int16_t)(max * 2);
        scale++;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)(x[i] * (1 << scale));
    }
    *(int32_t *)call->out[1] = scale;
}

bool mg_rfft_check(const mg_check_t *check) {
    const mg_rfft_params_t *p = &check->params.rfft;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    uint32_t n = p->fft_length / 2, twiddles = n - n / 4 + n / 2;
    if (n < 2 || n > 1u << 15 || p->fft_length != 2 * n || (n & (n - 1)) != 0 || p->in_length > p->fft_length) {
        return MG_REFUSE(check, "a Fourier transform of an impossible length", p->fft_length, p->in_length);
    }
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, mg_times(p->frames, p->in_length))
        || !mg_check_elements(check, 1, mg_times(p->frames, p->fft_length + 2))
        || !mg_check_data(check, p->twiddles_at, mg_times(4, twiddles))) {
        return false;
    }
    for (uint32_t i = 0; i < twiddles; i++) {
        uint32_t w = mg_load_u32(check->data + p->twiddles_at + 4 * i);
        int32_t re = (int16_t)w, im = (int16_t)(w >> 16);
        if ((uint32_t)(re * re) + (uint32_t)(im * im) > 32768u * 32768u) {
            return MG_REFUSE(check, "a twiddle factor beyond the unit circle: index", i, twiddles);
        }
    }
    return true;
}

static int32_t round_q15(int32_t x) {
    return (int16_t)((x + (1 << 14)) >> 15);
}

/* Element i of an array of complex numbers, each part times factor in Q0.15. */
static complex_t load(const int16_t *x, uint32_t i, int32_t factor) {
    complex_t c = {round_q15(x[2 * i] * factor), round_q15(x[2 * i + 1] * factor)};
    return c;
}

static void store(int16_t *x, uint32_t i, int32_t re, int32_t im) {
    x[2 * i] = (int16_t)re;
    x[2 * i + 1] = (int16_t)im;
}

static complex_t times(complex_t a, const uint8_t *twiddle) {
    uint32_t w = mg_load_u32(twiddle);
    int32_t re = (int16_t)w, im = (int16_t)(w >> 16);
    complex_t c = {round_q15(a.re * re - a.im * im), round_q15(a.re * im + a.im * re)};
    return c;
}

/* All butterflies of one stage of 2, the innermost, where the only twiddle factor is the first. */
static void stage_of_2(int16_t *x, uint32_t n, const uint8_t *twiddles) {
    for (uint32_t i = 0; i < n; i += 2) {
        complex_t a = load(x, i, 32767 / 2), b = times(load(x, i + 1, 32767 / 2), twiddles);
        store(x, i, a.re + b.re, a.im + b.im);
        store(x, i + 1, a.re - b.re, a.im - b.im);
    }
}

/* All butterflies of a stage that joins four transforms of m numbers each. */
static void stage_of_4(int16_t *x, uint32_t n, uint32_t m, const uint8_t *twiddles) {
    uint32_t step = n / m; /* bytes from one twiddle factor to the next: 4 * n / (4 * m) */
    for (uint32_t i = 0; i < n; i += 4 * m) {
        for (uint32_t j = 0; j < m; j++) {
            int16_t *at = x + 2 * (i + j);
            complex_t a = load(at, 0, 32767 / 4);
            complex_t b = times(load(at, m, 32767 / 4), twiddles + j * step);
            complex_t c = times(load(at, 2 * m, 32767 / 4), twiddles + 2 * j * step);
            complex_t d = times(load(at, 3 * m, 32767 / 4), twiddles + 3 * j * step);
            complex_t even = {a.re + c.re, a.im + c.im}, odd = {a.re - c.re, a.im - c.im};
            complex_t sum = {b.re + d.re, b.im + d.im}, difference = {b.re - d.re, b.im - d.im};
            store(at, 0, even.re + sum.re, even.im + sum.im);
            store(at, m, odd.re + difference.im, odd.im - difference.re);
            store(at, 2 * m, even.re - sum.re, even.im - sum.im);
            store(at, 3 * m, odd.re - difference.im, odd.im + difference.re);
        }
    }
}

/* Where decimation in time takes element `at` from: its digits, of two bits and the last perhaps of
 * one, in reverse order. */
static uint32_t reversed(uint32_t at, uint32_t bits) {
    uint32_t from = 0, weight = 0;
    while (bits > 0) {
        uint32_t width = bits > 1 ? 2 : 1;
        bits -= width;
        from |= ((at >> bits) & (width == 2 ? 3u : 1u)) << weight;
        weight += width;
    }
    return from;
}

/* The transform of n complex numbers becomes that of 2 * n reals, in place. */
static void separate(int16_t *x, uint32_t n, const uint8_t *twiddles) {
    complex_t first = load(x, 0, 32767 / 2);
    store(x, 0, first.re + first.im, 0);
    store(x, n, first.re - first.im, 0);
    for (uint32_t k = 1; k <= n / 2; k++) {
        complex_t a = load(x, k, 32767 / 2), b = load(x, n - k, 32767 / 2);
        /* The conjugate is taken before the scaling, whose rounding is not symmetric. */
        b.im = round_q15((int16_t)-x[2 * (n - k) + 1] * (32767 / 2));
        complex_t sum = {(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
        complex_t difference = {(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)};
        complex_t turned = times(difference, twiddles + 4 * (k - 1));
        store(x, k, (sum.re + turned.re) >> 1, (sum.im + turned.im) >> 1);
        store(x, n - k, (sum.re - turned.re) >> 1, (turned.im - sum.im) >> 1);
    }
}

void mg_rfft_run(const mg_call_t *call) {
    const mg_rfft_params_t *p = &call->params.rfft;
    const uint8_t *twiddles = call->data + p->twiddles_at;
    const int16_t *in = call->in[0];
    int16_t *out = call->out[0];
    uint32_t n = p->fft_length / 2, bits = 0;
    while (n >> bits > 1) {
        bits++;
    }
    for (uint32_t frame = 0; frame < p->frames; frame++, in += p->in_length, out += p->fft_length + 2) {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t from = 2 * reversed(i, bits);
            store(out, i, from < p->in_length ? in[from] : 0, from + 1 < p->in_length ? in[from + 1] : 0);
        }
        if (bits % 2 == 1) {
            stage_of_2(out, n, twiddles);
        }
        for (uint32_t m = bits % 2 == 1 ? 2 : 1; m < n; m *= 4) {
            stage_of_4(out, n, m, twiddles);
        }
        separate(out, n, twiddles + 4 * (n - n / 4));
    }
}

bool mg_energy_check(const mg_check_t *check) {
    const mg_energy_params_t *p = &check->params.energy;
    static const uint8_t DTYPES[] = {MG_INT16, MG_UINT32};
    if (p->first > p->last || p->last > p->bins) {
        return MG_REFUSE(check, "frequencies beyond the spectrum: bin", p->last, p->bins);
    }
    return mg_check_tensors(check, 1, 1, DTYPES) && mg_check_elements(check, 0, mg_times(2, p->bins))
           && mg_check_elements(check, 1, p->bins);
}

void mg_energy_run(const mg_call_t *call) {
    const mg_energy_params_t *p = &call->params.energy;
    const int16_t *x = call->in[0];
    uint32_t *out = call->out[0];
    for (uint32_t i = 0; i < p->bins; i++, x += 2) {
        bool inside = i >= p->first && i < p->last;
        out[i] = inside ? (uint32_t)(x[0] * x[0]) + (uint32_t)(x[1] * x[1]) : 0;
    }
}
