/* SPDX-License-Identifier: MIT
 *
 * The records of a .midge file (../FORMAT.md): their sizes, and where fields are that are read one by one.
 */
#ifndef MG_FORMAT_H
#define MG_FORMAT_H

#include "midge.h"

#define MG_MAGIC "MIDG"
#define MG_HEADER_SIZE 80u
#define MG_TENSOR_SIZE 52u
#define MG_NODE_SIZE 20u /* before the indices of its tensors, which its parameters follow */

/* Of the header. What follows from MG_HEADER_KEPT on is kept in mg_model_t, byte for byte. */
#define MG_HEADER_MAJOR 4
#define MG_HEADER_FILE_SIZE 8
#define MG_HEADER_CHECKSUM 12
#define MG_HEADER_SUMMED 16 /* the checksum is over the bytes from here on */
#define MG_HEADER_FLAGS 16
#define MG_HEADER_KEPT 20u

/* Of a node. */
#define MG_NODE_RECORD_SIZE 2
#define MG_NODE_INPUTS 4
#define MG_NODE_OUTPUTS 5
#define MG_NODE_FLAGS 6
#define MG_NODE_NAME 8
#define MG_NODE_SCRATCH 12
#define MG_NODE_SCRATCH_SIZE 16

_Static_assert(sizeof(mg_tensor_t) == MG_TENSOR_SIZE, "a tensor is read as the file holds it");
_Static_assert(sizeof(mg_model_t) - offsetof(mg_model_t, arena_size) == MG_HEADER_SIZE - MG_HEADER_KEPT,
               "the header is read as the file holds it");

/* Where a node's parameters are in its record. */
static inline uint32_t mg_params_at(uint32_t n_tensors) {
    return MG_NODE_SIZE + 2 * (n_tensors + n_tensors % 2);
}

#endif
