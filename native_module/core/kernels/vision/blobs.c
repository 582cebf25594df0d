/* SPDX-License-Identifier: MIT
 *
 * BLOBS: boxes from a grid of cells with a score for each class in each (FOMO), int8 [height, width, classes].
 *
 * A cell belongs to the class with its highest score, the lower one of equals, if that is not one of those before `first`
 * (the background) and the score reaches the threshold. Cells of a class that touch, corners included, are one thing. Its
 * score is its best cell's. Its box is as large as the rectangle around its cells, and has its centre where the cells'
 * centres are on average, weighted by their scores:
 *
 *     x = sum of q (2 i + 1) / (2 width sum of q),  q = score - zero_point  (column i; likewise y)
 *
 * from 0 to 1 in the picture. Outputs: found.h; of equal scores the thing with the first cell, row by row, comes first.
 * Scratch: uint16 for each cell, then a byte for each. Bounds: 2^14 cells of q < 2^8 times 2^8 stay below 2^30.
 * Source: Edge Impulse's FOMO, whose post-processing OpenMV has as components of a heat map for each class.
 */
#include "found.h"

#define MOST_SIDE 128u

bool mg_blobs_check(const mg_check_t *check) {
    const mg_blobs_params_t *p = &check->params.blobs;
    static const uint8_t DTYPES[] = {MG_INT8, MG_FLOAT32, MG_FLOAT32, MG_FLOAT32, MG_FLOAT32};
    if (p->height == 0 || p->height > MOST_SIDE || p->width == 0 || p->width > MOST_SIDE) {
        return MG_REFUSE(check, "a grid of impossible size: cells", p->width, MOST_SIDE);
    }
    if (p->first >= p->classes || p->classes - p->first > 255 || p->max_detections == 0
        || p->threshold <= p->zero_point) {
        return MG_REFUSE(check, "a search for nothing: classes", p->classes, p->first);
    }
    uint32_t cells = (uint32_t)p->height * p->width;
    return mg_check_tensors(check, 1, 4, DTYPES) && mg_check_elements(check, 0, mg_times(cells, p->classes))
           && mg_check_found(check, p->max_detections) && mg_check_scratch(check, 3 * cells);
}

/* A thing in the making. */
typedef struct {
    uint32_t left, right, top, bottom; /* cells, inclusive */
    uint32_t weight, x, y; /* the sums above */
    int32_t best;
} blob_t;

/* Writes which class each cell belongs to: 1 for the class `first`, 0 for none. */
static void classify(const mg_blobs_params_t *p, const int8_t *scores, uint8_t *cell) {
    for (uint32_t n = (uint32_t)p->height * p->width; n != 0; n--, scores += p->classes) {
        uint32_t best = 0;
        for (uint32_t c = 1; c < p->classes; c++) {
            best = scores[c] > scores[best] ? c : best;
        }
        *cell++ = (uint8_t)(best >= p->first && scores[best] >= p->threshold ? best - p->first + 1 : 0);
    }
}

static void add_cell(const mg_blobs_params_t *p, blob_t *blob, uint32_t x, uint32_t y, int32_t score) {
    uint32_t q = (uint32_t)(score - p->zero_point);
    blob->left = x < blob->left ? x : blob->left;
    blob->right = x > blob->right ? x : blob->right;
    blob->bottom = y > blob->bottom ? y : blob->bottom;
    blob->weight += q;
    blob->x += q * (2 * x + 1);
    blob->y += q * (2 * y + 1);
    blob->best = score > blob->best ? score : blob->best;
}

/* Takes all cells that hang together with one, which leaves none of them behind. */
static blob_t take(const mg_blobs_params_t *p, const int8_t *scores, uint8_t *cell, uint16_t *stack, uint32_t start) {
    uint32_t width = p->width, count = 1, class = cell[start], first_row = start / width;
    blob_t blob = {start % width, start % width, first_row, first_row, 0, 0, 0, INT8_MIN};
    stack[0] = (uint16_t)start;
    cell[start] = 0;
    while (count != 0) {
        uint32_t at = stack[--count], y = at / width, x = at - y * width;
        add_cell(p, &blob, x, y, scores[at * p->classes + class - 1 + p->first]);
        uint32_t low = x == 0 ? 0 : x - 1, high = x + 1 == width ? x : x + 1;
        for (uint32_t v = y == 0 ? 0 : y - 1; v <= y + 1 && v < p->height; v++) {
            for (uint32_t u = low; u <= high; u++) {
                if (cell[v * width + u] == class) {
                    cell[v * width + u] = 0;
                    stack[count++] = (uint16_t)(v * width + u);
                }
            }
        }
    }
    return blob;
}

static mg_box_t box_of(const mg_blobs_params_t *p, const blob_t *blob) {
    uint32_t twice = 2 * blob->weight;
    float x = (float)blob->x / (float)(twice * p->width), y = (float)blob->y / (float)(twice * p->height);
    float half_w = (float)(blob->right - blob->left + 1) / (float)(2u * p->width);
    float half_h = (float)(blob->bottom - blob->top + 1) / (float)(2u * p->height);
    mg_box_t box = {y - half_h, x - half_w, y + half_h, x + half_w};
    return box;
}

void mg_blobs_run(const mg_call_t *call) {
    const mg_blobs_params_t *p = &call->params.blobs;
    const int8_t *scores = call->in[0];
    uint32_t cells = (uint32_t)p->height * p->width, found = 0;
    uint16_t *stack = call->scratch;
    uint8_t *cell = (uint8_t *)(stack + cells);
    mg_found_clear(call, p->max_detections);
    classify(p, scores, cell);
    for (uint32_t i = 0; i < cells; i++) {
        uint32_t class = cell[i];
        if (class != 0) {
            blob_t blob = take(p, scores, cell, stack, i);
            mg_box_t box = box_of(p, &blob);
            float score = (float)(blob.best - p->zero_point) * p->scale;
            found = mg_found_insert(call, p->max_detections, found, &box, class - 1, score);
        }
    }
    *(float *)call->out[3] = (float)found;
}
