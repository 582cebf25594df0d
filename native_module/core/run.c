/* SPDX-License-Identifier: MIT
 *
 * Walks the nodes of a validated file. Nothing here can fail.
 */
#include "bytes.h"
#include "format.h"
#include "ops.h"

static void *locate(const mg_model_t *model, uint32_t place, uint32_t offset) {
    /* Constants are never written: the validator lets no node have one as its output. */
    return place != MG_PLACE_DATA ? model->arena + offset : (uint8_t *)(uintptr_t)(model->file + model->data + offset);
}

void *mg_tensor_data(const mg_model_t *model, const mg_tensor_t *tensor) {
    return MG_SEES && tensor->place == MG_PLACE_OUTSIDE ? NULL : locate(model, tensor->place, tensor->offset);
}

void mg_reset(const mg_model_t *model) {
    for (uint32_t i = 0; i < model->n_tensors; i++) {
        mg_tensor_t t;
        mg_tensor(model, i, &t);
        if (t.place != MG_PLACE_STATE) {
            continue;
        }
        if (t.initial != MG_ZEROS) {
            memcpy(model->arena + t.offset, model->file + model->data + t.initial, t.size);
            continue;
        }
        /* Zeros, as the dtype has them: no float but 0.0 is all bytes zero, no integer but its zero point. */
        uint32_t element = mg_dtype_size(t.dtype);
        int64_t zero = t.dtype == MG_FLOAT32 ? 0 : t.zero_point;
        for (uint32_t at = 0; at < t.size; at += element) {
            memcpy(model->arena + t.offset + at, &zero, element); /* little-endian: the low bytes */
        }
    }
}

bool mg_node_next(const mg_model_t *model, uint32_t *cursor, mg_node_t *node) {
    if (*cursor >= model->nodes_size) {
        return false;
    }
    const uint8_t *p = model->file + model->nodes + *cursor;
    node->op = mg_load_u16(p);
    node->n_inputs = p[MG_NODE_INPUTS];
    node->n_outputs = p[MG_NODE_OUTPUTS];
    node->name = mg_load_u32(p + MG_NODE_NAME);
    node->tensors = p + MG_NODE_SIZE;
    *cursor += mg_load_u16(p + MG_NODE_RECORD_SIZE);
    return true;
}

bool mg_run_next(const mg_model_t *model, uint32_t *cursor) {
    const uint8_t *p = model->file + model->nodes + *cursor;
    mg_node_t node;
    if (!mg_node_next(model, cursor, &node)) {
        return false;
    }
    const mg_op_t *op = mg_op_find(node.op);
    mg_call_t call;
    uint32_t n = (uint32_t)node.n_inputs + node.n_outputs;
    for (uint32_t i = 0; i < n; i++) { /* of the records only what is needed, not copied whole */
        const uint8_t *record = model->file + model->tensors + mg_load_u16(node.tensors + 2 * i) * MG_TENSOR_SIZE;
        void *data =
            locate(model, record[offsetof(mg_tensor_t, place)], mg_load_u32(record + offsetof(mg_tensor_t, offset)));
        if (i < node.n_inputs) {
            call.in[i] = data;
        } else {
            call.out[i - node.n_inputs] = data;
        }
        if (i == node.n_inputs) {
            call.out_size = mg_load_u32(record + offsetof(mg_tensor_t, size));
        }
    }
    call.scratch = model->arena + mg_load_u32(p + MG_NODE_SCRATCH);
    call.scratch_size = mg_load_u32(p + MG_NODE_SCRATCH_SIZE);
    call.data = model->file + model->data;
    call.seen = 0; /* of a picture, mg_see has told */
    /* Copied, because the file may be at an odd address that the core cannot load words from. */
    memcpy(&call.params, p + mg_params_at(n), op->params_size);
    op->run(&call);
    return true;
}

#if MG_SEES
/* The record of a tensor that the first node names. */
static const uint8_t *record_of(const mg_model_t *model, uint32_t i) {
    const uint8_t *index = model->file + model->nodes + MG_NODE_SIZE + 2 * i;
    return model->file + model->tensors + mg_load_u16(index) * MG_TENSOR_SIZE;
}

/* The first node is IMAGE, from the picture to an image and a state, which starts with the number of the next row; it is
 * called for each row, so that nothing is looked up which is known. */
uint32_t mg_see(const mg_model_t *model, const void *rows, uint32_t size) {
    const uint8_t *picture = record_of(model, 0);
    uint32_t *state = (void *)(model->arena + mg_load_u32(record_of(model, 2) + offsetof(mg_tensor_t, offset)));
    if (size != 0) {
        mg_call_t call;
        call.in[0] = rows;
        call.seen = size;
        call.out[0] = model->arena + mg_load_u32(record_of(model, 1) + offsetof(mg_tensor_t, offset));
        call.out[1] = state;
        call.data = model->file + model->data;
        mg_image_see(&call, model->file + model->nodes + mg_params_at(3));
    }
    uint32_t height = mg_load_u32(picture + offsetof(mg_tensor_t, dims));
    return height > *state ? height - *state : 0;
}
#endif

void mg_run(const mg_model_t *model) {
    uint32_t cursor = 0;
    while (mg_run_next(model, &cursor)) {
    }
}
