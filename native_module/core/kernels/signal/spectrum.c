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
 * sure that they are, and that the first is 1: 32767 in Q0.15 times anything below 2^14 rounds to that,
 * so the first stage multiplies by nothing but the scale.
 * Source: TFLM's signal library (signal/src), and the fixed-point form of KISS FFT for the order of
 * roundings; Sorensen et al., "Real-valued fast Fourier transform algorithms" (1987).
 */
#include "../../loops/loops.h"
#include "../kernels.h"

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
    const uint32_t size = p->window_size, shift = p->shift, pairs = mg_can_load(window, 2) ? size / 2 : 0;
    for (const int16_t *end = x + p->count; x != end;) {
        const int16_t *w = (const int16_t *)(const void *)window, *end_of_pairs = w + 2 * pairs;
        for (; w != end_of_pairs; w += 2, x += 2, out += 2) {
            mg_complex_store(out, mg_complex_weigh(mg_complex_load(x), mg_complex_load(w), shift));
        }
        for (uint32_t i = 2 * pairs; i < size; i++) {
            *out++ = (int16_t)mg_clamp((*x++ * mg_load_i16(window + 2 * i)) >> shift, INT16_MIN, INT16_MAX);
        }
    }
}

bool mg_auto_scale_check(const mg_check_t *check) {
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16, MG_INT32};
    uint32_t count = check->params.count.count;
    return mg_check_tensors(check, 1, 2, DTYPES) && mg_check_elements(check, 0, count)
           && mg_check_elements(check, 1, count) && mg_check_elements(check, 2, 1);
}

/* All |x| of the same bits as the largest, or'ed; those of two int16 in a word. */
static uint32_t all_magnitudes(const int16_t *x, uint32_t count) {
    uint32_t all = 0;
    if (mg_is_aligned(x, 4)) {
        for (; count >= 2; count -= 2, x += 2) {
            all |= mg_abs2(mg_load_word(x));
        }
    }
    for (; count > 0; count--) {
        all |= mg_abs2((uint16_t)*x++);
    }
    return (all | all >> 16) & UINT16_MAX;
}

/* |-32768| becomes -32768 and is overtaken by whatever follows: so it is in the reference. */
static uint32_t wrapped_maximum(const int16_t *x, uint32_t count) {
    int16_t max = 0;
    for (; count > 0; count--, x++) {
        max = *x > max ? *x : -*x > max ? (int16_t)-*x : max;
    }
    return max > 0 ? (uint32_t)max : 0;
}

void mg_auto_scale_run(const mg_call_t *call) {
    uint32_t count = call->params.count.count;
    const int16_t *x = call->in[0];
    int16_t *out = call->out[0];
    uint32_t max = all_magnitudes(x, count);
    max = max > INT16_MAX ? wrapped_maximum(x, count) : max;
    const uint32_t scale = max == 0 ? 0 : (uint32_t)__builtin_clz(max) - 17;
    *(int32_t *)call->out[1] = (int32_t)scale;
    if (mg_is_aligned(x, 4) && mg_is_aligned(out, 4)) {
        const uint32_t kept = UINT16_MAX >> scale | 0xffff0000u; /* of the lower half, what is not shifted out of it */
        for (; count >= 2; count -= 2, x += 2, out += 2) {
            mg_store_word(out, (mg_load_word(x) & kept) << scale);
        }
    }
    for (; count > 0; count--) {
        *out++ = (int16_t)(*x++ * (1 << scale));
    }
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
    if (mg_load_u32(check->data + p->twiddles_at) != 32767) {
        return MG_REFUSE(check, "a first twiddle factor other than 1", mg_load_u32(check->data + p->twiddles_at),
                         32767);
    }
    return true;
}

/* One butterfly, in place: four numbers, `gap` int16 apart, of which three have been multiplied. */
static inline void join_four(int16_t *at, uint32_t gap, mg_complex_t a, mg_complex_t b, mg_complex_t c,
                             mg_complex_t d) {
    mg_complex_t even = mg_complex_add(a, c), odd = mg_complex_subtract(a, c);
    mg_complex_t sum = mg_complex_add(b, d), difference = mg_complex_subtract(b, d);
    mg_complex_store(at, mg_complex_add(even, sum));
    mg_complex_store(at + gap, mg_complex_subtract_i(odd, difference));
    mg_complex_store(at + 2 * gap, mg_complex_subtract(even, sum));
    mg_complex_store(at + 3 * gap, mg_complex_add_i(odd, difference));
}

static inline mg_complex_t quarter(const int16_t *p) {
    return mg_complex_scale(mg_complex_load(p), 32767 / 4);
}

static inline mg_complex_t twiddle(const uint8_t *p) {
    uint32_t w = mg_load_u32(p);
    return mg_complex((int16_t)w, (int32_t)w >> 16);
}

/* All butterflies of a stage that joins four transforms each. */
static void stage_of_4(const mg_fft_stage_t *stage) {
    const uint32_t gap = stage->gap / 2;
    const uint8_t *first = stage->twiddles, *second = first, *third = first;
    for (int16_t *start = stage->x; start != stage->x + gap; start += 2) {
        const mg_complex_t w1 = twiddle(first), w2 = twiddle(second), w3 = twiddle(third);
        for (int16_t *at = start; at < stage->end; at += 4 * gap) {
            join_four(at, gap, quarter(at), mg_complex_times(quarter(at + gap), w1),
                      mg_complex_times(quarter(at + 2 * gap), w2), mg_complex_times(quarter(at + 3 * gap), w3));
        }
        first += stage->step;
        second += 2 * stage->step;
        third += 3 * stage->step;
    }
}

/* Number i of a frame; behind its end are zeros. */
static inline mg_complex_t number_of(const int16_t *in, uint32_t i, uint32_t in_length) {
    if (2 * i + 1 < in_length) {
        return mg_complex_load(in + 2 * i);
    }
    return mg_complex(2 * i < in_length ? in[2 * i] : 0, 0);
}

/* Where decimation in time takes the numbers from after those at `from`: its digits count from the highest, `digit`. */
static inline uint32_t next_of(uint32_t from, uint32_t digit) {
    for (; digit != 0 && (from & 3 * digit) == 3 * digit; digit /= 4) {
        from -= 3 * digit;
    }
    return from + digit;
}

/* The first stage has no factors but 1: of 2, or of 4 with the numbers a, c, b, d `apart` in the input. */
static void first_stage_of_2(int16_t *out, const int16_t *in, uint32_t apart, uint32_t in_length) {
    for (uint32_t i = 0, from = 0; i < apart; i++, out += 4) {
        mg_complex_t a = mg_complex_scale(number_of(in, from, in_length), 32767 / 2);
        mg_complex_t b = mg_complex_scale(number_of(in, from + apart, in_length), 32767 / 2);
        mg_complex_store(out, mg_complex_add(a, b));
        mg_complex_store(out + 2, mg_complex_subtract(a, b));
        from = next_of(from, apart / 4);
    }
}

static void first_stage_of_4(int16_t *out, const int16_t *in, uint32_t apart, uint32_t in_length) {
    for (uint32_t i = 0, from = 0; i < apart; i++, out += 8) {
        const int16_t *at = in + 2 * from;
        mg_complex_t a, b, c, d = number_of(in, from + 3 * apart, in_length);
        if (2 * (from + 2 * apart) + 1 < in_length) {
            a = mg_complex_load(at);
            b = mg_complex_load(at + 2 * apart);
            c = mg_complex_load(at + 4 * apart);
        } else {
            a = number_of(in, from, in_length);
            b = number_of(in, from + apart, in_length);
            c = number_of(in, from + 2 * apart, in_length);
        }
        join_four(out, 2, mg_complex_scale(a, 32767 / 4), mg_complex_scale(b, 32767 / 4),
                  mg_complex_scale(c, 32767 / 4), mg_complex_scale(d, 32767 / 4));
        from = next_of(from, apart / 4);
    }
}

/* The transform of n complex numbers becomes that of 2 * n reals, in place. */
static void separate(int16_t *x, uint32_t n, const uint8_t *twiddles) {
    int16_t *up = x, *down = x + 2 * n;
    const int32_t half = 32767 / 2;
    mg_complex_store(x, mg_complex_scale(mg_complex_load(x), half));
    const int32_t re = x[0], im = x[1];
    mg_complex_store(up, mg_complex(re + im, 0));
    mg_complex_store(down, mg_complex(re - im, 0));
    for (uint32_t k = 1; k <= n / 2; k++, twiddles += 4) {
        up += 2;
        down -= 2;
        /* The conjugate is taken before the scaling, whose rounding is not symmetric. */
        mg_complex_t a = mg_complex_scale(mg_complex_load(up), half);
        mg_complex_t b = mg_complex_scale(mg_complex_conjugate(mg_complex_load(down)), half);
        mg_complex_t sum = mg_complex_wrap(mg_complex_add(a, b));
        mg_complex_t turned = mg_complex_times(mg_complex_wrap(mg_complex_subtract(a, b)), twiddle(twiddles));
        mg_complex_store(up, mg_complex_mean(sum, turned));
        mg_complex_store(down, mg_complex_mirror_mean(sum, turned));
    }
}

void mg_rfft_run(const mg_call_t *call) {
    const mg_rfft_params_t *p = &call->params.rfft;
    const uint8_t *twiddles = call->data + p->twiddles_at;
    const int16_t *in = call->in[0];
    int16_t *out = call->out[0];
    const uint32_t n = p->fft_length / 2;
    for (uint32_t frame = 0; frame < p->frames; frame++, in += p->in_length, out += p->fft_length + 2) {
        mg_fft_stage_t stage = {out, out + 2 * n, twiddles, 16, n / 4};
        if ((n & 0x55555555u) != 0) {
            first_stage_of_4(out, in, n / 4, p->in_length);
        } else {
            first_stage_of_2(out, in, n / 2, p->in_length);
            stage.gap = 8;
            stage.step = n / 2;
        }
        for (; stage.step >= 4; stage.gap *= 4, stage.step /= 4) {
            if (!mg_fft_stage(&stage)) {
                stage_of_4(&stage);
            }
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
    const int16_t *x = (const int16_t *)call->in[0] + 2 * p->first;
    uint32_t *out = call->out[0];
    mg_fill((int8_t *)out, 0, 4 * p->first);
    mg_fill((int8_t *)(out + p->last), 0, 4 * (p->bins - p->last));
    const uint32_t *end = out + p->last;
    for (out += p->first; out != end; x += 2) {
        *out++ = mg_complex_energy(mg_complex_load(x));
    }
}
