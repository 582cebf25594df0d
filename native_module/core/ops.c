/* SPDX-License-Identifier: MIT */
#include "ops.h"

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

/* One behind the other: no word a name and no relocation, as a table of pointers would take. */
static const char NAMES[] = ""
#define MG_OP(number, name, kernel, params, in_place) #name "\0"
#include NAMED_OPS
#undef MG_OP
    ;

const char *mg_op_name(uint32_t number) {
    size_t left = number == 0 ? SIZE_MAX : POSITION(number);
    const char *name = NAMES;
    for (; left > 0 && *name != 0; left--) {
        while (*name++ != 0) {
        }
    }
    return name;
}
