/* SPDX-License-Identifier: MIT
 *
 * libFuzzer on the validator and the kernels: the input is a file, its checksum is set right first.
 * The low bits of the input's checksum field choose how far from a multiple of 16 the file lies.
 *
 * Blind changes seldom leave a file that is accepted, since shapes stand in the tensors and in the
 * parameters. So the mutator alters whole fields, and often makes the rest of the file agree.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "exercise.h"
#include "ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#define HEADER_SIZE 80u
#define TENSOR_SIZE 48u
#define NODE_SIZE 20u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mg_error_t error;
    uint8_t *file = malloc(size + 1);
    if (size != 0) {
        memcpy(file, data, size);
    }
    exercise_repair(file, size);
    exercise(file, size, size >= HEADER_SIZE ? data[12] % 16u : 0, &error);
    free(file);
    return 0;
}

static uint32_t state;

static uint32_t draw(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (uint32_t)((uint64_t)state * below >> 32);
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* A file whose sections lie inside it, so that its records can be found. */
typedef struct {
    uint8_t *bytes;
    uint32_t size, tensors, n_tensors, nodes, n_nodes, data_size;
} file_t;

static bool read_file(file_t *f, uint8_t *bytes, size_t size) {
    if (size < HEADER_SIZE || size > INT32_MAX) {
        return false;
    }
    *f = (file_t){bytes, (uint32_t)size, mg_load_u32(bytes + 36), mg_load_u16(bytes + 24), mg_load_u32(bytes + 40),
                  mg_load_u16(bytes + 26), mg_load_u32(bytes + 64)};
    return f->tensors <= size && f->n_tensors * TENSOR_SIZE <= size - f->tensors && f->nodes <= size;
}

static void put(uint8_t *at, uint32_t width, uint32_t value) {
    memcpy(at, &value, width);
}

/* The record of a node, NULL where the chain of sizes leaves the file. */
static uint8_t *node_record(const file_t *f, uint32_t index) {
    uint32_t at = f->nodes;
    for (;; index--) {
        if (f->size - at < NODE_SIZE) {
            return NULL;
        }
        uint32_t size = mg_load_u16(f->bytes + at + 2);
        if (size < NODE_SIZE || size > f->size - at) {
            return NULL;
        }
        if (index == 0) {
            return f->bytes + at;
        }
        at += size;
    }
}

static uint32_t interesting(uint32_t old, const file_t *f) {
    static const uint32_t VALUES[] = {0, 1, 2, 3, 15, 16, 31, 127, 128, 255, 256, 4095, 32767, 32768, 65535, 65536,
                                      1u << 24, 0x7ffffffeu, 0x7fffffffu, 0x80000000u, 0x80000001u, 0xfffffff0u,
                                      0xfffffffeu, 0xffffffffu};
    switch (draw(8)) {
        case 0: return old + 1;
        case 1: return old - 1;
        case 2: return old * 2;
        case 3: return 0u - old;
        case 4: return mg_load_u32(f->bytes + draw(f->size - 3)); /* a number from elsewhere in the file */
        case 5: return draw(20);
        case 6: return old ^ 1u << draw(32);
        default: return VALUES[draw(sizeof VALUES / sizeof VALUES[0])];
    }
}

static void alter_field(const file_t *f) {
    uint8_t *record = f->bytes;
    uint32_t from = 16, to = HEADER_SIZE; /* bytes of the record that may change */
    uint32_t kind = draw(8);
    if (kind == 0 && f->n_tensors != 0) {
        record += f->tensors + draw(f->n_tensors) * TENSOR_SIZE;
        from = 0;
        to = TENSOR_SIZE;
    } else if (kind > 1 && f->n_nodes != 0) {
        record = node_record(f, draw(least(f->n_nodes, 64)));
        if (record == NULL) {
            return;
        }
        to = mg_load_u16(record + 2);
        uint32_t params = NODE_SIZE + 2 * ((record[4] + record[5] + 1u) & ~1u);
        from = kind > 3 && params < to ? params : 0;
    }
    uint32_t width = 1u << draw(3), at = from + draw((to - from) / width) * width;
    uint32_t old = 0;
    if (at + width <= to) {
        memcpy(&old, record + at, width);
        put(record + at, width, interesting(old, f));
    }
}

/* Now and then a number of any size, otherwise one of 1 to `most`. */
static uint32_t tame(uint32_t value, uint32_t most) {
    return most == 0 || draw(200) == 0 ? value : value >= 1 && value <= most ? value : 1 + value % most;
}

#define TAME(field, most) (field) = (uint16_t)tame(field, most)

static void tame_axis(uint16_t *in, uint16_t *out, uint16_t *kernel, uint16_t *stride, uint16_t *dilation,
                          uint16_t *pad) {
    *in = (uint16_t)tame(*in, 24);
    *kernel = (uint16_t)tame(*kernel, 7);
    *stride = (uint16_t)tame(*stride, 5);
    *dilation = (uint16_t)tame(*dilation, 4);
    uint32_t reach = (uint32_t)(*kernel != 0 ? *kernel - 1 : 0) * *dilation;
    *pad = (uint16_t)(*pad % (reach + 1));
    *out = (uint16_t)tame(*out, (*in + *pad - 1u) / (*stride != 0 ? *stride : 1u) + 1u);
}

/* Makes parameters plausible and gives the elements that the tensors must then have; false for ops whose
 * parameters it does not know. */
static bool tame_params(uint32_t op, mg_params_t *p, uint32_t elements[3], uint32_t data_size) {
    uint16_t one = 1;
    switch (op) {
        case MG_OP_CONV_2D:
        case MG_OP_DEPTHWISE_CONV_2D:
            tame_axis(&p->conv.in_h, &p->conv.out_h, &p->conv.kernel_h, &p->conv.stride_h, &p->conv.dilation_h,
                      &p->conv.pad_top);
            tame_axis(&p->conv.in_w, &p->conv.out_w, &p->conv.kernel_w, &p->conv.stride_w, &p->conv.dilation_w,
                      &p->conv.pad_left);
            TAME(p->conv.batches, 2);
            TAME(p->conv.in_c, 12);
            TAME(p->conv.out_c, 12);
            if (draw(50) != 0) {
                p->conv.layout %= 5;
            }
            if (op == MG_OP_DEPTHWISE_CONV_2D) {
                p->conv.out_c = (uint16_t)(p->conv.in_c * (1 + p->conv.out_c % 3));
            }
            if (p->conv.weights_at >= data_size) {
                p->conv.weights_at = 0;
            }
            elements[0] = (uint32_t)p->conv.batches * p->conv.in_h * p->conv.in_w * p->conv.in_c;
            elements[1] = (uint32_t)p->conv.batches * p->conv.out_h * p->conv.out_w * p->conv.out_c;
            break;
        case MG_OP_MAX_POOL_2D:
        case MG_OP_AVERAGE_POOL_2D:
            tame_axis(&p->pool.in_h, &p->pool.out_h, &p->pool.kernel_h, &p->pool.stride_h, &one, &p->pool.pad_top);
            one = 1;
            tame_axis(&p->pool.in_w, &p->pool.out_w, &p->pool.kernel_w, &p->pool.stride_w, &one, &p->pool.pad_left);
            TAME(p->pool.batches, 3);
            TAME(p->pool.channels, 20);
            elements[0] = (uint32_t)p->pool.batches * p->pool.in_h * p->pool.in_w * p->pool.channels;
            elements[1] = (uint32_t)p->pool.batches * p->pool.out_h * p->pool.out_w * p->pool.channels;
            break;
        case MG_OP_ADD:
        case MG_OP_MUL:
            elements[0] = elements[1] = elements[2] = 1;
            for (uint32_t i = 0; i < 5; i++) {
                uint32_t d = p->binary.dims[i] = tame(p->binary.dims[i], 6);
                p->binary.a_stride[i] = d == 1 ? 0 : p->binary.a_stride[i] % 300;
                p->binary.b_stride[i] = d == 1 ? 0 : p->binary.b_stride[i] % 300;
                elements[0] += (d - 1) * p->binary.a_stride[i];
                elements[1] += (d - 1) * p->binary.b_stride[i];
                elements[2] *= d;
            }
            break;
        case MG_OP_SOFTMAX:
            p->softmax.rows = tame(p->softmax.rows, 8);
            p->softmax.depth = tame(p->softmax.depth, draw(20) == 0 ? 4096 : 50);
            p->softmax.table_size = least(p->softmax.table_size, data_size / 4);
            elements[0] = elements[1] = p->softmax.rows * p->softmax.depth;
            break;
        case MG_OP_MEAN:
            elements[0] = elements[1] = 1;
            for (uint32_t i = 3; i-- != 0;) {
                uint32_t k = p->reduce.keep_dims[i] = tame(p->reduce.keep_dims[i], 6);
                p->reduce.keep_stride[i] = k == 1 ? 0 : elements[0];
                elements[0] *= k;
                elements[1] *= k;
                uint32_t r = p->reduce.reduce_dims[i] = tame(p->reduce.reduce_dims[i], 6);
                p->reduce.reduce_stride[i] = r == 1 ? 0 : elements[0];
                elements[0] *= r;
            }
            break;
        case MG_OP_COPY: {
            int32_t first[2] = {0, 0};
            uint32_t last[2] = {0, 0};
            for (uint32_t i = 0; i < 5; i++) {
                uint32_t d = p->copy.dims[i] = tame(p->copy.dims[i], 6);
                int32_t *strides[2] = {&p->copy.in_stride[i], &p->copy.out_stride[i]};
                for (uint32_t j = 0; j < 2; j++) {
                    int32_t s = *strides[j] = d == 1 ? 0 : *strides[j] % 200;
                    uint32_t reach = (d - 1) * (uint32_t)(s < 0 ? -s : s);
                    first[j] += s < 0 ? (int32_t)reach : 0;
                    last[j] += reach;
                }
            }
            p->copy.in_start = (uint32_t)first[0];
            p->copy.out_start = (uint32_t)first[1];
            p->copy.fill %= 2;
            elements[0] = last[0] + 1;
            elements[1] = last[1] + 1;
            for (uint32_t i = 0, n = 1; i < 5; i++) {
                n *= p->copy.dims[i];
                elements[1] = n > elements[1] ? n : elements[1];
            }
            break;
        }
        case MG_OP_LUT: elements[0] = elements[1] = p->lut.count = tame(p->lut.count, 500); break;
        case MG_OP_QUANTIZE:
        case MG_OP_DEQUANTIZE: elements[0] = elements[1] = p->affine.count = tame(p->affine.count, 100); break;
        default: return false;
    }
    return true;
}

/* Lets the tensors of a node have the sizes that its parameters ask for, one behind the other. */
static void conform_node(const file_t *f, uint8_t *record, uint32_t *arena) {
    const mg_op_t *op = mg_op_find(mg_load_u16(record));
    uint32_t n = (uint32_t)record[4] + record[5], at = NODE_SIZE + 2 * (n + n % 2), size = mg_load_u16(record + 2);
    if (op == NULL || n > 3 || size != at + op->params_size) {
        return;
    }
    mg_params_t params;
    uint32_t elements[3] = {1, 1, 1};
    memcpy(&params, record + at, op->params_size);
    if (!tame_params(op->number, &params, elements, f->data_size)) {
        return;
    }
    memcpy(record + at, &params, op->params_size);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t index = mg_load_u16(record + NODE_SIZE + 2 * i);
        if (index >= f->n_tensors) {
            return;
        }
        uint8_t *t = f->bytes + f->tensors + index * TENSOR_SIZE;
        uint32_t bytes = elements[i] * mg_dtype_size(t[0]);
        t[1] = 1;
        put(t + 8, 4, bytes);
        for (uint32_t d = 0; d < MG_MAX_RANK; d++) {
            put(t + 24 + 4 * d, 4, d == 0 ? elements[i] : 1);
        }
        if (t[2] == MG_PLACE_ARENA && bytes < 1u << 20) {
            put(t + 4, 4, *arena);
            *arena += (bytes + 15) & ~15u;
        }
        if (op->number == MG_OP_COPY) {
            put(record + at + offsetof(mg_copy_params_t, element_size), 2, mg_dtype_size(t[0]));
        }
    }
    put(record + 12, 4, *arena);
    put(record + 16, 4, 0);
}

/* Gives each node the scratch that the validator asks for, and not a byte more. */
static void give_scratch(const file_t *f) {
    mg_model_t model;
    mg_error_t error;
    exercise_repair(f->bytes, f->size);
    for (uint32_t i = 0; i < 8 && !mg_model_open(&model, f->bytes, f->size, &error); i++) {
        uint8_t *record = error.node >= 0 ? node_record(f, (uint32_t)error.node) : NULL;
        if (record == NULL || strncmp(error.message, "too little scratch", 18) != 0 || error.wanted > 1u << 20) {
            break;
        }
        uint32_t arena = mg_load_u32(f->bytes + 20);
        put(record + 12, 4, arena);
        put(record + 16, 4, error.wanted);
        put(f->bytes + 20, 4, arena + ((error.wanted + 15) & ~15u));
        exercise_repair(f->bytes, f->size);
    }
}

static void conform(const file_t *f) {
    /* Where a node is of an op that stays as it is, so do the bytes that it uses. */
    uint32_t arena = 0, all = mg_load_u32(f->bytes + 20);
    for (uint32_t i = 0; i < least(f->n_nodes, 64); i++) {
        const uint8_t *record = node_record(f, i);
        if (record != NULL && mg_load_u16(record) > MG_OP_DEQUANTIZE && all < 1u << 20) {
            arena = (all + 15) & ~15u;
        }
    }
    for (uint32_t i = 0; i < least(f->n_nodes, 64); i++) {
        uint8_t *record = node_record(f, i);
        if (record == NULL) {
            break;
        }
        conform_node(f, record, &arena);
    }
    put(f->bytes + 20, 4, arena);
    give_scratch(f);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    file_t f;
    state = seed * 2654435761u | 1u;
    if (draw(4) == 0 || !read_file(&f, data, size)) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (uint32_t i = draw(3) + 1; i != 0 && read_file(&f, data, size); i--) {
        alter_field(&f);
    }
    if (draw(2) == 0 && read_file(&f, data, size)) {
        conform(&f);
    }
    return size;
}
