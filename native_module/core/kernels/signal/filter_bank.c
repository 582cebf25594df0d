/* SPDX-License-Identifier: MIT
 *
 * From the energy of frequencies to features of channels: FILTER_BANK, SQUARE_ROOT,
 * SPECTRAL_SUBTRACTION, PCAN and LOG_TABLE, all on one vector.
 *
 *     FILTER_BANK [bins] uint32 to [channels] uint64: each slope s of the bank has two weighted sums,
 *         W[s] = sum of weight * x and U[s] = sum of unweight * x;  y[c] = W[c + 1] + U[c]
 *     SQUARE_ROOT uint64 to uint32:  y = round(sqrt(x)) >> scale, with the scale of AUTO_SCALE as second
 *         input; a root beyond 16 bits of an x below 2^32 is cut to 16 bits
 *     SPECTRAL_SUBTRACTION uint32:  n = (a * (x << b) + (1 - a) * n) the noise, kept from run to run;
 *         y = max(x - (n >> b), floor * x).  The second output is n and must be a state tensor.
 *     PCAN uint32:  y = shrink(x * gain(noise) >> shift), shrink(v) = v^2 / 4 below 2, v - 1 above, from
 *         Q.12 to Q.6; gain is a quadratic in each octave (Wang et al., "Trainable frontend for robust
 *         and far-field keyword spotting", 2017)
 *     LOG_TABLE uint32 to int16:  y = min(round(scale * ln(x << bits)), 32767), 0 where x << bits <= 1;
 *         log2 is linear between 129 points
 *     LOG_TABLE_I8 uint32 to int8:  clamp((multiplier * LOG_TABLE(x) + offset) >> shift), the product and the sum
 *         wrapped at 32 bits
 *
 * Every sum and product wraps in the unsigned type of the reference (64 bits in FILTER_BANK and in the
 * noise's update, 32 bits elsewhere). Source: TFLM's signal library (signal/src).
 */
#include "../../arithmetic/square_root.h"
#include "../../simd/simd.h"
#include "../kernels.h"

#define GAINS 125
#define LOG_POINTS 129

static inline uint32_t bits_of(uint32_t x) {
    return x == 0 ? 0 : 32 - (uint32_t)__builtin_clz(x);
}

/* The lower word of x >> shift, shift below 64. */
static inline uint32_t shifted(uint64_t x, uint32_t shift) {
    uint32_t low = (uint32_t)x, high = (uint32_t)(x >> 32);
    return shift >= 32 ? high >> (shift - 32) : low >> shift | high << 1 << (31 - shift);
}

bool mg_filter_bank_check(const mg_check_t *check) {
    const mg_filter_bank_params_t *p = &check->params.filter_bank;
    static const uint8_t DTYPES[] = {MG_UINT32, MG_UINT64};
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, p->bins)
        || !mg_check_elements(check, 1, p->channels)
        || !mg_check_data(check, p->bank_at, mg_times(6, mg_plus(p->channels, 1)))
        || !mg_check_data(check, p->weights_at, mg_times(4, p->n_weights))) {
        return false;
    }
    const uint8_t *slope = check->data + p->bank_at;
    for (uint32_t c = 0; c <= p->channels; c++, slope += 6) {
        uint32_t width = mg_load_u16(slope + 4);
        if (mg_load_u16(slope) + width > p->bins || mg_load_u16(slope + 2) + width > p->n_weights) {
            return MG_REFUSE(check, "a filter beyond the spectrum or its weights: channel", c, p->channels);
        }
    }
    return true;
}

/* Whether all weights can be read in place and fit mg_sum_bins. */
static bool all_small(const uint8_t *weights, uint32_t pairs) {
    uint32_t all = 0;
    if (!mg_is_aligned(weights, 4)) {
        return false;
    }
    for (; pairs >= 4; pairs -= 4, weights += 16) {
        all |=
            mg_load_word(weights) | mg_load_word(weights + 4) | mg_load_word(weights + 8) | mg_load_word(weights + 12);
    }
    for (; pairs > 0; pairs--, weights += 4) {
        all |= mg_load_word(weights);
    }
    return (all & 0x00010001u * (0x10000u - MG_SMALL_WEIGHT)) == 0;
}

static void sum_any(uint64_t sums[2], const uint32_t *x, const uint8_t *rising, const uint8_t *falling, uint32_t n) {
    for (; n != 0; n--, x++, rising += 2, falling += 2) {
        sums[0] += (uint64_t)mg_load_i16(rising) * *x;
        sums[1] += (uint64_t)mg_load_i16(falling) * *x;
    }
}

void mg_filter_bank_run(const mg_call_t *call) {
    const mg_filter_bank_params_t *p = &call->params.filter_bank;
    const uint8_t *bank = call->data + p->bank_at, *weights = call->data + p->weights_at;
    const bool small = all_small(weights, p->n_weights);
    const uint32_t *x = call->in[0];
    uint64_t *out = call->out[0], falling = 0;
    for (uint32_t c = 0; c <= p->channels; c++, bank += 6) {
        const uint32_t *bin = x + mg_load_u16(bank), width = mg_load_u16(bank + 4);
        const uint8_t *w = weights + 2 * mg_load_u16(bank + 2), *u = w + 2 * p->n_weights;
        uint64_t sums[2] = {falling, 0};
        if (small) {
            mg_sum_bins(sums, bin, (const uint16_t *)(const void *)w, (const uint16_t *)(const void *)u, width);
        } else {
            sum_any(sums, bin, w, u, width);
        }
        if (c > 0) {
            out[c - 1] = sums[0];
        }
        falling = sums[1];
    }
}

bool mg_square_root_check(const mg_check_t *check) {
    static const uint8_t DTYPES[] = {MG_UINT64, MG_INT32, MG_UINT32};
    uint32_t count = check->params.count.count;
    return mg_check_tensors(check, 2, 1, DTYPES) && mg_check_elements(check, 0, count) && mg_check_elements(check, 1, 1)
           && mg_check_elements(check, 2, count);
}

/* A root is rounded with a bit more of it; where there is none, by what it leaves of x. */
static uint32_t rounded_root(uint64_t x) {
    uint32_t high = (uint32_t)(x >> 32), low = (uint32_t)x, root;
    if (high == 0 && low == 0) {
        return 0;
    }
    uint32_t bits = (uint32_t)__builtin_clz(high != 0 ? high : low) & ~1u;
    if (high == 0) {
        root = mg_root_of_word(low << bits);
    } else if (bits != 0) {
        root = mg_root_of_words(high << bits | low >> (32 - bits), low << bits);
    } else {
        root = mg_root_of_words(high, low);
    }
    if (bits != 0) {
        return ((root >> (bits / 2 - 1)) + 1) >> 1;
    }
    return root + (x - (uint64_t)root * root > root && root != (high != 0 ? UINT32_MAX : UINT16_MAX));
}

void mg_square_root_run(const mg_call_t *call) {
    const uint64_t *x = call->in[0];
    uint32_t shift = *(const uint32_t *)call->in[1], *out = call->out[0];
    for (uint32_t i = 0; i < call->params.count.count; i++) {
        out[i] = shift < 32 ? rounded_root(x[i]) >> shift : 0;
    }
}

bool mg_spectral_subtraction_check(const mg_check_t *check) {
    const mg_spectral_subtraction_params_t *p = &check->params.spectral_subtraction;
    static const uint8_t DTYPES[] = {MG_UINT32, MG_UINT32, MG_UINT32};
    if (p->smoothing_bits > 31 || p->fraction_bits > 63 || p->clamping > 1) {
        return MG_REFUSE(check, "an impossible shift in a noise reduction: bits", p->smoothing_bits, 31);
    }
    return mg_check_tensors(check, 1, 2, DTYPES) && mg_check_elements(check, 0, p->channels)
           && mg_check_elements(check, 1, p->channels) && mg_check_elements(check, 2, p->channels);
}

void mg_spectral_subtraction_run(const mg_call_t *call) {
    const mg_spectral_subtraction_params_t *p = &call->params.spectral_subtraction;
    const uint32_t *x = call->in[0];
    uint32_t *out = call->out[0], *noise = call->out[1];
    for (uint32_t i = 0; i < p->channels; i++) {
        uint32_t signal = x[i], scaled = signal << p->smoothing_bits;
        uint64_t kept = mg_wide_product(noise[i], p->one_minus_smoothing[i % 2]);
        uint32_t estimate = shifted(mg_wide_product(scaled, p->smoothing[i % 2]) + kept, p->fraction_bits);
        uint32_t below = estimate < scaled ? estimate : scaled;
        uint32_t least = shifted(mg_wide_product(signal, p->min_signal_remaining), p->fraction_bits);
        uint32_t rest = (scaled - below) >> p->smoothing_bits;
        noise[i] = p->clamping ? below : estimate;
        out[i] = rest > least ? rest : least;
    }
}

bool mg_pcan_check(const mg_check_t *check) {
    const mg_pcan_params_t *p = &check->params.pcan;
    static const uint8_t DTYPES[] = {MG_UINT32, MG_UINT32, MG_UINT32};
    if (p->snr_shift > 63) {
        return MG_REFUSE(check, "an impossible shift in a gain control: bits", p->snr_shift, 63);
    }
    return mg_check_tensors(check, 2, 1, DTYPES) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count) && mg_check_elements(check, 2, p->count)
           && mg_check_data(check, p->gains_at, 2 * GAINS);
}

static int32_t gain_point(const uint8_t *gains, uint32_t i) {
    return (int16_t)mg_load_u16(gains + 2 * i);
}

/* A quadratic of the ten bits below the noise's highest one. */
static uint32_t gain_of(uint32_t noise, const uint8_t *gains) {
    if (noise <= 2) {
        return (uint32_t)gain_point(gains, noise);
    }
    uint32_t octave = bits_of(noise), at = 4 * octave - 6;
    int32_t fraction = (int32_t)((octave < 11 ? noise << (11 - octave) : noise >> (octave - 11)) & 0x3ff);
    int32_t slope = ((gain_point(gains, at + 2) * fraction) >> 5) + gain_point(gains, at + 1) * 32;
    int32_t rise = (int32_t)((uint32_t)slope * (uint32_t)fraction);
    return (uint32_t)(int16_t)(((mg_wrap_add(rise, 1 << 14)) >> 15) + gain_point(gains, at));
}

void mg_pcan_run(const mg_call_t *call) {
    const mg_pcan_params_t *p = &call->params.pcan;
    const uint32_t *x = call->in[0], *noise = call->in[1];
    uint32_t *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t snr = shifted(mg_wide_product(x[i], gain_of(noise[i], call->data + p->gains_at)), p->snr_shift);
        out[i] = snr < 2 << 12 ? (snr * snr) >> 20 : (snr >> 6) - (1 << 6);
    }
}

static bool log_table_fits(const mg_check_t *check, const mg_log_table_params_t *p, uint8_t out_dtype) {
    const uint8_t dtypes[] = {MG_UINT32, out_dtype};
    if (p->correction_bits > 31) {
        return MG_REFUSE(check, "an impossible shift before a logarithm: bits", p->correction_bits, 31);
    }
    return mg_check_tensors(check, 1, 1, dtypes) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count) && mg_check_data(check, p->table_at, 2 * LOG_POINTS);
}

bool mg_log_table_check(const mg_check_t *check) {
    return log_table_fits(check, &check->params.log_table, MG_INT16);
}

bool mg_log_table_i8_check(const mg_check_t *check) {
    const mg_log_table_i8_params_t *p = &check->params.log_table_i8;
    const mg_log_table_params_t log = {p->count, p->table_at, p->output_scale, p->correction_bits};
    if (p->shift > 31) {
        return MG_REFUSE(check, "an impossible shift after a logarithm: bits", p->shift, 31);
    }
    return log_table_fits(check, &log, MG_INT8);
}

/* min(round(scale * ln(x)), 32767), 0 where x <= 1: the highest bit's place plus the table's value between two points. */
static int32_t scaled_log(uint32_t x, uint32_t scale, const uint8_t *table) {
    if (x <= 1) {
        return 0;
    }
    uint32_t whole = bits_of(x) - 1, rest = x - (1u << whole);
    rest = whole < 16 ? rest << (16 - whole) : rest >> (whole - 16);
    const uint8_t *point = table + 2 * (rest >> 9);
    int32_t low = mg_load_u16(point), high = mg_load_u16(point + 2);
    int32_t log2 = (int32_t)((whole << 16) + rest) + low + (((high - low) * (int32_t)(rest & 0x1ff)) >> 16);
    uint32_t ln = 45426u * ((uint32_t)log2 >> 16) + ((45426u * ((uint32_t)log2 & UINT16_MAX) + (1u << 15)) >> 16);
    uint32_t y = (scale * ln + (1 << 15)) >> 16;
    return y < INT16_MAX ? (int32_t)y : INT16_MAX;
}

void mg_log_table_run(const mg_call_t *call) {
    const mg_log_table_params_t *p = &call->params.log_table;
    const uint32_t *x = call->in[0];
    int16_t *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++) {
        out[i] = (int16_t)scaled_log(x[i] << p->correction_bits, p->output_scale, call->data + p->table_at);
    }
}

void mg_log_table_i8_run(const mg_call_t *call) {
    const mg_log_table_i8_params_t *p = &call->params.log_table_i8;
    const uint32_t *x = call->in[0];
    int8_t *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++) {
        int32_t log = scaled_log(x[i] << p->correction_bits, p->output_scale, call->data + p->table_at);
        int32_t y = (int32_t)((uint32_t)log * p->multiplier + (uint32_t)p->offset) >> p->shift;
        out[i] = (int8_t)mg_clamp(y, INT8_MIN, INT8_MAX);
    }
}
