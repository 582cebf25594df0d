/* SPDX-License-Identifier: MIT
 *
 * A linear classifier that a board fits itself: ridge regression of one-hot targets on int8 rows (Hoerl and Kennard
 * 1970, Technometrics 12:55).
 *
 * A row of `width` values has one more, which never changes: ROW_END, the bias's. All that is kept of the rows are
 * their weighted sums of products, integers: adding and taking away leave no trace of one another, in whatever order.
 * Triangles are stored row by row, up to the diagonal: width + 1 rows. Their numbers, and so the classifier, are the
 * same bits on every core.
 */
#ifndef MG_LEARN_RIDGE_H
#define MG_LEARN_RIDGE_H

#include <stdint.h>

#define MG_RIDGE_MOST 64 /* values of a row */
#define MG_RIDGE_HEAVIEST 1024 /* what the rows of one class weigh together, at most */
#define MG_RIDGE_TOP 8 /* scores of others that are kept to find a threshold */
#define MG_RIDGE_TRIANGLE(width) (((width) + 1) * ((width) + 2) / 2)

/* Adds `count` rows of one class, each `weight` times, and the last of them `last` times: to the products of all rows,
 * and to the class's sums. A negative weight takes rows away. */
void mg_ridge_add(int32_t *products, int32_t *sums, const int8_t *rows, uint32_t count, uint32_t width, int32_t weight,
                  int32_t last);

/* Makes the factor L of L L' = products + penalty * the values' mean variance on the diagonal, but for ROW_END's.
 * Its own diagonal is stored as reciprocals. */
void mg_ridge_factor(float *factor, const int32_t *products, uint32_t width, float penalty);

/* Makes the weights of classes, [width + 1] each, from their sums. */
void mg_ridge_weights(float *weights, const float *factor, const int32_t *sums, uint32_t width, uint32_t classes);

/* Returns a class's score of a row: near 1 for its own, near 0 for others'. */
float mg_ridge_score(const float *weights, const int8_t *row, uint32_t width);

/* What rows that were left out of a fit score, of one class: its own together, and the highest of the others, the
 * highest first. All are 0 to begin with. */
typedef struct {
    float own, top[MG_RIDGE_TOP];
} mg_ridge_margin_t;

/* Adds to the margins of all classes what `count` taught rows would score had the fit been without each of them, which
 * needs no other fit (Cook and Weisberg 1982, Residuals and Influence in Regression). own: the class of the rows, or
 * `classes` where they are of none. weight: of each. weights: of all classes, one after the other. */
void mg_ridge_leave_out(mg_ridge_margin_t *margins, const float *factor, const float *weights, uint32_t classes,
                        const int8_t *rows, uint32_t count, uint32_t width, uint32_t own, int32_t weight);

#endif
