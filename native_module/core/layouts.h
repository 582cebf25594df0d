/* SPDX-License-Identifier: MIT
 *
 * The kernel for the layout that a node's weights are stored in: each row of ops.def is a line here. A table of
 * pointers would be relocated, in RAM, where Midge is a native module. `of_op` is a constant, so that the lines of the
 * other op fall away.
 */
#ifndef MG_LAYOUTS_H
#define MG_LAYOUTS_H

#include "kernels/kernels.h"

static inline __attribute__((always_inline)) bool mg_check_in_layout(const mg_check_t *check, uint32_t of_op) {
    (void)of_op; /* a build may have no layout of an op */
#define MG_LAYOUT(op, number, name, kernel, simd) \
    if (of_op == MG_OP_##op && check->params.conv.layout == (number)) { \
        return mg_##kernel##_check(check); \
    }
#include MG_OPS
#undef MG_LAYOUT
    return mg_refuse_layout(check);
}

static inline __attribute__((always_inline)) void mg_run_in_layout(const mg_call_t *call, uint32_t of_op) {
    (void)of_op; /* a build may have no layout of an op */
#define MG_LAYOUT(op, number, name, kernel, simd) \
    if (of_op == MG_OP_##op && call->params.conv.layout == (number)) { \
        mg_##kernel##_run(call); \
        return; \
    }
#include MG_OPS
#undef MG_LAYOUT
}

#endif
