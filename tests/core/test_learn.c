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
        mg_ridge_add(learnt.products, learnt.sums[k], rows[k] + first * width, count, width, weight, weight);
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
        int32_t sums[CLASSES * (MG_RIDGE_MOST + 1)];
        float together[CLASSES * (MG_RIDGE_MOST + 1)];
        for (uint32_t k = 0; k < CLASSES; k++) {
            memcpy(sums + k * (width + 1), learnt.sums[k], (width + 1) * sizeof(int32_t));
        }
        mg_ridge_weights(together, learnt.factor, sums, width, CLASSES);
        for (uint32_t k = 0; k < CLASSES; k++) {
            float alone[MG_RIDGE_MOST + 1];
            mg_ridge_weights(alone, learnt.factor, learnt.sums[k], width, 1);
            memcpy(learnt.weights, together + k * (width + 1), (width + 1) * sizeof(float));
            CHECK(memcmp(alone, learnt.weights, (width + 1) * sizeof(float)) == 0, "%u: class %u alone is another",
                  (unsigned)width, (unsigned)k);
            equations(width, learnt.sums[k]);
            fprintf(digests, "learn %u %u %08x\n", (unsigned)width, (unsigned)k,
                    (unsigned)mg_crc32(0, (const uint8_t *)learnt.weights, (width + 1) * sizeof(float)));
            mg_ridge_margin_t margin[1] = {{0}};
            mg_ridge_leave_out(margin, learnt.factor, learnt.weights, 1, rows[k], ROWS, width, k == 1, 1024 / ROWS);
            fprintf(digests, "learn margin %u %u %08x\n", (unsigned)width, (unsigned)k,
                    (unsigned)mg_crc32(0, (const uint8_t *)margin, sizeof margin));
        }
    }
}

/* What rows left out score is what fits without them give; and a threshold lies between others and its own. */
static void leaves_out(void) {
    enum { WIDTH = 12, WEIGHT = 1024 / ROWS };
    static learnt_t all;
    random_seed(7);
    random_bytes(rows, sizeof rows);
    memset(&learnt, 0, sizeof learnt);
    teach(WIDTH, 0, ROWS, WEIGHT);
    mg_ridge_factor(learnt.factor, learnt.products, WIDTH, 0); /* the penalty goes by the rows: without, it is least */
    float weights[CLASSES * (WIDTH + 1)];
    for (uint32_t k = 0; k < CLASSES; k++) {
        mg_ridge_weights(weights + k * (WIDTH + 1), learnt.factor, learnt.sums[k], WIDTH, 1);
    }
    all = learnt;
    for (uint32_t k = 0; k < CLASSES; k++) {
        for (uint32_t i = 0; i < ROWS; i++) {
            const int8_t *row = rows[k] + i * WIDTH;
            mg_ridge_margin_t margins[CLASSES] = {{0}};
            mg_ridge_leave_out(margins, all.factor, weights, CLASSES, row, 1, WIDTH, k, WEIGHT);
            learnt = all;
            mg_ridge_add(learnt.products, learnt.sums[k], row, 1, WIDTH, -WEIGHT, -WEIGHT);
            mg_ridge_factor(learnt.factor, learnt.products, WIDTH, 0);
            for (uint32_t c = 0; c < CLASSES; c++) {
                float fitted[WIDTH + 1], wanted, found = c == k ? margins[c].own : margins[c].top[0];
                mg_ridge_weights(fitted, learnt.factor, learnt.sums[c], WIDTH, 1);
                wanted = mg_ridge_score(fitted, row, WIDTH);
                wanted = c == k || wanted > 0 ? wanted : 0;
                CHECK(fabsf(found - wanted) <= 0.02f + 0.02f * fabsf(wanted), "row %u of class %u scores %g, not %g",
                      (unsigned)i, (unsigned)k, (double)found, (double)wanted);
                CHECK(margins[c].top[1] == 0 && (c == k ? margins[c].top[0] : margins[c].own) == 0, "class %u has more",
                      (unsigned)c);
            }
        }
    }
    mg_ridge_margin_t margin[1] = {{0}};
    float ones[WIDTH + 1] = {[0] = 127};
    int8_t others[100 * WIDTH] = {0};
    memset(all.factor, 0, sizeof all.factor); /* no leverage */
    for (uint32_t i = 0; i < 100; i++) {
        others[i * WIDTH] = (int8_t)(i * 37 % 100);
    }
    mg_ridge_leave_out(margin, all.factor, ones, 1, others, 100, WIDTH, 1, 1);
    float wanted[MG_RIDGE_TOP];
    for (uint32_t i = 0; i < MG_RIDGE_TOP; i++) {
        wanted[i] = (float)(99 - i);
    }
    CHECK(memcmp(margin->top, wanted, sizeof wanted) == 0, "the highest: %g, %g, ...", (double)margin->top[0],
          (double)margin->top[1]);
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
    for (uint32_t count = 1; count <= ROWS; count++) { /* the last one by another weight: as the others, and it alone */
        memset(&learnt, 0, sizeof learnt);
        mg_ridge_add(learnt.products, learnt.sums[0], rows[0], count - 1, 20, -30, -30);
        mg_ridge_add(learnt.products, learnt.sums[0], rows[0] + (count - 1) * 20, 1, 20, 0, 146);
        before = learnt;
        memset(&learnt, 0, sizeof learnt);
        mg_ridge_add(learnt.products, learnt.sums[0], rows[0], count, 20, -30, 146);
        CHECK(memcmp(&before, &learnt, sizeof before) == 0, "%u rows are not those before the last, and it",
              (unsigned)count);
    }
}

/* All rows alike, none at all: numbers still, no division by zero. */
static void flat(void) {
    for (int32_t weight = 0; weight <= MG_RIDGE_HEAVIEST; weight += MG_RIDGE_HEAVIEST) {
        memset(&learnt, 0, sizeof learnt);
        memset(rows, 0x80, sizeof rows);
        teach(MG_RIDGE_MOST, 0, 1, weight);
        mg_ridge_factor(learnt.factor, learnt.products, MG_RIDGE_MOST, 0);
        mg_ridge_weights(learnt.weights, learnt.factor, learnt.sums[0], MG_RIDGE_MOST, 1);
        float score = mg_ridge_score(learnt.weights, rows[0], MG_RIDGE_MOST);
        CHECK(score > -1 && score < 2, "a score of %g", (double)score);
    }
}

const test_t LEARN_TESTS[] = {{"learn fits", fits},
                              {"learn leaves out", leaves_out},
                              {"learn forgets", forgets},
                              {"learn flat", flat},
                              {NULL, NULL}};
