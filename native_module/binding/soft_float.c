/* SPDX-License-Identifier: MIT
 *
 * float32 arithmetic for native modules of Cortex-M0+, which has none, rounded as IEEE 754 demands. Division is always
 * ours: libgcc's jumps through a table of absolute addresses, which a module that loads anywhere cannot hold. The rest
 * replaces libgcc's in modules of integer ops (MG_SMALL_FLOAT), which compute floats only on their way in and out: it
 * takes 2.5 kB less, and modules are in RAM.
 */
#include <stdbool.h>
#include <stdint.h>

#include "../core/bytes.h"

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define NOT_A_NUMBER 0x7fc00000u

/* Shifts right; a last bit tells whether anything went. */
static uint32_t shift_right(uint32_t x, uint32_t by) {
    return by > 31 ? x != 0 : by == 0 ? x : (x >> by) | ((x << (32 - by)) != 0);
}

/* mantissa * 2^(exponent - 158), rounded to nearest, ties to even; the last bit of the mantissa may stand for more. */
static float pack(uint32_t sign, int32_t exponent, uint32_t mantissa) {
    if (mantissa == 0) {
        return mg_float_of(sign);
    }
    int shift = __builtin_clz(mantissa);
    mantissa <<= shift;
    exponent -= shift;
    if (exponent > 254) {
        return mg_float_of(sign | INFINITE);
    }
    if (exponent < 1) { /* subnormal */
        mantissa = shift_right(mantissa, (uint32_t)(1 - exponent));
        exponent = 1;
    }
    uint32_t rest = mantissa & 0xff, bits = mantissa >> 8;
    bits += rest > 0x80 - (bits & 1);
    return mg_float_of(sign | (((uint32_t)(exponent - 1) << 23) + bits));
}

/* The inverse, for finite |x|: bit 31 of the mantissa is set unless x is zero. */
static uint32_t unpack(uint32_t x, int32_t *exponent) {
    uint32_t mantissa = x << 8;
    *exponent = (int32_t)(x >> 23);
    if (*exponent != 0) {
        return mantissa | SIGN;
    }
    int shift = mantissa == 0 ? 0 : __builtin_clz(mantissa);
    *exponent = 1 - shift;
    return mantissa << shift;
}

float __aeabi_fdiv(float x, float y) {
    uint32_t a = mg_bits_of(x) & ~SIGN, b = mg_bits_of(y) & ~SIGN, sign = (mg_bits_of(x) ^ mg_bits_of(y)) & SIGN;
    if (a > INFINITE || b > INFINITE || (a == b && (a == INFINITE || a == 0))) {
        return mg_float_of(NOT_A_NUMBER);
    }
    if (a == INFINITE || b == 0) {
        return mg_float_of(sign | INFINITE);
    }
    if (b == INFINITE) {
        return mg_float_of(sign);
    }
    int32_t a_exponent, b_exponent;
    uint32_t rest = unpack(a, &a_exponent) >> 1, divisor = unpack(b, &b_exponent) >> 1, quotient = 0;
    for (int i = 0; i < 27; i++) { /* 24 bits, one by which it may be too small, one to round, one more */
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
        rest <<= 1;
    }
    return pack(sign, a_exponent - b_exponent + 132, quotient | (rest != 0));
}

#if MG_SMALL_FLOAT

float __aeabi_fmul(float x, float y) {
    uint32_t a = mg_bits_of(x) & ~SIGN, b = mg_bits_of(y) & ~SIGN, sign = (mg_bits_of(x) ^ mg_bits_of(y)) & SIGN;
    if (a >= INFINITE || b >= INFINITE) {
        bool is_number = a <= INFINITE && b <= INFINITE && a != 0 && b != 0;
        return mg_float_of(is_number ? sign | INFINITE : NOT_A_NUMBER);
    }
    int32_t a_exponent, b_exponent;
    uint64_t product = (uint64_t)unpack(a, &a_exponent) * unpack(b, &b_exponent);
    return pack(sign, a_exponent + b_exponent - 126, (uint32_t)(product >> 32) | ((uint32_t)product != 0));
}

static float add(uint32_t a, uint32_t b) {
    if ((a & ~SIGN) < (b & ~SIGN)) {
        uint32_t larger = b;
        b = a;
        a = larger;
    }
    uint32_t sign = a & SIGN;
    bool differ = ((a ^ b) & SIGN) != 0;
    a &= ~SIGN;
    b &= ~SIGN;
    if (a >= INFINITE) { /* as b may be, which is no larger */
        return mg_float_of(a > INFINITE || (b == INFINITE && differ) ? NOT_A_NUMBER : sign | INFINITE);
    }
    int32_t a_exponent, b_exponent;
    uint32_t sum = unpack(a, &a_exponent) >> 1, less = unpack(b, &b_exponent) >> 1;
    less = shift_right(less, (uint32_t)(a_exponent - b_exponent));
    sum = differ ? sum - less : sum + less;
    return pack(sum == 0 && differ ? 0 : sign, a_exponent + 1, sum);
}

float __aeabi_fadd(float x, float y) {
    return add(mg_bits_of(x), mg_bits_of(y));
}

float __aeabi_fsub(float x, float y) {
    return add(mg_bits_of(x), mg_bits_of(y) ^ SIGN);
}

float __aeabi_ui2f(uint32_t x) {
    return pack(0, 158, x);
}

float __aeabi_i2f(int32_t x) {
    return pack((uint32_t)x & SIGN, 158, x < 0 ? -(uint32_t)x : (uint32_t)x);
}

/* -1, 0 or 1 as a is below, equal to or above b; 2 where one is no number. */
static int order(float x, float y) {
    uint32_t a = mg_bits_of(x), b = mg_bits_of(y);
    if ((a & ~SIGN) > INFINITE || (b & ~SIGN) > INFINITE) {
        return 2;
    }
    int32_t below = (int32_t)(a & SIGN ? SIGN - a : a), above = (int32_t)(b & SIGN ? SIGN - b : b);
    return (below > above) - (below < above);
}

int __aeabi_fcmplt(float a, float b) {
    return order(a, b) == -1;
}

int __aeabi_fcmple(float a, float b) {
    return order(a, b) <= 0;
}

int __aeabi_fcmpeq(float a, float b) {
    return order(a, b) == 0;
}

int __aeabi_fcmpge(float a, float b) {
    return (order(a, b) & ~1) == 0;
}

int __aeabi_fcmpgt(float a, float b) {
    return order(a, b) == 1;
}

int __aeabi_fcmpun(float a, float b) {
    return order(a, b) == 2;
}

#endif
