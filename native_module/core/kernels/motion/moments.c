/* SPDX-License-Identifier: MIT
 *
 * MOMENTS: what the values of each axis of a movement are like, int16 [samples n, columns] to int16 [features].
 *
 * Of each axis, the columns `first` to first + axes - 1, and then of the magnitude where it is asked for, which is
 * min(round(sqrt(sum of the axes' squares)), 32767), seven features; with S1 = sum of x, S2 = sum of x^2, f = fraction:
 *
 *     mean       round(S1 * 2^f / n), halves up
 *     rms        round(floor(sqrt((n * S2 - S1^2) * 4^f)) / n), halves up: the root of the mean square about the mean
 *     skewness   round(2^18 * A3 / (A2 * d)), halves away from zero, in Q5.10
 *     kurtosis   round(2^8 * n * A4 / A2^2), halves up, in Q7.8; 3 for a normal distribution
 *     min, max   * 2^f
 *     crossings  how often x passes from below the mean to it or above it, and back; where there is a dead band b,
 *                from below mean - b to mean + b or above it
 *
 * and then the correlation of each pair of axes (0,1), (0,2), ..., (1,2), ... in Q1.14: 2^14 times n * sum(x y) - S1x *
 * S1y over the root of the product of both n * S2 - S1^2. All are saturated; what is constant has 0 for
 * skewness, kurtosis and correlations.
 *
 * A2, A3 and A4 are sums of powers of e, the deviation from the mean scaled to 9 bits: m = round(2^8 * S1 / n),
 * e = (2^8 * x - m + 2^(s-1)) >> s with the least s for which no |e| exceeds 255; d = floor(sqrt(2^16 * A2 / n)). So
 * each power is one 32-bit product, and skewness and kurtosis are those of a signal with 1/510 of its reach as noise.
 *
 * Bounds, for n <= 4096: S1 < 2^28, S2 <= 2^42, n * S2 <= 2^54; A2 < 2^28, |A3| < 2^36, 2^8 * n * A4 + A2^2 < 2^64;
 * three squares stay below 2^32.
 */
#include "../../arithmetic/divide.h"
#include "../../arithmetic/square_root.h"
#include "../../simd/simd.h"
#include "../kernels.h"

#define PER_AXIS 7u
#define MOST_SAMPLES 4096u
#define MOST_AXES 16
#define NOT_INLINE __attribute__((noinline)) /* so that a loop has all registers */

/* What the features of an axis are made of. */
typedef struct {
    const int16_t *x;
    uint32_t stride; /* from one sample to the next */
    int32_t sum, min, max;
    uint64_t spread; /* n * S2 - S1^2 */
} axis_t;

/* Sums of powers of the scaled deviation. */
typedef struct {
    int32_t first;
    uint32_t second;
    int64_t third;
    uint64_t fourth;
} powers_t;

bool mg_moments_check(const mg_check_t *check) {
    const mg_moments_params_t *p = &check->params.moments;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT16};
    if (p->samples < 2 || p->samples > MOST_SAMPLES) {
        return MG_REFUSE(check, "moments of too few or too many samples", p->samples, MOST_SAMPLES);
    }
    if (p->axes == 0 || p->axes > MOST_AXES || mg_plus(p->first, p->axes) > p->columns || p->magnitude > 1
        || (p->magnitude == 1 && p->axes > 3) || p->fraction > 5) {
        return MG_REFUSE(check, "moments of impossible axes: axes", p->axes, p->columns);
    }
    uint32_t features = PER_AXIS * (p->axes + p->magnitude) + p->axes * (p->axes - 1u) / 2;
    return mg_check_tensors(check, 1, 1, DTYPES) && mg_check_elements(check, 0, mg_times(p->samples, p->columns))
           && mg_check_elements(check, 1, features) && mg_check_scratch(check, 2u * p->samples * p->magnitude);
}

static NOT_INLINE void measure(axis_t *axis, uint32_t n) {
    const int16_t *x = axis->x;
    uint32_t stride = axis->stride;
    int32_t sum = 0, min = *x, max = *x;
    int64_t squares = 0;
    for (uint32_t i = n; i != 0; i--, x += stride) {
        int32_t v = *x;
        sum += v;
        squares = mg_add_product(squares, v, v);
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    axis->sum = sum;
    axis->min = min;
    axis->max = max;
    axis->spread = n * (uint64_t)squares - (uint64_t)((int64_t)sum * sum);
}

/* floor(sum / n), and what remains. */
static int32_t mean_of(const axis_t *axis, uint32_t n, uint32_t *rest) {
    uint32_t above = (uint32_t)(axis->sum + (int32_t)(n << 15)); /* the sum of x + 2^15, none of which is negative */
    *rest = above % n;
    return (int32_t)(above / n) - (1 << 15);
}

/* How often x passes from below `up - band` to `up + band` or above it, and back. x >= k is ~x < -k, so that one
 * comparison serves both ways. */
static NOT_INLINE uint32_t crossings(const axis_t *axis, uint32_t n, int32_t up, int32_t band) {
    const int16_t *x = axis->x;
    uint32_t stride = axis->stride, count = 0;
    int32_t turned = *x < up ? -1 : 0, limit = (turned ^ up) - turned - band;
    for (uint32_t i = n; i != 0; i--, x += stride) {
        if ((*x ^ turned) < limit) {
            turned = ~turned;
            limit = (turned ^ up) - turned - band;
            count++;
        }
    }
    return count;
}

static NOT_INLINE void sum_powers(const axis_t *axis, uint32_t n, int32_t offset, uint32_t s, powers_t *sums) {
    const int16_t *x = axis->x;
    uint32_t stride = axis->stride;
    int32_t first = 0;
    uint32_t second = 0;
    int64_t third = 0;
    uint64_t fourth = 0;
    for (uint32_t i = n; i != 0; i--, x += stride) {
        int32_t e = (*x * 256 + offset) >> s, square = e * e;
        first += e;
        second += (uint32_t)square;
        third = mg_add_product(third, square, e);
        fourth = mg_add_square(fourth, (uint32_t)square);
    }
    sums->first = first;
    sums->second = second;
    sums->third = third;
    sums->fourth = fourth;
}

/* Of the scaled deviations from the mean, which is given as floor(mean) and n times the rest. */
static powers_t powers_of(const axis_t *axis, uint32_t n, int32_t whole, uint32_t rest) {
    int32_t mean = whole * 256 + (int32_t)((rest * 256 + n / 2) / n);
    int32_t rise = axis->max * 256 - mean, fall = mean - axis->min * 256, reach = rise > fall ? rise : fall;
    uint32_t s = 0;
    while ((reach + ((1 << s) >> 1)) >> s > 255) {
        s++;
    }
    powers_t sums;
    sum_powers(axis, n, ((1 << s) >> 1) - mean, s, &sums);
    return sums;
}

/* From sums of powers of e to those of e - first / n. */
static void centre(powers_t *p, uint32_t n) {
    int64_t a = (p->first * (1 << 12)) / (int32_t)n, b = 6 * a * a * p->second;
    int64_t fourth = (int64_t)p->fourth - ((4 * a * p->third) >> 12) + (b >> 24) - ((3 * a * a * a * a * n) >> 48);
    p->third += ((2 * a * a * a * n) >> 36) - ((3 * a * p->second) >> 12);
    p->second -= (uint32_t)((p->first * a) >> 12);
    p->fourth = (uint64_t)fourth;
}

static int16_t saturated(int64_t x) {
    return (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
}

/* a / b, b > 0, halves away from zero. */
static int64_t round_divide(int64_t a, uint64_t b) {
    uint64_t size = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, quotient = mg_divide(size + b / 2, b);
    return a < 0 ? -(int64_t)quotient : (int64_t)quotient;
}

static void describe(const axis_t *axis, const mg_moments_params_t *p, int16_t *out) {
    uint32_t n = p->samples, f = p->fraction, rest;
    int32_t whole = mean_of(axis, n, &rest);
    powers_t a = powers_of(axis, n, whole, rest);
    centre(&a, n);
    out[0] = saturated(whole * (1 << f) + (int32_t)(((rest << f) + n / 2) / n));
    out[1] = saturated((mg_root64(axis->spread << 2 * f) + n / 2) / n);
    out[2] = out[3] = 0;
    if (a.second != 0) {
        uint32_t deviation = mg_root32((a.second / n << 16) + (a.second % n << 16) / n);
        int32_t third = (int32_t)round_divide(a.third * 512, a.second), half = third < 0 ? -1 : 1;
        uint32_t fourth = (uint32_t)mg_divide(n * a.fourth, a.second);
        out[2] = saturated((third * 1024 + half * (int32_t)deviation) / (int32_t)(2 * deviation));
        out[3] = saturated((int64_t)mg_divide(fourth * 256ull + a.second / 2, a.second));
    }
    out[4] = saturated(axis->min * (1 << f));
    out[5] = saturated(axis->max * (1 << f));
    out[6] = (int16_t)crossings(axis, n, whole + (rest != 0), p->dead_band);
}

/* Both roots are shifted to fill 32 bits, and the covariance by as many in all; it is not above their product. */
static int16_t correlation(const axis_t *a, const axis_t *b, uint32_t n) {
    const int16_t *x = a->x, *y = b->x;
    int64_t products = 0;
    for (uint32_t i = n; i != 0; i--, x += a->stride, y += b->stride) {
        products = mg_add_product(products, *x, *y);
    }
    int64_t covariance = products * (int64_t)n - (int64_t)a->sum * b->sum;
    if (covariance == 0) {
        return 0;
    }
    uint32_t shift_a = mg_root_headroom(a->spread), shift_b = mg_root_headroom(b->spread);
    uint64_t roots = (uint64_t)mg_root64(a->spread << 2 * shift_a) * mg_root64(b->spread << 2 * shift_b);
    uint64_t size = (covariance < 0 ? 0 - (uint64_t)covariance : (uint64_t)covariance) << (shift_a + shift_b);
    uint32_t below = (uint32_t)(roots >> 32), r = (uint32_t)mg_divide((size >> 18) + below / 2, below);
    r = r < 1 << 14 ? r : 1 << 14; /* roots are rounded down */
    return (int16_t)(covariance < 0 ? -(int32_t)r : (int32_t)r);
}

static void magnitudes(const int16_t *x, const mg_moments_params_t *p, int16_t *out) {
    for (uint32_t i = 0; i < p->samples; i++, x += p->columns) {
        uint32_t square = 0;
        for (uint32_t j = 0; j < p->axes; j++) {
            square += (uint32_t)(x[j] * x[j]);
        }
        uint32_t root = mg_root32(square);
        root += square - root * root > root;
        out[i] = (int16_t)(root < INT16_MAX ? root : INT16_MAX);
    }
}

void mg_moments_run(const mg_call_t *call) {
    const mg_moments_params_t *p = &call->params.moments;
    const int16_t *x = (const int16_t *)call->in[0] + p->first;
    int16_t *out = call->out[0];
    axis_t axes[MOST_AXES];
    for (uint32_t i = 0; i < p->axes; i++, out += PER_AXIS) {
        axes[i].x = x + i;
        axes[i].stride = p->columns;
        measure(&axes[i], p->samples);
        describe(&axes[i], p, out);
    }
    if (p->magnitude == 1) {
        axis_t magnitude = {.x = call->scratch, .stride = 1};
        magnitudes(x, p, call->scratch);
        measure(&magnitude, p->samples);
        describe(&magnitude, p, out);
        out += PER_AXIS;
    }
    for (uint32_t i = 0; i < p->axes; i++) {
        for (uint32_t j = i + 1; j < p->axes; j++) {
            *out++ = correlation(&axes[i], &axes[j], p->samples);
        }
    }
}
