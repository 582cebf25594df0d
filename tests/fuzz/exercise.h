/* SPDX-License-Identifier: MIT
 *
 * What a hostile file may do to the core, and proof that it does no more. The fuzzer, the replay of
 * its findings and the tests that alter bytes all call this.
 */
#ifndef MG_EXERCISE_H
#define MG_EXERCISE_H

#include "midge.h"

typedef enum { EXERCISE_REFUSED, EXERCISE_ACCEPTED, EXERCISE_RAN } exercise_t;

/* Sets magic, version, size and checksum right, so that changes get past the header. */
void exercise_repair(uint8_t *file, size_t size);

/* Opens a copy of the file that starts `offset` after a multiple of 16 and, where it is accepted and
 * not too large, runs it. Aborts when the core
 *   - refuses without a message, or accepts what a second look refuses
 *   - reads or writes after the file or the arena, or in the arena outside the tensors and the
 *     scratch of the node that runs (AddressSanitizer sees to these)
 *   - changes the file or a node's inputs
 *   - accepts a file that computes more than its bytes can give
 *   - gives an output that depends on what lay in the scratch. */
exercise_t exercise(const uint8_t *file, size_t size, uint32_t offset, mg_error_t *error);

/* Runs an accepted file for a moment, however large it is; false where that goes wrong. Elsewhere than under
 * AddressSanitizer it does nothing. */
bool exercise_begin(const uint8_t *file, size_t size);

/* The number of steps of innermost loops that a run takes. */
double exercise_work(const mg_model_t *model);

#endif
