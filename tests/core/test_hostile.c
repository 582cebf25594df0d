/* SPDX-License-Identifier: MIT
 *
 * Files that are damaged everywhere: every length, every bit and every parameter of the seeds is altered, and foreign
 * files are told apart.
 */
#include <string.h>

#include "check.h"
#include "exercise.h"
#include "format.h"

static void check_foreign(const void *bytes, size_t size, mg_status_t status, const char *message) {
    mg_error_t error;
    uint8_t *exact = allocate(size);
    if (size != 0) {
        memcpy(exact, bytes, size);
    }
    CHECK(exercise(exact, size, 3, &error) == EXERCISE_REFUSED, "accepted %s", message);
    CHECK(error.status == status && strstr(error.message, message) != NULL, "%d: %s", (int)error.status, error.message);
    free(exact);
}

static void foreign_files(void) {
    const seed_t *seed = seed_named("pad");
    uint8_t file[80];
    memcpy(file, seed->bytes, sizeof file);
    check_foreign("", 0, MG_FOREIGN, "not a .midge file");
    check_foreign("MID", 3, MG_FOREIGN, "not a .midge file");
    check_foreign("MIDI....", 8, MG_FOREIGN, "not a .midge file");
    check_foreign("\x1c\0\0\0TFL3", 8, MG_FOREIGN, "TensorFlow Lite");
    check_foreign("\x1c\0\0\0TFL", 7, MG_FOREIGN, "not a .midge file");
    check_foreign(file, 4, MG_CORRUPT, "cut short");
    check_foreign(file, 8, MG_CORRUPT, "cut short");
    check_foreign(file, 79, MG_CORRUPT, "cut short");
    check_foreign(file, 80, MG_CORRUPT, "cut short");
    file[8] = 79;
    file[9] = 0;
    check_foreign(file, 80, MG_CORRUPT, "cut short");
    file[8] = 80;
    check_foreign(file, 80, MG_CORRUPT, "checksum");
    file[MG_HEADER_MAJOR] = MG_FORMAT_MAJOR - 1; /* the first version, whose tensors had no initial value */
    check_foreign(file, 80, MG_FOREIGN, "another major version of the format, convert the model again");
    file[MG_HEADER_MAJOR] = MG_FORMAT_MAJOR + 1;
    check_foreign(file, 80, MG_FOREIGN, "major version");
    file[MG_HEADER_MAJOR] = MG_FORMAT_MAJOR;
    file[MG_HEADER_MAJOR + 1] = 1;
    check_foreign(file, 80, MG_FOREIGN, "major version");
}

static void every_length(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        uint8_t *file = allocate(seeds[i].size);
        for (size_t size = 0; size < seeds[i].size; size++) {
            mg_error_t error;
            memcpy(file, seeds[i].bytes, size);
            exercise_t result = exercise(file, size, 0, &error);
            CHECK(!seeds[i].sound || result == EXERCISE_REFUSED, "%s: accepted %u bytes", seeds[i].name,
                  (unsigned)size);
            exercise_repair(file, size);
            exercise(file, size, (uint32_t)size % 16, &error);
        }
        free(file);
    }
}

static void alter(const seed_t *seed, uint8_t *file, size_t at, uint8_t mask) {
    mg_error_t error;
    memcpy(file, seed->bytes, seed->size);
    file[at] ^= mask;
    if (seed->sound && at != 6 && at != 7) { /* every minor version is accepted */
        CHECK(!mg_model_open(&(mg_model_t){0}, file, seed->size, &error), "%s: byte %u ^ %u", seed->name, (unsigned)at,
              mask);
    }
    if (at >= 16) {
        exercise_repair(file, seed->size);
        exercise(file, seed->size, (uint32_t)at % 16, &error);
    }
}

/* Once as it is and once with the checksum set right again. */
static void every_bit(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        const seed_t *seed = &seeds[i];
        uint8_t *file = allocate(seed->size);
        uint32_t constants = seed->size > 4000 ? mg_load_u32(seed->bytes + 60) : UINT32_MAX;
        for (size_t at = 0; at < seed->size; at++) {
            alter(seed, file, at, 0xff);
            for (uint32_t bit = 0; bit < 8 && at < constants; bit++) { /* a large model's weights: 0xff is enough */
                alter(seed, file, at, (uint8_t)(1u << bit));
            }
        }
        free(file);
    }
}

/* The widths of the numbers in each op's parameters, in order, from ops.def. */
#define MG_FIELD(type, name) *at++ = sizeof(type);
#define MG_ARRAY(type, name, n) \
    for (uint32_t i = 0; i < (n); i++) { \
        *at++ = sizeof(type); \
    }
#define MG_STRUCT(name, fields) \
    static uint8_t *name##_widths(uint8_t *at) { \
        fields return at; \
    }
#include "ops.def"
#undef MG_STRUCT
#undef MG_ARRAY
#undef MG_FIELD

static uint32_t widths_of(uint16_t op, uint8_t *widths) {
    switch (op) {
#define MG_OP(number, name, kernel, params, in_place) \
    case number: return (uint32_t)(params##_widths(widths) - widths);
#include "ops.def"
#undef MG_OP
        default: return 0;
    }
}

/* Every number of every node's parameters takes values at the ends of its range and near its own. */
static void every_field(void) {
    for (size_t i = 0; i < n_seeds; i++) {
        const seed_t *seed = &seeds[i];
        mg_error_t error;
        uint32_t nodes = seed->sound ? mg_load_u16(seed->bytes + 26) : 0, at = mg_load_u32(seed->bytes + 40);
        uint8_t *file = allocate(seed->size), widths[256];
        for (uint32_t n = 0; n < nodes; n++, at += mg_load_u16(seed->bytes + at + 2)) {
            uint32_t field = at + mg_params_at((uint32_t)seed->bytes[at + 4] + seed->bytes[at + 5]);
            uint32_t count = widths_of(mg_load_u16(seed->bytes + at), widths);
            for (uint32_t k = 0; k < count; field += widths[k++]) {
                uint32_t old = 0;
                memcpy(&old, seed->bytes + field, widths[k] < 4 ? widths[k] : 4);
                const uint32_t values[] = {0,           1,       0x7f,    0x80,       0xff,        0x7fff,
                                           0x8000,      0xffff,  0x10000, 0x7fffffff, 0x80000000u, 0xfffffff0u,
                                           0xffffffffu, old + 1, old - 1, 2 * old,    0u - old};
                for (uint32_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                    memcpy(file, seed->bytes, seed->size);
                    memcpy(file + field, &values[v], widths[k] < 4 ? widths[k] : 4);
                    exercise_repair(file, seed->size);
                    exercise(file, seed->size, 5, &error);
                }
            }
        }
        free(file);
    }
}

const test_t HOSTILE_TESTS[] = {
    {"foreign files", foreign_files},
    {"every length", every_length},
    {"every bit", every_bit},
    {"every field", every_field},
    {NULL, NULL},
};
