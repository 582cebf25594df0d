/* SPDX-License-Identifier: MIT
 *
 * What the binding's files share: MicroPython's headers for either kind of build, and error texts.
 */
#ifndef MG_GLUE_H
#define MG_GLUE_H

#include <string.h>

#include "../core/ops.h"

#if MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
/* Gives NULL where memory is short, as the function of this name does inside firmware. */
#define m_malloc_maybe(size) m_realloc_maybe(NULL, (size), false)
#define mp_type_MemoryError (*(mp_obj_type_t *)mp_load_global(MP_QSTR_MemoryError))
#else
#include "py/binary.h"
#include "py/objstr.h"
#include "py/runtime.h"
#endif

#define NO_RETURN __attribute__((noreturn))
#define TEXT_SIZE 200

/* A line of text in the making; more than fits is dropped. */
typedef struct {
    char bytes[TEXT_SIZE];
    size_t size;
    mp_print_t print;
} mg_text_t;

const mp_print_t *mg_text_start(mg_text_t *text);
NO_RETURN void mg_text_raise(const mp_obj_type_t *type, mg_text_t *text);

/* ---- stack.c ---- */

/* RuntimeError where loading or running a model would leave the C stack. type: Model. */
void mg_check_stack(const mp_obj_type_t *type);

/* What a native module's type has as its method `room`, for the above: it does nothing. */
mp_obj_t mg_room(mp_obj_t fun, size_t n_args, size_t n_kw, const mp_obj_t *args);

/* ---- describe.c: what a model tells of itself; the arguments of methods are those after self ---- */

size_t mg_length_of(const char *s);
mp_obj_t mg_new_str(const char *s);
NO_RETURN void mg_raise_index(const char *what, uint32_t count);

/* The model input or output that an argument names; the first when it is missing. */
void mg_get_tensor(const mg_model_t *model, bool is_output, const mp_obj_t *index, mg_tensor_t *tensor);

mp_obj_t mg_method_input(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_output(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_label(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_metadata(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_info(const mg_model_t *model, const mp_obj_t *args);

/* ---- data.c: between Python's objects and tensors ---- */

uint32_t mg_tensor_elements(const mg_tensor_t *tensor);

/* Input or output i of the model. */
void mg_input_output(const mg_model_t *model, bool is_output, uint32_t i, mg_tensor_t *tensor);

/* The address of a buffer whose size and dtype are the tensor's; raises for any other object. */
void *mg_raw_buffer(const mg_model_t *model, const mg_tensor_t *tensor, mp_obj_t object, bool is_output);

/* ValueError where memory that is to be written is the file's. */
void mg_refuse_file(const mg_model_t *model, const void *data, size_t size);

/* A number; TypeError for any other object, those included of which Python code would make one. */
float mg_number(mp_obj_t object);

/* The same for an index, or other small integer. */
mp_uint_t mg_index(mp_obj_t object);

/* Copies between the arena and one buffer, or as many buffers as there are inputs or outputs. */
void mg_copy_raw(const mg_model_t *model, mp_obj_t object, bool is_output);

/* Takes rows of a picture, for a model whose input that is; how many are still missing. */
mp_obj_t mg_method_rows(const mg_model_t *model, const mp_obj_t *args);

/* Where numbers go: elements `at` and on of data; all are counted, those that fit are stored. */
typedef struct {
    mg_tensor_t tensor;
    mg_quantizer_t by;
    void *data; /* NULL: only count */
    uint32_t at, count;
    const float *scales; /* numbers are multiplied by these, over and over; NULL: as they are */
    uint32_t n_scales, scale;
} mg_sink_t;

/* Prepares a sink whose tensor is known. */
void mg_start_sink(mg_sink_t *sink, void *data);

/* Flattens nested lists and tuples, arrays and single numbers, in order. Returns the type of a single number, NULL of
 * others. */
const mp_obj_type_t *mg_put_numbers(mg_sink_t *sink, mp_obj_t values, uint32_t depth);

/* ValueError for a number of values that is not `wanted` ("wanted", "wanted at most"). */
NO_RETURN void mg_raise_count(const mg_model_t *model, const mg_sink_t *sink, mp_obj_t values, const char *wanted);

/* ---- learn.c: a classifier of what output 0 holds ---- */

mp_obj_t mg_method_learn_add(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_learn_fit(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_learn_scores(const mg_model_t *model, const mp_obj_t *args);
mp_obj_t mg_method_learn_leave_out(const mg_model_t *model, const mp_obj_t *args);

#endif
