/* SPDX-License-Identifier: MIT
 *
 * Bare metal: runs the model that QEMU has put at MODEL_ADDRESS, on the inputs that it has put where they
 * belong in the arena at ARENA_ADDRESS, with a mark before and after each thing that is counted. The counter
 * (counter.c) writes a line per mark: start-up, an empty stretch (what a mark itself costs), opening with and
 * without the checksum, binding, and then each node.
 */
#include "ops.h"

#include "board.h"

static void print_row(const char *name, uint32_t v) {
    char line[48], digits[10];
    uint32_t n = 0, i = 0;
    while (*name != 0) {
        line[n++] = *name++;
    }
    line[n++] = ' ';
    do {
        digits[i++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    while (i != 0) {
        line[n++] = digits[--i];
    }
    line[n++] = '\n';
    line[n] = 0;
    print(line);
}

__attribute__((noinline, noclone, used)) void mark(void) {
    __asm__ volatile("" ::: "memory");
}

/* Takes a picture, which is after the arena, row by row. */
static void see(const mg_model_t *model, const mg_tensor_t *picture) {
    const uint8_t *at = (const uint8_t *)ARENA_ADDRESS + model->arena_size;
    uint32_t row = picture->size / picture->dims[0];
    for (uint32_t y = 0; y < picture->dims[0]; y++) {
        mg_see(model, at + y * row, row);
    }
}

void program(void) {
    static mg_model_t model; /* not on the stack: it is no part of what is measured */
    static mg_error_t error;
    mark();
    mark();
    bool sound = mg_model_open(&model, (const void *)MODEL_ADDRESS, MODEL_BYTES, &error);
    mark();
    sound = sound && mg_model_check(&model, (const void *)MODEL_ADDRESS, MODEL_BYTES, false, &error);
    mark();
    sound = sound && mg_model_bind(&model, (void *)ARENA_ADDRESS, ARENA_BYTES, &error);
    mg_tensor_t in = {.place = MG_PLACE_ARENA};
    if (sound) {
        mg_tensor(&model, mg_input(&model, 0), &in);
    }
    mark();
    if (!sound) {
        char text[160];
        mg_error_text(&error, text, sizeof text);
        print("error ");
        print(text);
        print("\n");
        return;
    }
    uint32_t cursor = 0;
    if (MG_SEES && in.place == MG_PLACE_OUTSIDE) {
        see(&model, &in);
        mark(); /* the first node has run: without a picture it does next to nothing */
        mg_run_next(&model, &cursor);
    }
    while (mg_run_next(&model, &cursor)) {
        mark();
    }
    /* A checksum of the outputs, which the host compares with its own. */
    uint32_t crc = 0;
    for (uint32_t i = 0; i < model.n_outputs; i++) {
        mg_tensor_t out;
        mg_tensor(&model, mg_output(&model, i), &out);
        crc = mg_crc32(crc, mg_tensor_data(&model, &out), out.size);
    }
    print_row("crc", crc);
}
