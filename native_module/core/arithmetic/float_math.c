/* SPDX-License-Identifier: MIT
 *
 * Reduction of the argument, then a short polynomial.
 *
 *     exp     x = n ln2 + r, |r| <= ln2 / 2; e^r - 1 as a Taylor series to r^7
 *     log     x = 2^n m, sqrt(1/2) <= m < sqrt(2); 2 artanh((m - 1) / (m + 1)) to the 9th power
 *     tanh    -t / (t + 2) with t = e^(-2|x|) - 1
 *     sin     x = n pi/2 + r, |r| <= pi/4; Taylor series of sin to r^9 and cos to r^10
 *     atan    |x| <= tan(pi/8) by (x - 1) / (x + 1) or -1/x; polynomial to the 9th power
 *     erf     1 - t P(t) e^(-x^2), t = 1 / (1 + p |x|)
 *     rsqrt   a guess from the exponent, then Newton steps
 *
 * Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 4.1, 4.2, 4.3, 4.5, 7.1.26; Cody
 * and Waite, "Software Manual for the Elementary Functions" (1980) for the split constants; atan's
 * coefficients are a least-squares fit.
 */
#include "float_math.h"

#include <stdbool.h>

#include "../bytes.h"

#define INFINITE 0x7f800000u

/* x 2^n for -252 <= n <= 254. */
static float scale(float x, int32_t n) {
    int32_t half = n / 2;
    return x * mg_float_of((uint32_t)(half + 127) << 23) * mg_float_of((uint32_t)(n - half + 127) << 23);
}

float mg_floor(float x) {
    if (!(x > -8388608.0f && x < 8388608.0f)) {
        return x; /* a whole number, or NaN */
    }
    float whole = (float)(int32_t)x;
    return whole > x ? whole - 1.0f : whole;
}

/* e^x = 2^n (1 + the result), for |x| <= 104. */
static float reduced_exp(float x, int32_t *n) {
    float whole = mg_floor(x * 1.44269504f + 0.5f);
    float r = x - whole * 0.693359375f; /* ln2 in two parts, the first one short enough for exact products */
    r += whole * 2.12194440e-4f;
    *n = (int32_t)whole;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    return p * r * r + r;
}

float mg_exp(float x) {
    if (!(x > -104.0f)) {
        return x == x ? 0.0f : x;
    }
    if (x > 89.0f) {
        return mg_float_of(INFINITE);
    }
    int32_t n;
    float p = reduced_exp(x, &n);
    return scale(1.0f + p, n);
}

float mg_expm1(float x) {
    if (!(x > -0.34f && x < 0.34f)) {
        return mg_exp(x) - 1.0f;
    }
    int32_t n;
    return reduced_exp(x, &n); /* n is 0 */
}

float mg_log(float x) {
    if (!(x > 0.0f)) {
        return x == 0.0f ? -mg_float_of(INFINITE) : mg_float_of(INFINITE | 1u << 22);
    }
    uint32_t bits = mg_bits_of(x);
    if (bits >= INFINITE) {
        return x;
    }
    int32_t n = 0;
    if (bits < 1u << 23) { /* subnormal */
        bits = mg_bits_of(x * 16777216.0f);
        n = -24;
    }
    int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23; /* of m >= sqrt(1/2) */
    float m = mg_float_of(bits - ((uint32_t)exponent << 23));
    float s = (m - 1.0f) / (m + 1.0f), z = s * s;
    float p = 2.0f / 9;
    p = p * z + 2.0f / 7;
    p = p * z + 2.0f / 5;
    p = p * z + 2.0f / 3;
    float whole = (float)(n + exponent);
    return whole * 0.693359375f + (2.0f * s + (p * z * s - whole * 2.12194440e-4f));
}

float mg_tanh(float x) {
    float t = mg_expm1(x < 0.0f ? 2.0f * x : -2.0f * x);
    float y = -t / (t + 2.0f);
    return x < 0.0f ? -y : y;
}

float mg_logistic(float x) {
    return 1.0f / (1.0f + mg_exp(-x));
}

/* sin(x + quarters * pi/2) */
static float sine(float x, int32_t quarters) {
    if (!(x > -1.0e9f && x < 1.0e9f)) {
        return x - x; /* NaN of infinities; 0 where a float no longer knows its place in a period */
    }
    float whole = mg_floor(x * 0.636619772f + 0.5f);
    float r = x - whole * 1.5703125f; /* pi/2 in three parts */
    r -= whole * 4.837512969970703125e-4f;
    r -= whole * 7.54978995489188216e-8f;
    float z = r * r;
    uint32_t quadrant = (uint32_t)((int32_t)whole + quarters);
    float y;
    if (quadrant & 1u) {
        y = -1.0f / 3628800;
        y = y * z + 1.0f / 40320;
        y = y * z - 1.0f / 720;
        y = y * z + 1.0f / 24;
        y = y * z - 0.5f;
        y = y * z + 1.0f;
    } else {
        y = 1.0f / 362880;
        y = y * z - 1.0f / 5040;
        y = y * z + 1.0f / 120;
        y = y * z - 1.0f / 6;
        y = y * z * r + r;
    }
    return quadrant & 2u ? -y : y;
}

float mg_sin(float x) {
    return sine(x, 0);
}

float mg_cos(float x) {
    return sine(x, 1);
}

/* atan of x >= 0 */
static float arc_tangent(float x) {
    float y = 0.0f;
    if (x > 2.41421356f) { /* tan(3 pi / 8) */
        y = 1.57079633f;
        x = -1.0f / x;
    } else if (x > 0.414213562f) {
        y = 0.785398163f;
        x = (x - 1.0f) / (x + 1.0f);
    }
    float z = x * x;
    float p = 0.080447221f;
    p = p * z - 0.138745231f;
    p = p * z + 0.199773670f;
    p = p * z - 0.333329380f;
    return y + (p * z * x + x);
}

float mg_atan2(float y, float x) {
    const float pi = 3.14159265f;
    float down = mg_float_of(mg_bits_of(y) & INT32_MAX), across = mg_float_of(mg_bits_of(x) & INT32_MAX);
    if (!(down >= 0.0f && across >= 0.0f)) {
        return x + y; /* NaN */
    }
    /* Signed zeros count: below the branch cut, atan2(-0, -1) is -pi. */
    bool both_infinite = down > 3.0e38f && across > 3.0e38f && down == across;
    float angle = down == 0.0f ? 0.0f : both_infinite ? pi / 4 : arc_tangent(down / across);
    if (mg_bits_of(x) >> 31) {
        angle = pi - angle;
    }
    return mg_bits_of(y) >> 31 ? -angle : angle;
}

float mg_erf(float x) {
    float size = x < 0.0f ? -x : x;
    float t = 1.0f / (1.0f + 0.3275911f * size);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    float y = 1.0f - p * t * mg_exp(-size * size);
    return x < 0.0f ? -y : y;
}

float mg_rsqrt(float x) {
    if (!(x > 0.0f)) {
        return x == 0.0f ? mg_float_of(INFINITE | (mg_bits_of(x) & 1u << 31)) : mg_float_of(INFINITE | 1u << 22);
    }
    if (mg_bits_of(x) >= INFINITE) {
        return 0.0f;
    }
    if (x < 1.17549435e-38f) { /* subnormal */
        return mg_rsqrt(x * 16777216.0f) * 4096.0f;
    }
    float y = mg_float_of(0x5f3759dfu - (mg_bits_of(x) >> 1));
    float half = 0.5f * x;
    for (int i = 0; i < 3; i++) { /* the relative error e becomes 1.5 e^2; it starts below 0.04 */
        y += y * (0.5f - half * y * y);
    }
    return y;
}

float mg_sqrt(float x) {
    return x == 0.0f || mg_bits_of(x) == INFINITE ? x : x * mg_rsqrt(x);
}
