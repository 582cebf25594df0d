/* SPDX-License-Identifier: MIT */
#include "ops.h"
#include "error.h"

#include <stddef.h>

static const mg_op_t OPS[] = {
#define MG_OP(number, name, kernel, params, in_place) \
    {number, sizeof(mg_##params##_params_t), in_place, mg_##kernel##_check, mg_##kernel##_run},
#include MG_OPS
#undef MG_OP
};

#define N_OPS (sizeof OPS / sizeof OPS[0])

/* The position of an op in the table, N_OPS where it has none. */
static size_t find(uint32_t number) {
    size_t i = 0;
    while (i < N_OPS && OPS[i].number != number) {
        i++;
    }
    return i;
}

const mg_op_t *mg_op_find(uint32_t number) {
    size_t i = find(number);
    return i < N_OPS ? &OPS[i] : NULL;
}

/* Boards name no op that they do not have (MG_TERSE). */
#ifdef MG_TERSE
#define NAMED_OPS MG_OPS
#define POSITION(number) find(number)
#else
#define NAMED_OPS "../ops.def"
#define POSITION(number) ((number) - 1) /* the numbers have no gaps */
#endif

/* Names are in one string: no word per name and no relocation, as a table of pointers would take. */
static __attribute__((noinline)) const char *name_at(const char *names, size_t position) {
    for (; position > 0 && *names != 0; position--) {
        while (*names++ != 0) {
        }
    }
    return names;
}

static const char NAMES[] = ""
#define MG_OP(number, name, kernel, params, in_place) #name "\0"
#include NAMED_OPS
#undef MG_OP
    ;

const char *mg_op_name(uint32_t number) {
    return name_at(NAMES, number == 0 ? SIZE_MAX : POSITION(number));
}

const char *mg_dtype_name(uint32_t dtype) {
    static const char DTYPES[] = ""
#define MG_DTYPE(number, name, text, type, code) text "\0"
#include "../ops.def"
#undef MG_DTYPE
        ;
    return name_at(DTYPES, dtype - 1);
}

uint32_t mg_dtype_size(uint32_t dtype) {
    static const uint8_t SIZES[MG_DTYPES_END] = {
#define MG_DTYPE(number, name, text, type, code) [number] = sizeof(type),
#include "../ops.def"
#undef MG_DTYPE
    };
    return dtype < MG_DTYPES_END ? SIZES[dtype] : 0;
}

bool mg_refuse_op(mg_error_t *error, uint32_t number, const char *name) {
    bool refused = mg_fail_with(error, MG_UNSUPPORTED,
                                "this Midge was built without an op that the model needs, run "
                                "midge install or build with OPS_FROM=<model>: op",
                                number, number);
    error->subject = name;
    return refused;
}
