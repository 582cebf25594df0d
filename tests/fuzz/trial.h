/* SPDX-License-Identifier: MIT
 *
 * A node with other parameters, and the tensors and constants that its op's check wants for them.
 */
#ifndef MG_TRIAL_H
#define MG_TRIAL_H

#include "format.h"
#include "ops.h"

/* Pseudo-random numbers below a limit, the same after each start with a seed. */
void start_draws(uint32_t seed);
uint32_t draw(uint32_t below);

/* A file whose sections are inside it, so that its records can be found; and what its trials may take. */
typedef struct {
    uint8_t *bytes;
    uint32_t size, max_size, tensors, n_tensors, nodes, n_nodes, data, data_size;
    uint32_t most_elements, most_scratch, most_data; /* of a tensor, bytes, bytes */
} file_t;

bool read_file(file_t *f, uint8_t *bytes, size_t size, size_t max_size);
void put(uint8_t *at, uint32_t width, uint32_t value);

/* The record of a node, NULL where the chain of sizes leaves the file. */
uint8_t *node_record(const file_t *f, uint32_t index);

/* Makes a node the file's only one. Returns its record. */
uint8_t *isolate_node(file_t *f, const uint8_t *record);

/* The parameters of an op, field by field; the last one has no name. */
typedef struct {
    uint8_t width, count;
    bool is_real, is_signed;
    const char *name;
} field_t;

const field_t *fields_of(uint32_t op);
bool is_offset(const field_t *field);

/* A node apart from its file: what its check sees. */
typedef struct {
    const mg_op_t *op;
    mg_check_t check;
    uint32_t n; /* tensors */
} trial_t;

bool begin_trial(const file_t *f, const uint8_t *record, trial_t *t, mg_error_t *error);
uint8_t *params_of(trial_t *t);

/* More data, of bytes that make sound multipliers and shifts; false where there is no room. */
bool grow_data(file_t *f, trial_t *t);

/* Gives tensors and scratch the sizes that the parameters ask for; false where there are none. */
bool agree(file_t *f, trial_t *t);

/* Writes the node and its tensors back, one after the other in the arena; false where they are of no use. */
bool write_back(file_t *f, uint8_t *record, trial_t *t);

#endif
