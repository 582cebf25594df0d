// SPDX-License-Identifier: MIT
// machine.Timer: timers of software, as many as one likes. Due ones are looked for wherever Python runs or waits, and
// their callbacks run as scheduled functions, as those of most boards do.
#include "py/mphal.h"
#include "py/runtime.h"

#include "port.h"

enum { ONE_SHOT, PERIODIC };

typedef struct _machine_timer_obj_t {
    mp_obj_base_t base;
    struct _machine_timer_obj_t *next; // of those that run
    mp_obj_t callback;
    uint64_t due_us;
    uint32_t period_us;
    bool periodic;
} timer_obj_t;

extern const mp_obj_type_t machine_timer_type;

static void stop(timer_obj_t *timer) {
    for (timer_obj_t **at = &MP_STATE_PORT(machine_timers); *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            return;
        }
    }
}

bool machine_timer_poll(void) {
    uint64_t now = board_us();
    for (timer_obj_t *timer = MP_STATE_PORT(machine_timers), *next; timer != NULL; timer = next) {
        next = timer->next;
        if (now < timer->due_us) {
            continue;
        }
        if (timer->callback != mp_const_none && !mp_sched_schedule(timer->callback, MP_OBJ_FROM_PTR(timer))) {
            continue; // the queue is full; next time
        }
        if (timer->periodic) { // what was missed meanwhile is not made up for
            timer->due_us += (now - timer->due_us) / timer->period_us * timer->period_us + timer->period_us;
        } else {
            stop(timer);
        }
    }
    return MP_STATE_PORT(machine_timers) != NULL;
}

static mp_obj_t timer_start(timer_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_mode, ARG_callback, ARG_period, ARG_tick_hz, ARG_freq, ARG_hard };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_mode, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = PERIODIC}},
        {MP_QSTR_callback, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_period, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_tick_hz, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 1000}},
        {MP_QSTR_freq, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_hard, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}}, // here all are soft
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_float_t hz = args[ARG_freq].u_obj != mp_const_none ? mp_obj_get_float(args[ARG_freq].u_obj)
                    : args[ARG_period].u_int > 0
                        ? (mp_float_t)args[ARG_tick_hz].u_int / (mp_float_t)args[ARG_period].u_int
                        : MICROPY_FLOAT_CONST(0.0);
    if (!(hz > MICROPY_FLOAT_CONST(0.00025) && hz <= MICROPY_FLOAT_CONST(1000000.0))) {
        mp_raise_ValueError(MP_ERROR_TEXT("wanted a period or a freq"));
    }
    self->periodic = args[ARG_mode].u_int == PERIODIC;
    self->callback = args[ARG_callback].u_obj;
    self->period_us = (uint32_t)(MICROPY_FLOAT_CONST(1000000.0) / hz);
    self->due_us = board_us() + self->period_us;
    stop(self);
    self->next = MP_STATE_PORT(machine_timers);
    MP_STATE_PORT(machine_timers) = self;
    return mp_const_none;
}

static mp_obj_t timer_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    timer_obj_t *self = mp_obj_malloc(timer_obj_t, type);
    if (n_args > 0) { // the number of a timer of hardware, of which there is none: any will do
        mp_obj_get_int(args[0]);
        n_args--;
        args++;
    }
    if (n_args > 0 || n_kw > 0) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        timer_start(self, n_args, args, &kw_args);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t timer_init(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    return timer_start(MP_OBJ_TO_PTR(args[0]), n_args - 1, args + 1, kw_args);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(timer_init_obj, 1, timer_init);

static mp_obj_t timer_deinit(mp_obj_t self) {
    stop(MP_OBJ_TO_PTR(self));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(timer_deinit_obj, timer_deinit);

static const mp_rom_map_elem_t timer_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&timer_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&timer_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_ONE_SHOT), MP_ROM_INT(ONE_SHOT)},
    {MP_ROM_QSTR(MP_QSTR_PERIODIC), MP_ROM_INT(PERIODIC)},
};
static MP_DEFINE_CONST_DICT(timer_locals, timer_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(machine_timer_type, MP_QSTR_Timer, MP_TYPE_FLAG_NONE, make_new, timer_make_new, locals_dict,
                         &timer_locals);

MP_REGISTER_ROOT_POINTER(struct _machine_timer_obj_t *machine_timers);
