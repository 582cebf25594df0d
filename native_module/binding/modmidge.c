/* SPDX-License-Identifier: MIT
 *
 * _midge: the core as a MicroPython module, linked into firmware or loaded as a native .mpy.
 *
 *     m = _midge.Model(file, arena=None)   check a file once and give it working memory
 *     m.run(x=None, out=None)              raw bytes in, raw bytes out; allocates nothing
 *     m.rows(x)                            raw bytes of some rows of the picture that input 0 is;
 *                                          how many rows are still missing before m.run()
 *     m.reset()                            states take their initial values, as after loading
 *     m.write(values, i=0)                 numbers into input i, quantised
 *     m.push(window, values, i=0, scales=None)  the same to the end of a window of yours, which
 *                                          slides on; how many they were. scales, an array of f:
 *                                          what the values are multiplied by, in turn
 *     m.read(i=0)                          output i as a list of floats
 *     m.smooth(scores, weight, threshold)  scores += weight * (output 0 - scores), an array of f;
 *                                          the highest one's index, -1 when it is below threshold
 *     m.learn_add(), m.learn_fit(), m.learn_scores(), m.learn_leave_out()
 *                                          core/learn over rows that are as output 0: learn.c
 *     m.step(k), m.node(k)                 run node k; its (op number, op name, name)
 *     m.input(i), m.output(i)              (name, dtype, shape, scale, zero_point)
 *     m.label(k), m.metadata(), m.info()   info: (name, file bytes, arena bytes, inputs, outputs,
 *                                          labels, nodes, address of the file)
 *     _midge.about                         what was built, a line of text: core/about.h
 *
 * Everything a user reads more than once is thin Python on top, in mpy_lib/midge. There is no
 * mutable global, so that the same source is a native module: both kinds of build want to see each
 * function as `call` slots see them, and METHODS is the one table of them.
 */
#include "glue.h"

#include "../core/about.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t file, arena; /* keep alive what the model points into; arena NULL: our own */
    uint32_t next_node, next_cursor; /* step() need not walk all nodes from the first again */
    mg_model_t model;
} model_obj_t;

static NO_RETURN void raise_error(const mg_error_t *error) {
    mg_text_t text;
    const mp_print_t *print = mg_text_start(&text);
    if (error->status == MG_NO_MEMORY) {
        mp_printf(print, "model needs a %u B arena, got %u B", (unsigned)error->wanted, (unsigned)error->found);
        mg_text_raise(&mp_type_MemoryError, &text);
    }
    mg_error_text(error, text.bytes, TEXT_SIZE);
    text.size = mg_length_of(text.bytes);
    mg_text_raise(&mp_type_ValueError, &text);
}

static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const mp_arg_t allowed[] = {
        {MP_QSTR_file, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_arena, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_checksum, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    };
    mp_arg_val_t values[3];
    mg_check_stack(type);
    mp_arg_parse_all_kw_array(n_args, n_kw, args, 3, allowed, values);
    bool checksum = values[2].u_obj == MP_OBJ_NULL || mp_obj_is_true(values[2].u_obj); /* which may run Python */
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(values[0].u_obj, &buffer, MP_BUFFER_READ);
#ifdef MG_BYTES_BELOW /* from there on memory gives nothing but whole words, and resets the chip */
    if ((uintptr_t)buffer.buf >= MG_BYTES_BELOW) {
        mp_raise_ValueError(
            MP_ERROR_TEXT("the file is in flash, where this chip reads no bytes: load open(path, 'rb').read()"));
    }
#endif

    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    mg_error_t error;
    self->file = values[0].u_obj;
    self->arena = values[1].u_obj == mp_const_none ? MP_OBJ_NULL : values[1].u_obj;
    self->next_node = self->next_cursor = 0;
    if (!mg_model_check(&self->model, buffer.buf, buffer.len, checksum, &error)) {
        raise_error(&error);
    }
    if (self->arena != MP_OBJ_NULL) {
        mp_get_buffer_raise(self->arena, &buffer, MP_BUFFER_RW);
        mg_refuse_file(&self->model, buffer.buf, buffer.len);
    } else {
        buffer.len = self->model.arena_size;
        buffer.buf = m_malloc_maybe(buffer.len);
        if (buffer.buf == NULL) {
            mg_text_t text;
            mp_printf(mg_text_start(&text), "model needs a %u B arena in one piece", (unsigned)buffer.len);
            mg_text_raise(&mp_type_MemoryError, &text);
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

/* A method may be called on anything: Model.run(5). And whoever made the buffers may have grown
 * them since, which moves them away from under the model. */
static model_obj_t *get_self(mp_obj_t object) {
    const mp_obj_type_t *type = mp_obj_get_type(object);
    if (MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, make_new) != model_make_new) {
        mp_raise_TypeError(MP_ERROR_TEXT("a Model is wanted"));
    }
    mg_check_stack(type);
    model_obj_t *self = MP_OBJ_TO_PTR(object);
    const mg_model_t *model = &self->model;
    bool own = self->arena == MP_OBJ_NULL;
    if (!still_at(self->file, model->file, model->file_size)
        || (!own && !still_at(self->arena, model->arena, model->arena_size))) {
        mp_raise_ValueError(MP_ERROR_TEXT("the model's file or arena was resized"));
    }
    return self;
}

/* Every method takes the function itself, the numbers of arguments by position and by keyword,
 * and the arguments. */
#define METHOD(name) static mp_obj_t model_##name(mp_obj_t fun, size_t n_args, size_t n_kw, const mp_obj_t *args)
#define CHECK_ARGS(least, most) ((void)fun, mp_arg_check_num(n_args, n_kw, (least), (most), false))

/* Runs all nodes. Ctrl-C ends it after the one that runs (not in a native module, which cannot ask for it). */
static void run_nodes(const mg_model_t *model) {
    uint32_t cursor = 0;
    while (mg_run_next(model, &cursor)) {
#if !MICROPY_ENABLE_DYNRUNTIME
        if (MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
            mp_handle_pending(true);
        }
#endif
    }
}

/* ValueError where rows of a picture are missing. */
static void refuse_part(const mg_model_t *model) {
#if MG_SEES
    mg_tensor_t tensor;
    mg_input_output(model, false, 0, &tensor);
    uint32_t left = tensor.place == MG_PLACE_OUTSIDE ? mg_see(model, NULL, 0) : 0;
    if (left != 0) {
        mg_text_t text;
        mp_printf(mg_text_start(&text), "%u rows of the picture are missing", (unsigned)left);
        mg_text_raise(&mp_type_ValueError, &text);
    }
#else
    (void)model;
#endif
}

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
        mg_copy_raw(model, values[1].u_obj, false);
    }
    refuse_part(model);
    run_nodes(model);
    if (values[2].u_obj != MP_OBJ_NULL && values[2].u_obj != mp_const_none) {
        mg_copy_raw(model, values[2].u_obj, true);
    }
    return mp_const_none;
}

METHOD(reset) {
    CHECK_ARGS(1, 1);
    mg_reset(&get_self(args[0])->model);
    return mp_const_none;
}

METHOD(write) {
    CHECK_ARGS(2, 3);
    model_obj_t *self = get_self(args[0]);
    mg_sink_t sink;
    mg_get_tensor(&self->model, false, n_args == 3 ? &args[2] : NULL, &sink.tensor);
    mg_start_sink(&sink, mg_tensor_data(&self->model, &sink.tensor));
    if (MG_SEES && sink.data == NULL) { /* a picture */
        mg_copy_raw(&self->model, args[1], false);
        return mp_const_none;
    }
    mg_put_numbers(&sink, args[1], 0);
    if (sink.at != sink.count) {
        mg_raise_count(&self->model, &sink, args[1], "wanted");
    }
    return mp_const_none;
}

/* Gives the sink an array of f to multiply numbers by. */
static void set_scales(mg_sink_t *sink, mp_obj_t scales) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(scales, &buffer, MP_BUFFER_READ);
    if (buffer.typecode != 'f' || buffer.len == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("scales: wanted an array of 'f'"));
    }
    sink->scales = buffer.buf;
    sink->n_scales = (uint32_t)(buffer.len / sizeof(float));
    sink->scale = 0;
}

METHOD(push) {
    CHECK_ARGS(3, 5);
    model_obj_t *self = get_self(args[0]);
    mg_sink_t sink;
    mg_get_tensor(&self->model, false, n_args >= 4 ? &args[3] : NULL, &sink.tensor);
    mg_start_sink(&sink, NULL);
    if (n_args == 5 && args[4] != mp_const_none) {
        set_scales(&sink, args[4]);
    }
    uint8_t *window = mg_raw_buffer(&self->model, &sink.tensor, args[1], true);
    mg_put_numbers(&sink, args[2], 0);
    uint32_t pushed = sink.at;
    if (pushed > sink.count) {
        mg_raise_count(&self->model, &sink, args[2], "wanted at most");
    }
    size_t gone = pushed * mg_dtype_size(sink.tensor.dtype);
    memmove(window, window + gone, sink.tensor.size - gone);
    sink.data = window;
    sink.at = sink.count - pushed;
    mg_put_numbers(&sink, args[2], 0);
    return mp_obj_new_int_from_uint(pushed);
}

METHOD(read) {
    CHECK_ARGS(1, 2);
    model_obj_t *self = get_self(args[0]);
    mg_tensor_t tensor;
    mg_get_tensor(&self->model, true, n_args == 2 ? &args[1] : NULL, &tensor);
    const void *data = mg_tensor_data(&self->model, &tensor);
    mp_obj_t list = mp_obj_new_list(mg_tensor_elements(&tensor), NULL), *items;
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
    mg_get_tensor(&self->model, true, NULL, &tensor);
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_RW);
    uint32_t n = mg_tensor_elements(&tensor), best = 0;
    if (buffer.typecode != 'f' || buffer.len != n * sizeof(float)) {
        mg_text_t text;
        mp_printf(mg_text_start(&text), "scores: wanted an array of %u 'f'", (unsigned)n);
        mg_text_raise(&mp_type_ValueError, &text);
    }
    const void *data = mg_tensor_data(&self->model, &tensor);
    float *scores = buffer.buf, weight = mg_number(args[2]), threshold = mg_number(args[3]);
    mg_refuse_file(&self->model, scores, buffer.len);
    for (uint32_t i = 0; i < n; i++) {
        scores[i] += weight * (mg_read_real(&tensor, data, i) - scores[i]);
        best = scores[i] > scores[best] ? i : best;
    }
    return mp_obj_new_int(scores[best] >= threshold ? (mp_int_t)best : -1);
}

/* The byte position of node k; the one after the last that ran is known already. */
static uint32_t find_node(const model_obj_t *self, mp_int_t k) {
    const mg_model_t *model = &self->model;
    if ((mp_uint_t)k >= model->n_nodes) {
        mg_raise_index("nodes", model->n_nodes);
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
    mp_int_t k = (mp_int_t)mg_index(args[1]);
    uint32_t cursor = find_node(self, k);
    mg_run_next(&self->model, &cursor);
    self->next_node = (uint32_t)k + 1;
    self->next_cursor = cursor;
    return mp_const_none;
}

METHOD(node) {
    CHECK_ARGS(2, 2);
    model_obj_t *self = get_self(args[0]);
    uint32_t cursor = find_node(self, (mp_int_t)mg_index(args[1]));
    mg_node_t node;
    mg_node_next(&self->model, &cursor, &node);
    mp_obj_t items[] = {
        mp_obj_new_int_from_uint(node.op),
        mg_new_str(mg_op_name(node.op)),
        mg_new_str(mg_string(&self->model, node.name)),
    };
    return mp_obj_new_tuple(3, items);
}

/* Methods of other files, which take the model and the other arguments. */
#define HANDED_ON(name, count) \
    METHOD(name) { \
        CHECK_ARGS(1 + (count), 1 + (count)); \
        return mg_method_##name(&get_self(args[0])->model, args + 1); \
    }
HANDED_ON(input, 1)
HANDED_ON(output, 1)
HANDED_ON(label, 1)
HANDED_ON(metadata, 0)
HANDED_ON(info, 0)

#if MG_SEES
HANDED_ON(rows, 1)

#define SIGHT_METHODS(X) X(MP_QSTR_rows, rows)
#else
#define SIGHT_METHODS(X)
#endif

#if MG_LEARNS
HANDED_ON(learn_add, 6)
HANDED_ON(learn_fit, 7)
HANDED_ON(learn_scores, 4)
HANDED_ON(learn_leave_out, 7)

#define LEARN_METHODS(X) \
    X(MP_QSTR_learn_add, learn_add) \
    X(MP_QSTR_learn_fit, learn_fit) \
    X(MP_QSTR_learn_scores, learn_scores) \
    X(MP_QSTR_learn_leave_out, learn_leave_out)
#else
#define LEARN_METHODS(X)
#endif

/* With the qstr spelled out: the tool that collects a native module's names reads the source. */
#define METHODS(X) \
    LEARN_METHODS(X) \
    SIGHT_METHODS(X) \
    X(MP_QSTR_run, run) \
    X(MP_QSTR_reset, reset) \
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

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    /* clang-format off */
    MP_DYNRUNTIME_INIT_ENTRY
    (void)n_args, (void)n_kw, (void)args;
    /* clang-format on */
    mp_obj_t methods = mp_obj_new_dict(0);
#define ROW(qst, name) {qst, (const void *)model_##name},
    const struct {
        qstr name;
        const void *function;
    } rows[] = {METHODS(ROW)};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mp_obj_dict_store(methods, MP_OBJ_NEW_QSTR(rows[i].name), MP_DYNRUNTIME_MAKE_FUNCTION(rows[i].function));
    }
    mp_obj_dict_store(methods, MP_OBJ_NEW_QSTR(MP_QSTR_room), MP_DYNRUNTIME_MAKE_FUNCTION((const void *)mg_room));
    /* On the heap, because a static one would need .bss. */
    mp_obj_full_type_t *type = m_malloc(sizeof *type);
    memset(type, 0, sizeof *type);
    type->base.type = &mp_type_type;
    type->name = MP_QSTR_Model;
    MP_OBJ_TYPE_SET_SLOT(type, make_new, model_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(type, locals_dict, MP_OBJ_TO_PTR(methods), 1);
    mp_store_global(MP_QSTR_Model, MP_OBJ_FROM_PTR(type));
    mp_store_global(MP_QSTR_about, mp_obj_new_str(MG_ABOUT, sizeof MG_ABOUT - 1));
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

static MP_DEFINE_CONST_OBJ_TYPE(model_type, MP_QSTR_Model, MP_TYPE_FLAG_NONE, make_new, model_make_new, locals_dict,
                                &methods);

static const MP_DEFINE_STR_OBJ(about, MG_ABOUT);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__midge)},
    {MP_ROM_QSTR(MP_QSTR_Model), MP_ROM_PTR(&model_type)},
    {MP_ROM_QSTR(MP_QSTR_about), MP_ROM_PTR(&about)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t mg_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__midge, mg_module);

#endif
