/* SPDX-License-Identifier: MIT
 *
 * The classifier that boards fit: against its equations in double precision, with the same bits everywhere, and
 * without a trace of what was taken away.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "learn/ridge.h"

#define PENALTY 0.3f
#define CLASSES 3
#define ROWS 7

typedef struct {
    int32_t products[MG_RIDGE_TRIANGLE(MG_RIDGE_MOST)], sums[CLASSES][MG_RIDGE_MOST + 1];
    float factor[MG_RIDGE_TRIANGLE(MG_RIDGE_MOST)], weights[MG_RIDGE_MOST + 1];
} learnt_t;

static learnt_t learnt;
static int8_t rows[CLASSES][ROWS * MG_RIDGE_MOST];

static void teach(uint32_t width, uint32_t first, uint32_t count, int32_t weight) {
    for (uint32_t k = 0; k < CLASSES; k++) {
        mg_ridge_add(learnt.products, learnt.sums[k], rows[k] + first * width, count, width, weight);
    }
}

static double product(uint32_t i, uint32_t k) {
    return learnt.products[i > k ? i * (i + 1) / 2 + k : k * (k + 1) / 2 + i];
}

/* (products + penalty) weights = 127 sums, within what 24 bits can give. */
static void equations(uint32_t width, const int32_t *sums) {
    double all = product(width, width), squares = all, centred = 0;
    for (uint32_t i = 0; i < width; i++) {
        squares += product(i, i);
        centred += product(i, i) - product(i, width) * product(i, width) / all;
    }
    double least = 1e-4 * squares / width + 1, penalty = fmax((double)PENALTY * centred / width, least);
    for (uint32_t i = 0; i <= width; i++) {
        double left = (i < width ? penalty : least) * (double)learnt.weights[i], size = fabs(left);
        for (uint32_t k = 0; k <= width; k++) {
            left += product(i, k) * (double)learnt.weights[k];
            size += fabs(product(i, k) * (double)learnt.weights[k]);
        }
        double right = 127.0 * sums[i];
        CHECK(fabs(left - right) <= 1e-4 * (size + fabs(right)) + 1, "%u of %u: %g, not %g", (unsigned)i,
              (unsigned)width, left, right);
    }
}

static void fits(void) {
    random_seed(5);
    for (uint32_t width = 1; width <= MG_RIDGE_MOST; width += width < 8 ? 1 : 7) {
        memset(&learnt, 0, sizeof learnt);
        random_bytes(rows, sizeof rows);
        teach(width, 0, ROWS, 1024 / ROWS);
        mg_ridge_factor(learnt.factor, learnt.products, width, PENALTY);
        for (uint32_t k = 0; k < CLASSES; k++) {
            mg_ridge_weights(learnt.weights, learnt.factor, learnt.sums[k], width);
            equations(width, learnt.sums[k]);
            fprintf(digests, "learn %u %u %08x\n", (unsigned)width, (unsigned)k,
                    (unsigned)mg_crc32(0, (const uint8_t *)learnt.weights, (width + 1) * sizeof(float)));
            float share = mg_ridge_leverage(learnt.factor, rows[k], width, 1024 / ROWS);
            CHECK(share > 0 && share < 1, "%u: a row made %g of its score", (unsigned)width, (double)share);
        }
    }
}

static void forgets(void) {
    static learnt_t before;
    random_seed(6);
    random_bytes(rows, sizeof rows);
    memset(&learnt, 0, sizeof learnt);
    teach(20, 0, 4, 256);
    before = learnt;
    teach(20, 0, 4, -256);
    teach(20, 0, ROWS, 146);
    teach(20, 4, ROWS - 4, -146);
    teach(20, 0, 4, 110);
    CHECK(memcmp(&before, &learnt, sizeof before) == 0, "rows that were taken away have left a trace");
}

/* All rows alike, none at all: numbers still, no division by zero. */
static void flat(void) {
    for (int32_t weight = 0; weight <= MG_RIDGE_HEAVIEST; weight += MG_RIDGE_HEAVIEST) {
        memset(&learnt, 0, sizeof learnt);
        memset(rows, 0x80, sizeof rows);
        teach(MG_RIDGE_MOST, 0, 1, weight);
        mg_ridge_factor(learnt.factor, learnt.products, MG_RIDGE_MOST, 0);
        mg_ridge_weights(learnt.weights, learnt.factor, learnt.sums[0], MG_RIDGE_MOST);
        float score = mg_ridge_score(learnt.weights, rows[0], MG_RIDGE_MOST);
        CHECK(score > -1 && score < 2, "a score of %g", (double)score);
    }
}

const test_t LEARN_TESTS[] = {{"learn fits", fits}, {"learn forgets", forgets}, {"learn flat", flat}, {NULL, NULL}};
