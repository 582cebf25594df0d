/* SPDX-License-Identifier: MIT
 *
 * GATHER: out[b,o,n,:] = in[b,o,index[b,n,0],...,index[b,n,depth-1],:], for GATHER, GATHER_ND, embedding
 * lookups, nearest-neighbour resizing and mirrored padding; the indices may be constant. One outside of
 * its dimension counts as the nearest one inside.
 */
#include "../kernels.h"

bool mg_gather_check(const mg_check_t *check) {
    const mg_gather_params_t *p = &check->params.gather;
    const mg_tensor_t *t = check->tensors;
    if (check->n_inputs != 2 || check->n_outputs != 1 || t[0].dtype != t[2].dtype || t[1].dtype != MG_INT32) {
        return MG_REFUSE(check, "wrong number of tensors", check->n_inputs, 2);
    }
    if (p->depth == 0 || p->depth > 5 || p->inner == 0 || p->batches == 0 || p->outer == 0 || p->count == 0) {
        return MG_REFUSE(check, "a gather of an impossible depth", p->depth, 5);
    }
    uint32_t in = p->inner, indices = p->depth, out = p->inner;
    const uint32_t in_factors[] = {p->dims[0], p->dims[1], p->dims[2], p->dims[3], p->dims[4], p->outer, p->batches};
    for (uint32_t i = 0; i < 7; i++) {
        if (in_factors[i] == 0 || (i >= p->depth && i < 5 && in_factors[i] != 1) || in_factors[i] > INT32_MAX) {
            return MG_REFUSE(check, "a gather from an impossible dimension", i, 7);
        }
        in = mg_times(in, in_factors[i]);
        if (in > t[0].size) {
            return MG_REFUSE(check, "a gather reads outside its tensor: bytes", t[0].size, 0);
        }
    }
    const uint32_t counts[] = {p->count, p->batches, p->outer};
    for (uint32_t i = 0; i < 3; i++) {
        indices = mg_times(indices, i < 2 ? counts[i] : 1);
        out = mg_times(out, counts[i]);
        if (out > t[2].size || indices > t[1].size) {
            return MG_REFUSE(check, "a gather writes outside its tensor: bytes", t[2].size, 0);
        }
    }
    if (in != t[0].size || out != t[2].size) {
        return MG_REFUSE(check, "a gather of another size: bytes", t[2].size, out);
    }
    return mg_check_elements(check, 1, indices);
}

void mg_gather_run(const mg_call_t *call) {
    const mg_gather_params_t *p = &call->params.gather;
    const uint8_t *in = call->in[0], *indices = call->in[1];
    uint8_t *out = call->out[0];
    uint32_t outer_step = p->inner;
    for (uint32_t d = 0; d < p->depth; d++) {
        outer_step *= p->dims[d];
    }
    for (uint32_t b = 0; b < p->batches; b++) {
        for (uint32_t o = 0; o < p->outer; o++, in += outer_step) {
            const uint8_t *index = indices + 4 * b * p->count * p->depth;
            for (uint32_t n = 0; n < p->count; n++, out += p->inner) {
                uint32_t at = 0;
                for (uint32_t d = 0; d < p->depth; d++, index += 4) {
                    int32_t last = (int32_t)p->dims[d] - 1;
                    at = at * p->dims[d] + (uint32_t)mg_clamp(mg_load_i32(index), 0, last);
                }
                memcpy(out, in + at * p->inner, p->inner);
            }
        }
    }
}
