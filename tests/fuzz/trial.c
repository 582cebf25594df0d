/* SPDX-License-Identifier: MIT
 *
 * Nothing here knows an op. What parameters there are is read from ops.def; which values fit together and how
 * large the tensors must be then, is asked of the op's check: it is given tensors of sizes that nothing asks for,
 * and its refusals name the size that it wants instead.
 */
#include "trial.h"

#include <string.h>

#include "bytes.h"
#include "error.h"
#include "exercise.h"

#define ROOM (1u << 20) /* tensor i has ROOM + i elements until its size is known */

static uint32_t state;

void start_draws(uint32_t seed) {
    state = seed * 2654435761u | 1u;
}

uint32_t draw(uint32_t below) {
    state ^= state << 13; /* Marsaglia, "Xorshift RNGs" (2003) */
    state ^= state >> 17;
    state ^= state << 5;
    return (uint32_t)((uint64_t)state * below >> 32);
}

bool read_file(file_t *f, uint8_t *bytes, size_t size, size_t max_size) {
    if (size < MG_HEADER_SIZE || size > INT32_MAX) {
        return false;
    }
    *f = (file_t){bytes,
                  (uint32_t)size,
                  (uint32_t)(max_size < INT32_MAX ? max_size : INT32_MAX),
                  mg_load_u32(bytes + 36),
                  mg_load_u16(bytes + 24),
                  mg_load_u32(bytes + 40),
                  mg_load_u16(bytes + 26),
                  mg_load_u32(bytes + 60),
                  mg_load_u32(bytes + 64),
                  3000,
                  1u << 16,
                  1u << 14};
    return f->tensors <= size && f->n_tensors * MG_TENSOR_SIZE <= size - f->tensors && f->nodes <= size
           && f->data <= size && f->data_size <= size - f->data;
}

void put(uint8_t *at, uint32_t width, uint32_t value) {
    memcpy(at, &value, width);
}

uint8_t *node_record(const file_t *f, uint32_t index) {
    uint32_t at = f->nodes;
    for (;; index--) {
        if (f->size - at < MG_NODE_SIZE) {
            return NULL;
        }
        uint32_t size = mg_load_u16(f->bytes + at + 2);
        if (size < MG_NODE_SIZE || size > f->size - at) {
            return NULL;
        }
        if (index == 0) {
            return f->bytes + at;
        }
        at += size;
    }
}

#define MG_ARRAY(type, name, n) {sizeof(type), n, (type)0.5 > (type)0, (type) - 1 < (type)1, #name},
#define MG_FIELD(type, name) MG_ARRAY(type, name, 1)
#define MG_STRUCT(name, fields) static const field_t FIELDS_##name[] = {fields{0, 0, false, false, NULL}};
#include "ops.def"
#undef MG_STRUCT
#undef MG_FIELD
#undef MG_ARRAY

uint8_t *isolate_node(file_t *f, const uint8_t *record) {
    uint32_t length = mg_load_u16(record + 2);
    memmove(f->bytes + f->nodes, record, length);
    put(f->bytes + 26, 2, 1);
    put(f->bytes + 44, 4, length);
    f->n_nodes = 1;
    return f->bytes + f->nodes;
}

const field_t *fields_of(uint32_t op) {
    switch (op) {
#define MG_OP(number, name, kernel, params, in_place) \
    case number: return FIELDS_##params;
#include "ops.def"
#undef MG_OP
        default: return NULL;
    }
}

bool is_offset(const field_t *field) {
    size_t n = strlen(field->name);
    return n > 3 && strcmp(field->name + n - 3, "_at") == 0;
}

uint8_t *params_of(trial_t *t) {
    return (uint8_t *)&t->check.params;
}

static bool accepts(trial_t *t) {
    memset(t->check.error, 0, sizeof *t->check.error);
    for (uint32_t i = 0; i < t->n; i++) { /* the model's own rule */
        if (t->check.tensors[i].place == MG_PLACE_OUTSIDE && t->op->number != MG_OP_IMAGE) {
            return mg_fail(t->check.error, MG_CORRUPT, "a picture that another op than IMAGE takes");
        }
    }
    return t->op->check(&t->check);
}

static void resize(trial_t *t, uint32_t i, uint32_t elements) {
    t->check.tensors[i].size = elements * mg_dtype_size(t->check.tensors[i].dtype);
}

bool grow_data(file_t *f, trial_t *t) {
    uint32_t more = f->data_size < 64 ? 64 : f->data_size;
    if (f->data_size + more > f->most_data || f->size + more > f->max_size || f->data + f->data_size != f->size) {
        return false;
    }
    for (uint32_t i = 0; i < more; i++) {
        f->bytes[f->size + i] = (uint8_t)draw(31);
    }
    f->size += more;
    t->check.data_size = f->data_size += more;
    return true;
}

static bool mend_offset(file_t *f, trial_t *t) {
    uint8_t *at = params_of(t);
    for (const field_t *field = fields_of(t->op->number); field->name != NULL; field++) {
        uint32_t value = 0;
        memcpy(&value, at, field->width);
        if (is_offset(field) && value == t->check.error->found && value != 0) {
            put(at, field->width, 0);
            return true;
        }
        at += field->width * field->count;
    }
    return grow_data(f, t);
}

static bool mend_dtype(trial_t *t) {
    bool mended = false;
    for (uint32_t i = 0; i < t->n; i++) {
        mg_tensor_t *tensor = &t->check.tensors[i];
        if (tensor->dtype == t->check.error->found && mg_dtype_size(t->check.error->wanted) != 0) {
            tensor->dtype = (uint8_t)t->check.error->wanted;
            resize(t, i, ROOM + i);
            mended = true;
        }
    }
    return mended;
}

/* What the check says where tensor i, or the scratch where there is no such tensor, has that size; NULL: accepted. */
static const char *answer(trial_t *t, uint32_t i, uint32_t size) {
    if (i < t->n) {
        resize(t, i, size);
    } else {
        t->check.scratch_size = size;
    }
    return accepts(t) ? NULL : t->check.error->message;
}

/* Gives tensor i, or the scratch, the least size at which the check says the same as at `high`. */
static void shrink(trial_t *t, uint32_t i, uint32_t high) {
    const char *same = answer(t, i, high);
    uint32_t low = i < t->n ? 1 : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (answer(t, i, middle) == same) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    answer(t, i, high);
}

/* A size that no refusal names shows where the refusals change. */
static bool mend_size(trial_t *t) {
    const char *before = t->check.error->message;
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->check.tensors[i].size / mg_dtype_size(t->check.tensors[i].dtype) == ROOM + i) {
            const char *little = answer(t, i, 1);
            if (little != before) {
                shrink(t, i, ROOM + i);
                uint32_t large = t->check.tensors[i].size / mg_dtype_size(t->check.tensors[i].dtype);
                if (answer(t, i, large - 1) == little) { /* otherwise that very size is wanted */
                    resize(t, i, large);
                }
                return true;
            }
            resize(t, i, ROOM + i);
        }
    }
    return false;
}

static bool mend(file_t *f, trial_t *t) {
    const mg_error_t *error = t->check.error;
    uint32_t i = error->wanted - ROOM;
    if (i < t->n && error->found != 0 && error->found <= f->most_elements) {
        resize(t, i, error->found);
        return true;
    }
    if (strncmp(error->message, "a constant ends after the data", 30) == 0) {
        return mend_offset(f, t);
    }
    if (strncmp(error->message, "a tensor of the wrong dtype", 27) == 0) {
        return mend_dtype(t);
    }
    return mend_size(t);
}

bool agree(file_t *f, trial_t *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        resize(t, i, ROOM + i);
    }
    t->check.scratch_size = INT32_MAX;
    for (uint32_t round = 0; !accepts(t); round++) {
        if (round == 4 * t->n + 8 || !mend(f, t)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < t->n; i++) { /* an operand that is walked over may end after its last element */
        if (t->check.tensors[i].size >= ROOM) {
            shrink(t, i, ROOM);
        }
        if (t->check.tensors[i].size > f->most_elements * mg_dtype_size(t->check.tensors[i].dtype)) {
            return false;
        }
    }
    shrink(t, t->n, INT32_MAX);
    return t->check.scratch_size <= f->most_scratch;
}

bool begin_trial(const file_t *f, const uint8_t *record, trial_t *t, mg_error_t *error) {
    t->op = mg_op_find(mg_load_u16(record));
    t->n = (uint32_t)record[4] + record[5];
    uint32_t at = mg_params_at(t->n);
    if (t->op == NULL || t->n > MG_NODE_TENSORS || record[4] == 0 || record[5] == 0
        || mg_load_u16(record + 2) != at + t->op->params_size) {
        return false;
    }
    t->check.n_inputs = record[4];
    t->check.n_outputs = record[5];
    t->check.data = f->bytes + f->data;
    t->check.data_size = f->data_size;
    t->check.error = error;
    t->check.asked = NULL;
    memcpy(&t->check.params, record + at, t->op->params_size);
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t index = mg_load_u16(record + MG_NODE_SIZE + 2 * i);
        if (index >= f->n_tensors) {
            return false;
        }
        memcpy(&t->check.tensors[i], f->bytes + f->tensors + index * MG_TENSOR_SIZE, MG_TENSOR_SIZE);
        if (mg_dtype_size(t->check.tensors[i].dtype) == 0) {
            return false;
        }
    }
    return true;
}

/* Where the op works element by element, its output may have the bytes of an input of the same size. */
static bool is_in_place(const trial_t *t, mg_tensor_t *out) {
    uint32_t i = draw(t->check.n_inputs);
    const mg_tensor_t *in = &t->check.tensors[i];
    if (!t->op->in_place || in->place == MG_PLACE_DATA || in->size != out->size || draw(3) != 0) {
        return false;
    }
    for (const mg_tensor_t *other = &t->check.tensors[t->check.n_inputs]; other < out; other++) {
        if (other->offset == in->offset) {
            return false;
        }
    }
    out->offset = in->offset;
    return true;
}

bool write_back(file_t *f, uint8_t *record, trial_t *t) {
    uint32_t arena = 0, largest = 16;
    for (uint32_t i = 0; i < f->n_tensors; i++) { /* those of other nodes need only be somewhere */
        uint8_t *tensor = f->bytes + f->tensors + i * MG_TENSOR_SIZE;
        uint32_t size = mg_load_u32(tensor + 8);
        put(tensor + 4, 4, 0);
        largest = size > largest && size < ROOM ? size : largest;
    }
    for (uint32_t i = 0; i < t->n; i++) {
        mg_tensor_t *tensor = &t->check.tensors[i];
        uint32_t index = mg_load_u16(record + MG_NODE_SIZE + 2 * i);
        if (index >= f->n_tensors) { /* where sections overlap, a tensor may have been written over the record */
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (index == mg_load_u16(record + MG_NODE_SIZE + 2 * j)) { /* one tensor as two inputs */
                const mg_tensor_t *twin = &t->check.tensors[j];
                if (i >= t->check.n_inputs || twin->size != tensor->size || twin->dtype != tensor->dtype) {
                    return false;
                }
            }
        }
        tensor->rank = 1;
        tensor->dims[0] = tensor->size / mg_dtype_size(tensor->dtype);
        for (uint32_t d = 1; d < MG_MAX_RANK; d++) {
            tensor->dims[d] = 1;
        }
        if (tensor->place == MG_PLACE_OUTSIDE && t->check.params.image.in_h != 0) { /* rows count, of a mosaic twice */
            tensor->rank = 2;
            tensor->dims[0] = t->check.params.image.in_h * (t->check.params.image.format < 6 ? 1u : 2u);
            tensor->dims[1] = tensor->size / tensor->dims[0];
        }
        tensor->offset = 0;
        tensor->initial = MG_ZEROS;
        if (tensor->place == MG_PLACE_DATA) {
            while (tensor->size > f->data_size) {
                if (!grow_data(f, t)) {
                    return false;
                }
            }
        } else if (tensor->place != MG_PLACE_OUTSIDE && (i < t->check.n_inputs || !is_in_place(t, tensor))) {
            tensor->offset = arena;
            arena += (tensor->size + 15) & ~15u;
        }
        memcpy(f->bytes + f->tensors + index * MG_TENSOR_SIZE, tensor, MG_TENSOR_SIZE);
    }
    memcpy(record + mg_params_at(t->n), &t->check.params, t->op->params_size);
    put(record + 12, 4, arena);
    put(record + 16, 4, t->check.scratch_size);
    arena += (t->check.scratch_size + 15) & ~15u;
    largest = (largest + 15) & ~15u;
    put(f->bytes + 20, 4, arena > largest ? arena : largest);
    put(f->bytes + 64, 4, f->data_size);
    exercise_repair(f->bytes, f->size);
    return true;
}
