/* SPDX-License-Identifier: MIT
 *
 * The validator: the only reader of untrusted bytes. FORMAT.md says what a file must be; each rule
 * there is one check here, or in the _check function beside the kernel that relies on it.
 */
#include "bytes.h"
#include "error.h"
#include "format.h"
#include "ops.h"
#include "sizes.h"

#define MAGIC 0x4744494du        /* MG_MAGIC */
#define TFLITE_MAGIC 0x334c4654u /* "TFL3" */

/* What no converter writes and the checksum lets through; and what only a later version can know. Boards have one
 * text for each (MG_TERSE): midge inspect tells the rest. */
#ifdef MG_TERSE
#define CORRUPT(error, message, found, wanted) \
    mg_fail((error), MG_CORRUPT, "no sound .midge file, convert and upload it again")
#define NEWER(error, what, found, wanted) mg_fail((error), MG_UNSUPPORTED, "needs a newer Midge on the board")
#else
#define CORRUPT(error, message, found, wanted) mg_fail_with((error), MG_CORRUPT, (message), (found), (wanted))
#define NEWER(error, what, found, wanted) \
    mg_fail_with((error), MG_UNSUPPORTED, "needs a newer Midge on the board: " what, (found), (wanted))
#endif

static bool inside(uint32_t offset, uint32_t size, uint32_t end) {
    return offset <= end && size <= end - offset;
}

/* Neither in the file nor in the arena. */
static bool outside(const mg_tensor_t *t) {
    return MG_SEES && t->place == MG_PLACE_OUTSIDE;
}

static bool in_arena(const mg_tensor_t *t) {
    return t->place != MG_PLACE_DATA && !outside(t);
}

void mg_tensor(const mg_model_t *model, uint32_t index, mg_tensor_t *tensor) {
    memcpy(tensor, model->file + model->tensors + index * MG_TENSOR_SIZE, MG_TENSOR_SIZE);
}

static uint32_t input_output(const mg_model_t *model, uint32_t i) {
    return mg_load_u16(model->file + model->inputs_outputs + 2 * i);
}

uint32_t mg_input(const mg_model_t *model, uint32_t i) {
    return input_output(model, i);
}

uint32_t mg_output(const mg_model_t *model, uint32_t i) {
    return input_output(model, model->n_inputs + i);
}

const char *mg_string(const mg_model_t *model, uint32_t offset) {
    return (const char *)(model->file + model->strings
                          + (offset < model->strings_size ? offset : model->strings_size - 1));
}

static bool cut_short(mg_error_t *error, size_t size, uint32_t wanted) {
    return mg_fail_with(error, MG_CORRUPT, "cut short, upload it again: bytes", (uint32_t)size, wanted);
}

/* What the file is, and how long. */
static bool check_size(mg_model_t *m, size_t size, mg_error_t *error) {
    const uint8_t *f = m->file;
    if (size < 4 || mg_load_u32(f) != MAGIC) {
        bool tflite = size >= 8 && mg_load_u32(f + 4) == TFLITE_MAGIC;
        return mg_fail(error, MG_FOREIGN,
                       tflite ? "a TensorFlow Lite file: run midge convert on it first"
                              : "not a .midge file: make one with midge convert");
    }
    if (size < MG_HEADER_SIZE) {
        return cut_short(error, size, MG_HEADER_SIZE);
    }
    if (mg_load_u16(f + MG_HEADER_MAJOR) != MG_FORMAT_MAJOR) {
        return mg_fail_with(error, MG_FOREIGN, "another major version of the format, convert the model again: version",
                            mg_load_u16(f + MG_HEADER_MAJOR), MG_FORMAT_MAJOR);
    }
    m->file_size = mg_load_u32(f + MG_HEADER_FILE_SIZE);
    if (m->file_size < MG_HEADER_SIZE || m->file_size > size) {
        return cut_short(error, size, m->file_size);
    }
    return true;
}

static bool check_header(mg_model_t *m, mg_error_t *error) {
    memcpy(&m->arena_size, m->file + MG_HEADER_KEPT, MG_HEADER_SIZE - MG_HEADER_KEPT);
    uint32_t unknown = mg_load_u32(m->file + MG_HEADER_FLAGS) | m->reserved; /* the first are flags */
    return unknown == 0 || NEWER(error, "flags", unknown, 0);
}

static bool check_sections(const mg_model_t *m, mg_error_t *error) {
    uint32_t io_size = 2u * ((uint32_t)m->n_inputs + m->n_outputs);
    const uint32_t at[] = {m->tensors, m->nodes, m->inputs_outputs, m->strings, m->data};
    const uint32_t size[] = {m->n_tensors * MG_TENSOR_SIZE, m->nodes_size, io_size, m->strings_size, m->data_size};
    uint32_t end = MG_HEADER_SIZE;
    for (uint32_t i = 0; i < 5; i++) {
        if (!inside(at[i], size[i], m->file_size)) {
            return CORRUPT(error, "a section ends after the file: offset", at[i], m->file_size);
        }
        if (at[i] < end || at[i] % (i == 4 ? 16 : 4) != 0) {
            return CORRUPT(error, "a section is out of place: offset", at[i], end);
        }
        end = at[i] + size[i];
    }
    if (m->file_size > MG_MOST || m->arena_size > MG_MOST) { /* indices fit an int32 */
        return CORRUPT(error, "larger than 2 GB: arena bytes", m->arena_size, MG_MOST);
    }
    if (m->n_inputs == 0 || m->n_outputs == 0) {
        return CORRUPT(error, "a model without input or output: tensors", io_size / 2, 2);
    }
    if (m->strings_size == 0 || m->file[m->strings + m->strings_size - 1] != 0) {
        return CORRUPT(error, "the strings do not end with a NUL: bytes", m->strings_size, 1);
    }
    if (m->arena_size % MG_ARENA_ALIGN != 0) {
        return CORRUPT(error, "arena size is no multiple of 16", m->arena_size, m->arena_size & ~15u);
    }
    return true;
}

static bool check_tensor(const mg_model_t *m, uint32_t index, mg_error_t *error) {
    mg_tensor_t t;
    mg_tensor(m, index, &t);
    uint32_t element = mg_dtype_size(t.dtype);
    if (element == 0) {
        return NEWER(error, "dtype", t.dtype, MG_DTYPES_END - 1);
    }
    if (t.rank > MG_MAX_RANK) {
        return CORRUPT(error, "a tensor of too high a rank", t.rank, MG_MAX_RANK);
    }
    uint32_t size = element;
    for (uint32_t i = 0; i < MG_MAX_RANK; i++) {
        if (t.dims[i] == 0 || (i >= t.rank && t.dims[i] != 1)) {
            return CORRUPT(error, "a tensor with an impossible dimension", t.dims[i], 1);
        }
        size = mg_times(size, t.dims[i]);
        if (size > MG_MOST) {
            return CORRUPT(error, "a tensor larger than any file: dimension", t.dims[i], 1);
        }
    }
    if (size != t.size) {
        return CORRUPT(error, "a tensor's size is not its shape's: bytes", t.size, size);
    }
    if (t.place > (MG_SEES ? MG_PLACE_OUTSIDE : MG_PLACE_STATE) || t.reserved != 0) {
        return NEWER(error, "place", t.place, MG_PLACE_STATE);
    }
    uint32_t end = t.place == MG_PLACE_DATA ? m->data_size : outside(&t) ? t.size : m->arena_size;
    if (!inside(t.offset, t.size, end) || (t.place != MG_PLACE_DATA && t.offset % element != 0)) {
        return CORRUPT(error, "a tensor is outside its memory: offset", t.offset, end);
    }
    if (t.initial != MG_ZEROS && !inside(t.initial, t.size, m->data_size)) {
        return CORRUPT(error, "an initial value ends after the data: offset", t.initial, m->data_size);
    }
    if (!(t.scale >= 0.0f && t.scale <= 3.0e38f)) { /* NaN and infinity fail too */
        return CORRUPT(error, "a tensor's scale is no number: tensor", index, 0);
    }
    return true;
}

/* Whether two stretches of the arena share a byte. They are inside it, and its size is an int32. */
static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size) {
    return a < b + b_size && b < a + a_size;
}

/* An output or the scratch may share bytes with no other tensor of the node, except in place. */
static bool check_overlap(const mg_check_t *c, bool in_place, uint32_t scratch) {
    uint32_t n = (uint32_t)c->n_inputs + c->n_outputs;
    for (uint32_t o = 0; o < n; o++) {
        const mg_tensor_t *out = &c->tensors[o];
        if (!in_arena(out)) {
            continue;
        }
        if (c->scratch_size != 0 && overlap(out->offset, out->size, scratch, c->scratch_size)) {
            return false;
        }
        for (uint32_t i = 0; o >= c->n_inputs && i < o; i++) {
            const mg_tensor_t *in = &c->tensors[i];
            bool same = in->offset == out->offset && in->size == out->size;
            if (in_arena(in) && overlap(in->offset, in->size, out->offset, out->size)
                && !(same && i < c->n_inputs && in_place)) {
                return false;
            }
        }
    }
    return true;
}

/* The node at *at, which moves on to the next one. */
static bool check_node(const mg_model_t *m, uint32_t *at, mg_error_t *error) {
    const uint8_t *p = m->file + m->nodes + *at;
    uint32_t left = m->nodes_size - *at;
    if (left < MG_NODE_SIZE || mg_load_u16(p + MG_NODE_RECORD_SIZE) > left
        || mg_load_u16(p + MG_NODE_RECORD_SIZE) % 4 != 0) {
        return CORRUPT(error, "a node ends after its section: bytes left", left, MG_NODE_SIZE);
    }
    const uint32_t size = mg_load_u16(p + MG_NODE_RECORD_SIZE);
    *at += size;
    const mg_op_t *op = mg_op_find(mg_load_u16(p));
    if (op == NULL) {
        uint32_t number = mg_load_u16(p);
        return number == 0 || number >= MG_OPS_END ? NEWER(error, "op", number, MG_OPS_END - 1)
                                                   : mg_refuse_op(error, number, mg_op_name(number));
    }
    mg_check_t c;
    c.n_inputs = p[MG_NODE_INPUTS];
    c.n_outputs = p[MG_NODE_OUTPUTS];
    uint32_t n = (uint32_t)c.n_inputs + c.n_outputs;
    uint32_t params_at = mg_params_at(n);
    if (n > MG_NODE_TENSORS || c.n_inputs == 0 || c.n_outputs == 0 || size != params_at + op->params_size) {
        return CORRUPT(error, "a node of the wrong size: bytes", size, params_at + op->params_size);
    }
    if (mg_load_u16(p + MG_NODE_FLAGS) != 0) {
        return NEWER(error, "node flags", mg_load_u16(p + MG_NODE_FLAGS), 0);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t index = mg_load_u16(p + MG_NODE_SIZE + 2 * i);
        if (index >= m->n_tensors) {
            return CORRUPT(error, "a node names a tensor that is not there", index, m->n_tensors);
        }
        mg_tensor(m, index, &c.tensors[i]);
        if (i >= c.n_inputs && c.tensors[i].place == MG_PLACE_DATA) {
            return CORRUPT(error, "a node writes to a constant: tensor", index, 0);
        }
        if (outside(&c.tensors[i]) && (i != 0 || op->number != MG_OP_IMAGE)) {
            return CORRUPT(error, "a picture that another op than IMAGE takes: tensor", index, 0);
        }
    }
    uint32_t scratch = mg_load_u32(p + MG_NODE_SCRATCH);
    c.scratch_size = mg_load_u32(p + MG_NODE_SCRATCH_SIZE);
    if (!inside(scratch, c.scratch_size, m->arena_size) || scratch % MG_ARENA_ALIGN != 0) {
        return CORRUPT(error, "scratch outside the arena: offset", scratch, m->arena_size);
    }
    if (!check_overlap(&c, op->in_place, scratch)) {
        return CORRUPT(error, "a node's tensors overlap: scratch offset", scratch, 0);
    }
    memcpy(&c.params, p + params_at, op->params_size);
    c.data = m->file + m->data;
    c.data_size = m->data_size;
    c.error = error;
#ifndef MG_TERSE
    c.asked = NULL;
#endif
    return op->check(&c);
}

static bool check_sum(const mg_model_t *m, mg_error_t *error) {
    uint32_t crc = mg_crc32(0, m->file + MG_HEADER_SUMMED, m->file_size - MG_HEADER_SUMMED),
             wanted = mg_load_u32(m->file + MG_HEADER_CHECKSUM);
    return crc == wanted || mg_fail_with(error, MG_CORRUPT, "altered, upload it again: checksum", crc, wanted);
}

bool mg_model_check(mg_model_t *m, const void *file, size_t size, bool checksum, mg_error_t *error) {
    memset(m, 0, sizeof *m);
    m->file = file;
    if (!check_size(m, size, error) || (checksum && !check_sum(m, error)) || !check_header(m, error)
        || !check_sections(m, error)) {
        return false;
    }
    for (uint32_t i = 0; i < m->n_tensors; i++) {
        if (!check_tensor(m, i, error)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < (uint32_t)m->n_inputs + m->n_outputs; i++) {
        mg_tensor_t t;
        if (input_output(m, i) >= m->n_tensors) {
            return CORRUPT(error, "an input or output that is not there: tensor", input_output(m, i), m->n_tensors);
        }
        mg_tensor(m, input_output(m, i), &t);
        if (t.place == MG_PLACE_DATA) {
            return CORRUPT(error, "an input or output is a constant: tensor", input_output(m, i), 0);
        }
        if (outside(&t)
            && (i != 0 || m->n_inputs != 1 || m->nodes_size < 2 || mg_load_u16(m->file + m->nodes) != MG_OP_IMAGE)) {
            return CORRUPT(error, "a picture that is not the only input, or that the first node does not take: tensor",
                           input_output(m, i), 0);
        }
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        if (!check_node(m, &at, error)) {
            error->node = (int32_t)i;
            return false;
        }
    }
    if (at != m->nodes_size) {
        return CORRUPT(error, "bytes after the last node", m->nodes_size, at);
    }
    return true;
}

bool mg_model_bind(mg_model_t *m, void *arena, size_t size, mg_error_t *error) {
    if (size < m->arena_size) {
        return mg_fail_with(error, MG_NO_MEMORY, "the arena is too small: bytes",
                            size > UINT32_MAX ? UINT32_MAX : (uint32_t)size, m->arena_size);
    }
    if ((uintptr_t)arena % MG_ARENA_ALIGN != 0) {
        return mg_fail_with(error, MG_MISALIGNED,
                            "the arena must start on a multiple of 16, pass a whole bytearray: rest",
                            (uint32_t)((uintptr_t)arena % MG_ARENA_ALIGN), 0);
    }
    m->arena = arena;
    mg_reset(m);
    return true;
}
