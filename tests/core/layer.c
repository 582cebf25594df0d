/* SPDX-License-Identifier: MIT
 *
 * Files of one node, made and run in C, so that a test can draw thousands of layers at random.
 */
#include <string.h>

#include "check.h"
#include "exercise.h"
#include "format.h"

#define GUARD 64u
#define CANARY 0xc7

static void put(uint8_t *file, uint32_t at, uint32_t width, uint32_t value) {
    memcpy(file + at, &value, width);
}

static uint32_t round_up(uint32_t x, uint32_t to) {
    return (x + to - 1) / to * to;
}

uint8_t *layer_file(const layer_t *layer, size_t *size) {
    uint32_t n = layer->n_inputs + 1, params_size = mg_op_find(layer->op)->params_size;
    uint32_t tensors = MG_HEADER_SIZE, nodes = tensors + MG_TENSOR_SIZE * n, node_size = mg_params_at(n) + params_size;
    uint32_t indices = nodes + node_size, strings = indices + round_up(2 * n, 4), data = round_up(strings + 1, 16);
    *size = data + layer->data_size;
    uint8_t *file = allocate(*size);
    memset(file, 0, *size);
    uint32_t arena = 0, node = nodes;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = layer->elements[i] * mg_dtype_size(layer->dtype[i]);
        mg_tensor_t tensor = {.dtype = (uint8_t)layer->dtype[i],
                              .rank = 1,
                              .offset = arena,
                              .size = bytes,
                              .dims = {layer->elements[i], 1, 1, 1, 1, 1},
                              .initial = MG_ZEROS};
        memcpy(file + tensors + MG_TENSOR_SIZE * i, &tensor, sizeof tensor);
        put(file, node + MG_NODE_SIZE + 2 * i, 2, i);
        put(file, indices + 2 * i, 2, i);
        arena += round_up(bytes, 16);
    }
    put(file, node, 2, layer->op);
    put(file, node + MG_NODE_RECORD_SIZE, 2, node_size);
    put(file, node + MG_NODE_INPUTS, 1, layer->n_inputs);
    put(file, node + MG_NODE_OUTPUTS, 1, 1);
    put(file, node + MG_NODE_SCRATCH, 4, arena);
    put(file, node + MG_NODE_SCRATCH_SIZE, 4, layer->scratch);
    memcpy(file + node + mg_params_at(n), layer->params, params_size);
    if (layer->data_size != 0) {
        memcpy(file + data, layer->data, layer->data_size);
    }
    const uint32_t kept[] = {arena + round_up(layer->scratch, 16),
                             n | 1u << 16,
                             layer->n_inputs | 1u << 16,
                             0,
                             tensors,
                             nodes,
                             node_size,
                             indices,
                             strings,
                             1,
                             data,
                             layer->data_size,
                             0,
                             0,
                             0};
    memcpy(file + MG_HEADER_KEPT, kept, sizeof kept);
    exercise_repair(file, *size);
    return file;
}

uint32_t layer_scratch(const layer_t *layer) {
    size_t size;
    mg_model_t model;
    mg_error_t error;
    uint8_t *file = layer_file(layer, &size);
    bool enough = mg_model_open(&model, file, size, &error);
    free(file);
    return !enough && strncmp(error.message, "too little scratch", 18) == 0 ? error.wanted : 0;
}

bool layer_run(const layer_t *layer, layer_run_t *run) {
    size_t size;
    mg_error_t error;
    memset(run, 0, sizeof *run);
    run->file = layer_file(layer, &size);
    if (!mg_model_open(&run->model, run->file, size, &error)) {
        char text[160];
        mg_error_text(&error, text, sizeof text);
        layer_free(run);
        return CHECK(false, "op %u refused: %s", layer->op, text);
    }
    uint32_t arena_size = run->model.arena_size;
    run->arena = allocate(arena_size + 2 * GUARD);
    memset(run->arena, CANARY, arena_size + 2 * GUARD);
    uint8_t *arena = run->arena + GUARD;
    random_bytes(arena, arena_size);
    exercise_t fenced = exercise(run->file, size, (uint32_t)size % 16, &error);
    CHECK(fenced != EXERCISE_REFUSED, "op %u refused at another address", layer->op);
    CHECK(mg_model_bind(&run->model, arena, arena_size, &error), "%s", error.message);
    for (uint32_t i = 0; i <= layer->n_inputs; i++) {
        mg_tensor_t t;
        mg_tensor(&run->model, i, &t);
        if (i < layer->n_inputs) {
            run->inputs[i] = mg_tensor_data(&run->model, &t);
        } else {
            run->output = mg_tensor_data(&run->model, &t);
            run->output_size = t.size;
        }
    }
    uint8_t *before = allocate(arena_size);
    memcpy(before, arena, arena_size);
    if (layer->dtype[0] == MG_FLOAT32) { /* random bits are few ordinary numbers */
        for (uint32_t i = 0; i < layer->elements[0]; i++) {
            float value = (float)random_between(-100000, 100000) / 512.0f;
            memcpy(before + 4 * i, &value, 4);
        }
        memcpy(arena, before, arena_size);
    }
    mg_run(&run->model);
    if (arena_size < 1u << 22) { /* boards have no room for more */
        fprintf(digests, "op %u %u %08x\n", layer->op, run->output_size, mg_crc32(0, run->output, run->output_size));
    }
    size_t output = (size_t)((uint8_t *)run->output - arena), after = output + run->output_size;
    size_t scratch = arena_size - round_up(layer->scratch, 16), beyond = scratch + layer->scratch;
    CHECK(memcmp(before, arena, output) == 0, "op %u: wrote to its inputs", layer->op);
    CHECK(memcmp(before + after, arena + after, scratch - after) == 0, "op %u: wrote after its output", layer->op);
    CHECK(memcmp(before + beyond, arena + beyond, arena_size - beyond) == 0, "op %u: after its scratch", layer->op);
    for (uint32_t i = 0; i < GUARD; i++) {
        CHECK(run->arena[i] == CANARY && arena[arena_size + i] == CANARY, "op %u: outside the arena", layer->op);
    }
    free(before);
    return true;
}

void layer_free(layer_run_t *run) {
    free(run->file);
    free(run->arena);
}
