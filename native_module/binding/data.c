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

const char *mg_dtype_name(uint32_t dtype) {
    static const char NAMES[][8] = {"int8",   "uint8",  "int16", "int32", "float32",
                                    "uint32", "uint64", "int64", "bool",  "uint16"};
    return NAMES[dtype - MG_INT8];
}

uint32_t mg_tensor_elements(const mg_tensor_t *tensor) {
    return tensor->size / mg_dtype_size(tensor->dtype);
}

/* "input 'imu': got ", the start of every complaint. */
static void print_end(const mp_print_t *print, const mg_model_t *model, const mg_tensor_t *tensor,
                      bool is_output) {
    mp_printf(print, "%s '%s': got ", is_output ? "output" : "input",
              mg_string(model, tensor->name));
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

/* Bytes go everywhere; an array with a dtype of its own must have the tensor's. */
static bool dtype_fits(uint32_t dtype, int typecode) {
    if (is_bytes(typecode)) {
        return true;
    }
    switch (dtype) {
        case MG_INT8:
        case MG_UINT8:
        case MG_BOOL: return typecode == 'b';
        case MG_INT16: return typecode == 'h';
        case MG_UINT16: return typecode == 'H';
        case MG_UINT32: return typecode == 'I' || (typecode == 'L' && sizeof(long) == 4);
        case MG_INT64: return typecode == 'q';
        case MG_UINT64: return typecode == 'Q';
        case MG_INT32: return typecode == 'i' || (typecode == 'l' && sizeof(long) == 4);
        default: return typecode == 'f';
    }
}

void *mg_raw_buffer(const mg_model_t *model, const mg_tensor_t *tensor, mp_obj_t object,
                 bool is_output) {
    mp_buffer_info_t buffer;
    bool found = mp_get_buffer(object, &buffer, is_output ? MP_BUFFER_RW : MP_BUFFER_READ);
    if (found && buffer.len == tensor->size && dtype_fits(tensor->dtype, buffer.typecode)) {
        return buffer.buf;
    }
    mg_text_t text;
    const mp_print_t *print = mg_text_start(&text);
    print_end(print, model, tensor, is_output);
    if (!found) {
        mp_printf(print, is_output ? "no writable buffer" : "no buffer");
    } else if (is_bytes(buffer.typecode)) {
        mp_printf(print, "%u bytes", (unsigned)buffer.len);
    } else {
        mp_printf(print, "%u bytes of '%c'", (unsigned)buffer.len, buffer.typecode);
    }
    mp_printf(print, ", wanted %u bytes of %s ", (unsigned)tensor->size,
              mg_dtype_name(tensor->dtype));
    print_shape(print, tensor);
    mg_text_raise(found ? &mp_type_ValueError : &mp_type_TypeError, &text);
}

/* Gives the items of a list or tuple, namedtuples included, or false for anything else. */
static bool get_items(mp_obj_t object, size_t *n, mp_obj_t **items) {
    const mp_obj_type_t *type = mp_obj_get_type(object), *tuple = &mp_type_tuple;
    if (type == &mp_type_list) {
        mp_obj_get_array(object, n, items);
        return true;
    }
    bool derived = !(type->flags & MP_TYPE_FLAG_INSTANCE_TYPE)
                   && MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, parent) == (const void *)tuple;
    if (type == tuple || derived) {
        mp_obj_tuple_t *t = MP_OBJ_TO_PTR(object);
        *n = t->len;
        *items = t->items;
        return true;
    }
    return false;
}

void mg_copy_raw(const mg_model_t *model, mp_obj_t object, bool is_output) {
    size_t n = 1, wanted = is_output ? model->n_outputs : model->n_inputs;
    mp_obj_t *items = &object;
    get_items(object, &n, &items);
    if (n != wanted) {
        mg_text_t text;
        mp_printf(mg_text_start(&text), "got %u buffers, wanted %u, one for each %s", (unsigned)n,
                  (unsigned)wanted, is_output ? "output" : "input");
        mg_text_raise(&mp_type_ValueError, &text);
    }
    for (uint32_t i = 0; i < n; i++) {
        mg_tensor_t tensor;
        mg_tensor(model, is_output ? mg_output(model, i) : mg_input(model, i), &tensor);
        void *theirs = mg_raw_buffer(model, &tensor, items[i], is_output);
        void *ours = mg_tensor_data(model, &tensor);
        memmove(is_output ? theirs : ours, is_output ? ours : theirs, tensor.size);
    }
}

static uint32_t number_size(int typecode) {
    switch (typecode) {
        case 'b': return 1;
        case 'h':
        case 'H': return 2;
        case 'i':
        case 'I':
        case 'f': return 4;
        case 'l':
        case 'L': return sizeof(long);
        case 'd': return 8;
        default: return is_bytes(typecode) ? 1 : 0;
    }
}

static float number_at(int typecode, const uint8_t *p) {
    switch (typecode) {
#define NUMBER(code, type) \
    case code: { \
        type v; \
        memcpy(&v, p, sizeof v); \
        return (float)v; \
    }
        NUMBER('b', int8_t)
        NUMBER('h', int16_t)
        NUMBER('H', uint16_t)
        NUMBER('i', int32_t)
        NUMBER('I', uint32_t)
        NUMBER('l', long)
        NUMBER('L', unsigned long)
        NUMBER('f', float)
        NUMBER('d', double)
#undef NUMBER
        default: return (float)*p;
    }
}

static void put_number(mg_sink_t *sink, float value) {
    if (sink->data != NULL && sink->at < sink->count) {
        mg_write_real(&sink->tensor, sink->data, sink->at, value);
    }
    sink->at++;
}

void mg_put_numbers(mg_sink_t *sink, mp_obj_t values, uint32_t depth) {
    size_t n;
    mp_obj_t *items;
    mp_buffer_info_t buffer;
    bool is_str = mp_obj_get_type(values) == &mp_type_str; /* which has a buffer, too */
    if (get_items(values, &n, &items)) {
        if (depth > MG_MAX_RANK) {
            mp_raise_ValueError(MP_ERROR_TEXT("lists nested too deep"));
        }
        for (size_t i = 0; i < n; i++) {
            mg_put_numbers(sink, items[i], depth + 1);
        }
    } else if (!is_str && mp_get_buffer(values, &buffer, MP_BUFFER_READ)) {
        uint32_t size = number_size(buffer.typecode);
        if (size == 0) {
            mp_raise_ValueError(
                MP_ERROR_TEXT("numbers wanted in an array of b B h H i I l L f or d"));
        }
        for (const uint8_t *p = buffer.buf, *end = p + buffer.len; p != end; p += size) {
            put_number(sink, number_at(buffer.typecode, p));
        }
    } else {
        put_number(sink, mp_obj_get_float_to_f(values)); /* TypeError for what is no number */
    }
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
        mp_printf(print, format, (unsigned)(buffer.len / number_size(buffer.typecode)));
    }
    mp_printf(print, "] (%u values)", (unsigned)count);
}

void mg_raise_count(const mg_model_t *model, const mg_sink_t *sink, mp_obj_t values,
                 const char *wanted) {
    mg_text_t text;
    const mp_print_t *print = mg_text_start(&text);
    print_end(print, model, &sink->tensor, false);
    print_found(print, values, sink->at);
    mp_printf(print, ", %s ", wanted);
    print_shape(print, &sink->tensor);
    mp_printf(print, " (%u values)", (unsigned)sink->count);
    mg_text_raise(&mp_type_ValueError, &text);
}
