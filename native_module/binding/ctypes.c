/* SPDX-License-Identifier: MIT
 *
 * What only PCs ask of the core, through ctypes (the host tools' _midge): facts that Python would have to repeat
 * otherwise, and the scratch that a node will take.
 */
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "../core/about.h"
#include "../core/error.h"
#include "../core/format.h"
#include "../core/learn/ridge.h"

/* A struct as {name, sizeof, 0}, a field of one as {"struct.field", sizeof, offset}, a number as {name, number, 0}. */
typedef struct {
    const char *name;
    uint32_t size, offset;
} fact_t;

#define NUMBER(name) {#name, (uint32_t)(name), 0},
#define STRUCT(type) {#type, sizeof(type), 0},
#define FIELD(type, field) {#type "." #field, sizeof(((type *)0)->field), offsetof(type, field)},

/* clang-format off */
const fact_t mg_facts[] = {
    NUMBER(MG_FORMAT_MAJOR) NUMBER(MG_FORMAT_MINOR) NUMBER(MG_ARENA_ALIGN) NUMBER(MG_MAX_RANK) NUMBER(MG_NODE_TENSORS)
    NUMBER(MG_RIDGE_MOST) STRUCT(mg_ridge_margin_t)
    NUMBER(MG_HEADER_SIZE) NUMBER(MG_TENSOR_SIZE) NUMBER(MG_NODE_SIZE)
    NUMBER(MG_PLACE_ARENA) NUMBER(MG_PLACE_DATA) NUMBER(MG_PLACE_STATE) NUMBER(MG_PLACE_OUTSIDE) NUMBER(MG_ZEROS) NUMBER(MG_NO_MEMORY)

    STRUCT(mg_error_t) FIELD(mg_error_t, status) FIELD(mg_error_t, node) FIELD(mg_error_t, message)
    FIELD(mg_error_t, subject) FIELD(mg_error_t, found) FIELD(mg_error_t, wanted)

    STRUCT(mg_tensor_t) FIELD(mg_tensor_t, dtype) FIELD(mg_tensor_t, rank) FIELD(mg_tensor_t, place)
    FIELD(mg_tensor_t, reserved) FIELD(mg_tensor_t, offset) FIELD(mg_tensor_t, size) FIELD(mg_tensor_t, name)
    FIELD(mg_tensor_t, scale) FIELD(mg_tensor_t, zero_point) FIELD(mg_tensor_t, dims) FIELD(mg_tensor_t, initial)

    STRUCT(mg_scratch_t) FIELD(mg_scratch_t, least) FIELD(mg_scratch_t, step) FIELD(mg_scratch_t, most)

    STRUCT(mg_node_t) FIELD(mg_node_t, op) FIELD(mg_node_t, name) FIELD(mg_node_t, n_inputs)
    FIELD(mg_node_t, n_outputs) FIELD(mg_node_t, tensors)

    STRUCT(mg_model_t) FIELD(mg_model_t, file) FIELD(mg_model_t, arena) FIELD(mg_model_t, file_size)
    FIELD(mg_model_t, arena_size) FIELD(mg_model_t, n_tensors) FIELD(mg_model_t, n_nodes) FIELD(mg_model_t, n_inputs)
    FIELD(mg_model_t, n_outputs) FIELD(mg_model_t, n_labels) FIELD(mg_model_t, reserved) FIELD(mg_model_t, tensors)
    FIELD(mg_model_t, nodes) FIELD(mg_model_t, nodes_size) FIELD(mg_model_t, inputs_outputs)
    FIELD(mg_model_t, strings) FIELD(mg_model_t, strings_size) FIELD(mg_model_t, data) FIELD(mg_model_t, data_size)
    FIELD(mg_model_t, name) FIELD(mg_model_t, labels) FIELD(mg_model_t, metadata)

    STRUCT(mg_scratch_t) FIELD(mg_scratch_t, least) FIELD(mg_scratch_t, step) FIELD(mg_scratch_t, most)
    {NULL, 0, 0},
};
/* clang-format on */

const char *mg_about(void) {
    return MG_ABOUT;
}

/* Whether this PC and its system have AVX2, for which there is a library beside this one (simd/avx2.h). */
bool mg_has_avx2(void) {
    bool has = false;
#ifdef __x86_64__
    const unsigned saves = 1u << 27 | 1u << 28; /* OSXSAVE and AVX */
    unsigned a, b, c, d, enabled;
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & saves) == saves && __get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        __asm__("xgetbv" : "=a"(enabled), "=d"(d) : "c"(0));
        has = (enabled & 6u) == 6u && (b & 1u << 5) != 0;
    }
#endif
    return has;
}

/* Copies the bytes of one sample of all inputs or outputs. A picture is not copied. */
static void move_sample(const mg_model_t *model, bool in, void *const *samples, size_t i) {
    const uint32_t count = in ? model->n_inputs : model->n_outputs;
    for (uint32_t k = 0; k < count; k++) {
        mg_tensor_t tensor;
        mg_tensor(model, in ? mg_input(model, k) : mg_output(model, k), &tensor);
        uint8_t *theirs = (uint8_t *)samples[k] + i * tensor.size, *ours = mg_tensor_data(model, &tensor);
        if (tensor.place == MG_PLACE_OUTSIDE) {
            mg_see(model, theirs, tensor.size);
        } else if (in) {
            memcpy(ours, theirs, tensor.size);
        } else {
            memcpy(theirs, ours, tensor.size);
        }
    }
}

/* Runs `count` samples; inputs and outputs: for each its samples, raw, one after another. */
void mg_run_samples(const mg_model_t *model, void *const *inputs, void *const *outputs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        move_sample(model, true, inputs, i);
        mg_run(model);
        move_sample(model, false, outputs, i);
    }
}

/* Asks the check of an op what scratch a node takes. params: as a file holds them; tensors: inputs, then outputs, of
 * which places, dtypes and sizes count; data: what the parameters' offsets lead to. False, with the first fault, for
 * a node that the check refuses; what was asked for until then is in *scratch, which is zero otherwise. */
bool mg_ask_scratch(uint32_t op, const void *params, const mg_tensor_t *tensors, uint32_t n_inputs, uint32_t n_outputs,
                    const void *data, uint32_t data_size, mg_scratch_t *scratch, mg_error_t *error) {
    const mg_op_t *row = mg_op_find(op);
    mg_check_t check;
    memset(scratch, 0, sizeof *scratch);
    if (row == NULL || n_inputs + n_outputs > MG_NODE_TENSORS) {
        return mg_fail(error, MG_UNSUPPORTED, "no such op, or too many tensors");
    }
    memset(&check, 0, sizeof check);
    memcpy(&check.params, params, row->params_size);
    memcpy(check.tensors, tensors, (n_inputs + n_outputs) * sizeof *tensors);
    check.n_inputs = (uint8_t)n_inputs;
    check.n_outputs = (uint8_t)n_outputs;
    check.data = data;
    check.data_size = data_size;
    check.error = error;
    check.asked = scratch;
    return row->check(&check);
}
