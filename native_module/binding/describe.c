/* SPDX-License-Identifier: MIT
 *
 * What a model tells of itself: the methods without an effect.
 */
#include "glue.h"

NO_RETURN void mg_raise_index(const char *what, uint32_t count) {
    mg_text_t text;
    mp_printf(mg_text_start(&text), "this model has %u %s", (unsigned)count, what);
    mg_text_raise(&mp_type_IndexError, &text);
}

size_t mg_length_of(const char *s) {
    size_t length = 0;
    while (s[length] != 0) {
        length++;
    }
    return length;
}

mp_obj_t mg_new_str(const char *s) {
    return mp_obj_new_str(s, mg_length_of(s));
}

void mg_get_tensor(const mg_model_t *model, bool is_output, const mp_obj_t *index, mg_tensor_t *tensor) {
    mp_uint_t i = index == NULL ? 0 : mg_index(*index);
    mp_uint_t count = is_output ? model->n_outputs : model->n_inputs;
    if (i >= count) {
        mg_raise_index(is_output ? "outputs" : "inputs", (uint32_t)count);
    }
    mg_input_output(model, is_output, (uint32_t)i, tensor);
}

static mp_obj_t describe(const mg_model_t *model, const mp_obj_t *args, bool is_output) {
    mg_tensor_t tensor;
    mg_get_tensor(model, is_output, args, &tensor);
    mp_obj_t dims[MG_MAX_RANK];
    for (uint32_t i = 0; i < tensor.rank; i++) {
        dims[i] = mp_obj_new_int_from_uint(tensor.dims[i]);
    }
    mp_obj_t items[] = {
        mg_new_str(mg_string(model, tensor.name)), mg_new_str(mg_dtype_name(tensor.dtype)),
        mp_obj_new_tuple(tensor.rank, dims),       mp_obj_new_float_from_f(tensor.scale),
        mp_obj_new_int(tensor.zero_point),
    };
    return mp_obj_new_tuple(5, items);
}

mp_obj_t mg_method_input(const mg_model_t *model, const mp_obj_t *args) {
    return describe(model, args, false);
}

mp_obj_t mg_method_output(const mg_model_t *model, const mp_obj_t *args) {
    return describe(model, args, true);
}

/* The string at an offset; the offset moves on to the next one. */
static mp_obj_t next_string(const mg_model_t *model, uint32_t *offset) {
    const char *s = mg_string(model, *offset);
    *offset += (uint32_t)mg_length_of(s) + 1;
    return mg_new_str(s);
}

mp_obj_t mg_method_label(const mg_model_t *model, const mp_obj_t *args) {
    mp_uint_t k = mg_index(args[0]);
    if (k >= model->n_labels) {
        mg_raise_index("labels", model->n_labels);
    }
    uint32_t offset = model->labels;
    for (; k != 0; offset++) {
        k -= *mg_string(model, offset) == 0;
    }
    return next_string(model, &offset);
}

mp_obj_t mg_method_metadata(const mg_model_t *model, const mp_obj_t *args) {
    (void)args;
    mp_obj_t dict = mp_obj_new_dict(0);
    uint32_t offset = model->metadata;
    while (*mg_string(model, offset) != 0) {
        mp_obj_t key = next_string(model, &offset);
        mp_obj_dict_store(dict, key, next_string(model, &offset));
    }
    return dict;
}

mp_obj_t mg_method_info(const mg_model_t *model, const mp_obj_t *args) {
    (void)args;
    mp_obj_t items[] = {
        mg_new_str(mg_string(model, model->name)),   mp_obj_new_int_from_uint(model->file_size),
        mp_obj_new_int_from_uint(model->arena_size), mp_obj_new_int_from_uint(model->n_inputs),
        mp_obj_new_int_from_uint(model->n_outputs),  mp_obj_new_int_from_uint(model->n_labels),
        mp_obj_new_int_from_uint(model->n_nodes),    mp_obj_new_int_from_uint((uintptr_t)model->file),
    };
    return mp_obj_new_tuple(8, items);
}
