/* SPDX-License-Identifier: MIT */
#include "mutate.h"

#include <string.h>

#include "bytes.h"
#include "trial.h"

#define TRIES 40u /* changes of parameters to be offered to the check */

static uint32_t interesting(uint32_t old, const file_t *f) {
    static const uint32_t VALUES[] = {0,           1,           2,           3,           15,          16,
                                      31,          127,         128,         255,         256,         4095,
                                      32767,       32768,       65535,       65536,       1u << 24,    0x7ffffffeu,
                                      0x7fffffffu, 0x80000000u, 0x80000001u, 0xfffffff0u, 0xfffffffeu, 0xffffffffu};
    switch (draw(8)) {
        case 0: return old + 1;
        case 1: return old - 1;
        case 2: return old * 2;
        case 3: return 0u - old;
        case 4: return mg_load_u32(f->bytes + draw(f->size - 3)); /* a number from elsewhere in the file */
        case 5: return draw(20);
        case 6: return old ^ 1u << draw(32);
        default: return VALUES[draw(sizeof VALUES / sizeof VALUES[0])];
    }
}

bool mutate_field(uint8_t *bytes, size_t size, uint32_t seed) {
    file_t f;
    start_draws(seed);
    if (!read_file(&f, bytes, size, size)) {
        return false;
    }
    uint8_t *record = f.bytes;
    uint32_t from = 16, to = MG_HEADER_SIZE; /* bytes of the record that may change */
    uint32_t kind = draw(8);
    if (kind == 0 && f.n_tensors != 0) {
        record += f.tensors + draw(f.n_tensors) * MG_TENSOR_SIZE;
        from = 0;
        to = MG_TENSOR_SIZE;
    } else if (kind > 1 && f.n_nodes != 0) {
        record = node_record(&f, draw(f.n_nodes < 64 ? f.n_nodes : 64));
        if (record == NULL) {
            return false;
        }
        to = mg_load_u16(record + 2);
        uint32_t params = mg_params_at((uint32_t)record[4] + record[5]);
        from = kind > 3 && params < to ? params : 0;
    }
    uint32_t width = 1u << draw(3), at = from + draw((to - from) / width) * width, old = 0;
    if (at + width <= to) {
        memcpy(&old, record + at, width);
        put(record + at, width, interesting(old, &f));
    }
    return true;
}

/* The place of a field that is drawn, an element of it where it is an array. */
static const field_t *drawn_field(trial_t *t, uint8_t **at) {
    const field_t *fields = fields_of(t->op->number);
    uint32_t n = 0, offset = 0;
    while (fields[n].name != NULL) {
        n++;
    }
    uint32_t index = draw(n);
    for (uint32_t i = 0; i < index; i++) {
        offset += (uint32_t)fields[i].width * fields[i].count;
    }
    *at = params_of(t) + offset + draw(fields[index].count) * fields[index].width;
    return &fields[index];
}

static uint32_t real_bits(void) {
    static const float VALUES[] = {0.0f, 1.0f, -1.0f, 0.5f, 0.1f, 6.0f, -0.0f, 1e-30f, 3e38f, -3e38f, 1e9f, 255.0f};
    uint32_t bits;
    memcpy(&bits, &VALUES[draw(sizeof VALUES / sizeof VALUES[0])], 4);
    return draw(8) != 0 ? bits : bits ^ draw(UINT32_MAX); /* which may be infinite or no number */
}

static void alter_parameter(trial_t *t) {
    uint8_t *at, *other;
    const field_t *field = drawn_field(t, &at), *like = drawn_field(t, &other);
    uint32_t old = 0, value, borrowed = 0;
    memcpy(&old, at, field->width);
    memcpy(&borrowed, other, like->width);
    if (field->is_real) {
        value = real_bits();
    } else if (is_offset(field)) {
        value = draw(4) == 0 ? draw(t->check.data_size + 1) : 4 * draw(t->check.data_size / 4 + 1);
    } else {
        switch (draw(10)) {
            case 0: value = old + 1; break;
            case 1: value = old - 1; break;
            case 2: value = old * 2; break;
            case 3: value = old / 2; break;
            case 4: value = borrowed; break; /* many are equal, or one a multiple of another */
            case 5: value = borrowed * (1 + draw(3)); break;
            case 6: value = field->is_signed ? draw(UINT32_MAX) >> draw(24) : draw(200); break;
            case 7: value = field->is_signed ? 0u - draw(130) : 0; break;
            case 8: value = field->is_signed ? 1u << (8u * field->width - 1 - draw(2)) : draw(3); break;
            default: value = draw(14); break;
        }
    }
    put(at, field->width, value);
}

size_t mutate_node(uint8_t *bytes, size_t size, size_t max_size, uint32_t seed) {
    file_t f;
    trial_t found, next;
    mg_error_t error;
    start_draws(seed);
    if (!read_file(&f, bytes, size, max_size) || f.n_nodes == 0) {
        return 0;
    }
    uint8_t *record = node_record(&f, draw(f.n_nodes));
    if (record == NULL || !begin_trial(&f, record, &found, &error)) {
        return 0;
    }
    uint32_t changes = 1 + draw(4);
    record = isolate_node(&f, record);
    bool agreed = agree(&f, &found);
    for (uint32_t i = 0; i < TRIES && changes != 0; i++) {
        next = found;
        next.check.data_size = f.data_size;
        for (uint32_t j = draw(3) + 1; j != 0; j--) {
            alter_parameter(&next);
        }
        if (agree(&f, &next)) {
            found = next;
            agreed = true;
            changes--;
        }
    }
    return agreed && write_back(&f, record, &found) ? f.size : 0;
}
