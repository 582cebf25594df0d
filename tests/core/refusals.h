/* SPDX-License-Identifier: MIT
 *
 * Rules, each broken alone: a seed that is sound but for some numbers, and the refusal that must name what is wrong.
 */
#ifndef MG_REFUSALS_H
#define MG_REFUSALS_H

#include "check.h"
#include "exercise.h"
#include "format.h"

typedef enum { NOWHERE, HEADER, TENSOR, NODE, PARAMS, INPUTS_OUTPUTS, DATA, STRINGS } where_t;

/* `value`, little-endian in `width` bytes, at `offset` into the index-th thing of its kind. */
typedef struct {
    where_t where;
    uint32_t index, offset, width;
    uint32_t value;
} edit_t;

typedef struct {
    const char *seed, *message;
    edit_t edits[4];
} refusal_t;

/* Where the fields stand; FORMAT.md */
#define AT_ARENA_SIZE HEADER, 0, 20, 4
#define AT_N_TENSORS HEADER, 0, 24, 2
#define AT_N_NODES HEADER, 0, 26, 2
#define AT_N_INPUTS HEADER, 0, 28, 2
#define AT_N_OUTPUTS HEADER, 0, 30, 2
#define AT_RESERVED HEADER, 0, 34, 2
#define AT_TENSORS HEADER, 0, 36, 4
#define AT_NODES HEADER, 0, 40, 4
#define AT_NODES_SIZE HEADER, 0, 44, 4
#define AT_INPUTS_OUTPUTS HEADER, 0, 48, 4
#define AT_STRINGS HEADER, 0, 52, 4
#define AT_STRINGS_SIZE HEADER, 0, 56, 4
#define AT_DATA HEADER, 0, 60, 4
#define AT_DATA_SIZE HEADER, 0, 64, 4
#define INPUT_OUTPUT(i) INPUTS_OUTPUTS, 0, 2 * (i), 2
#define DTYPE(i) TENSOR, i, 0, 1
#define T_RANK(i) TENSOR, i, 1, 1
#define PLACE(i) TENSOR, i, 2, 1
#define T_RESERVED(i) TENSOR, i, 3, 1
#define OFFSET(i) TENSOR, i, 4, 4
#define T_SIZE(i) TENSOR, i, 8, 4
#define T_SCALE(i) TENSOR, i, 16, 4
#define INITIAL(i) TENSOR, i, 48, 4
#define DIM(i, d) TENSOR, i, 24 + 4 * (d), 4
#define SCRATCH(i) NODE, i, 12, 4
#define SCRATCH_SIZE(i) NODE, i, 16, 4
#define PARAM_AT(type, field, i) \
    PARAMS, 0, offsetof(mg_##type##_params_t, field) + (i), sizeof(((mg_##type##_params_t *)0)->field[0])
#define OF(node, type, field) \
    PARAMS, node, offsetof(mg_##type##_params_t, field), sizeof(((mg_##type##_params_t *)0)->field)
#define PARAM(type, field) PARAMS, 0, offsetof(mg_##type##_params_t, field), sizeof(((mg_##type##_params_t *)0)->field)

/* Every row is refused, with a message that starts as the row's does; one without a message is taken, and runs. */
void check_refusals(const refusal_t *rows, size_t n);

/* Where node `index` of a file has its record. */
uint32_t node_at(const uint8_t *file, uint32_t index);

#endif
