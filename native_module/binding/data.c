/* SPDX-License-Identifier: MIT
 *
 * Between Python's objects and tensors: raw bytes as they are, and numbers by way of quantisation.
 * Each complaint names what came and what was wanted.
 */
#include "glue.h"

static void put_bytes(void *data, const char *bytes, size_t size) {
    mg_text_t *text = data;
    for (size_t i = 0; i < size && text->size < TEXT_SIZE; i++) {
        text->bytes[text->size++] = bytes[i];
    }
}

const mp_print_t *mg_text_start(mg_text_t *text) {
    text->size = 0;
    text->print.data = text;
    text->print.print_strn = put_bytes;
    return &text->print;
}

void mg_text_raise(const mp_obj_type_t *type, mg_text_t *text) {
    mp_raise_type_arg(type, mp_obj_new_str(text->bytes, text->size));
}

uint32_t mg_tensor_elements(const mg_tensor_t *tensor) {
    return tensor->size / mg_dtype_size(tensor->dtype);
}

void mg_input_output(const mg_model_t *model, bool is_output, uint32_t i, mg_tensor_t *tensor) {
    mg_tensor(model, mg_input(model, is_output ? model->n_inputs + i : i), tensor); /* outputs follow the inputs */
}

/* "input 'imu': got ", the start of every complaint. */
static void print_name(const mp_print_t *print, const mg_model_t *model, const mg_tensor_t *tensor, bool is_output) {
    mp_printf(print, "%s '%s': got ", is_output ? "output" : "input", mg_string(model, tensor->name));
}

static void print_shape(const mp_print_t *print, const mg_tensor_t *tensor) {
    mp_printf(print, "[");
    for (uint32_t i = 0; i < tensor->rank; i++) {
        mp_printf(print, i == 0 ? "%u" : ", %u", (unsigned)tensor->dims[i]);
    }
    mp_printf(print, "]");
}

static bool is_bytes(int typecode) {
    return typecode == 'B' || typecode == BYTEARRAY_TYPECODE;
}

/* Bytes go everywhere; an array of another typecode must have the tensor's. 'l' and 'L' may be 'i' and 'I'. */
static bool dtype_fits(uint32_t dtype, int typecode) {
    static const char CODES[] = {
#define MG_DTYPE(number, name, text, type, code) code,
#include "../ops.def"
#undef MG_DTYPE
    };
    if (sizeof(long) == 4 && (typecode == 'l' || typecode == 'L')) {
        typecode -= 'l' - 'i';
    }
    return is_bytes(typecode) || typecode == CODES[dtype - 1];
}

void mg_refuse_file(const mg_model_t *model, const void *data, size_t size) {
    uintptr_t start = (uintptr_t)data, file = (uintptr_t)model->file;
    if (start < file + model->file_size && file < start + size) {
        mp_raise_ValueError(MP_ERROR_TEXT("the buffer overlaps the file"));
    }
}

float mg_number(mp_obj_t object) {
    if (mp_obj_get_type(object)->flags & MP_TYPE_FLAG_INSTANCE_TYPE) { /* its __float__ might resize buffers */
        mp_raise_TypeError(MP_ERROR_TEXT("numbers are wanted"));
    }
    return mp_obj_get_float_to_f(object);
}

mp_uint_t mg_index(mp_obj_t object) {
    if (!mp_obj_is_small_int(object)) {
        mp_raise_TypeError(MP_ERROR_TEXT("an index is wanted"));
    }
    return (mp_uint_t)MP_OBJ_SMALL_INT_VALUE(object);
}

void *mg_raw_buffer(const mg_model_t *model, const mg_tensor_t *tensor, mp_obj_t object, bool is_output) {
    mp_buffer_info_t buffer;
    bool found = mp_get_buffer(object, &buffer, is_output ? MP_BUFFER_RW : MP_BUFFER_READ);
    if (found && buffer.len == tensor->size && dtype_fits(tensor->dtype, buffer.typecode)) {
        if (is_output) {
            mg_refuse_file(model, buffer.buf, buffer.len);
        }
        return buffer.buf;
    }
    mg_text_t text;
    const mp_print_t *print = mg_text_start(&text);
    print_name(print, model, tensor, is_output);
    if (!found) {
        mp_printf(print, is_output ? "no writable buffer" : "no buffer");
    } else if (is_bytes(buffer.typecode)) {
        mp_printf(print, "%u bytes", (unsigned)buffer.len);
    } else {
        mp_printf(print, "%u bytes of '%c'", (unsigned)buffer.len, buffer.typecode);
    }
    mp_printf(print, ", wanted %u bytes of %s ", (unsigned)tensor->size, mg_dtype_name(tensor->dtype));
    print_shape(print, tensor);
    mg_text_raise(found ? &mp_type_ValueError : &mp_type_TypeError, &text);
}

/* Gives the items of a list or tuple, namedtuples included, or false for anything else. */
static bool get_items(mp_obj_t object, size_t *n, mp_obj_t **items) {
    const mp_obj_type_t *type = mp_obj_get_type(object), *tuple = &mp_type_tuple;
    bool derived = !(type->flags & MP_TYPE_FLAG_INSTANCE_TYPE)
                   && MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, parent) == (const void *)tuple;
    if (type == &mp_type_list) {
        mp_obj_get_array(object, n, items);
    } else if (type == tuple || derived) { /* of which mp_obj_get_array does not take the latter */
        mp_obj_tuple_t *t = MP_OBJ_TO_PTR(object);
        *n = t->len;
        *items = t->items;
    } else {
        return false;
    }
    return true;
}

void mg_copy_raw(const mg_model_t *model, mp_obj_t object, bool is_output) {
    size_t n = 1, wanted = is_output ? model->n_outputs : model->n_inputs;
    mp_obj_t *items = &object;
    get_items(object, &n, &items);
    if (n != wanted) {
        mg_text_t text;
        mp_printf(mg_text_start(&text), "got %u buffers, wanted %u, one for each %s", (unsigned)n, (unsigned)wanted,
                  is_output ? "output" : "input");
        mg_text_raise(&mp_type_ValueError, &text);
    }
    for (uint32_t i = 0; i < n; i++) {
        mg_tensor_t tensor;
        mg_input_output(model, is_output, i, &tensor);
        void *theirs = mg_raw_buffer(model, &tensor, items[i], is_output);
        if (MG_SEES && tensor.place == MG_PLACE_OUTSIDE) {
            mg_see(model, theirs, tensor.size);
            continue;
        }
        void *ours = mg_tensor_data(model, &tensor);
        memmove(is_output ? theirs : ours, is_output ? ours : theirs, tensor.size);
    }
}

#if MG_SEES
mp_obj_t mg_method_rows(const mg_model_t *model, const mp_obj_t *args) {
    mg_tensor_t tensor;
    mp_buffer_info_t buffer;
    mg_input_output(model, false, 0, &tensor);
    if (tensor.place != MG_PLACE_OUTSIDE) {
        mp_raise_ValueError(MP_ERROR_TEXT("the model takes no rows of a picture"));
    }
    uint32_t row = tensor.size / tensor.dims[0], left = mg_see(model, NULL, 0);
    left = left != 0 ? left : tensor.dims[0];
    mp_get_buffer_raise(args[0], &buffer, MP_BUFFER_READ);
    if (buffer.len == 0 || buffer.len % row != 0 || buffer.len > left * row) {
        mg_text_t text;
        const mp_print_t *print = mg_text_start(&text);
        print_name(print, model, &tensor, false);
        mp_printf(print, "%u bytes, wanted rows of %u bytes, %u at most", (unsigned)buffer.len, (unsigned)row,
                  (unsigned)left);
        mg_text_raise(&mp_type_ValueError, &text);
    }
    return mp_obj_new_int_from_uint(mg_see(model, buffer.buf, (uint32_t)buffer.len));
}
#endif

/* How many numbers a buffer holds; ValueError for one of no numbers. */
static size_t numbers_in(const mp_buffer_info_t *buffer) {
    return buffer->len / mp_binary_get_size('@', (char)buffer->typecode, NULL);
}

static float number_at(const mp_buffer_info_t *buffer, size_t i) {
    if (buffer->typecode == 'f') { /* which MicroPython would allocate an object for */
        float value;
        memcpy(&value, (const uint8_t *)buffer->buf + i * sizeof value, sizeof value);
        return value;
    }
    if (buffer->typecode == 'i') { /* as microphones give it: for large ones, too */
        int value;
        memcpy(&value, (const uint8_t *)buffer->buf + i * sizeof value, sizeof value);
        return (float)value;
    }
    return mp_obj_get_float_to_f(mp_binary_get_val_array((char)buffer->typecode, buffer->buf, i));
}

void mg_start_sink(mg_sink_t *sink, void *data) {
    mg_quantizer(&sink->by, &sink->tensor);
    sink->data = data;
    sink->scales = NULL;
    sink->at = 0;
    sink->count = mg_tensor_elements(&sink->tensor);
}

static void put_reals(mg_sink_t *sink, const float *values, uint32_t n) {
    const uint32_t at = sink->at, left = at < sink->count ? sink->count - at : 0;
    sink->at = at + n;
    if (sink->data != NULL) {
        mg_write_reals(&sink->by, sink->data, at, values, n < left ? n : left);
    }
}

static void put_number(mg_sink_t *sink, float value) {
    if (sink->data != NULL && sink->scales != NULL) {
        value *= sink->scales[sink->scale];
        sink->scale = sink->scale + 1 == sink->n_scales ? 0 : sink->scale + 1;
    }
    put_reals(sink, &value, 1);
}

const mp_obj_type_t *mg_put_numbers(mg_sink_t *sink, mp_obj_t values, uint32_t depth) {
    size_t n;
    mp_obj_t *items;
    mp_buffer_info_t buffer;
    const mp_obj_type_t *type = mp_obj_get_type(values);
    if (get_items(values, &n, &items)) {
        if (depth > MG_MAX_RANK) {
            mp_raise_ValueError(MP_ERROR_TEXT("nested too deep"));
        }
        const mp_obj_type_t *plain = NULL; /* the type of the last item that was a number: most are like it */
        for (size_t i = 0; i < n; i++) {
            mp_obj_t item = items[i];
            if (mp_obj_get_type(item) == plain) {
                put_number(sink, mp_obj_get_float_to_f(item));
            } else {
                plain = mg_put_numbers(sink, item, depth + 1);
            }
        }
        return NULL;
    }
    if (type != &mp_type_str /* a buffer, too */ && mp_get_buffer(values, &buffer, MP_BUFFER_READ)) {
        n = numbers_in(&buffer);
        if (buffer.typecode == 'f' && sink->scales == NULL) {
            put_reals(sink, buffer.buf, (uint32_t)n);
            return NULL;
        }
        for (size_t i = 0; i < n; i++) {
            put_number(sink, number_at(&buffer, i));
        }
        return NULL;
    }
    put_number(sink, mg_number(values));
    return type;
}

/* The shape of what came, as far as its first elements tell it: "[96, 2] (192 values)". */
static void print_found(const mp_print_t *print, mp_obj_t values, uint32_t count) {
    size_t n;
    mp_obj_t *items;
    mp_buffer_info_t buffer;
    const char *format = "%u";
    mp_printf(print, "[");
    while (get_items(values, &n, &items)) {
        mp_printf(print, format, (unsigned)n);
        format = ", %u";
        if (n == 0) {
            break;
        }
        values = items[0];
    }
    if (mp_get_buffer(values, &buffer, MP_BUFFER_READ)) {
        mp_printf(print, format, (unsigned)numbers_in(&buffer));
    }
    mp_printf(print, "] (%u values)", (unsigned)count);
}

void mg_raise_count(const mg_model_t *model, const mg_sink_t *sink, mp_obj_t values, const char *wanted) {
    mg_text_t text;
    const mp_print_t *print = mg_text_start(&text);
    print_name(print, model, &sink->tensor, false);
    print_found(print, values, sink->at);
    mp_printf(print, ", %s ", wanted);
    print_shape(print, &sink->tensor);
    mp_printf(print, " (%u values)", (unsigned)sink->count);
    mg_text_raise(&mp_type_ValueError, &text);
}
