/* SPDX-License-Identifier: MIT
 *
 * What ops give that find things in pictures, as TFLite_Detection_PostProcess does: float32 corners [most, 4] (ymin, xmin,
 * ymax, xmax), classes [most] and scores [most] in falling order, and their count; the rest is 0.
 */
#ifndef MG_FOUND_H
#define MG_FOUND_H

#include "../kernels.h"

typedef struct {
    float ymin, xmin, ymax, xmax;
} mg_box_t;

/* Outputs 0 to 3 of the node hold so many. */
MG_CHECKED bool mg_check_found(const mg_check_t *check, uint32_t most);

/* Empties the outputs. */
void mg_found_clear(const mg_call_t *call, uint32_t most);

/* Puts a box into its place among the outputs, after those of equal scores; gives their new count. */
uint32_t mg_found_insert(const mg_call_t *call, uint32_t most, uint32_t count, const mg_box_t *box, uint32_t class,
                         float score);

#endif
