/* SPDX-License-Identifier: MIT
 *
 * core/learn for Python: rows are what output 0 of a model holds, int8; all else are arrays of the caller's.
 */
#include "glue.h"

#if MG_LEARNS

#include "../core/learn/ridge.h"

#define MARGIN (sizeof(mg_ridge_margin_t) / 4) /* a margin as elements of an array */

/* The values of a row; raises where output 0 is nothing to learn from. */
static uint32_t width_of(const mg_model_t *model) {
    mg_tensor_t tensor;
    mg_input_output(model, true, 0, &tensor);
    if (tensor.dtype != MG_INT8 || tensor.size > MG_RIDGE_MOST) {
        mp_raise_ValueError(MP_ERROR_TEXT("no int8 output to learn"));
    }
    return tensor.size;
}

/* The elements of an array, of which there are `count`, or a multiple of it (then *times says which). */
static void *elements_of(mp_obj_t object, char code, uint32_t count, uint32_t *times) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, code == 'b' ? MP_BUFFER_READ : MP_BUFFER_RW);
    size_t size = code == 'b' ? 1 : 4;
    size_t found = buffer.len / (count * size);
    bool fits = buffer.len == found * count * size && (times != NULL || found == 1);
    if (!fits || (code != 'b' && buffer.typecode != code)) {
        mg_text_t text;
        mp_printf(mg_text_start(&text), "wanted an array of %u '%c'", (unsigned)count, code);
        mg_text_raise(&mp_type_ValueError, &text);
    }
    if (times != NULL) {
        *times = (uint32_t)found;
    }
    return buffer.buf;
}

/* A number below the least of two. */
static uint32_t below(mp_obj_t object, uint32_t a, uint32_t b) {
    mp_uint_t i = mg_index(object);
    if (i >= (a < b ? a : b)) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such class"));
    }
    return (uint32_t)i;
}

/* products, sums, class, rows, weight, the last row's weight */
mp_obj_t mg_method_learn_add(const mg_model_t *model, const mp_obj_t *args) {
    uint32_t width = width_of(model), classes, count;
    int32_t *products = elements_of(args[0], 'i', MG_RIDGE_TRIANGLE(width), NULL);
    int32_t *sums = elements_of(args[1], 'i', width + 1, &classes);
    sums += below(args[2], classes, classes) * (width + 1);
    const int8_t *rows = elements_of(args[3], 'b', width, &count);
    mg_ridge_add(products, sums, rows, count, width, (int32_t)mg_index(args[4]), (int32_t)mg_index(args[5]));
    return mp_const_none;
}

/* products, sums, penalty, factor, weights, margins, classes: those that are fitted, whose margins begin anew */
mp_obj_t mg_method_learn_fit(const mg_model_t *model, const mp_obj_t *args) {
    uint32_t width = width_of(model), classes, weighed, room;
    const int32_t *products = elements_of(args[0], 'i', MG_RIDGE_TRIANGLE(width), NULL);
    const int32_t *sums = elements_of(args[1], 'i', width + 1, &classes);
    float *factor = elements_of(args[3], 'f', MG_RIDGE_TRIANGLE(width), NULL);
    float *weights = elements_of(args[4], 'f', width + 1, &weighed);
    mg_ridge_margin_t *margins = elements_of(args[5], 'f', MARGIN, &room);
    uint32_t fitted = below(args[6], classes + 1, weighed + 1);
    mg_ridge_factor(factor, products, width, mg_number(args[2]));
    mg_ridge_weights(weights, factor, sums, width, fitted);
    memset(margins, 0, room * sizeof *margins);
    return mp_const_none;
}

/* weights, row, scores, classes */
mp_obj_t mg_method_learn_scores(const mg_model_t *model, const mp_obj_t *args) {
    uint32_t width = width_of(model), classes, room;
    const float *weights = elements_of(args[0], 'f', width + 1, &classes);
    const int8_t *row = elements_of(args[1], 'b', width, NULL);
    float *scores = elements_of(args[2], 'f', 1, &room);
    classes = below(args[3], classes + 1, room + 1);
    for (uint32_t i = 0; i < classes; i++) {
        scores[i] = mg_ridge_score(weights + i * (width + 1), row, width);
    }
    return mp_const_none;
}

/* margins, factor, weights, rows, the rows' class or how many classes there are, weight, classes */
mp_obj_t mg_method_learn_leave_out(const mg_model_t *model, const mp_obj_t *args) {
    uint32_t width = width_of(model), room, classes, count;
    mg_ridge_margin_t *margins = elements_of(args[0], 'f', MARGIN, &room);
    const float *factor = elements_of(args[1], 'f', MG_RIDGE_TRIANGLE(width), NULL);
    const float *weights = elements_of(args[2], 'f', width + 1, &classes);
    const int8_t *rows = elements_of(args[3], 'b', width, &count);
    uint32_t own = (uint32_t)mg_index(args[4]);
    int32_t weight = (int32_t)mg_index(args[5]);
    classes = below(args[6], classes + 1, room + 1);
    mg_ridge_leave_out(margins, factor, weights, classes, rows, count, width, own, weight);
    return mp_const_none;
}

#endif
