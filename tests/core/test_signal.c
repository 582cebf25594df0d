/* SPDX-License-Identifier: MIT
 *
 * The kernels of sound against their formulas, one value at a time, without words of two samples, tables of roots or
 * products in parts; constants at any address, samples at any even one. What TFLM makes of the same is tests/ops's.
 */
#include <math.h>
#include <string.h>

#include "check.h"

#define MOST_N 512 /* complex numbers */

typedef struct {
    int16_t re, im;
} number_t;

static int16_t halfup(int64_t x) {
    return (int16_t)((x + (1 << 14)) >> 15);
}

static number_t scaled(number_t a, int32_t divisor) {
    return (number_t){halfup(a.re * (32767 / divisor)), halfup(a.im * (32767 / divisor))};
}

static number_t sum(number_t a, number_t b) {
    return (number_t){(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
}

static number_t product(number_t a, number_t b) {
    return (number_t){halfup((int64_t)a.re * b.re - (int64_t)a.im * b.im),
                      halfup((int64_t)a.re * b.im + (int64_t)a.im * b.re)};
}

static number_t times_i_power(number_t a, uint32_t power) {
    for (; power % 4 != 0; power--) {
        a = (number_t){(int16_t)-a.im, a.re};
    }
    return a;
}

/* Decimation in time, by the definition: transforms of every radix-th number, joined. */
static void slow_transform(number_t *out, const number_t *in, uint32_t n, uint32_t stride, const number_t *twiddles,
                           uint32_t step) {
    if (n == 1) {
        *out = *in;
        return;
    }
    uint32_t radix = n % 4 == 0 ? 4 : 2, m = n / radix;
    for (uint32_t k = 0; k < radix; k++) {
        slow_transform(out + k * m, in + k * stride, m, stride * radix, twiddles, step * radix);
    }
    for (uint32_t j = 0; j < m; j++) {
        number_t x[4];
        for (uint32_t k = 0; k < radix; k++) {
            x[k] = scaled(out[k * m + j], (int32_t)radix);
            x[k] = k == 0 ? x[k] : product(x[k], twiddles[k * j * step]);
        }
        for (uint32_t q = 0; q < radix; q++) {
            number_t y = {0, 0};
            for (uint32_t k = 0; k < radix; k++) { /* times exp(-2 pi i k q / radix) */
                y = sum(y, times_i_power(x[k], (radix - k * q % radix) % radix * (4 / radix)));
            }
            out[q * m + j] = y;
        }
    }
}

static void slow_rfft(int16_t *out, const int16_t *in, uint32_t in_length, uint32_t n, const number_t *twiddles) {
    number_t x[MOST_N] = {{0, 0}}, y[MOST_N];
    memcpy(x, in, 2 * in_length);
    slow_transform(y, x, n, 1, twiddles, 1);
    number_t first = scaled(y[0], 2);
    out[0] = (int16_t)(first.re + first.im);
    out[2 * n] = (int16_t)(first.re - first.im);
    out[1] = out[2 * n + 1] = 0;
    for (uint32_t k = 1; k <= n / 2; k++) {
        number_t conjugate = {y[n - k].re, (int16_t)-y[n - k].im};
        number_t a = scaled(y[k], 2), b = scaled(conjugate, 2), minus_b = {(int16_t)-b.re, (int16_t)-b.im};
        number_t both = sum(a, b), turned = product(sum(a, minus_b), twiddles[n - n / 4 + k - 1]);
        out[2 * k] = (int16_t)((both.re + turned.re) >> 1);
        out[2 * k + 1] = (int16_t)((both.im + turned.im) >> 1);
        out[2 * (n - k)] = (int16_t)((both.re - turned.re) >> 1);
        out[2 * (n - k) + 1] = (int16_t)((turned.im - both.im) >> 1);
    }
}

static number_t unit(double phase) {
    return (number_t){(int16_t)floor(0.5 + 32767 * cos(phase)), (int16_t)floor(0.5 + 32767 * sin(phase))};
}

/* Noise of some level, square waves of full scale, one pulse, or one value. */
static void samples(int16_t *x, uint32_t n) {
    uint32_t style = random_u32() % 5, shift = random_u32() % 16, period = random_u32() % 40 + 1;
    int16_t level = (int16_t)random_u32();
    for (uint32_t i = 0; i < n; i++) {
        int16_t square = i / period % 2 == 0 ? INT16_MIN : INT16_MAX;
        int16_t noise = (int16_t)((int16_t)random_u32() >> shift);
        x[i] = style == 0 ? square : style == 1 ? level : style == 2 ? (int16_t)(i == period ? level : 0) : noise;
    }
}

static void transforms(void) {
    static int16_t in[2 * 2 * MOST_N + 1], out[2 * (2 * MOST_N + 2) + 1], wanted[2 * MOST_N + 2];
    static uint8_t data[8 * MOST_N + 4] __attribute__((aligned(4)));
    const double pi = acos(-1);
    for (uint32_t round = 0; round < 150; round++) {
        uint32_t n = 2u << random_u32() % 9, at = random_u32() % 4, twiddles = n - n / 4 + n / 2;
        number_t factors[2 * MOST_N];
        for (uint32_t i = 0; i < twiddles; i++) {
            factors[i] = i < n - n / 4 ? unit(-2 * pi * i / n) : unit(-pi * ((i - (n - n / 4) + 1.0) / n + 0.5));
        }
        memcpy(data + at, factors, 4 * twiddles);
        mg_call_t call = {.data = data, .in = {in + round % 2}, .out = {out + round / 2 % 2}};
        mg_rfft_params_t p = {2, round % 3 == 0 ? 2 * n : (uint32_t)random_between(1, (int32_t)(2 * n)), 2 * n, at};
        call.params.rfft = p;
        samples(in + round % 2, 2 * p.in_length);
        mg_rfft_run(&call);
        for (uint32_t frame = 0; frame < 2; frame++) {
            slow_rfft(wanted, in + round % 2 + frame * p.in_length, p.in_length, n, factors);
            const int16_t *found = out + round / 2 % 2 + frame * (2 * n + 2);
            CHECK(memcmp(found, wanted, 4 * n + 4) == 0, "round %u: frame %u of %u samples, length %u", round, frame,
                  p.in_length, 2 * n);
        }
    }
}

static uint32_t slow_root(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 31; bit != 0; bit >>= 1) {
        root += (root + bit) * (root + bit) <= x ? bit : 0;
    }
    uint64_t limit = x >> 32 == 0 ? UINT16_MAX : UINT32_MAX;
    return (uint32_t)(root + (x - root * root > root && root != limit));
}

static void roots(void) {
    uint64_t x[64];
    uint32_t shift, out[64];
    for (uint32_t round = 0; round < 2000; round++) {
        for (uint32_t i = 0; i < 64; i++) {
            uint64_t any = ((uint64_t)random_u32() << 32 | random_u32()) >> random_u32() % 64;
            uint64_t root = random_u32() >> random_u32() % 32;
            uint64_t near = root * root + (random_u32() % 2 == 0 ? root : 0) + random_u32() % 4 - 2;
            x[i] = i == 0 ? 0 : i == 1 ? UINT64_MAX : i % 2 == 0 ? any : near;
        }
        shift = round % 4 == 0 ? random_u32() % 40 : 0;
        mg_call_t call = {.in = {x, &shift}, .out = {out}};
        call.params.count.count = 64;
        mg_square_root_run(&call);
        for (uint32_t i = 0; i < 64; i++) {
            uint32_t wanted = shift < 32 ? slow_root(x[i]) >> shift : 0;
            CHECK(out[i] == wanted, "the root of %llu: %u, wanted %u", (unsigned long long)x[i], out[i], wanted);
        }
    }
}

/* The largest magnitude as the reference finds it, and how often it can be doubled. */
static int32_t slow_scale(const int16_t *x, uint32_t n) {
    int16_t max = 0;
    for (uint32_t i = 0; i < n; i++) {
        max = x[i] > max ? x[i] : -x[i] > max ? (int16_t)-x[i] : max;
    }
    int32_t scale = 0;
    for (; max > 0 && max < 1 << 14; max = (int16_t)(2 * max)) {
        scale++;
    }
    return scale;
}

static void samples_scaled(void) {
    int16_t x[202], out[202];
    for (uint32_t round = 0; round < 3000; round++) {
        uint32_t n = (uint32_t)random_between(1, 200), at = round % 2, to = round / 2 % 2;
        int32_t scale;
        samples(x + at, n);
        if (round % 7 == 0) {
            x[at + random_u32() % n] = INT16_MIN;
        }
        int32_t wanted = slow_scale(x + at, n);
        mg_call_t call = {.in = {x + at}, .out = {round % 5 == 0 ? x + at : out + to, &scale}};
        int16_t before[200];
        memcpy(before, x + at, 2 * n);
        call.params.count.count = n;
        mg_auto_scale_run(&call);
        CHECK(scale == wanted, "round %u: scale %d of %u samples, wanted %d", round, scale, n, wanted);
        for (uint32_t i = 0; i < n; i++) {
            int16_t found = ((int16_t *)call.out[0])[i];
            CHECK(found == (int16_t)(before[i] * (1 << wanted)), "round %u: %d became %d", round, before[i], found);
        }
    }
}

static void windows(void) {
    int16_t x[401], out[401], weights[100];
    uint8_t data[204] __attribute__((aligned(4)));
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t size = (uint32_t)random_between(1, 100), frames = (uint32_t)random_between(1, 4), at = round % 4;
        uint32_t shift = round % 3 == 0 ? random_u32() % 32 : 12;
        samples(x + round % 2, size * frames);
        samples(weights, size);
        memcpy(data + at, weights, 2 * size);
        mg_call_t call = {.data = data, .in = {x + round % 2}, .out = {out + round / 2 % 2}};
        mg_window_params_t p = {size * frames, at, size, shift};
        call.params.window = p;
        mg_window_run(&call);
        for (uint32_t i = 0; i < size * frames; i++) {
            int32_t y = (x[round % 2 + i] * weights[i % size]) >> shift;
            int32_t wanted = y < INT16_MIN ? INT16_MIN : y > INT16_MAX ? INT16_MAX : y;
            CHECK(out[round / 2 % 2 + i] == wanted, "round %u: %d for %d", round, out[round / 2 % 2 + i], wanted);
        }
    }
}

static void energies(void) {
    int16_t x[201];
    uint32_t out[100];
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t bins = (uint32_t)random_between(1, 100), last = random_u32() % (bins + 1);
        uint32_t first = random_u32() % (last + 1), at = round % 2;
        samples(x + at, 2 * bins);
        random_bytes(out, sizeof out);
        mg_call_t call = {.in = {x + at}, .out = {out}};
        mg_energy_params_t p = {bins, first, last};
        call.params.energy = p;
        mg_energy_run(&call);
        for (uint32_t i = 0; i < bins; i++) {
            int64_t re = x[at + 2 * i], im = x[at + 2 * i + 1];
            uint32_t wanted = i >= first && i < last ? (uint32_t)(re * re + im * im) : 0;
            CHECK(out[i] == wanted, "round %u: bin %u is %u, wanted %u", round, i, out[i], wanted);
        }
    }
}

/* Slopes of up to 20 bins, with weights that are small, or negative, or large. */
static void filter_banks(void) {
    static uint8_t data[4 * 21 * 13 + 6 * 13 + 8] __attribute__((aligned(4)));
    uint32_t x[60];
    for (uint32_t round = 0; round < 1500; round++) {
        uint32_t channels = (uint32_t)random_between(1, 12), at = 0, shift = random_u32() % 32;
        uint16_t bank[13][3];
        for (uint32_t c = 0; c <= channels; c++) {
            uint32_t width = random_u32() % 21;
            bank[c][0] = (uint16_t)(random_u32() % (60 - width));
            bank[c][1] = (uint16_t)at;
            bank[c][2] = (uint16_t)width;
            at += width;
        }
        int16_t weights[2 * 21 * 13];
        int32_t low = round % 3 == 0 ? -4096 : 0, high = round % 5 == 0 ? INT16_MAX : round % 2 == 0 ? 8191 : 4096;
        for (uint32_t i = 0; i < 2 * at; i++) {
            weights[i] = (int16_t)(round % 7 == 0 ? high : random_between(low, high));
        }
        for (uint32_t i = 0; i < 60; i++) {
            x[i] = round % 4 == 0 ? UINT32_MAX : random_u32() >> shift;
        }
        uint32_t bank_at = random_u32() % 4, weights_at = bank_at + 6 * 13 + random_u32() % 4;
        weights_at = round % 2 == 0 ? (weights_at + 3) & ~3u : weights_at;
        memcpy(data + bank_at, bank, 6 * (channels + 1));
        memcpy(data + weights_at, weights, 4 * at);
        uint64_t out[12];
        mg_call_t call = {.data = data, .in = {x}, .out = {out}};
        mg_filter_bank_params_t p = {60, channels, at, bank_at, weights_at};
        call.params.filter_bank = p;
        mg_filter_bank_run(&call);
        for (uint32_t c = 0; c < channels; c++) {
            uint64_t wanted = 0;
            for (uint32_t i = 0; i < bank[c + 1][2]; i++) {
                wanted += (uint64_t)(int64_t)weights[bank[c + 1][1] + i] * x[bank[c + 1][0] + i];
            }
            for (uint32_t i = 0; i < bank[c][2]; i++) {
                wanted += (uint64_t)(int64_t)weights[at + bank[c][1] + i] * x[bank[c][0] + i];
            }
            CHECK(out[c] == wanted, "round %u: channel %u is %llx, wanted %llx", round, c, (unsigned long long)out[c],
                  (unsigned long long)wanted);
        }
    }
}

static void noise_reductions(void) {
    uint32_t x[20], noise[20], before[20], out[20];
    for (uint32_t round = 0; round < 3000; round++) {
        mg_spectral_subtraction_params_t p = {20,
                                              {random_u32() >> random_u32() % 32, random_u32() >> 18},
                                              {random_u32() >> random_u32() % 32, random_u32() >> 18},
                                              random_u32() >> 18,
                                              (uint8_t)(random_u32() % 32),
                                              (uint8_t)(random_u32() % 64),
                                              round % 2,
                                              0};
        for (uint32_t i = 0; i < 20; i++) {
            x[i] = random_u32() >> random_u32() % 32;
            noise[i] = before[i] = random_u32() >> random_u32() % 32;
        }
        mg_call_t call = {.in = {x}, .out = {out, noise}};
        call.params.spectral_subtraction = p;
        mg_spectral_subtraction_run(&call);
        for (uint32_t i = 0; i < 20; i++) {
            uint32_t up = x[i] << p.smoothing_bits;
            uint64_t both = (uint64_t)up * p.smoothing[i % 2] + (uint64_t)before[i] * p.one_minus_smoothing[i % 2];
            uint32_t estimate = (uint32_t)(both >> p.fraction_bits), below = estimate < up ? estimate : up;
            uint32_t least = (uint32_t)(((uint64_t)x[i] * p.min_signal_remaining) >> p.fraction_bits);
            uint32_t rest = (up - below) >> p.smoothing_bits, wanted = rest > least ? rest : least;
            CHECK(out[i] == wanted && noise[i] == (p.clamping ? below : estimate), "round %u: %u, wanted %u", round,
                  out[i], wanted);
        }
    }
}

/* round(scale * ln(x)) by the table, in 64 bits. */
static uint32_t slow_log(uint32_t x, uint32_t scale, const uint16_t *table) {
    if (x <= 1) {
        return 0;
    }
    uint32_t whole = 31;
    while (x >> whole == 0) {
        whole--;
    }
    uint64_t rest = (((uint64_t)x << 16) >> whole) - 65536;
    int64_t low = table[rest >> 9], high = table[(rest >> 9) + 1];
    int64_t log2 = (int64_t)(whole << 16) + (int64_t)rest + low + (((high - low) * (int64_t)(rest & 511)) >> 16);
    uint32_t ln = (uint32_t)((45426 * log2 + 32768) >> 16), y = (scale * ln + 32768) >> 16;
    return y < INT16_MAX ? y : INT16_MAX;
}

static void logarithms(void) {
    uint16_t table[129];
    uint32_t x[50];
    int16_t out[50];
    int8_t bytes[50];
    for (uint32_t round = 0; round < 1500; round++) {
        uint8_t data[259];
        uint32_t at = round % 2, bits = random_u32() % 9,
                 scale = round % 3 == 0 ? random_u32() >> random_u32() % 32 : 64;
        for (uint32_t i = 0; i < 129; i++) {
            double exact = log2(1 + i / 128.0) - i / 128.0;
            uint32_t right = (uint32_t)floor(exact * 65536 + 0.5);
            table[i] = (uint16_t)(round % 4 == 0 ? random_u32() : right);
        }
        table[0] = 0;
        memcpy(data + at, table, sizeof table);
        for (uint32_t i = 0; i < 50; i++) {
            x[i] = i < 4 ? i : random_u32() >> random_u32() % 32;
        }
        mg_call_t call = {.data = data, .in = {x}, .out = {out}};
        mg_log_table_params_t p = {50, at, scale, bits};
        call.params.log_table = p;
        mg_log_table_run(&call);
        mg_log_table_i8_params_t q = {
            50, at, scale, bits, random_u32() >> 15, (int32_t)random_u32(), random_u32() % 32};
        call.params.log_table_i8 = q;
        call.out[0] = bytes;
        mg_log_table_i8_run(&call);
        for (uint32_t i = 0; i < 50; i++) {
            uint32_t wanted = slow_log(x[i] << bits, scale, table);
            CHECK((uint32_t)out[i] == wanted, "round %u: the logarithm of %u is %d, wanted %u", round, x[i], out[i],
                  wanted);
            int32_t y = slow_wrap((int64_t)wanted * q.multiplier + q.offset) >> q.shift;
            int32_t byte = y < -128 ? -128 : y > 127 ? 127 : y;
            CHECK(bytes[i] == byte, "round %u: int8 %d, wanted %d", round, bytes[i], byte);
        }
    }
}

const test_t SIGNAL_TESTS[] = {
    {"signal: transforms", transforms},
    {"signal: roots", roots},
    {"signal: scales", samples_scaled},
    {"signal: windows", windows},
    {"signal: energies", energies},
    {"signal: filter banks", filter_banks},
    {"signal: noise reductions", noise_reductions},
    {"signal: logarithms", logarithms},
    {NULL, NULL},
};
