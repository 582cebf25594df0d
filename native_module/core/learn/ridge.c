/* SPDX-License-Identifier: MIT */
#include "ridge.h"

#include <string.h>

#include "../arithmetic/float_math.h"

#define LEAST 1e-4f /* of a mean square: less is lost in the 24 bits of floats */
#define ROW_END 127 /* as large as the others may be */
#define LEFT 1e-3f /* at least, of a score without the row's own part */

#define ABREAST 4 /* vectors that are worked on together, so that each number of a triangle is loaded once for all */

/* The product of two, which may wrap, too. */
static int32_t times(int32_t x, int32_t y) {
    return (int32_t)((uint32_t)x * (uint32_t)y);
}

/* Adds to sums so many of two rows. They may wrap, in the wrong hands, but are defined. */
static void add_two(int32_t *sums, const int8_t *a, const int8_t *b, int32_t x, int32_t y, uint32_t count) {
    const int8_t *end = a + count;
    do {
        *sums = (int32_t)((uint32_t)*sums + (uint32_t)x * (uint32_t)*a++ + (uint32_t)y * (uint32_t)*b++);
        sums++;
    } while (a < end);
}

void mg_ridge_add(int32_t *products, int32_t *sums, const int8_t *rows, uint32_t count, uint32_t width, int32_t weight,
                  int32_t last) {
    /* Two rows at a time: each sum is loaded and stored once for both. An odd last one goes with none. */
    int8_t two[2][MG_RIDGE_MOST + 1] = {{0}};
    while (count > 0) {
        int32_t weights[2] = {0}, *at = products;
        for (uint32_t r = 0; r < 2 && count > 0; r++, rows += width) {
            memcpy(two[r], rows, width);
            two[r][width] = ROW_END;
            weights[r] = --count > 0 ? weight : last;
        }
        for (uint32_t i = 0; i <= width; at += ++i) {
            add_two(at, two[0], two[1], times(weights[0], two[0][i]), times(weights[1], two[1][i]), i + 1);
        }
        add_two(sums, two[0], two[1], weights[0], weights[1], width + 1);
    }
}

/* Takes from value i of four vectors the products of those before it with a row's, and scales what is left. */
static void take_products(float *const v[ABREAST], const float *row, uint32_t i, float scale) {
    const float *a = v[0], *b = v[1], *c = v[2], *d = v[3], *end = row + i;
    float w = a[i], x = b[i], y = c[i], z = d[i];
    while (row < end) {
        float l = *row++;
        w -= l * *a++;
        x -= l * *b++;
        y -= l * *c++;
        z -= l * *d++;
    }
    v[0][i] = w * scale;
    v[1][i] = x * scale;
    v[2][i] = y * scale;
    v[3][i] = z * scale;
}

/* Solves L v = v for the first rows of a triangle, in place, for four vectors. */
static void forward(float *const v[ABREAST], const float *factor, uint32_t rows) {
    for (uint32_t i = 0; i < rows; factor += ++i) {
        take_products(v, factor, i, factor[i]);
    }
}

/* Solves L' v = v likewise, from the last row on: each solved value is taken out of all before it. */
static void backward(float *const v[ABREAST], const float *factor, uint32_t rows) {
    const float *row = factor + MG_RIDGE_TRIANGLE(rows - 1);
    for (uint32_t i = rows; i-- > 0;) {
        row -= i + 1;
        float *a = v[0], *b = v[1], *c = v[2], *d = v[3];
        float l = row[i];
        float w = a[i] *= l, x = b[i] *= l, y = c[i] *= l, z = d[i] *= l;
        for (const float *at = row, *end = row + i; at < end;) {
            l = *at++;
            *a++ -= l * w;
            *b++ -= l * x;
            *c++ -= l * y;
            *d++ -= l * z;
        }
    }
}

/* The mean variance of the rows' values, weighted, and `least` of their mean square. */
static float spread(const int32_t *products, uint32_t width, float *least) {
    const int32_t *ends = products + MG_RIDGE_TRIANGLE(width) - (width + 1); /* of each value with ROW_END */
    float squares = 0, centred = 0, all = (float)ends[width] + 1; /* never 0, and no less by what matters */
    for (uint32_t i = 0, at = 0; i < width; i++, at += i + 1) {
        float square = (float)products[at], end = (float)ends[i];
        squares += square;
        centred += square - end / all * end;
    }
    *least = LEAST * (squares + all) / (float)width + 1;
    return centred / (float)width;
}

void mg_ridge_factor(float *factor, const int32_t *products, uint32_t width, float penalty) {
    float least, added = penalty * spread(products, width, &least), floor = least * 1e-3f;
    added = added > least ? added : least;
    float spare[MG_RIDGE_MOST + 1] = {0}, *row = factor, *to = factor;
    for (uint32_t i = 0; i <= width; i++) {
        for (float *end = to + i; to <= end;) {
            *to++ = (float)*products++;
        }
        to[-1] += i < width ? added : least;
    }
    /* Rows abreast: the triangle above solves what is before the diagonal, then each the same of those below it. What is
     * done, or was never there, is a spare vector. The first ones, before which there is nothing, may be fewer. */
    for (uint32_t i = 0, n = width % ABREAST + 1; i <= width; i += n, n = ABREAST) {
        float *v[ABREAST] = {spare, spare, spare, spare};
        for (uint32_t r = 0; r < n; r++) {
            v[r] = row;
            row += i + r + 1;
        }
        forward(v, factor, i);
        for (uint32_t r = 0; r < n; r++) {
            take_products(v, v[r], i + r, 1);
            float *own = v[r] + i + r, square = *own > floor ? *own : floor;
            v[r] = spare;
            *own = 1 / mg_sqrt(square);
            for (uint32_t s = 0; s < ABREAST; s++) {
                v[s][i + r] *= *own;
            }
        }
    }
}

void mg_ridge_weights(float *weights, const float *factor, const int32_t *sums, uint32_t width, uint32_t classes) {
    const uint32_t size = width + 1;
    float spare[MG_RIDGE_MOST + 1] = {0};
    for (uint32_t i = 0; i < classes * size; i++) {
        weights[i] = (float)sums[i] * ROW_END;
    }
    for (uint32_t c = 0; c < classes; c += ABREAST) {
        float *v[ABREAST];
        for (uint32_t r = 0; r < ABREAST; r++) {
            v[r] = c + r < classes ? weights + (c + r) * size : spare;
        }
        forward(v, factor, size);
        backward(v, factor, size);
    }
}

float mg_ridge_score(const float *weights, const int8_t *row, uint32_t width) {
    float score = 0;
    for (uint32_t i = 0; i < width; i++) {
        score += *weights++ * (float)*row++;
    }
    return (score + *weights * ROW_END) / ROW_END;
}

/* How much of their own scores rows of a weight made by having been taught, from 0 to 1. */
static void leverages(float shares[ABREAST], const float *factor, const int8_t *rows, uint32_t count, uint32_t width,
                      int32_t weight) {
    float z[ABREAST][MG_RIDGE_MOST + 1], *v[ABREAST];
    for (uint32_t r = 0; r < ABREAST; r++) {
        v[r] = z[r];
        for (uint32_t i = 0; i <= width; i++) {
            z[r][i] = i < width ? (float)rows[i] : ROW_END;
        }
        rows += r + 1 < count ? width : 0;
    }
    forward(v, factor, width + 1);
    for (uint32_t r = 0; r < ABREAST; r++) {
        float square = 0;
        for (uint32_t i = 0; i <= width; i++) {
            square += z[r][i] * z[r][i];
        }
        shares[r] = square * (float)weight;
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
    float shares[ABREAST];
    for (uint32_t i = 0; i < count; i++, rows += width) {
        if (i % ABREAST == 0) {
            leverages(shares, factor, rows, count - i, width, weight);
        }
        float left = 1 - shares[i % ABREAST] > LEFT ? 1 - shares[i % ABREAST] : LEFT;
        for (uint32_t k = 0; k < classes; k++) {
            mg_ridge_margin_t *margin = &margins[k];
            float score = mg_ridge_score(weights + k * (width + 1), rows, width);
            if (k == own) {
                margin->own += (score - 1) / left + 1;
            } else {
                rank(margin->top, score / left);
            }
        }
    }
}
