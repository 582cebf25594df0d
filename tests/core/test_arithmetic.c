/* SPDX-License-Identifier: MIT
 *
 * Requantisation, checksum, reals: each against a slow version written from its definition.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "check.h"
#include "arithmetic/divide.h"
#include "arithmetic/requantize.h"

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

int32_t slow_wrap(int64_t x) {
    int64_t rest = x - floor_div(x, 1ll << 32) * (1ll << 32);
    return (int32_t)(rest >= 1ll << 31 ? rest - (1ll << 32) : rest);
}

static int32_t slow_rounding_shift(int32_t x, uint32_t n) {
    int64_t divisor = 1ll << n, magnitude = x < 0 ? -(int64_t)x : x;
    int64_t y = (2 * magnitude + divisor) / (2 * divisor);
    return (int32_t)(x < 0 ? -y : y);
}

int32_t slow_requantize(int32_t x, int32_t multiplier, int32_t shift) {
    int32_t scaled = shift > 0 ? slow_wrap((int64_t)x * (1ll << shift)) : x;
    int64_t high = floor_div((int64_t)scaled * multiplier + (1ll << 30), 1ll << 31);
    return shift < 0 ? slow_rounding_shift((int32_t)high, (uint32_t)-shift) : (int32_t)high;
}

/* The same as TensorFlow Lite Micro writes it: a nudge and a division that truncates. */
static int32_t reference_requantize(int32_t x, int32_t multiplier, int32_t shift) {
    int64_t product = (int64_t)slow_wrap((int64_t)x * (1ll << (shift > 0 ? shift : 0))) * multiplier;
    int64_t nudge = product >= 0 ? 1ll << 30 : 1 - (1ll << 30);
    int32_t high = (int32_t)((product + nudge) / (1ll << 31));
    uint32_t exponent = shift > 0 ? 0 : (uint32_t)-shift;
    int64_t mask = (1ll << exponent) - 1;
    int64_t remainder = high & mask, threshold = mask / 2 + (high < 0);
    return (int32_t)(floor_div(high, 1ll << exponent) + (remainder > threshold));
}

static void check_requantize(int32_t x, int32_t multiplier, int32_t shift) {
    int32_t y = mg_requantize(x, multiplier, shift), wanted = slow_requantize(x, multiplier, shift);
    CHECK(y == wanted, "requantize(%d, %d, %d) = %d, wanted %d", x, multiplier, shift, y, wanted);
    int32_t reference = reference_requantize(x, multiplier, shift);
    CHECK(y == reference, "requantize(%d, %d, %d) = %d, TFLM's %d", x, multiplier, shift, y, reference);
}

static const int32_t EDGES[] = {
    INT32_MIN,
    INT32_MIN + 1,
    -(1 << 30) - 1,
    -(1 << 30),
    -65537,
    -65536,
    -32768,
    -256,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    127,
    255,
    32767,
    65535,
    65536,
    (1 << 30) - 1,
    1 << 30,
    (1 << 30) + 1,
    INT32_MAX - 1,
    INT32_MAX,
};
#define N_EDGES (sizeof EDGES / sizeof EDGES[0])

static void requantize_edges(void) {
    for (size_t i = 0; i < N_EDGES; i++) {
        for (size_t j = 0; j < N_EDGES; j++) {
            for (int32_t shift = -31; shift <= 30 && EDGES[j] >= 0; shift++) {
                check_requantize(EDGES[i], EDGES[j], shift);
            }
        }
    }
}

static void requantize_random(void) {
    for (uint32_t i = 0; i < 1000000; i++) {
        int32_t x = (int32_t)random_u32() >> random_between(0, 31);
        check_requantize(x, (int32_t)(random_u32() >> random_between(1, 8)), random_between(-31, 30));
    }
}

static void rounding_shift(void) {
    for (uint32_t n = 0; n < 32; n++) {
        for (int32_t i = -3000; i < 3000; i++) {
            int32_t x = i < -2000 ? INT32_MIN + (i + 3001) : i >= 2000 ? INT32_MAX - 2999 + i : i * (1 << n % 20);
            int32_t y = mg_rounding_shift(x, n), wanted = slow_rounding_shift(x, n);
            CHECK(y == wanted, "rounding_shift(%d, %u) = %d, wanted %d", x, n, y, wanted);
        }
    }
}

static void wrap_and_clamp(void) {
    for (size_t i = 0; i < N_EDGES; i++) {
        for (size_t j = 0; j < N_EDGES; j++) {
            int32_t a = EDGES[i], b = EDGES[j];
            CHECK(mg_wrap_add(a, b) == slow_wrap((int64_t)a + b), "%d + %d", a, b);
            int32_t y = mg_clamp(a, b, INT32_MAX);
            CHECK(y == (a < b ? b : a), "clamp(%d, %d, max) = %d", a, b, y);
        }
    }
}

static uint32_t slow_crc(const uint8_t *bytes, size_t size) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < 8 * size; i++) {
        uint32_t bit = (uint32_t)(bytes[i / 8] >> (i % 8)) & 1u;
        crc = (crc & 1u) != bit ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static void crc(void) {
    uint8_t bytes[300];
    CHECK(mg_crc32(0, (const uint8_t *)"123456789", 9) == 0xcbf43926u, "the check value of CRC-32");
    CHECK(mg_crc32(0, bytes, 0) == 0, "of nothing");
    for (uint32_t size = 0; size < sizeof bytes; size++) {
        random_bytes(bytes, size);
        uint32_t whole = mg_crc32(0, bytes, size), half = size / 3;
        CHECK(whole == slow_crc(bytes, size), "%u bytes: 0x%08x", size, whole);
        CHECK(whole == mg_crc32(mg_crc32(0, bytes, half), bytes + half, size - half), "%u bytes in two parts", size);
    }
}

static double slow_quantize(float value, const mg_tensor_t *t, double low, double high) {
    double q = isnan(value) ? 0.0 : round((double)(value / t->scale)) + t->zero_point;
    q = isnan(value) ? t->zero_point : q;
    return q < low ? low : q > high ? high : q;
}

static void reals(void) {
    static const struct {
        uint8_t dtype;
        double low, high;
    } RANGES[] = {{MG_INT8, -128, 127}, {MG_UINT8, 0, 255}, {MG_INT16, -32768, 32767}};
    static const float VALUES[] = {0.0f,        -0.0f,        0.5f,       -0.5f,     1.5f,  2.5f,  -2.5f,
                                   0.49999997f, -0.49999997f, 8388607.5f, 1e9f,      -1e9f, 1e30f, -1e30f,
                                   FLT_MAX,     FLT_MIN,      INFINITY,   -INFINITY, NAN};
    for (size_t r = 0; r < 3; r++) {
        for (uint32_t i = 0; i < 20000; i++) {
            mg_tensor_t t = {
                .dtype = RANGES[r].dtype, .scale = i % 3 == 0 ? 1.0f : 0.0173f, .zero_point = random_between(-40, 40)};
            float value = i < 60 ? VALUES[i / 3 % 19] : (float)random_between(-1000000, 1000000) / 9000.0f;
            if (i >= 60 && i % 4 == 0) { /* scales from the smallest to the largest, and values about halves */
                t.scale = ldexpf((float)random_between(1 << 23, (1 << 24) - 1), random_between(-149, 103));
                value = (float)random_between(-600, 600) / 2 * t.scale * (1 + (float)random_between(-300, 300) * 1e-7f);
            }
            int32_t data[2] = {0x55555555, 0x55555555};
            mg_write_real(&t, data, 1, value);
            double wanted = slow_quantize(value, &t, RANGES[r].low, RANGES[r].high);
            float read = mg_read_real(&t, data, 1);
            CHECK(read == t.scale * (float)(wanted - t.zero_point), "dtype %d: %g became %g", t.dtype, (double)value,
                  (double)read);
            CHECK(*(uint8_t *)data == 0x55, "dtype %d: wrote at index 0", t.dtype);
            int32_t many[2] = {0x55555555, 0x55555555};
            mg_quantizer_t by;
            mg_quantizer(&by, &t);
            mg_write_reals(&by, many, 1, &value, 1);
            CHECK(memcmp(many, data, sizeof data) == 0, "dtype %d, scale %g: %g of many", t.dtype, (double)t.scale,
                  (double)value);
        }
    }
    mg_tensor_t f = {.dtype = MG_FLOAT32}, n = {.dtype = MG_INT32, .zero_point = INT32_MIN};
    float value[2];
    int32_t whole[2];
    mg_write_real(&f, value, 1, 0.1f);
    CHECK(mg_read_real(&f, value, 1) == 0.1f, "float32");
    mg_write_real(&n, whole, 1, 3.0f);
    CHECK(whole[1] == INT32_MIN + 3 && mg_read_real(&n, whole, 1) == 3.0f, "int32: %d", whole[1]);
    CHECK(mg_dtype_size(0) == 0 && mg_dtype_size(MG_INT16) == 2 && mg_dtype_size(MG_UINT64) == 8
              && mg_dtype_size(11) == 0,
          "sizes");
}

static void divisions(void) {
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t a = (uint64_t)random_u32() << 32 | random_u32(), b = (uint64_t)random_u32() << 32 | random_u32();
        a = i % 17 == 0 ? UINT64_MAX : a >> random_u32() % 64;
        b = i % 19 == 0 ? a : b >> random_u32() % 64;
        b += b == 0;
        uint64_t found = mg_divide_by_bits(a, b);
        CHECK(found == a / b && mg_divide(a, b) == found, "%llu / %llu", (unsigned long long)a, (unsigned long long)b);
    }
}

static void error_text(void) {
    static const mg_error_t ERROR = {MG_CORRUPT, 3, "it broke", NULL, 4294967295u, 10};
    static const char WANTED[] = "node 3: it broke: found 4294967295, wanted 10";
    mg_error_t plain = {MG_CORRUPT, -1, "it broke", NULL, 7, 7}, none = {0};
    for (size_t size = 0; size < sizeof WANTED + 3; size++) {
        char *text = allocate(size);
        mg_error_text(&ERROR, text, size);
        size_t length = size < sizeof WANTED ? size - 1 : sizeof WANTED - 1;
        CHECK(size == 0 || (memcmp(text, WANTED, length) == 0 && text[length] == 0), "in %u bytes", (unsigned)size);
        free(text);
    }
    char text[64];
    mg_error_text(&plain, text, sizeof text);
    CHECK(strcmp(text, "it broke") == 0, "%s", text);
    none.node = -1;
    mg_error_text(&none, text, sizeof text);
    CHECK(strcmp(text, "no error") == 0, "%s", text);
}

const test_t ARITHMETIC_TESTS[] = {
    {"requantize edges", requantize_edges},
    {"requantize random", requantize_random},
    {"rounding shift", rounding_shift},
    {"wrap and clamp", wrap_and_clamp},
    {"crc", crc},
    {"reals", reals},
    {"divisions", divisions},
    {"error text", error_text},
    {NULL, NULL},
};
