/* SPDX-License-Identifier: MIT
 *
 * Parameters whose products leave 32 or 64 bits and come back as something small: what a check has to see through.
 */
#include "wraps.h"

#include <string.h>

#include "bytes.h"
#include "trial.h"

#define MOST_FACTORS 4u
#define MOST_SLOTS 32u
#define MOST_TRIALS 400u /* with the factors of a row */

/* Factors of a power of two and a little more. Sizes are products of such fields and of the bytes of an element or of
 * a channel, which take up to four bits more. */
static const uint32_t WRAPS[][MOST_FACTORS] = {
    {25261, 26393, 29903, 57829},   /* 2^60 + 375, of 16 bits each, as are all to 2^63 */
    {23113, 39279, 41387, 61369},   /* 2^61 + 229 */
    {39279, 41387, 46226, 61369},   /* 2^62 + 458 */
    {49633, 53565, 55495, 62515},   /* 2^63 + 817 */
    {585065, 2584157, 3050259},     /* 2^62 + 191 */
    {1423657, 1653757, 3917533},    /* 2^63 + 209 */
    {1423657, 3307514, 3917533},    /* 2^64 + 418 */
    {1u << 22, 1u << 21, 1u << 21}, /* 2^64 */
    {1444447159, 3192699705},       /* 2^62 + 191 */
    {2760120433, 3341655649},       /* 2^63 + 209 */
    {793, 1025, 1321},              /* 2^30 + 1 */
    {1025, 1321, 1586},             /* 2^31 + 2 */
    {1570, 1613, 1696},             /* 2^32 + 64 */
    {32768, 32768, 4},              /* 2^32 */
    {256, 256, 256, 256},           /* 2^32 */
    {19825, 54161},                 /* 2^30 + 1 */
    {39650, 54161},                 /* 2^31 + 2 */
    {65536, 65536},                 /* 2^32 */
    {1u << 28},
    {1u << 29},
    {1u << 30},
    {1u << 31},
    {UINT32_MAX},
    {715827883}, /* (2^32 + 2) / 6 */
    {477218589}, /* (2^32 + 5) / 9 */
    {357913942}, /* (2^32 + 8) / 12 */
    {330382100}, /* (2^32 + 4) / 13 */
};

#define N_WRAPS (sizeof WRAPS / sizeof WRAPS[0])

static uint32_t factors_of(const uint32_t *row) {
    uint32_t n = 0;
    while (n < MOST_FACTORS && row[n] != 0) {
        n++;
    }
    return n;
}

/* The places of parameters that may be dimensions or strides. */
typedef struct {
    uint32_t n, at[MOST_SLOTS], width[MOST_SLOTS];
} slots_t;

static slots_t slots_of(uint32_t op) {
    slots_t slots = {.n = 0};
    uint32_t at = 0;
    for (const field_t *field = fields_of(op); field->name != NULL; field++) {
        bool dimension = !field->is_real && !is_offset(field) && (!field->is_signed || field->count > 1);
        for (uint32_t i = 0; i < field->count; i++, at += field->width) {
            if (dimension && field->width > 1 && slots.n < MOST_SLOTS) {
                slots.at[slots.n] = at;
                slots.width[slots.n++] = field->width;
            }
        }
    }
    return slots;
}

static bool set_layout(trial_t *t, uint32_t layout) {
    uint32_t at = 0;
    for (const field_t *field = fields_of(t->op->number); field->name != NULL; field++) {
        if (strcmp(field->name, "layout") == 0) {
            put(params_of(t) + at, field->width, layout);
            return true;
        }
        at += (uint32_t)field->width * field->count;
    }
    return layout == 0;
}

/* Sets what can be to 0 or 1, so that the factors are all that multiplies. */
static void shrink(file_t *f, const slots_t *slots, trial_t *t) {
    for (uint32_t i = 0; i < 2 * slots->n; i++) {
        for (uint32_t value = 0; value < 2; value++) {
            trial_t next = *t;
            put(params_of(&next) + slots->at[i % slots->n], slots->width[i % slots->n], value);
            if (agree(f, &next)) {
                *t = next;
                break;
            }
        }
    }
}

/* Puts the factors of a row, shuffled, into the slots with these indices; one may be larger by 1, since sizes are
 * products of a stride and a dimension less 1 too. */
static bool put_factors(trial_t *t, const slots_t *slots, const uint32_t *row, const uint32_t *chosen, uint32_t n) {
    uint32_t factors[MOST_FACTORS];
    memcpy(factors, row, sizeof factors);
    factors[draw(n)] += draw(3) == 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i + draw(n - i), factor = factors[j], slot = chosen[i];
        factors[j] = factors[i];
        if (slots->width[slot] == 2 && factor > UINT16_MAX) {
            return false;
        }
        put(params_of(t) + slots->at[slot], slots->width[slot], factor);
    }
    return true;
}

/* The next choice of n out of `of` indices in rising order; false behind the last. */
static bool next_choice(uint32_t *chosen, uint32_t n, uint32_t of) {
    for (uint32_t i = n; i-- != 0;) {
        if (++chosen[i] + (n - 1 - i) < of) {
            for (uint32_t j = i + 1; j < n; j++) {
                chosen[j] = chosen[j - 1] + 1;
            }
            return true;
        }
    }
    return false;
}

static uint32_t choices(uint32_t n, uint32_t of) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < n; i++) {
        count = count * (of - i) / (i + 1);
    }
    return count;
}

/* Whether products may have wrapped: the check accepts the factors together, but not with one of them as it was. */
static bool is_odd(file_t f, const trial_t *t, trial_t *before, const slots_t *slots, const uint32_t *chosen,
                   uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        trial_t less = *t;
        uint32_t at = slots->at[chosen[i]];
        memcpy(params_of(&less) + at, params_of(before) + at, slots->width[chosen[i]]);
        if (!agree(&f, &less)) {
            return true;
        }
    }
    return false;
}

/* Writes a trial back that the check accepts, with no more data than it wants but what the file has had: 0 bytes where
 * it is of no use. */
static size_t write_fitting(file_t f, uint8_t *record, trial_t *t, uint32_t had) {
    uint32_t low = had, high = t->check.data_size;
    while (low < high) {
        t->check.data_size = low + (high - low) / 2;
        if (t->op->check(&t->check)) {
            high = t->check.data_size;
        } else {
            low = t->check.data_size + 1;
        }
    }
    f.size -= f.data_size - high;
    f.data_size = t->check.data_size = high;
    return write_back(&f, record, t) ? f.size : 0;
}

/* Begins a trial of a node with room for what 16-bit numbers multiply to, and with the least parameters. */
static uint8_t *begin(file_t *f, uint8_t *bytes, size_t size, size_t max_size, uint32_t node, uint32_t layout,
                      trial_t *t, mg_error_t *error) {
    if (!read_file(f, bytes, size, max_size) || f->n_nodes == 0) {
        return NULL;
    }
    f->most_elements = 1u << 17;
    f->most_scratch = f->most_data = 1u << 20;
    uint8_t *record = node_record(f, node % f->n_nodes);
    if (record == NULL || !begin_trial(f, record, t, error) || !set_layout(t, layout) || !agree(f, t)) {
        return NULL;
    }
    while (grow_data(f, t)) {
    }
    return isolate_node(f, record);
}

uint32_t for_each_wrap(uint8_t *bytes, size_t size, size_t max_size, uint32_t node, uint32_t layout, wrap_fn found) {
    file_t f;
    trial_t t;
    mg_error_t error;
    uint32_t tried = 0;
    start_draws(node + layout);
    uint8_t *record = begin(&f, bytes, size, max_size, node, layout, &t, &error);
    if (record == NULL) {
        return 0;
    }
    const slots_t slots = slots_of(t.op->number);
    const uint32_t had = mg_load_u32(bytes + 64);
    shrink(&f, &slots, &t);
    for (uint32_t row = 0; row < N_WRAPS; row++) {
        uint32_t n = factors_of(WRAPS[row]), chosen[MOST_FACTORS] = {0, 1, 2, 3};
        if (n > slots.n) {
            continue;
        }
        uint32_t steps = choices(n, slots.n) / MOST_TRIALS + 1; /* not all, where there are very many */
        do {
            trial_t next = t;
            if (draw(steps) == 0 && put_factors(&next, &slots, WRAPS[row], chosen, n)) {
                tried++;
                bool agreed = agree(&f, &next) && (draw(n * n * n) == 0 || is_odd(f, &next, &t, &slots, chosen, n));
                size_t made = agreed ? write_fitting(f, record, &next, had) : 0;
                if (made != 0) {
                    found(f.bytes, made);
                }
            }
        } while (next_choice(chosen, n, slots.n));
    }
    return tried;
}

size_t mutate_wrap(uint8_t *bytes, size_t size, size_t max_size, uint32_t seed) {
    file_t f;
    trial_t t;
    mg_error_t error;
    start_draws(seed);
    uint32_t node = draw(UINT32_MAX), layout = draw(8);
    uint8_t *record = begin(&f, bytes, size, max_size, node, layout, &t, &error);
    if (record == NULL) {
        return 0;
    }
    const slots_t slots = slots_of(t.op->number);
    const uint32_t had = mg_load_u32(bytes + 64);
    const uint32_t *row = WRAPS[draw(N_WRAPS)];
    uint32_t n = factors_of(row), chosen[MOST_FACTORS];
    if (n > slots.n) {
        return 0;
    }
    if (draw(4) != 0) {
        shrink(&f, &slots, &t);
    }
    for (uint32_t i = 0; i < n; i++) {
        chosen[i] = draw(slots.n);
    }
    return put_factors(&t, &slots, row, chosen, n) && agree(&f, &t) ? write_fitting(f, record, &t, had) : 0;
}
