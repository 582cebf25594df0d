/* SPDX-License-Identifier: MIT
 *
 * binding/soft_float.c against this machine's floats, or on a core without any against those of its compiler.
 */
#define MG_SMALL_FLOAT 1
#define __aeabi_fdiv ours_div
#define __aeabi_fmul ours_mul
#define __aeabi_fadd ours_add
#define __aeabi_fsub ours_sub
#define __aeabi_ui2f ours_of_unsigned
#define __aeabi_i2f ours_of_int
#define __aeabi_fcmplt ours_lt
#define __aeabi_fcmple ours_le
#define __aeabi_fcmpeq ours_eq
#define __aeabi_fcmpge ours_ge
#define __aeabi_fcmpgt ours_gt
#define __aeabi_fcmpun ours_un
#include "binding/soft_float.c"

#include "check.h"

static void same(float found, float wanted, const char *what, uint32_t a, uint32_t b) {
    bool both_no_number = found != found && wanted != wanted;
    CHECK(both_no_number || mg_bits_of(found) == mg_bits_of(wanted), "%08x %s %08x: %08x, wanted %08x", (unsigned)a,
          what, (unsigned)b, (unsigned)mg_bits_of(found), (unsigned)mg_bits_of(wanted));
}

static void pair(uint32_t a, uint32_t b) {
    volatile float x = mg_float_of(a), y = mg_float_of(b); /* computed there and then, rounded to 32 bits */
    volatile float sum = x + y, difference = x - y, product = x * y, quotient = x / y;
    same(ours_add(x, y), sum, "+", a, b);
    same(ours_sub(x, y), difference, "-", a, b);
    same(ours_mul(x, y), product, "*", a, b);
    same(ours_div(x, y), quotient, "/", a, b);
    bool unordered = x != x || y != y;
    CHECK(ours_lt(x, y) == (x < y) && ours_le(x, y) == (x <= y) && ours_eq(x, y) == (x == y)
              && ours_ge(x, y) == (x >= y) && ours_gt(x, y) == (x > y) && ours_un(x, y) == unordered,
          "%08x compared with %08x", (unsigned)a, (unsigned)b);
}

static void integer(uint32_t a) {
    volatile float of_unsigned = (float)a, of_int = (float)(int32_t)a;
    same(ours_of_unsigned(a), of_unsigned, "unsigned", a, 0);
    same(ours_of_int((int32_t)a), of_int, "int", a, 0);
}

static const uint32_t EDGES[] = {
    0,          1,          2,          0x7f,       0x80,       0x81,       0x00400000, 0x007fffff,
    0x00800000, 0x00800001, 0x00ffffff, 0x01000000, 0x0b800000, 0x0c000001, 0x33800000, 0x33ffffff,
    0x34000000, 0x3effffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fffffff, 0x40000000,
    0x4b7fffff, 0x4b800000, 0x4b800001, 0x4f000000, 0x5f000000, 0x7e800000, 0x7effffff, 0x7f000000,
    0x7f7ffffe, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff,
};

static void edges(void) {
    const uint32_t n = sizeof EDGES / sizeof EDGES[0];
    for (uint32_t i = 0; i < 4 * n * n; i++) {
        pair(EDGES[i / 4 / n] | (i & 1 ? SIGN : 0), EDGES[i / 4 % n] | (i & 2 ? SIGN : 0));
    }
    for (uint32_t i = 0; i < 33; i++) {
        for (uint32_t off = 0; off < 5; off++) {
            integer((i == 32 ? 0 : 1u << i) + off - 2);
            integer((0x01000001u << (i & 7)) + off - 2);
        }
    }
}

static void many(void) {
    random_seed(13);
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t a = random_u32(), b = random_u32();
        pair(a, b);
        pair(a, (a & 0x7f800000) ^ (b & 0x83ffffff)); /* exponents near one another: what cancels */
        pair(a & 0x80ffffff, b & 0xbfffffff);           /* subnormal, and what becomes so */
        integer(a >> (b & 31));
    }
}

const test_t SOFT_FLOAT_TESTS[] = {
    {"floats at their edges, in software", edges},
    {"floats, in software", many},
    {NULL, NULL},
};
