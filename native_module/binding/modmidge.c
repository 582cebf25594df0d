/* SPDX-License-Identifier: MIT
 *
 * _midge: the core as a MicroPython module, linked into firmware or loaded as a native .mpy.
 *
 *     m = _midge.Model(file, arena=None)   check a file once and give it working memory
 *     m.run(x=None, out=None)              raw bytes in, raw bytes out; allocates nothing
 *     m.write(values, i=0)                 numbers into input i, quantised
 *     m.push(window, values, i=0)          the same into a window of yours, which slides on; their count
 *     m.read(i=0)                          output i as a list of floats
 *     m.smooth(scores, weight, threshold)  scores += weight * (output 0 - scores), scores an array('f');
 *                                          the highest's index, or -1 when it is below the threshold
 *     m.step(k), m.node(k)                 run node k; its (op number, op name, name)
 *     m.input(i), m.output(i)              (name, dtype, shape, scale, zero_point)
 *     m.label(k), m.metadata(), m.info()   info: (name, file bytes, arena bytes, inputs, outputs,
 *                                          labels, nodes, address of the file)
 *
 * Everything a user reads more than once is thin Python on top, in mpy_lib/midge. There is no
 * mutable global, so that the same source is a native module: both kinds of build want to see each
 * function as `call` slots see them, and METHODS is the one table of them.
 */
#include <string.h>

#include "../core/ops.h"

#if MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
/* Gives NULL where memory is short, as the function of this name does inside firmware. */
#define m_malloc_maybe(size) m_realloc_maybe(NULL, (size), false)
#define mp_type_MemoryError (*(mp_obj_type_t *)mp_load_global(MP_QSTR_MemoryError))
#else
#include "py/binary.h"
#include "py/runtime.h"
#endif

#define TEXT_SIZE 200
#define NO_RETURN __attribute__((noreturn))

typedef struct {
    mp_obj_base_t base;
    mp_obj_t file, arena;           /* keep alive what the model points into; arena NULL: our own */
    uint32_t next_node, next_cursor; /* step() goes on from here without walking all nodes again */
    mg_model_t model;
} model_obj_t;

/* A line of text in the making; more than fits is dropped. */
typedef struct {
    char bytes[TEXT_SIZE];
    size_t size;
    mp_print_t print;
} text_t;

/* Where numbers go: elements `at` and on of a tensor's data; all are counted, those that fit stored. */
typedef struct {
    mg_tensor_t tensor;
    void *data; /* NULL: only count */
    uint32_t at, count;
} sink_t;

static void put_bytes(void *data, const char *bytes, size_t size) {
    text_t *text = data;
    for (size_t i = 0; i < size && text->size < TEXT_SIZE; i++) {
        text->bytes[text->size++] = bytes[i];
    }
}

static const mp_print_t *text_start(text_t *text) {
    text->size = 0;
    text->print.data = text;
    text->print.print_strn = put_bytes;
    return &text->print;
}

static NO_RETURN void text_raise(const mp_obj_type_t *type, text_t *text) {
    mp_raise_type_arg(type, mp_obj_new_str(text->bytes, text->size));
}

static NO_RETURN void raise_index(const char *what, uint32_t count) {
    text_t text;
    mp_printf(text_start(&text), "this model has %u %s", (unsigned)count, what);
    text_raise(&mp_type_IndexError, &text);
}

static NO_RETURN void raise_error(const mg_error_t *error) {
    text_t text;
    const mp_print_t *print = text_start(&text);
    if (error->status == MG_NO_MEMORY) {
        mp_printf(print, "model needs a %u B arena, got %u B", (unsigned)error->wanted, (unsigned)error->found);
        text_raise(&mp_type_MemoryError, &text);
    }
    mg_error_text(error, text.bytes, TEXT_SIZE);
    while (text.bytes[text.size] != 0) {
        text.size++;
    }
    text_raise(&mp_type_ValueError, &text);
}

static mp_obj_t new_str(const char *s) {
    size_t size = 0;
    while (s[size] != 0) {
        size++;
    }
    return mp_obj_new_str(s, size);
}

static const char *dtype_name(uint32_t dtype) {
    static const char NAMES[][8] = {"int8",   "uint8",  "int16", "int32", "float32",
                                    "uint32", "uint64", "int64", "bool",  "uint16"};
    return NAMES[dtype - MG_INT8];
}

static const char *op_name(uint32_t op) {
    switch (op) {
#define MG_OP(number, name, ...) \
    case number: \
        return #name;
#include "../ops.def"
#undef MG_OP
        default:
            return "";
    }
}

static uint32_t tensor_elements(const mg_tensor_t *tensor) {
    return tensor->size / mg_dtype_size(tensor->dtype);
}

/* "input 'imu': got ": the start of every complaint about data. */
static void print_end(const mp_print_t *print, const mg_model_t *model, const mg_tensor_t *tensor,
                      const char *what) {
    mp_printf(print, "%s '%s': got ", what, mg_string(model, tensor->name));
}

static void print_shape(const mp_print_t *print, const mg_tensor_t *tensor) {
    mp_printf(print, "[");
    for (uint32_t i = 0; i < tensor->rank; i++) {
        mp_printf(print, i == 0 ? "%u" : ", %u", (unsigned)tensor->dims[i]);
    }
    mp_printf(print, "]");
}

/* A method may be called on anything: Model.run(5). And whoever made the buffers may have grown
 * them since, which moves them away from under the model. */
static model_obj_t *get_self(mp_obj_t object);

static void get_input(const model_obj_t *self, mp_int_t i, mg_tensor_t *tensor) {
    if ((mp_uint_t)i >= self->model.n_inputs) {
        raise_index("inputs", self->model.n_inputs);
    }
    mg_tensor(&self->model, mg_input(&self->model, (uint32_t)i), tensor);
}

static void get_output(const model_obj_t *self, mp_int_t i, mg_tensor_t *tensor) {
    if ((mp_uint_t)i >= self->model.n_outputs) {
        raise_index("outputs", self->model.n_outputs);
    }
    mg_tensor(&self->model, mg_output(&self->model, (uint32_t)i), tensor);
}

/* ---- raw bytes ---- */

static bool is_bytes(int typecode) {
    return typecode == 'B' || typecode == BYTEARRAY_TYPECODE;
}

/* Bytes go everywhere; an array with a dtype of its own must have the tensor's. */
static bool dtype_fits(uint32_t dtype, int typecode) {
    switch (dtype) {
        case MG_INT8:
        case MG_UINT8:
        case MG_BOOL: return typecode == 'b' || is_bytes(typecode);
        case MG_INT16: return typecode == 'h' || is_bytes(typecode);
        case MG_UINT16: return typecode == 'H' || is_bytes(typecode);
        case MG_UINT32:
            return typecode == 'I' || (typecode == 'L' && sizeof(long) == 4) || is_bytes(typecode);
        case MG_INT64: return typecode == 'q' || is_bytes(typecode);
        case MG_UINT64: return typecode == 'Q' || is_bytes(typecode);
        case MG_INT32:
            return typecode == 'i' || (typecode == 'l' && sizeof(long) == 4) || is_bytes(typecode);
        default: return typecode == 'f' || is_bytes(typecode);
    }
}

/* Fetches the user's buffer for a tensor; its size and dtype must be the tensor's. */
static void *raw_buffer(const mg_model_t *model, const mg_tensor_t *tensor, mp_obj_t object, bool is_output) {
    mp_buffer_info_t buffer;
    bool found = mp_get_buffer(object, &buffer, is_output ? MP_BUFFER_RW : MP_BUFFER_READ);
    if (found && buffer.len == tensor->size && dtype_fits(tensor->dtype, buffer.typecode)) {
        return buffer.buf;
    }
    text_t text;
    const mp_print_t *print = text_start(&text);
    print_end(print, model, tensor, is_output ? "output" : "input");
    if (!found) {
        mp_printf(print, is_output ? "no writable buffer" : "no buffer");
    } else if (is_bytes(buffer.typecode)) {
        mp_printf(print, "%u bytes", (unsigned)buffer.len);
    } else {
        mp_printf(print, "%u bytes of '%c'", (unsigned)buffer.len, buffer.typecode);
    }
    mp_printf(print, ", wanted %u bytes of %s ", (unsigned)tensor->size, dtype_name(tensor->dtype));
    print_shape(print, tensor);
    text_raise(found ? &mp_type_ValueError : &mp_type_TypeError, &text);
}

/* Gives the items of a list or tuple, namedtuples included, or false for anything else. */
static bool get_items(mp_obj_t object, size_t *n, mp_obj_t **items) {
    const mp_obj_type_t *type = mp_obj_get_type(object);
    const mp_obj_type_t *list = &mp_type_list, *tuple = &mp_type_tuple;
    if (type == list) {
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

/* Copies between the arena and one buffer, or as many buffers as there are inputs or outputs. */
static void copy_raw(const mg_model_t *model, mp_obj_t object, bool is_output) {
    size_t n = 1, wanted = is_output ? model->n_outputs : model->n_inputs;
    mp_obj_t *items = &object;
    get_items(object, &n, &items);
    if (n != wanted) {
        text_t text;
        mp_printf(text_start(&text), "got %u buffers, wanted %u, one for each %s", (unsigned)n, (unsigned)wanted,
                  is_output ? "output" : "input");
        text_raise(&mp_type_ValueError, &text);
    }
    for (uint32_t i = 0; i < n; i++) {
        mg_tensor_t tensor;
        mg_tensor(model, is_output ? mg_output(model, i) : mg_input(model, i), &tensor);
        void *theirs = raw_buffer(model, &tensor, items[i], is_output), *ours = mg_tensor_data(model, &tensor);
        memmove(is_output ? theirs : ours, is_output ? ours : theirs, tensor.size);
    }
}

/* ---- numbers ---- */

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

static void put_number(sink_t *sink, float value) {
    if (sink->data != NULL && sink->at < sink->count) {
        mg_write_real(&sink->tensor, sink->data, sink->at, value);
    }
    sink->at++;
}

/* Flattens nested lists and tuples, arrays and numbers, in order. */
static void put_numbers(sink_t *sink, mp_obj_t values, uint32_t depth) {
    size_t n;
    mp_obj_t *items;
    mp_buffer_info_t buffer;
    if (get_items(values, &n, &items)) {
        if (depth > MG_MAX_RANK) {
            mp_raise_ValueError(MP_ERROR_TEXT("lists nested too deep"));
        }
        for (size_t i = 0; i < n; i++) {
            put_numbers(sink, items[i], depth + 1);
        }
    } else if (mp_obj_get_type(values) != &mp_type_str && mp_get_buffer(values, &buffer, MP_BUFFER_READ)) {
        uint32_t size = number_size(buffer.typecode);
        if (size == 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("numbers wanted in an array of b B h H i I l L f or d"));
        }
        for (const uint8_t *p = buffer.buf, *end = p + buffer.len; p != end; p += size) {
            put_number(sink, number_at(buffer.typecode, p));
        }
    } else {
        put_number(sink, mp_obj_get_float_to_f(values)); /* TypeError for what is no number */
    }
}

/* The shape of what came in, as far as its first elements tell it: "[96, 2] (192 values)". */
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

static NO_RETURN void raise_count(const mg_model_t *model, const sink_t *sink, mp_obj_t values, const char *wanted) {
    text_t text;
    const mp_print_t *print = text_start(&text);
    print_end(print, model, &sink->tensor, "input");
    print_found(print, values, sink->at);
    mp_printf(print, wanted);
    print_shape(print, &sink->tensor);
    mp_printf(print, " (%u values)", (unsigned)sink->count);
    text_raise(&mp_type_ValueError, &text);
}

/* ---- the type ---- */

static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const mp_arg_t allowed[] = {
        {MP_QSTR_file, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_arena, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    };
    mp_arg_val_t values[2];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, 2, allowed, values);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(values[0].u_obj, &buffer, MP_BUFFER_READ);

    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    mg_error_t error;
    self->file = values[0].u_obj;
    self->arena = values[1].u_obj == mp_const_none ? MP_OBJ_NULL : values[1].u_obj;
    self->next_node = self->next_cursor = 0;
    if (!mg_model_open(&self->model, buffer.buf, buffer.len, &error)) {
        raise_error(&error);
    }
    if (self->arena != MP_OBJ_NULL) {
        mp_get_buffer_raise(self->arena, &buffer, MP_BUFFER_RW);
        uintptr_t arena = (uintptr_t)buffer.buf, file = (uintptr_t)self->model.file;
        if (arena < file + self->model.file_size && file < arena + buffer.len) {
            mp_raise_ValueError(MP_ERROR_TEXT("the arena overlaps the file")); /* which a run would destroy */
        }
    } else {
        buffer.len = self->model.arena_size;
        buffer.buf = m_malloc_maybe(buffer.len);
        if (buffer.buf == NULL) {
            text_t text;
            mp_printf(text_start(&text), "model needs a %u B arena in one piece", (unsigned)buffer.len);
            text_raise(&mp_type_MemoryError, &text);
        }
        memset(buffer.buf, 0, buffer.len);
    }
    if (!mg_model_bind(&self->model, buffer.buf, buffer.len, &error)) {
        raise_error(&error);
    }
    return MP_OBJ_FROM_PTR(self);
}

static bool still_at(mp_obj_t object, const void *address, size_t size) {
    mp_buffer_info_t buffer;
    return mp_get_buffer(object, &buffer, MP_BUFFER_READ) && buffer.buf == address && buffer.len >= size;
}

static model_obj_t *get_self(mp_obj_t object) {
    const mp_obj_type_t *type = mp_obj_get_type(object);
    if (MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, make_new) != model_make_new) {
        mp_raise_TypeError(MP_ERROR_TEXT("a Model is wanted"));
    }
    model_obj_t *self = MP_OBJ_TO_PTR(object);
    const mg_model_t *model = &self->model;
    if (!still_at(self->file, model->file, model->file_size)
        || (self->arena != MP_OBJ_NULL && !still_at(self->arena, model->arena, model->arena_size))) {
        mp_raise_ValueError(MP_ERROR_TEXT("the model's file or arena was resized"));
    }
    return self;
}

/* Every method is called as (function, number of positional and of keyword arguments, arguments). */
#define METHOD(name) static mp_obj_t model_##name(mp_obj_t fun, size_t n_args, size_t n_kw, const mp_obj_t *args)
#define CHECK_ARGS(least, most) ((void)fun, mp_arg_check_num(n_args, n_kw, (least), (most), false))

METHOD(run) {
    (void)fun;
    const mp_arg_t allowed[] = {
        {MP_QSTR_self, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_x, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_out, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    };
    mp_arg_val_t values[3];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, 3, allowed, values);
    const mg_model_t *model = &get_self(values[0].u_obj)->model;
    if (values[1].u_obj != MP_OBJ_NULL && values[1].u_obj != mp_const_none) {
        copy_raw(model, values[1].u_obj, false);
    }
    mg_run(model);
    if (values[2].u_obj != MP_OBJ_NULL && values[2].u_obj != mp_const_none) {
        copy_raw(model, values[2].u_obj, true);
    }
    return mp_const_none;
}

METHOD(write) {
    CHECK_ARGS(2, 3);
    model_obj_t *self = get_self(args[0]);
    sink_t sink;
    get_input(self, n_args == 3 ? mp_obj_get_int(args[2]) : 0, &sink.tensor);
    sink.data = mg_tensor_data(&self->model, &sink.tensor);
    sink.at = 0;
    sink.count = tensor_elements(&sink.tensor);
    put_numbers(&sink, args[1], 0);
    if (sink.at != sink.count) {
        raise_count(&self->model, &sink, args[1], ", wanted ");
    }
    return mp_const_none;
}

METHOD(push) {
    CHECK_ARGS(3, 4);
    model_obj_t *self = get_self(args[0]);
    sink_t sink;
    get_input(self, n_args == 4 ? mp_obj_get_int(args[3]) : 0, &sink.tensor);
    uint8_t *window = raw_buffer(&self->model, &sink.tensor, args[1], true);
    sink.data = NULL;
    sink.at = 0;
    sink.count = tensor_elements(&sink.tensor);
    put_numbers(&sink, args[2], 0);
    uint32_t pushed = sink.at;
    if (pushed > sink.count) {
        raise_count(&self->model, &sink, args[2], ", wanted at most ");
    }
    size_t gone = pushed * mg_dtype_size(sink.tensor.dtype);
    memmove(window, window + gone, sink.tensor.size - gone);
    sink.data = window;
    sink.at = sink.count - pushed;
    put_numbers(&sink, args[2], 0);
    return mp_obj_new_int_from_uint(pushed);
}

METHOD(read) {
    CHECK_ARGS(1, 2);
    model_obj_t *self = get_self(args[0]);
    mg_tensor_t tensor;
    get_output(self, n_args == 2 ? mp_obj_get_int(args[1]) : 0, &tensor);
    const void *data = mg_tensor_data(&self->model, &tensor);
    mp_obj_t list = mp_obj_new_list(tensor_elements(&tensor), NULL), *items;
    size_t n;
    mp_obj_get_array(list, &n, &items);
    for (uint32_t i = 0; i < n; i++) {
        items[i] = mp_const_none; /* the list is whole before anything else is allocated */
    }
    for (uint32_t i = 0; i < n; i++) {
        items[i] = mp_obj_new_float_from_f(mg_read_real(&tensor, data, i));
    }
    return list;
}

METHOD(smooth) {
    CHECK_ARGS(4, 4);
    model_obj_t *self = get_self(args[0]);
    mg_tensor_t tensor;
    mp_buffer_info_t buffer;
    get_output(self, 0, &tensor);
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_RW);
    uint32_t n = tensor_elements(&tensor), best = 0;
    if (buffer.typecode != 'f' || buffer.len != n * sizeof(float)) {
        text_t text;
        mp_printf(text_start(&text), "scores: wanted an array of %u 'f'", (unsigned)n);
        text_raise(&mp_type_ValueError, &text);
    }
    const void *data = mg_tensor_data(&self->model, &tensor);
    float *scores = buffer.buf, weight = mp_obj_get_float_to_f(args[2]);
    for (uint32_t i = 0; i < n; i++) {
        scores[i] += weight * (mg_read_real(&tensor, data, i) - scores[i]);
        best = scores[i] > scores[best] ? i : best;
    }
    return mp_obj_new_int(scores[best] >= mp_obj_get_float_to_f(args[3]) ? (mp_int_t)best : -1);
}

/* The byte position of node k; the one after the last that ran is known already. */
static uint32_t find_node(const model_obj_t *self, mp_int_t k) {
    const mg_model_t *model = &self->model;
    if ((mp_uint_t)k >= model->n_nodes) {
        raise_index("nodes", model->n_nodes);
    }
    uint32_t cursor = 0;
    mg_node_t node;
    if ((uint32_t)k == self->next_node) {
        return self->next_cursor;
    }
    for (uint32_t i = 0; i < (uint32_t)k; i++) {
        mg_node_next(model, &cursor, &node);
    }
    return cursor;
}

METHOD(step) {
    CHECK_ARGS(2, 2);
    model_obj_t *self = get_self(args[0]);
    mp_int_t k = mp_obj_get_int(args[1]);
    uint32_t cursor = find_node(self, k);
    mg_run_next(&self->model, &cursor);
    self->next_node = (uint32_t)k + 1;
    self->next_cursor = cursor;
    return mp_const_none;
}

METHOD(node) {
    CHECK_ARGS(2, 2);
    model_obj_t *self = get_self(args[0]);
    uint32_t cursor = find_node(self, mp_obj_get_int(args[1]));
    mg_node_t node;
    mg_node_next(&self->model, &cursor, &node);
    mp_obj_t items[] = {
        mp_obj_new_int_from_uint(node.op),
        new_str(op_name(node.op)),
        new_str(mg_string(&self->model, node.name)),
    };
    return mp_obj_new_tuple(3, items);
}

static mp_obj_t describe(const model_obj_t *self, const mg_tensor_t *tensor) {
    mp_obj_t dims[MG_MAX_RANK];
    for (uint32_t i = 0; i < tensor->rank; i++) {
        dims[i] = mp_obj_new_int_from_uint(tensor->dims[i]);
    }
    mp_obj_t items[] = {
        new_str(mg_string(&self->model, tensor->name)),
        new_str(dtype_name(tensor->dtype)),
        mp_obj_new_tuple(tensor->rank, dims),
        mp_obj_new_float_from_f(tensor->scale),
        mp_obj_new_int(tensor->zero_point),
    };
    return mp_obj_new_tuple(5, items);
}

METHOD(input) {
    CHECK_ARGS(2, 2);
    model_obj_t *self = get_self(args[0]);
    mg_tensor_t tensor;
    get_input(self, mp_obj_get_int(args[1]), &tensor);
    return describe(self, &tensor);
}

METHOD(output) {
    CHECK_ARGS(2, 2);
    model_obj_t *self = get_self(args[0]);
    mg_tensor_t tensor;
    get_output(self, mp_obj_get_int(args[1]), &tensor);
    return describe(self, &tensor);
}

/* The string at an offset; the offset moves on to the one behind it. */
static mp_obj_t next_string(const mg_model_t *model, uint32_t *offset) {
    mp_obj_t s = new_str(mg_string(model, *offset));
    for (const char *c = mg_string(model, *offset); *c != 0; c++) {
        ++*offset;
    }
    ++*offset;
    return s;
}

METHOD(label) {
    CHECK_ARGS(2, 2);
    const mg_model_t *model = &get_self(args[0])->model;
    mp_uint_t k = (mp_uint_t)mp_obj_get_int(args[1]);
    if (k >= model->n_labels) {
        raise_index("labels", model->n_labels);
    }
    uint32_t offset = model->labels;
    for (; k != 0; offset++) {
        k -= *mg_string(model, offset) == 0;
    }
    return next_string(model, &offset);
}

METHOD(metadata) {
    CHECK_ARGS(1, 1);
    const mg_model_t *model = &get_self(args[0])->model;
    mp_obj_t dict = mp_obj_new_dict(0);
    uint32_t offset = model->metadata;
    while (*mg_string(model, offset) != 0) {
        mp_obj_t key = next_string(model, &offset);
        mp_obj_dict_store(dict, key, next_string(model, &offset));
    }
    return dict;
}

METHOD(info) {
    CHECK_ARGS(1, 1);
    const mg_model_t *model = &get_self(args[0])->model;
    mp_obj_t items[] = {
        new_str(mg_string(model, model->name)),
        mp_obj_new_int_from_uint(model->file_size),
        mp_obj_new_int_from_uint(model->arena_size),
        mp_obj_new_int_from_uint(model->n_inputs),
        mp_obj_new_int_from_uint(model->n_outputs),
        mp_obj_new_int_from_uint(model->n_labels),
        mp_obj_new_int_from_uint(model->n_nodes),
        mp_obj_new_int_from_uint((uintptr_t)model->file),
    };
    return mp_obj_new_tuple(8, items);
}

/* Spelled out with its qstr, because the tool that collects a native module's names reads the source. */
#define METHODS(X) \
    X(MP_QSTR_run, run) \
    X(MP_QSTR_write, write) \
    X(MP_QSTR_push, push) \
    X(MP_QSTR_read, read) \
    X(MP_QSTR_smooth, smooth) \
    X(MP_QSTR_step, step) \
    X(MP_QSTR_node, node) \
    X(MP_QSTR_input, input) \
    X(MP_QSTR_output, output) \
    X(MP_QSTR_label, label) \
    X(MP_QSTR_metadata, metadata) \
    X(MP_QSTR_info, info)

#if MICROPY_ENABLE_DYNRUNTIME

/* The compiler calls these, and a native module is linked with no C library. */
void *memcpy(void *to, const void *from, size_t n) {
    return mp_fun_table.memmove_(to, from, n);
}

void *memmove(void *to, const void *from, size_t n) {
    return mp_fun_table.memmove_(to, from, n);
}

void *memset(void *to, int value, size_t n) {
    return mp_fun_table.memset_(to, value, n);
}

int memcmp(const void *a, const void *b, size_t n) {
    const uint8_t *x = a, *y = b;
    for (; n != 0; n--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    (void)n_args, (void)n_kw, (void)args;
    mp_obj_t methods = mp_obj_new_dict(0);
#define STORE(qst, name) mp_obj_dict_store(methods, MP_OBJ_NEW_QSTR(qst), MP_DYNRUNTIME_MAKE_FUNCTION(model_##name));
    METHODS(STORE)
    mp_obj_full_type_t *type = m_malloc(sizeof *type); /* on the heap: a static one would need .bss */
    memset(type, 0, sizeof *type);
    type->base.type = &mp_type_type;
    type->name = MP_QSTR_Model;
    MP_OBJ_TYPE_SET_SLOT(type, make_new, model_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(type, locals_dict, MP_OBJ_TO_PTR(methods), 1);
    mp_store_global(MP_QSTR_Model, MP_OBJ_FROM_PTR(type));
    MP_DYNRUNTIME_INIT_EXIT
}

#else

typedef struct {
    mp_obj_base_t base;
    mp_call_fun_t call;
} method_t;

static mp_obj_t method_call(mp_obj_t fun, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return ((const method_t *)MP_OBJ_TO_PTR(fun))->call(fun, n_args, n_kw, args);
}

static MP_DEFINE_CONST_OBJ_TYPE(method_type, MP_QSTR_function, MP_TYPE_FLAG_BINDS_SELF, call, method_call);

#define DEFINE(qst, name) static const method_t name##_method = {{&method_type}, model_##name};
METHODS(DEFINE)

#define ROW(qst, name) {MP_ROM_QSTR(qst), MP_ROM_PTR(&name##_method)},
static const mp_rom_map_elem_t method_table[] = {METHODS(ROW)};
static MP_DEFINE_CONST_DICT(methods, method_table);

static MP_DEFINE_CONST_OBJ_TYPE(model_type, MP_QSTR_Model, MP_TYPE_FLAG_NONE, make_new, model_make_new,
                                locals_dict, &methods);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__midge)},
    {MP_ROM_QSTR(MP_QSTR_Model), MP_ROM_PTR(&model_type)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t mg_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__midge, mg_module);

#endif
