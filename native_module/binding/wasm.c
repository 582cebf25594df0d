/* SPDX-License-Identifier: MIT
 *
 * The core in a browser: one model at a time, in memory that grows. The page writes a file to where file_room
 * tells, and then inputs to where input_room does, and reads scores. All else is the core as boards have it.
 */
#include <string.h>

#include "../core/midge.h"

#define EXPORTED(name) __attribute__((export_name(#name)))
#define PAGE 65536u
#define MOST_PAGES 65536u /* that 32 bits reach */

extern unsigned char __heap_base;

static mg_model_t model;
static mg_tensor_t input, output;
static mg_quantizer_t quantizer;
static uint8_t *window; /* the next input, quantised */
static float *samples;  /* what is pushed into it, as many as it has values */
static char said[200];

/* Room for so many bytes from where the stack ends on, in place of what was there; NULL where there is none. */
static uint8_t *room(uint64_t from, uint32_t bytes) {
    uint64_t start = ((uint32_t)&__heap_base + from + MG_ARENA_ALIGN - 1) / MG_ARENA_ALIGN * MG_ARENA_ALIGN;
    uint64_t pages = (start + bytes + PAGE - 1) / PAGE, there = __builtin_wasm_memory_size(0);
    if (pages > MOST_PAGES || (pages > there && __builtin_wasm_memory_grow(0, (size_t)(pages - there)) == (size_t)-1)) {
        return NULL;
    }
    return (uint8_t *)(uint32_t)start;
}

/* Where to write a file of so many bytes. */
EXPORTED(file_room) uint8_t *file_room(uint32_t size) {
    return room(0, size);
}

/* Checks the file that was written there and gets ready; NULL, or what is wrong. */
EXPORTED(load) const char *load(uint8_t *file, uint32_t size) {
    mg_error_t error;
    if (!mg_model_open(&model, file, size, &error)) {
        mg_error_text(&error, said, sizeof said);
        return said;
    }
    if (model.n_inputs != 1 || model.n_outputs < 1) {
        return "wanted a model of one input";
    }
    mg_tensor(&model, mg_input(&model, 0), &input);
    mg_tensor(&model, mg_output(&model, 0), &output);
    const uint32_t values = input.size / mg_dtype_size(input.dtype);
    const uint64_t rest = (uint64_t)(file - &__heap_base) + size, reals = (uint64_t)values * sizeof(float);
    const uint64_t after = rest + MG_ARENA_ALIGN + input.size;
    window = room(rest, input.size);
    samples = reals > UINT32_MAX ? NULL : (float *)room(after, (uint32_t)reals);
    uint8_t *arena = room(after + MG_ARENA_ALIGN + reals, model.arena_size);
    if (window == NULL || samples == NULL || arena == NULL) {
        return "this browser has no room for the model";
    }
    memset(window, 0, input.size);
    if (!mg_model_bind(&model, arena, model.arena_size, &error)) {
        mg_error_text(&error, said, sizeof said);
        return said;
    }
    mg_quantizer(&quantizer, &input);
    return NULL;
}

/* Where to write inputs: raw ones of input_size bytes, or floats, which push quantises. */
EXPORTED(input_room) void *input_room(bool raw) {
    return raw ? (void *)window : (void *)samples;
}

EXPORTED(input_size) uint32_t input_size(void) {
    return input.size;
}

EXPORTED(input_values) uint32_t input_values(void) {
    return input.size / mg_dtype_size(input.dtype);
}

/* Slides the window on by n of the floats, as a board does with what its sensor gives. n: at most input_values. */
EXPORTED(push) void push(uint32_t n) {
    const uint32_t values = input_values(), kept = values - n;
    memmove(window, window + n * mg_dtype_size(input.dtype), kept * mg_dtype_size(input.dtype));
    mg_write_reals(&quantizer, window, kept, samples, n);
}

/* Runs the model on the window. */
EXPORTED(run) void run(void) {
    if (input.place == MG_PLACE_OUTSIDE) {
        (void)mg_see(&model, window, input.size);
    } else {
        memcpy(mg_tensor_data(&model, &input), window, input.size);
    }
    mg_run(&model);
}

/* Has the next run be the first one of a sequence. */
EXPORTED(reset) void reset(void) {
    mg_reset(&model);
}

EXPORTED(scores) uint32_t scores(void) {
    return output.size / mg_dtype_size(output.dtype);
}

EXPORTED(score) float score(uint32_t i) {
    return mg_read_real(&output, mg_tensor_data(&model, &output), i);
}

/* Output 0 as it is, and its size. */
EXPORTED(output_data) const void *output_data(void) {
    return mg_tensor_data(&model, &output);
}

EXPORTED(output_size) uint32_t output_size(void) {
    return output.size;
}

EXPORTED(label_count) uint32_t label_count(void) {
    return model.n_labels;
}

/* NUL-terminated texts one after the other: the labels; keys and values by turns, "" at the end. */
EXPORTED(labels) const char *labels(void) {
    return mg_string(&model, model.labels);
}

EXPORTED(metadata) const char *metadata(void) {
    return mg_string(&model, model.metadata);
}
