/* SPDX-License-Identifier: MIT
 *
 * The op table as C: op numbers, parameter structs, kernel prototypes. Everything here is generated
 * from ../ops.def by the preprocessor.
 */
#ifndef MG_OPS_H
#define MG_OPS_H

#include "midge.h"

/* The ops and weight layouts of this build: a file of select_ops.py may be named in place of the whole table. */
#ifndef MG_OPS
#define MG_OPS "../ops.def"
#define MG_LEARNS 1 /* 0: without core/learn */
#define MG_SEES 1 /* 0: without pictures that are outside of the arena, which only IMAGE takes */
#define MG_DENSE_ONLY 0 /* 1: every CONV_2D is a dense layer, one pixel in and one out */
#else
#include MG_OPS
#endif

enum {
#define MG_OP(number, name, kernel, params, in_place) MG_OP_##name = number,
#include "../ops.def"
#undef MG_OP
    MG_OPS_END
};

enum {
#define MG_LAYOUT(op, number, name, kernel, simd) MG_LAYOUT_##op##_##name = number,
#include "../ops.def"
#undef MG_LAYOUT
};

#define MG_FIELD(type, name) type name;
#define MG_ARRAY(type, name, n) type name[n];
#define MG_STRUCT(name, fields) \
    typedef struct { \
        fields \
    } mg_##name##_params_t;
#include "../ops.def"
#undef MG_STRUCT

/* Room for any op's parameters, aligned for all of them. */
typedef union {
#define MG_STRUCT(name, fields) mg_##name##_params_t name;
#include "../ops.def"
#undef MG_STRUCT
} mg_params_t;
#undef MG_FIELD
#undef MG_ARRAY

/* The bytes of scratch that a node's kernel takes: `least`; with more, in steps of `step` up to `most`, it is faster. */
typedef struct {
    uint32_t least, step, most;
} mg_scratch_t;

/* A node as its check sees it, before anything has run. */
typedef struct {
    mg_params_t params;
    mg_tensor_t tensors[MG_NODE_TENSORS]; /* inputs, then outputs */
    uint8_t n_inputs, n_outputs;
    uint32_t scratch_size;
    const uint8_t *data; /* the file's data section */
    uint32_t data_size;
    mg_error_t *error;
#ifndef MG_TERSE
    mg_scratch_t *asked; /* NULL, or where the check writes what scratch it wants, and then takes any for enough */
#endif
} mg_check_t;

/* A node as its kernel sees it: every pointer and size has been checked. */
typedef struct {
    mg_params_t params;
    const void *in[MG_NODE_TENSORS];
    void *out[MG_NODE_TENSORS];
    uint32_t out_size; /* bytes of out[0] */
    void *scratch;
    uint32_t scratch_size;
    uint32_t seen; /* bytes of in[0] where that is a picture, of which whole rows are given; 0 for none */
    const uint8_t *data;
} mg_call_t;

typedef bool (*mg_check_fn)(const mg_check_t *);
typedef void (*mg_run_fn)(const mg_call_t *);

#define MG_OP(number, name, kernel, params, in_place) \
    MG_CHECKED bool mg_##kernel##_check(const mg_check_t *check); \
    void mg_##kernel##_run(const mg_call_t *call);
#include "../ops.def"
#undef MG_OP

#define MG_LAYOUT(op, number, name, kernel, simd) \
    MG_CHECKED bool mg_##kernel##_check(const mg_check_t *check); \
    void mg_##kernel##_run(const mg_call_t *call);
#include "../ops.def"
#undef MG_LAYOUT

/* IMAGE with the parameters of a file, at any address; the rest of the call but these is set. */
void mg_image_see(mg_call_t *call, const uint8_t *params);

typedef struct {
    uint16_t number, params_size;
    bool in_place;
    mg_check_fn check;
    mg_run_fn run;
} mg_op_t;

/* The table's row of an op, or NULL where this build has no such op. */
const mg_op_t *mg_op_find(uint32_t number);

/* An op's name, "" for one that is unknown; boards know only the names of ops that they have. */
const char *mg_op_name(uint32_t number);

/* Records that this build lacks an op, or the part of it that `name` says, and gives false. */
MG_CHECKED bool mg_refuse_op(mg_error_t *error, uint32_t number, const char *name);

#endif
