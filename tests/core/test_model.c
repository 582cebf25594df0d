/* SPDX-License-Identifier: MIT
 *
 * Sound files: opened, bound and run at every alignment, in an arena with guards around it.
 */
#include <string.h>

#include "check.h"
#include "exercise.h"

#define GUARD 64u
#define CANARY 0xc7

static uint8_t *copy_at(const seed_t *seed, uint32_t offset, uint8_t **base) {
    *base = allocate(offset + seed->size);
    memcpy(*base + offset, seed->bytes, seed->size);
    return *base + offset;
}

/* A NaN's sign and payload are the machine's own business. */
static void level_nans(const mg_tensor_t *tensor, void *data) {
    for (uint32_t i = 0; tensor->dtype == MG_FLOAT32 && i < tensor->size; i += 4) {
        float value;
        memcpy(&value, (uint8_t *)data + i, sizeof value);
        if (value != value) {
            memset((uint8_t *)data + i, 0xff, sizeof value);
        }
    }
}

/* A checksum over all outputs after a run from an arena of known content. */
static uint32_t run_seed(const seed_t *seed, uint32_t offset) {
    uint8_t *base, *file = copy_at(seed, offset, &base);
    mg_model_t model;
    mg_error_t error;
    uint32_t crc = 0;
    bool opened = mg_model_open(&model, file, seed->size, &error);
    if (CHECK(opened, "%s at %u: %s", seed->name, offset, opened ? "" : error.message)) {
        uint8_t *guarded = allocate(model.arena_size + 2 * GUARD), *arena = guarded + GUARD;
        memset(guarded, CANARY, model.arena_size + 2 * GUARD);
        random_seed(7);
        random_bytes(arena, model.arena_size);
        CHECK(mg_model_bind(&model, arena, model.arena_size, &error), "%s: %s", seed->name, error.message);
        mg_run(&model);
        for (uint32_t i = 0; i < model.n_outputs; i++) {
            mg_tensor_t out;
            mg_tensor(&model, mg_output(&model, i), &out);
            level_nans(&out, mg_tensor_data(&model, &out));
            crc = mg_crc32(crc, mg_tensor_data(&model, &out), out.size);
        }
        for (uint32_t i = 0; i < GUARD; i++) {
            CHECK(guarded[i] == CANARY, "%s: %u bytes before the arena", seed->name, GUARD - i);
            CHECK(arena[model.arena_size + i] == CANARY, "%s: %u bytes after the arena", seed->name, i);
        }
        free(guarded);
    }
    CHECK(memcmp(file, seed->bytes, seed->size) == 0, "%s: the run changed the file", seed->name);
    free(base);
    return crc;
}

static void any_alignment(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        if (!seeds[i].sound) {
            continue;
        }
        uint32_t aligned = run_seed(&seeds[i], 0);
        fprintf(digests, "seed %s %08x\n", seeds[i].name, aligned);
        for (uint32_t offset = 1; offset < 16; offset++) {
            CHECK(run_seed(&seeds[i], offset) == aligned, "%s: another output at offset %u", seeds[i].name, offset);
        }
    }
}

static void fenced_runs(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        for (uint32_t offset = 0; offset < 16; offset++) {
            mg_error_t error;
            uint8_t *base, *file = copy_at(&seeds[i], 0, &base);
            exercise_repair(file, seeds[i].size);
            exercise_t result = exercise(file, seeds[i].size, offset, &error);
            CHECK(!seeds[i].sound || result == EXERCISE_RAN, "%s: %d", seeds[i].name, (int)result);
            free(base);
        }
    }
}

static void arena_limits(void) {
    const seed_t *seed = seed_named("network");
    mg_model_t model;
    mg_error_t error;
    CHECK(mg_model_open(&model, seed->bytes, seed->size, &error), "network");
    uint8_t *arena = allocate(model.arena_size + 16);
    CHECK(!mg_model_bind(&model, arena, model.arena_size - 1, &error), "one byte too few");
    CHECK(error.status == MG_NO_MEMORY && error.found == model.arena_size - 1 && error.wanted == model.arena_size, "%s",
          error.message);
    CHECK(!mg_model_bind(&model, arena, 0, &error) && error.status == MG_NO_MEMORY, "no bytes");
    for (uint32_t offset = 1; offset < 16; offset++) {
        CHECK(!mg_model_bind(&model, arena + offset, model.arena_size, &error) && error.status == MG_MISALIGNED,
              "offset %u", offset);
    }
    CHECK(mg_model_bind(&model, arena, model.arena_size + 16, &error), "more than needed");
    free(arena);
}

static void facts(void) {
    const seed_t *seed = seed_named("network");
    mg_model_t model;
    mg_error_t error;
    CHECK(mg_model_open(&model, seed->bytes, seed->size, &error), "network");
    CHECK(model.n_labels == 3 && strcmp(mg_string(&model, model.labels), "idle") == 0, "labels");
    CHECK(strcmp(mg_string(&model, model.metadata), "source") == 0, "metadata");
    CHECK(strcmp(mg_string(&model, model.name), "seed") == 0, "name");
    CHECK(*mg_string(&model, 0) == 0 && *mg_string(&model, UINT32_MAX) == 0, "no string");
    mg_tensor_t input, output;
    mg_tensor(&model, mg_input(&model, 0), &input);
    mg_tensor(&model, mg_output(&model, 0), &output);
    CHECK(input.dtype == MG_INT8 && input.rank == 4 && input.size == 72, "input of %u bytes", input.size);
    CHECK(output.size == 3 && output.zero_point == -128, "output of %u bytes", output.size);
    uint32_t cursor = 0, stepped = 0, nodes = 0;
    mg_node_t node;
    while (mg_node_next(&model, &cursor, &node)) {
        nodes++;
    }
    CHECK(nodes == 7 && nodes == model.n_nodes && cursor == model.nodes_size, "%u nodes", nodes);
    uint8_t *arena = allocate(model.arena_size);
    memset(arena, 0, model.arena_size);
    CHECK(mg_model_bind(&model, arena, model.arena_size, &error), "bind");
    for (nodes = 0; mg_run_next(&model, &stepped); nodes++) {
    }
    CHECK(nodes == 7 && stepped == cursor, "stepped over %u nodes", nodes);
    free(arena);
}

/* What comes after file_size is not looked at. */
static void trailing_bytes(void) {
    const seed_t *seed = seed_named("network");
    uint8_t *longer = allocate(seed->size + 9);
    memcpy(longer, seed->bytes, seed->size);
    memset(longer + seed->size, 0xee, 9);
    mg_model_t model;
    mg_error_t error;
    CHECK(mg_model_open(&model, longer, seed->size + 9, &error), "refused");
    free(longer);
}

/* Without the checksum a constant may be altered, but no structure that counts. */
static void known_file(void) {
    const seed_t *seed = seed_named("network");
    uint8_t *altered = allocate(seed->size);
    memcpy(altered, seed->bytes, seed->size);
    mg_model_t model;
    mg_error_t error;
    altered[seed->size - 1] ^= 1u;
    CHECK(!mg_model_open(&model, altered, seed->size, &error) && error.status == MG_CORRUPT, "altered");
    CHECK(mg_model_check(&model, altered, seed->size, false, &error), "%s", error.message);
    altered[24] ^= 1u;
    CHECK(!mg_model_check(&model, altered, seed->size, false, &error), "a tensor too many");
    free(altered);
}

const test_t MODEL_TESTS[] = {
    {"any alignment", any_alignment},
    {"fenced runs", fenced_runs},
    {"arena limits", arena_limits},
    {"facts", facts},
    {"trailing bytes", trailing_bytes},
    {"known file", known_file},
    {NULL, NULL},
};
