/* SPDX-License-Identifier: MIT
 *
 * float32 division for native modules of Cortex-M0+, rounded as IEEE 754 demands. libgcc's own
 * jumps through a table of absolute addresses, which a module that loads anywhere cannot hold.
 */
#include <stdint.h>
#include <string.h>

#define INFINITE 0x7f800000u
#define NOT_A_NUMBER 0x7fc00000u
#define IMPLICIT_ONE 0x00800000u

/* Splits |x|, not zero and finite, into a mantissa with 24 bits and its biased exponent. */
static uint32_t split(uint32_t x, int32_t *exponent) {
    uint32_t mantissa = x & (IMPLICIT_ONE - 1);
    *exponent = (int32_t)(x >> 23);
    if (*exponent != 0) {
        return mantissa | IMPLICIT_ONE;
    }
    for (*exponent = 1; mantissa < IMPLICIT_ONE; mantissa <<= 1) {
        --*exponent;
    }
    return mantissa;
}

static uint32_t divide(uint32_t a, uint32_t b) {
    if (a > INFINITE || b > INFINITE || (a == INFINITE && b == INFINITE) || (a == 0 && b == 0)) {
        return NOT_A_NUMBER;
    }
    if (a == INFINITE || b == 0) {
        return INFINITE;
    }
    if (a == 0 || b == INFINITE) {
        return 0;
    }
    int32_t a_exponent, b_exponent;
    uint32_t rest = split(a, &a_exponent), divisor = split(b, &b_exponent);
    int32_t exponent = a_exponent - b_exponent + 127;
    if (rest < divisor) {
        rest <<= 1;
        exponent--;
    }
    uint32_t quotient = 0; /* 24 bits, one to round, and one that tells whether anything follows */
    for (int i = 0; i < 26; i++) {
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
        rest <<= 1;
    }
    quotient |= rest != 0;
    if (exponent >= 255) {
        return INFINITE;
    }
    for (; exponent < 1; exponent++) { /* subnormal */
        quotient = (quotient >> 1) | (quotient & 1);
        if (quotient <= 1) {
            return 0;
        }
    }
    uint32_t mantissa = quotient >> 2;
    mantissa += (quotient & 2) != 0 && (quotient & 5) != 0; /* to nearest, ties to even */
    return ((uint32_t)(exponent - 1) << 23) + mantissa;
}

float __aeabi_fdiv(float a, float b) {
    uint32_t x, y, quotient;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    quotient = divide(x & ~(1u << 31), y & ~(1u << 31)) | ((x ^ y) & (1u << 31));
    memcpy(&a, &quotient, sizeof a);
    return a;
}
