/* SPDX-License-Identifier: MIT
 *
 * The tests' few tools: a check that prints what it found, numbers that are random but always the
 * same, the seed models, and a maker of one-layer files.
 */
#ifndef MG_CHECK_H
#define MG_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "bytes.h"
#include "midge.h"
#include "ops.h"

/* CHECK(condition, format, ...) gives the condition and reports where it fails. */
#define CHECK(condition, ...) check_given((condition) || check_failed(__FILE__, __LINE__, #condition, __VA_ARGS__))

static inline bool check_given(bool condition) { /* may be ignored, unlike a bare expression */
    return condition;
}

bool check_failed(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

typedef struct {
    const char *name;
    void (*run)(void);
} test_t;

extern const test_t ARITHMETIC_TESTS[], MODEL_TESTS[], FILE_RULE_TESTS[], OP_RULE_TESTS[], HOSTILE_TESTS[],
    CONV_TESTS[], LAYER_TESTS[], SIGNAL_TESTS[], VECTOR_TESTS[], MOTION_TESTS[], SIGHT_TESTS[], LEARN_TESTS[],
    MUTATED_TESTS[], SIZES_TESTS[], CONV_F32_TESTS[], SOFT_FLOAT_TESTS[];

/* Pseudo-random: the same on every machine. between gives low to high, both included. */
void random_seed(uint32_t seed);
uint32_t random_u32(void);
int32_t random_between(int32_t low, int32_t high);
void random_bytes(void *p, size_t size);

/* round_half_away(floor(x * 2^max(shift, 0) * multiplier / 2^31 + 1/2) / 2^max(-shift, 0)), slowly:
 * by division, without a shift. */
int32_t slow_requantize(int32_t x, int32_t multiplier, int32_t shift);
int32_t slow_wrap(int64_t x);

typedef struct {
    char name[64];
    uint8_t *bytes;
    size_t size;
    bool sound; /* a model that must be accepted; otherwise a file that once broke something */
} seed_t;

extern seed_t seeds[];
extern size_t n_seeds;
const seed_t *seed_named(const char *name);

/* 16-aligned, exactly as large as asked for; ends the program where there is no memory. */
void *allocate(size_t size);

/* Where the tests write what must be the same under every backend: a line a layer. */
extern FILE *digests;

/* A file of one node. Tensor i is one-dimensional; its place in the arena is chosen by layer_file. */
typedef struct {
    uint16_t op;
    uint32_t n_inputs;
    uint32_t dtype[3], elements[3]; /* inputs, then the output */
    const void *params;
    const void *data;
    uint32_t data_size, scratch;
} layer_t;

uint8_t *layer_file(const layer_t *layer, size_t *size);

/* The scratch that the validator asks for where there is too little, otherwise 0. */
uint32_t layer_scratch(const layer_t *layer);

/* Checks the file, runs it on random inputs in an arena between canaries, and gives the arena; NULL
 * where it was refused. Inputs are what in_at(arena, file, i) points to before the run. */
typedef struct {
    mg_model_t model;
    uint8_t *file, *arena, *inputs[2];
    void *output;
    uint32_t output_size;
} layer_run_t;

bool layer_run(const layer_t *layer, layer_run_t *run);
void layer_free(layer_run_t *run);

#endif
