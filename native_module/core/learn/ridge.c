/* SPDX-License-Identifier: MIT */
#include "ridge.h"

#include "../arithmetic/float_math.h"

#define LEAST 1e-4f /* of a mean square: less is lost in the 24 bits of floats */
#define ROW_END 127 /* as large as the others may be */
#define LEFT 1e-3f /* at least, of a score without the row's own part */

/* Two products. They and sums may wrap, in the wrong hands, but are defined. */
static void add_to(int32_t *sum, int32_t x, int32_t a, int32_t y, int32_t b) {
    *sum = (int32_t)((uint32_t)*sum + (uint32_t)x * (uint32_t)a + (uint32_t)y * (uint32_t)b);
}

static int32_t value_of(const int8_t *row, uint32_t i, uint32_t width) {
    return i < width ? row[i] : ROW_END;
}

void mg_ridge_add(int32_t *products, int32_t *sums, const int8_t *rows, uint32_t count, uint32_t width, int32_t weight,
                  int32_t last) {
    /* Two rows at a time: each sum is loaded and stored once for both. An odd last one goes with none. */
    for (uint32_t r = 0; r < count; r += 2, rows += 2 * width) {
        uint32_t left = count - r;
        const int8_t *a = rows, *b = left > 1 ? rows + width : rows;
        int32_t weight_a = left > 1 ? weight : last, weight_b = left > 2 ? weight : left > 1 ? last : 0;
        int32_t *at = products;
        for (uint32_t i = 0; i <= width; i++) {
            int32_t end_a = value_of(a, i, width), end_b = value_of(b, i, width), x = 0, y = 0;
            add_to(&x, weight_a, end_a, 0, 0);
            add_to(&y, weight_b, end_b, 0, 0);
            add_to(&sums[i], x, 1, y, 1);
            for (uint32_t k = 0; k < i; k++) {
                add_to(at++, x, a[k], y, b[k]);
            }
            add_to(at++, x, end_a, y, end_b);
        }
    }
}

/* x less the products of two vectors. */
static float less_products(float x, const float *a, const float *b, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        x -= a[k] * b[k];
    }
    return x;
}

/* Solves L y = y and L z = z for the first rows of a triangle, in place: each number of L is loaded once for both. */
static void forward(float *y, float *z, const float *factor, uint32_t rows) {
    for (uint32_t i = 0; i < rows; i++) {
        float sum_y = y[i], sum_z = z[i];
        for (uint32_t k = 0; k < i; k++) {
            float l = factor[k];
            sum_y -= l * y[k];
            sum_z -= l * z[k];
        }
        y[i] = sum_y * factor[i];
        z[i] = sum_z * factor[i];
        factor += i + 1;
    }
}

/* The mean variance of the rows' values, weighted, and `least` of their mean square. */
static float spread(const int32_t *products, uint32_t width, float *least) {
    const int32_t *ends = products + MG_RIDGE_TRIANGLE(width) - (width + 1); /* of each value with ROW_END */
    float squares = 0, centred = 0, all = (float)ends[width];
    for (uint32_t i = 0, at = 0; i < width; i++, at += i + 1) {
        float square = (float)products[at], end = (float)ends[i];
        squares += square;
        centred += all > 0 ? square - end / all * end : square;
    }
    *least = LEAST * (squares + all) / (float)width + 1;
    return centred / (float)width;
}

/* Puts the reciprocal of a row's value on the diagonal. */
static void finish(float *row, uint32_t i, float least) {
    float square = less_products(row[i], row, row, i);
    row[i] = 1 / mg_sqrt(square > least * 1e-3f ? square : least * 1e-3f);
}

void mg_ridge_factor(float *factor, const int32_t *products, uint32_t width, float penalty) {
    float least, added = penalty * spread(products, width, &least);
    float spare[MG_RIDGE_MOST + 1] = {0};
    float *row = factor;
    for (uint32_t i = 0, k = 0; i <= width; i++) {
        for (uint32_t end = k + i; k <= end; k++) {
            factor[k] = (float)products[k];
        }
        factor[k - 1] += i < width && added > least ? added : least;
    }
    /* Two rows at a time: what is before the diagonal solves the triangle above. An odd last one goes with none. */
    for (uint32_t i = 0; i <= width; i += 2) {
        float *next = i < width ? row + i + 1 : spare;
        forward(row, next, factor, i);
        finish(row, i, least);
        if (i < width) {
            next[i] = less_products(next[i], row, next, i) * row[i];
            finish(next, i + 1, least);
            row = next + i + 2;
        }
    }
}

void mg_ridge_weights(float *weights, const float *factor, const int32_t *sums, uint32_t width, uint32_t classes) {
    const uint32_t size = width + 1;
    float spare[MG_RIDGE_MOST + 1] = {0};
    for (uint32_t i = 0; i < classes * size; i++) {
        weights[i] = (float)sums[i] * ROW_END;
    }
    for (uint32_t c = 0; c < classes; c += 2) {
        float *restrict y = weights + c * size, *restrict z = c + 1 < classes ? y + size : spare;
        forward(y, z, factor, size);
        /* L' w = z, from the last row on: each solved value is taken out of all before it. */
        const float *row = factor + MG_RIDGE_TRIANGLE(width);
        for (uint32_t i = size; i-- > 0;) {
            row -= i + 1;
            float solved_y = y[i] * row[i], solved_z = z[i] * row[i];
            y[i] = solved_y;
            z[i] = solved_z;
            for (uint32_t k = 0; k < i; k++) {
                float l = row[k];
                y[k] -= l * solved_y;
                z[k] -= l * solved_z;
            }
        }
    }
}

float mg_ridge_score(const float *weights, const int8_t *row, uint32_t width) {
    float score = 0;
    for (uint32_t i = 0; i <= width; i++) {
        score += weights[i] * (float)value_of(row, i, width);
    }
    return score / ROW_END;
}

/* How much of their own scores two rows of a weight made by having been taught, from 0 to 1. */
static void leverages(float shares[2], const float *factor, const int8_t *const rows[2], uint32_t width,
                      int32_t weight) {
    float z[2][MG_RIDGE_MOST + 1];
    for (uint32_t r = 0; r < 2; r++) {
        for (uint32_t i = 0; i <= width; i++) {
            z[r][i] = (float)value_of(rows[r], i, width);
        }
    }
    forward(z[0], z[1], factor, width + 1);
    for (uint32_t r = 0; r < 2; r++) {
        shares[r] = -less_products(0, z[r], z[r], width + 1) * (float)weight;
    }
}

/* Keeps the highest scores, the highest first. */
static void rank(float *top, float score) {
    for (uint32_t i = 0; i < MG_RIDGE_TOP; i++) {
        if (score > top[i]) {
            float lower = top[i];
            top[i] = score;
            score = lower;
        }
    }
}

void mg_ridge_leave_out(mg_ridge_margin_t *margins, const float *factor, const float *weights, uint32_t classes,
                        const int8_t *rows, uint32_t count, uint32_t width, uint32_t own, int32_t weight) {
    float shares[2] = {0};
    for (uint32_t i = 0; i < count; i++, rows += width) {
        if (i % 2 == 0) {
            const int8_t *two[2] = {rows, i + 1 < count ? rows + width : rows};
            leverages(shares, factor, two, width, weight);
        }
        float left = 1 - shares[i % 2] > LEFT ? 1 - shares[i % 2] : LEFT;
        for (uint32_t k = 0; k < classes; k++) {
            mg_ridge_margin_t *margin = &margins[k];
            float score = mg_ridge_score(weights + k * (width + 1), rows, width);
            if (k == own) {
                margin->own += (score - (1 - left)) / left;
            } else {
                rank(margin->top, score / left);
            }
        }
    }
}
