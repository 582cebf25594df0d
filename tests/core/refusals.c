/* SPDX-License-Identifier: MIT */
#include "refusals.h"

#include <string.h>

uint32_t node_at(const uint8_t *file, uint32_t index) {
    uint32_t at = mg_load_u32(file + 40);
    for (; index != 0; index--) {
        at += mg_load_u16(file + at + 2);
    }
    return at;
}

static uint32_t place_of(const uint8_t *file, const edit_t *edit) {
    switch (edit->where) {
        case TENSOR: return mg_load_u32(file + 36) + edit->index * MG_TENSOR_SIZE;
        case NODE: return node_at(file, edit->index);
        case PARAMS: {
            uint32_t at = node_at(file, edit->index), n = (uint32_t)file[at + 4] + file[at + 5];
            return at + mg_params_at(n);
        }
        case INPUTS_OUTPUTS: return mg_load_u32(file + 48);
        case STRINGS: return mg_load_u32(file + 52);
        case DATA: return mg_load_u32(file + 60);
        default: return 0;
    }
}

static void check_refusal(const refusal_t *refusal, size_t index) {
    const seed_t *seed = seed_named(refusal->seed);
    uint8_t *file = allocate(seed->size);
    uint32_t at[4];
    memcpy(file, seed->bytes, seed->size);
    for (size_t i = 0; i < 4; i++) { /* all places first: an edit may move what the next one names */
        at[i] = place_of(file, &refusal->edits[i]) + refusal->edits[i].offset;
    }
    for (size_t i = 0; i < 4 && refusal->edits[i].where != NOWHERE; i++) {
        memcpy(file + at[i], &refusal->edits[i].value, refusal->edits[i].width);
    }
    exercise_repair(file, seed->size);
    mg_error_t error = {0};
    exercise_t result = exercise(file, seed->size, 0, &error);
    if (refusal->message == NULL) {
        CHECK(result == EXERCISE_RAN, "row %u, of %s: %s", (unsigned)index, refusal->seed, error.message);
    } else if (CHECK(result == EXERCISE_REFUSED, "refusal %u of %s: wanted \"%s\"", (unsigned)index, refusal->seed,
                     refusal->message)) {
        CHECK(strncmp(error.message, refusal->message, strlen(refusal->message)) == 0,
              "refusal %u of %s: got \"%s\", wanted \"%s\"", (unsigned)index, refusal->seed, error.message,
              refusal->message);
    }
    free(file);
}

void check_refusals(const refusal_t *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        check_refusal(&rows[i], i);
    }
}
