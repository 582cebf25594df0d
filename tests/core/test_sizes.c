/* SPDX-License-Identifier: MIT
 *
 * Sizes that no machine can hold. Products of parameters that wrap at 2^31, 2^32, 2^63 or 2^64 seem small: for each op
 * its parameters get such factors, in every choice of places. What its check accepts all the same must run clean.
 */
#include <string.h>

#include "check.h"
#include "exercise.h"
#include "sizes.h"
#include "wraps.h"

#define GROWTH (1u << 20) /* of data: the channels of a layer of 2^16 */
#define LAYOUTS 7u

static void saturation(void) {
    static const uint32_t VALUES[] = {0, 1, 2, 3, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    const uint32_t n = sizeof VALUES / sizeof VALUES[0];
    for (uint32_t i = 0; i < n * n; i++) {
        const uint64_t a = VALUES[i / n], b = VALUES[i % n], sum = a + b, product = a * b;
        const uint32_t plus = mg_plus((uint32_t)a, (uint32_t)b), times = mg_times((uint32_t)a, (uint32_t)b);
        CHECK(plus == (sum > UINT32_MAX ? UINT32_MAX : sum), "%x + %x", (unsigned)a, (unsigned)b);
        CHECK(times == (product > UINT32_MAX ? UINT32_MAX : product), "%x * %x", (unsigned)a, (unsigned)b);
        CHECK(mg_times4((uint32_t)a, 1, (uint32_t)b, 1) == times, "%x * %x of four", (unsigned)a, (unsigned)b);
    }
    CHECK(mg_times4(65535, 65535, 65535, 65535) == UINT32_MAX && mg_times4(65536, 65536, 65536, 65536) == UINT32_MAX,
          "four of 16 bits");
    CHECK(mg_round_up(5, 4) == 8 && mg_round_up(8, 4) == 8 && mg_round_up(0, 4) == 0, "the next multiple");
    CHECK(mg_round_up(UINT32_MAX, 16) > MG_MOST && mg_round_up(UINT32_MAX - 2, 4) > MG_MOST, "rounding wraps");
}

static uint32_t accepted;

static void survive(const uint8_t *file, size_t size) {
    mg_error_t error;
    exercise_t result = exercise(file, size, accepted++ % 16, &error);
    CHECK(result != EXERCISE_REFUSED, "a file that its check accepts is refused: %s", error.message);
    if (result == EXERCISE_ACCEPTED) {
        CHECK(exercise_begin(file, size), "the first moments of a long run");
    }
}

static void wrapping_products(void) {
    static uint32_t tried[MG_OPS_END];
    for (size_t s = 0; s < n_seeds; s++) {
        if (!seeds[s].sound) { /* maybe a file of a byte */
            continue;
        }
        const uint32_t nodes = mg_load_u16(seeds[s].bytes + 26);
        uint8_t *file = allocate(seeds[s].size + GROWTH);
        uint32_t at = mg_load_u32(seeds[s].bytes + 40);
        for (uint32_t node = 0; node < nodes; node++, at += mg_load_u16(seeds[s].bytes + at + 2)) {
            const uint32_t op = mg_load_u16(seeds[s].bytes + at);
            const bool is_first = tried[op] == 0; /* node with that op */
            for (uint32_t layout = 0; is_first && layout < LAYOUTS; layout++) {
                memcpy(file, seeds[s].bytes, seeds[s].size);
                tried[op] += for_each_wrap(file, seeds[s].size, seeds[s].size + GROWTH, node, layout, survive);
            }
        }
        free(file);
    }
    for (uint32_t op = 1; op < MG_OPS_END; op++) {
        CHECK(tried[op] != 0, "op %u: nothing tried", (unsigned)op);
    }
    CHECK(accepted != 0, "everything refused");
}

const test_t SIZES_TESTS[] = {{"saturation", saturation}, {"wrapping products", wrapping_products}, {NULL, NULL}};
