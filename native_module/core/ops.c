/* SPDX-License-Identifier: MIT */
#include "ops.h"

#include <stddef.h>

static const mg_op_t OPS[] = {
#define MG_OP(number, name, kernel, params, in_place) \
    {number, sizeof(mg_##params##_params_t), in_place, mg_##kernel##_check, mg_##kernel##_run},
#include "../ops.def"
#undef MG_OP
};

const mg_op_t *mg_op_find(uint32_t number) {
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (OPS[i].number == number) {
            return &OPS[i];
        }
    }
    return NULL;
}
