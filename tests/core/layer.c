/* SPDX-License-Identifier: MIT
 *
 * Files of one node, made and run in C, so that a test can draw thousands of layers at random.
 */
#include <string.h>

#include "check.h"
#include "exercise.h"

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
    uint32_t tensors = 80, nodes = tensors + 48 * n, node_size = 20 + 2 * round_up(n, 2) + params_size;
    uint32_t ends = nodes + node_size, strings = ends + round_up(2 * n, 4), data = round_up(strings + 1, 16);
    *size = data + layer->data_size;
    uint8_t *file = allocate(*size);
    memset(file, 0, *size);
    uint32_t arena = 0, node = nodes;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = tensors + 48 * i, bytes = layer->elements[i] * mg_dtype_size(layer->dtype[i]);
        put(file, at, 4, layer->dtype[i] | 1u << 8); /* rank 1 */
        put(file, at + 4, 4, arena);
        put(file, at + 8, 4, bytes);
        for (uint32_t d = 0; d < MG_MAX_RANK; d++) {
            put(file, at + 24 + 4 * d, 4, d == 0 ? layer->elements[i] : 1);
        }
        put(file, node + 20 + 2 * i, 2, i);
        put(file, ends + 2 * i, 2, i);
        arena += round_up(bytes, 16);
    }
    put(file, node, 2, layer->op);
    put(file, node + 2, 2, node_size);
    put(file, node + 4, 1, layer->n_inputs);
    put(file, node + 5, 1, 1);
    put(file, node + 12, 4, arena);
    put(file, node + 16, 4, layer->scratch);
    memcpy(file + node + 20 + 2 * round_up(n, 2), layer->params, params_size);
    if (layer->data_size != 0) {
        memcpy(file + data, layer->data, layer->data_size);
    }
    const uint32_t header[] = {(uint32_t)*size, 0, 0, arena + round_up(layer->scratch, 16), n | 1u << 16,
                               layer->n_inputs | 1u << 16, 0, tensors, nodes, node_size, ends, strings, 1, data,
                               layer->data_size, 0, 0, 0};
    memcpy(file, "MIDG\1\0\0\0", 8);
    memcpy(file + 8, header, sizeof header);
    put(file, 12, 4, mg_crc32(0, file + 16, *size - 16));
    return file;
}

uint32_t layer_scratch(layer_t layer) {
    size_t size;
    mg_model_t model;
    mg_error_t error;
    layer.scratch = 0;
    uint8_t *file = layer_file(&layer, &size);
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
    CHECK(exercise(run->file, size, (uint32_t)size % 16, &error) != EXERCISE_REFUSED, "op %u refused elsewhere", layer->op);
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
    fprintf(digests, "op %u %u %08x\n", layer->op, run->output_size, mg_crc32(0, run->output, run->output_size));
    size_t output = (size_t)((uint8_t *)run->output - arena), after = output + run->output_size;
    size_t scratch = arena_size - round_up(layer->scratch, 16), behind = scratch + layer->scratch;
    CHECK(memcmp(before, arena, output) == 0, "op %u: wrote to its inputs", layer->op);
    CHECK(memcmp(before + after, arena + after, scratch - after) == 0, "op %u: wrote behind its output", layer->op);
    CHECK(memcmp(before + behind, arena + behind, arena_size - behind) == 0, "op %u: behind its scratch", layer->op);
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
