/* SPDX-License-Identifier: MIT
 *
 * The validator: the only reader of untrusted bytes. FORMAT.md says what a file must be; each rule
 * there is one check here, or in the _check function beside the kernel that relies on it.
 */
#include "bytes.h"
#include "ops.h"
#include "sizes.h"

#define MAGIC 0x4744494du        /* "MIDG" */
#define TFLITE_MAGIC 0x334c4654u /* "TFL3" */
#define HEADER_SIZE 80u
#define HEADER_KEPT 20u /* what lies behind is kept in mg_model_t */
#define TENSOR_SIZE 48u
#define NODE_SIZE 20u

/* The first fault is recorded in an error that is all zeros but for the node. Out of line: everything calls it. */
static void clear(mg_error_t *error) {
    memset(error, 0, sizeof *error);
    error->node = -1;
}

static __attribute__((noinline)) bool fail(mg_error_t *error, mg_status_t status, const char *message) {
    error->status = status;
    error->message = message;
    return false;
}

static bool fail_with(mg_error_t *error, mg_status_t status, const char *message, uint32_t found, uint32_t wanted) {
    error->found = found;
    error->wanted = wanted;
    return fail(error, status, message);
}

/* What no converter writes and the checksum lets through; and what only a later version can know. Boards have one
 * text for each (MG_TERSE): midge inspect tells the rest. */
#ifdef MG_TERSE
#define corrupt(error, message, found, wanted) \
    fail((error), MG_CORRUPT, "no sound .midge file, convert and upload it again")
#define newer(error, what, found, wanted) fail((error), MG_UNSUPPORTED, "needs a newer Midge on the board")
#else
#define corrupt(error, message, found, wanted) fail_with((error), MG_CORRUPT, (message), (found), (wanted))
#define newer(error, what, found, wanted) \
    fail_with((error), MG_UNSUPPORTED, "needs a newer Midge on the board: " what, (found), (wanted))
#endif

uint32_t mg_crc32(uint32_t crc, const uint8_t *bytes, size_t size) {
    /* Half a byte a step: sixteen words of table instead of 256. */
    static const uint32_t TABLE[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ TABLE[crc & 15u];
        crc = (crc >> 4) ^ TABLE[crc & 15u];
    }
    return ~crc;
}

uint32_t mg_dtype_size(uint32_t dtype) {
    switch (dtype) {
        case MG_INT8:
        case MG_UINT8:
        case MG_BOOL: return 1;
        case MG_INT16:
        case MG_UINT16: return 2;
        case MG_INT32:
        case MG_UINT32:
        case MG_FLOAT32: return 4;
        case MG_INT64:
        case MG_UINT64: return 8;
        default: return 0;
    }
}

static bool inside(uint32_t offset, uint32_t size, uint32_t end) {
    return offset <= end && size <= end - offset;
}

void mg_tensor(const mg_model_t *model, uint32_t index, mg_tensor_t *tensor) {
    memcpy(tensor, model->file + model->tensors + index * TENSOR_SIZE, TENSOR_SIZE);
}

static uint32_t end_index(const mg_model_t *model, uint32_t i) {
    return mg_load_u16(model->file + model->ends + 2 * i);
}

uint32_t mg_input(const mg_model_t *model, uint32_t i) {
    return end_index(model, i);
}

uint32_t mg_output(const mg_model_t *model, uint32_t i) {
    return end_index(model, model->n_inputs + i);
}

const char *mg_string(const mg_model_t *model, uint32_t offset) {
    return (const char *)(model->file + model->strings
                          + (offset < model->strings_size ? offset : model->strings_size - 1));
}

static bool cut_short(mg_error_t *error, size_t size, uint32_t wanted) {
    return fail_with(error, MG_CORRUPT, "cut short, upload it again: bytes", (uint32_t)size, wanted);
}

/* What the file is, and how long. */
static bool check_size(mg_model_t *m, size_t size, mg_error_t *error) {
    const uint8_t *f = m->file;
    if (size < 4 || mg_load_u32(f) != MAGIC) {
        bool tflite = size >= 8 && mg_load_u32(f + 4) == TFLITE_MAGIC;
        return fail(error, MG_FOREIGN, tflite ? "a TensorFlow Lite file: run midge convert on it first"
                                              : "not a .midge file: make one with midge convert");
    }
    if (size < HEADER_SIZE) {
        return cut_short(error, size, HEADER_SIZE);
    }
    if (mg_load_u16(f + 4) != MG_FORMAT_MAJOR) {
        return fail_with(error, MG_FOREIGN, "another major version of the format, convert the model again: version",
                         mg_load_u16(f + 4), MG_FORMAT_MAJOR);
    }
    m->file_size = mg_load_u32(f + 8);
    if (m->file_size < HEADER_SIZE || m->file_size > size) {
        return cut_short(error, size, m->file_size);
    }
    return true;
}

static bool check_header(mg_model_t *m, mg_error_t *error) {
    memcpy(&m->arena_size, m->file + HEADER_KEPT, HEADER_SIZE - HEADER_KEPT);
    uint32_t unknown = mg_load_u32(m->file + 16) | m->reserved; /* the first are flags */
    return unknown == 0 || newer(error, "flags", unknown, 0);
}

static bool check_sections(const mg_model_t *m, mg_error_t *error) {
    uint32_t ends_size = 2u * ((uint32_t)m->n_inputs + m->n_outputs);
    const uint32_t at[] = {m->tensors, m->nodes, m->ends, m->strings, m->data};
    const uint32_t size[] = {m->n_tensors * TENSOR_SIZE, m->nodes_size, ends_size, m->strings_size, m->data_size};
    uint32_t end = HEADER_SIZE;
    for (uint32_t i = 0; i < 5; i++) {
        if (!inside(at[i], size[i], m->file_size)) {
            return corrupt(error, "a section ends behind the file: offset", at[i], m->file_size);
        }
        if (at[i] < end || at[i] % (i == 4 ? 16 : 4) != 0) {
            return corrupt(error, "a section lies out of place: offset", at[i], end);
        }
        end = at[i] + size[i];
    }
    if (m->file_size > MG_MOST || m->arena_size > MG_MOST) { /* indices fit an int32 */
        return corrupt(error, "larger than 2 GB: arena bytes", m->arena_size, MG_MOST);
    }
    if (m->n_inputs == 0 || m->n_outputs == 0) {
        return corrupt(error, "a model without input or output: ends", ends_size / 2, 2);
    }
    if (m->strings_size == 0 || m->file[m->strings + m->strings_size - 1] != 0) {
        return corrupt(error, "the strings do not end with a NUL: bytes", m->strings_size, 1);
    }
    if (m->arena_size % MG_ARENA_ALIGN != 0) {
        return corrupt(error, "arena size is no multiple of 16", m->arena_size, m->arena_size & ~15u);
    }
    return true;
}

static bool check_tensor(const mg_model_t *m, uint32_t index, mg_error_t *error) {
    mg_tensor_t t;
    mg_tensor(m, index, &t);
    uint32_t element = mg_dtype_size(t.dtype);
    if (element == 0) {
        return newer(error, "dtype", t.dtype, MG_UINT16);
    }
    if (t.rank > MG_MAX_RANK) {
        return corrupt(error, "a tensor of too high a rank", t.rank, MG_MAX_RANK);
    }
    uint32_t size = element;
    for (uint32_t i = 0; i < MG_MAX_RANK; i++) {
        if (t.dims[i] == 0 || (i >= t.rank && t.dims[i] != 1)) {
            return corrupt(error, "a tensor with an impossible dimension", t.dims[i], 1);
        }
        size = mg_times(size, t.dims[i]);
        if (size > MG_MOST) {
            return corrupt(error, "a tensor larger than any file: dimension", t.dims[i], 1);
        }
    }
    if (size != t.size) {
        return corrupt(error, "a tensor's size is not its shape's: bytes", t.size, size);
    }
    if (t.place > MG_PLACE_STATE || t.reserved != 0) {
        return newer(error, "place", t.place, MG_PLACE_STATE);
    }
    uint32_t end = t.place == MG_PLACE_DATA ? m->data_size : m->arena_size;
    if (!inside(t.offset, t.size, end) || (t.place != MG_PLACE_DATA && t.offset % element != 0)) {
        return corrupt(error, "a tensor lies outside its memory: offset", t.offset, end);
    }
    if (t.place == MG_PLACE_STATE && t.name != MG_REAL_ZERO && !inside(t.name, t.size, m->data_size)) {
        return corrupt(error, "a state's initial value ends behind the data: offset", t.name, m->data_size);
    }
    if (!(t.scale >= 0.0f && t.scale <= 3.0e38f)) { /* NaN and infinity fail too */
        return corrupt(error, "a tensor's scale is no number: tensor", index, 0);
    }
    return true;
}

/* Whether two stretches of the arena share a byte. They lie inside, and its size is an int32. */
static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size) {
    return a < b + b_size && b < a + a_size;
}

/* An output or the scratch may share bytes with no other tensor of the node, except in place. */
static bool check_overlap(const mg_check_t *c, bool in_place, uint32_t scratch) {
    uint32_t n = (uint32_t)c->n_inputs + c->n_outputs;
    for (uint32_t o = 0; o < n; o++) {
        const mg_tensor_t *out = &c->tensors[o];
        if (out->place == MG_PLACE_DATA) {
            continue;
        }
        if (c->scratch_size != 0 && overlap(out->offset, out->size, scratch, c->scratch_size)) {
            return false;
        }
        for (uint32_t i = 0; o >= c->n_inputs && i < o; i++) {
            const mg_tensor_t *in = &c->tensors[i];
            bool same = in->offset == out->offset && in->size == out->size;
            if (in->place != MG_PLACE_DATA && overlap(in->offset, in->size, out->offset, out->size)
                && !(same && i < c->n_inputs && in_place)) {
                return false;
            }
        }
    }
    return true;
}

bool mg_refuse_op(mg_error_t *error, uint32_t number, const char *name) {
    error->subject = name;
    return fail_with(error, MG_UNSUPPORTED, "this Midge was built without an op that the model needs, install a full "
                     "one or build with OPS_FROM=<model>: op", number, number);
}

/* The node at *at, which moves on to the next one. */
static bool check_node(const mg_model_t *m, uint32_t *at, mg_error_t *error) {
    const uint8_t *p = m->file + m->nodes + *at;
    uint32_t left = m->nodes_size - *at;
    if (left < NODE_SIZE || mg_load_u16(p + 2) > left || mg_load_u16(p + 2) % 4 != 0) {
        return corrupt(error, "a node ends behind its section: bytes left", left, NODE_SIZE);
    }
    const uint32_t size = mg_load_u16(p + 2);
    *at += size;
    const mg_op_t *op = mg_op_find(mg_load_u16(p));
    if (op == NULL) {
        uint32_t number = mg_load_u16(p);
        return number == 0 || number >= MG_OPS_END ? newer(error, "op", number, MG_OPS_END - 1)
                                                   : mg_refuse_op(error, number, mg_op_name(number));
    }
    mg_check_t c;
    c.n_inputs = p[4];
    c.n_outputs = p[5];
    uint32_t n = (uint32_t)c.n_inputs + c.n_outputs;
    uint32_t params_at = NODE_SIZE + 2 * (n + n % 2);
    if (n > MG_NODE_TENSORS || c.n_inputs == 0 || c.n_outputs == 0 || size != params_at + op->params_size) {
        return corrupt(error, "a node of the wrong size: bytes", size, params_at + op->params_size);
    }
    if (mg_load_u16(p + 6) != 0) {
        return newer(error, "node flags", mg_load_u16(p + 6), 0);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t index = mg_load_u16(p + NODE_SIZE + 2 * i);
        if (index >= m->n_tensors) {
            return corrupt(error, "a node names a tensor that is not there", index, m->n_tensors);
        }
        mg_tensor(m, index, &c.tensors[i]);
        if (i >= c.n_inputs && c.tensors[i].place == MG_PLACE_DATA) {
            return corrupt(error, "a node writes to a constant: tensor", index, 0);
        }
    }
    uint32_t scratch = mg_load_u32(p + 12);
    c.scratch_size = mg_load_u32(p + 16);
    if (!inside(scratch, c.scratch_size, m->arena_size) || scratch % MG_ARENA_ALIGN != 0) {
        return corrupt(error, "scratch outside the arena: offset", scratch, m->arena_size);
    }
    if (!check_overlap(&c, op->in_place, scratch)) {
        return corrupt(error, "a node's tensors overlap: scratch offset", scratch, 0);
    }
    memcpy(&c.params, p + params_at, op->params_size);
    c.data = m->file + m->data;
    c.data_size = m->data_size;
    c.error = error;
    return op->check(&c);
}

static bool check_sum(const mg_model_t *m, mg_error_t *error) {
    uint32_t crc = mg_crc32(0, m->file + 16, m->file_size - 16), wanted = mg_load_u32(m->file + 12);
    return crc == wanted || fail_with(error, MG_CORRUPT, "altered, upload it again: checksum", crc, wanted);
}

static bool open_file(mg_model_t *m, const void *file, size_t size, bool known, mg_error_t *error) {
    memset(m, 0, sizeof *m);
    clear(error);
    m->file = file;
    if (!check_size(m, size, error) || (!known && !check_sum(m, error)) || !check_header(m, error)
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
        if (end_index(m, i) >= m->n_tensors) {
            return corrupt(error, "an input or output that is not there: tensor", end_index(m, i), m->n_tensors);
        }
        mg_tensor(m, end_index(m, i), &t);
        if (t.place == MG_PLACE_DATA) {
            return corrupt(error, "an input or output is a constant: tensor", end_index(m, i), 0);
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
        return corrupt(error, "bytes behind the last node", m->nodes_size, at);
    }
    return true;
}

bool mg_model_open(mg_model_t *m, const void *file, size_t size, mg_error_t *error) {
    return open_file(m, file, size, false, error);
}

bool mg_model_open_known(mg_model_t *m, const void *file, size_t size, mg_error_t *error) {
    return open_file(m, file, size, true, error);
}

bool mg_model_bind(mg_model_t *m, void *arena, size_t size, mg_error_t *error) {
    clear(error);
    if (size < m->arena_size) {
        return fail_with(error, MG_NO_MEMORY, "the arena is too small: bytes",
                         size > UINT32_MAX ? UINT32_MAX : (uint32_t)size, m->arena_size);
    }
    if ((uintptr_t)arena % MG_ARENA_ALIGN != 0) {
        return fail_with(error, MG_MISALIGNED, "the arena must start on a multiple of 16, pass a whole bytearray: rest",
                         (uint32_t)((uintptr_t)arena % MG_ARENA_ALIGN), 0);
    }
    m->arena = arena;
    mg_reset(m);
    return true;
}

/* Appends to a text of limited size, always leaving room for the NUL. */
static size_t put_text(char *text, size_t at, size_t size, const char *s) {
    while (*s != 0 && at + 1 < size) {
        text[at++] = *s++;
    }
    return at;
}

static size_t put_number(char *text, size_t at, size_t size, uint32_t v) {
    char digits[11];
    size_t i = sizeof digits - 1;
    digits[i] = 0;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    return put_text(text, at, size, digits + i);
}

void mg_error_text(const mg_error_t *error, char *text, size_t size) {
    size_t at = 0;
    if (size == 0) {
        return;
    }
    if (error->node >= 0) {
        at = put_text(text, at, size, "node ");
        at = put_number(text, at, size, (uint32_t)error->node);
        at = put_text(text, at, size, ": ");
    }
    at = put_text(text, at, size, error->message == NULL ? "no error" : error->message);
    if (error->subject != NULL) {
        at = put_text(text, at, size, " ");
        at = put_number(text, at, size, error->found);
        at = put_text(text, at, size, " ");
        at = put_text(text, at, size, error->subject);
    }
    if (error->found != error->wanted) {
        at = put_text(text, at, size, ": found ");
        at = put_number(text, at, size, error->found);
        at = put_text(text, at, size, ", wanted ");
        at = put_number(text, at, size, error->wanted);
    }
    text[at] = 0;
}
