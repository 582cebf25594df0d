/* SPDX-License-Identifier: MIT
 *
 * libFuzzer on the validator and the kernels: the input is a file, its checksum is set right first.
 * The low bits of the input's checksum field choose how far from a multiple of 16 the file starts.
 */
#include <stdlib.h>
#include <string.h>

#include "exercise.h"
#include "mutate.h"
#include "wraps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mg_error_t error;
    uint8_t *file = malloc(size + 1);
    if (size != 0) {
        memcpy(file, data, size);
    }
    exercise_repair(file, size);
    exercise(file, size, size > 12 ? data[12] % 16u : 0, &error);
    free(file);
    return 0;
}

/* Bytes, fields, or a node that stays sound, after which a field may be altered again; or products that wrap. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    uint32_t kind = seed % 8;
    if (kind == 7 && seed / 8 % 4 == 0) {
        size_t made = mutate_wrap(data, size, max_size, seed);
        if (made != 0) {
            return made;
        }
    }
    if (kind >= 4) {
        size_t made = mutate_node(data, size, max_size, seed);
        if (made != 0) {
            if (kind == 4) {
                mutate_field(data, made, seed + 1);
            }
            return made;
        }
    }
    if (kind == 0 || !mutate_field(data, size, seed)) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (uint32_t i = seed / 8 % 3; i != 0; i--) {
        mutate_field(data, size, seed + i);
    }
    return size;
}
