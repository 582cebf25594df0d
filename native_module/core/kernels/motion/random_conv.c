/* SPDX-License-Identifier: MIT
 *
 * RANDOM_CONV: how often each of many dilated patterns exceeds its limits, int16 [samples n, columns] to int16 [features].
 *
 *     c[t] = 3 * (s[t + (a - 4) * d] + s[t + (b - 4) * d] + s[t + (c - 4) * d]) - sum over j < 9 of s[t + (j - 4) * d]
 *     y = how many c[t] are above a limit
 *
 * where s[t] is the sum of the pattern's columns, 0 outside of 0 <= t < n. So a pattern has nine weights, 2 at a, b, c
 * and -1 elsewhere, which sum to zero; d is its dilation. A padded pattern counts over all t, another over those whose
 * nine values are all inside. Each pattern has one or more limits, a feature each.
 * Source: Dempster, Schmidt, Webb, "MiniRocket" (2021), where features are these counts over how many t there are.
 *
 * A pattern is stored as uint16 columns, a bit each; uint16 dilation, with 0x8000 where it is padded; uint16 a + 16 * b +
 * 256 * c; uint16 how many limits; int32 limits. What patterns in a row have in common is computed once: s, and the sums
 * of nine. Bounds: 16 columns of 2^15, times 12, stay below 2^23.
 */
#include "../kernels.h"

#define PADDED 0x8000u
#define MOST_SAMPLES 4096u
#define MOST_COLUMNS 16
#define TAPS 9u

typedef struct {
    uint32_t columns, dilation, taps[3], limits;
    bool padded;
} pattern_t;

static pattern_t pattern_at(const uint8_t *table) {
    uint32_t dilation = mg_load_u16(table + 2), taps = mg_load_u16(table + 4);
    pattern_t p = {mg_load_u16(table),
                   dilation & ~PADDED,
                   {taps & 15, taps >> 4 & 15, taps >> 8},
                   mg_load_u16(table + 6),
                   (dilation & PADDED) != 0};
    return p;
}

static bool check_pattern(const mg_check_t *check, const pattern_t *pattern) {
    const mg_random_conv_params_t *p = &check->params.random_conv;
    if (pattern->columns == 0 || pattern->columns >> p->columns != 0 || pattern->dilation == 0
        || pattern->dilation > p->most_dilation || (!pattern->padded && 8 * pattern->dilation >= p->samples)) {
        return MG_REFUSE(check, "a pattern that reaches beyond its samples: dilation", pattern->dilation, p->samples);
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (pattern->taps[i] >= TAPS) {
            return MG_REFUSE(check, "a pattern with a tap that it does not have", pattern->taps[i], TAPS);
        }
    }
    return true;
}

/* s with room for 4 * most_dilation zeros on both sides, sums of nine, c. */
static uint32_t scratch_of(const mg_random_conv_params_t *p) {
    return 4 * (3u * p->samples + 8u * p->most_dilation);
}

bool mg_random_conv_check(const mg_check_t *check) {
    const mg_random_conv_params_t *p = &check->params.random_conv;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    if (p->samples == 0 || p->samples > MOST_SAMPLES || p->columns == 0 || p->columns > MOST_COLUMNS) {
        return MG_REFUSE(check, "patterns of impossible columns", p->columns, MOST_COLUMNS);
    }
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, mg_times(p->samples, p->columns))
        || !mg_check_data(check, p->table_at, p->table_size)) {
        return false;
    }
    uint32_t at = 0, features = 0;
    for (uint32_t i = 0; i < p->patterns; i++) {
        if (p->table_size - at < 8) {
            return MG_REFUSE(check, "patterns that are cut off: pattern", i, p->patterns);
        }
        pattern_t pattern = pattern_at(check->data + p->table_at + at);
        if (p->table_size - at - 8 < 4 * pattern.limits) {
            return MG_REFUSE(check, "patterns that are cut off: pattern", i, p->patterns);
        }
        if (!check_pattern(check, &pattern)) {
            return false;
        }
        at += 8 + 4 * pattern.limits;
        features += pattern.limits;
    }
    return mg_check_elements(check, 1, features) && mg_check_scratch(check, scratch_of(p));
}

static void sum_columns(const int16_t *x, const mg_random_conv_params_t *p, uint32_t columns, int32_t *s) {
    for (uint32_t t = 0; t < p->samples; t++, x += p->columns) {
        int32_t sum = 0;
        for (uint32_t i = 0; columns >> i != 0; i++) {
            sum += (columns >> i & 1) != 0 ? x[i] : 0;
        }
        s[t] = sum;
    }
}

static void sum_nine(const int32_t *s, uint32_t n, uint32_t dilation, int32_t *nine) {
    for (uint32_t t = 0; t < n; t++) {
        const int32_t *from = s + t - 4 * dilation;
        int32_t sum = 0;
        for (uint32_t j = 0; j < TAPS; j++, from += dilation) {
            sum += *from;
        }
        nine[t] = sum;
    }
}

static void match(const int32_t *s, const int32_t *nine, const pattern_t *p, uint32_t n, int32_t *c) {
    const int32_t *a = s + p->taps[0] * p->dilation, *b = s + p->taps[1] * p->dilation;
    const int32_t *d = s + p->taps[2] * p->dilation;
    for (; n != 0; n--) {
        *c++ = 3 * (*a++ + *b++ + *d++) - *nine++;
    }
}

static int16_t count_above(const int32_t *c, uint32_t n, int32_t limit) {
    uint32_t count = 0;
    for (const int32_t *end = c + n; c != end; c++) {
        count += *c > limit;
    }
    return (int16_t)count;
}

void mg_random_conv_run(const mg_call_t *call) {
    const mg_random_conv_params_t *p = &call->params.random_conv;
    const uint8_t *table = call->data + p->table_at;
    int32_t *zeros = call->scratch, *s = zeros + 4u * p->most_dilation, *nine = s + p->samples + 4u * p->most_dilation;
    int32_t *c = nine + p->samples;
    int16_t *out = call->out[0];
    uint32_t columns = 0, dilation = 0;
    memset(zeros, 0, 4 * (p->samples + 8u * p->most_dilation));
    for (uint32_t i = 0; i < p->patterns; i++) {
        pattern_t pattern = pattern_at(table);
        if (pattern.columns != columns) {
            sum_columns(call->in[0], p, pattern.columns, s);
        }
        if (pattern.columns != columns || pattern.dilation != dilation) {
            sum_nine(s, p->samples, pattern.dilation, nine);
        }
        columns = pattern.columns;
        dilation = pattern.dilation;
        uint32_t first = pattern.padded ? 0 : 4 * dilation, n = p->samples - 2 * first;
        match(s + first - 4 * dilation, nine + first, &pattern, n, c);
        table += 8;
        for (uint32_t k = 0; k < pattern.limits; k++, table += 4) {
            *out++ = count_above(c, n, mg_load_i32(table));
        }
    }
}
