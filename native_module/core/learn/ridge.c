/* SPDX-License-Identifier: MIT */
#include "ridge.h"

#include "../arithmetic/float_math.h"

#define LEAST 1e-4f /* of a mean square: less is lost in the 24 bits of floats */
#define ROW_END 127 /* as large as the others may be */

/* Sums may wrap, in the wrong hands, but are defined. */
static void add_to(int32_t *sum, int32_t x) {
    *sum = (int32_t)((uint32_t)*sum + (uint32_t)x);
}

static int32_t value_of(const int8_t *row, uint32_t i, uint32_t width) {
    return i < width ? row[i] : ROW_END;
}

void mg_ridge_add(int32_t *products, int32_t *sums, const int8_t *rows, uint32_t count, uint32_t width,
                  int32_t weight) {
    for (; count > 0; count--, rows += width) {
        int32_t *at = products;
        for (uint32_t i = 0; i <= width; i++) {
            int32_t x = weight * value_of(rows, i, width);
            add_to(&sums[i], x);
            for (uint32_t k = 0; k < i; k++) {
                add_to(at++, x * rows[k]);
            }
            add_to(at++, x * value_of(rows, i, width));
        }
    }
}

/* Solves L z = z for the first rows of a triangle, in place. */
static void forward(float *z, const float *factor, uint32_t rows) {
    for (uint32_t i = 0; i < rows; i++) {
        float sum = z[i];
        for (uint32_t k = 0; k < i; k++) {
            sum -= *factor++ * z[k];
        }
        z[i] = sum / *factor++;
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

void mg_ridge_factor(float *factor, const int32_t *products, uint32_t width, float penalty) {
    float least, added = penalty * spread(products, width, &least);
    added = added > least ? added : least;
    /* Row by row: the row of L before its diagonal solves the triangle above it. */
    float *row = factor;
    for (uint32_t i = 0; i <= width; i++, row += i) {
        for (uint32_t k = 0; k <= i; k++) {
            row[k] = (float)*products++;
        }
        forward(row, factor, i);
        float square = row[i] + (i < width ? added : least);
        for (uint32_t k = 0; k < i; k++) {
            square -= row[k] * row[k];
        }
        row[i] = mg_sqrt(square > least * 1e-3f ? square : least * 1e-3f);
    }
}

void mg_ridge_weights(float *weights, const float *factor, const int32_t *sums, uint32_t width) {
    for (uint32_t i = 0; i <= width; i++) {
        weights[i] = (float)sums[i] * ROW_END;
    }
    forward(weights, factor, width + 1);
    /* L' w = z, from the last row on: each solved value is taken out of all before it. */
    const float *row = factor + MG_RIDGE_TRIANGLE(width);
    for (uint32_t i = width + 1; i-- > 0;) {
        row -= i + 1;
        weights[i] /= row[i];
        for (uint32_t k = 0; k < i; k++) {
            weights[k] -= row[k] * weights[i];
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

float mg_ridge_leverage(const float *factor, const int8_t *row, uint32_t width, int32_t weight) {
    float z[MG_RIDGE_MOST + 1], sum = 0;
    for (uint32_t i = 0; i <= width; i++) {
        z[i] = (float)value_of(row, i, width);
    }
    forward(z, factor, width + 1);
    for (uint32_t i = 0; i <= width; i++) {
        sum += z[i] * z[i];
    }
    return sum * (float)weight;
}
