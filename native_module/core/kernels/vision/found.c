/* SPDX-License-Identifier: MIT */
#include "found.h"

bool mg_check_found(const mg_check_t *check, uint32_t most) {
    uint32_t first = check->n_inputs;
    return mg_check_elements(check, first, mg_times(4, most)) && mg_check_elements(check, first + 1, most)
           && mg_check_elements(check, first + 2, most) && mg_check_elements(check, first + 3, 1);
}

void mg_found_clear(const mg_call_t *call, uint32_t most) {
    memset(call->out[0], 0, 16 * (size_t)most);
    memset(call->out[1], 0, 4 * (size_t)most);
    memset(call->out[2], 0, 4 * (size_t)most);
}

uint32_t mg_found_insert(const mg_call_t *call, uint32_t most, uint32_t count, const mg_box_t *box, uint32_t class,
                         float score) {
    float *corners = call->out[0], *classes = call->out[1], *scores = call->out[2];
    uint32_t at = count;
    while (at > 0 && scores[at - 1] < score) {
        at--;
    }
    if (at == most) {
        return count;
    }
    count += count < most;
    uint32_t moved = count - 1 - at;
    memmove(corners + 4 * (at + 1), corners + 4 * at, 16 * moved);
    memmove(classes + at + 1, classes + at, 4 * moved);
    memmove(scores + at + 1, scores + at, 4 * moved);
    memcpy(corners + 4 * at, box, sizeof *box);
    classes[at] = (float)class;
    scores[at] = score;
    return count;
}
