// SPDX-License-Identifier: MIT
// machine.Pin: pins with nothing on them. An output remembers its value, an input reads its pull.
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "extmod/virtpin.h"

#include "port.h"

#define N_PINS 64

enum { MODE_IN, MODE_OUT, MODE_OPEN_DRAIN };
enum { PULL_NONE, PULL_UP, PULL_DOWN };

typedef struct {
    mp_obj_base_t base;
    uint8_t mode, value;
} pin_t;

static pin_t pins[N_PINS];

static void pin_configure(pin_t *self, size_t n_args, const mp_obj_t *args, mp_map_t *kw) {
    enum { ARG_mode, ARG_pull, ARG_value };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_mode, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_pull, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_value, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, args, kw, MP_ARRAY_SIZE(allowed), allowed, values);
    if (values[ARG_mode].u_obj != mp_const_none) {
        self->mode = mp_obj_get_int(values[ARG_mode].u_obj);
    }
    if (values[ARG_pull].u_obj != mp_const_none && self->mode == MODE_IN) {
        self->value = mp_obj_get_int(values[ARG_pull].u_obj) == PULL_UP;
    }
    if (values[ARG_value].u_obj != mp_const_none) {
        self->value = mp_obj_is_true(values[ARG_value].u_obj);
    }
}

// Pin(id, mode=IN, pull=None, value=None); id: 0 to 63, or "LED", which is pin 0.
static mp_obj_t pin_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    bool is_led = args[0] == MP_OBJ_NEW_QSTR(MP_QSTR_LED);
    mp_int_t id = is_led ? 0 : mp_obj_get_int(args[0]);
    if (id < 0 || id >= N_PINS) {
        mp_raise_ValueError(MP_ERROR_TEXT("pins are 0 to 63, and 'LED'"));
    }
    pin_t *self = &pins[id];
    self->base.type = &machine_pin_type;
    mp_map_t kw;
    mp_map_init_fixed_table(&kw, n_kw, args + n_args);
    pin_configure(self, n_args - 1, args + 1, &kw);
    return MP_OBJ_FROM_PTR(self);
}

static void pin_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const pin_t *self = MP_OBJ_TO_PTR(self_in);
    static const char *const modes[] = {"IN", "OUT", "OPEN_DRAIN"};
    mp_printf(print, "Pin(%u, mode=%s)", (unsigned)(self - pins), modes[self->mode % 3]);
}

// pin() and pin.value() read, with an argument they write.
static mp_obj_t pin_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    pin_t *self = MP_OBJ_TO_PTR(self_in);
    if (n_args == 0) {
        return MP_OBJ_NEW_SMALL_INT(self->value);
    }
    self->value = mp_obj_is_true(args[0]);
    return mp_const_none;
}

static mp_obj_t pin_init(size_t n_args, const mp_obj_t *args, mp_map_t *kw) {
    pin_configure(MP_OBJ_TO_PTR(args[0]), n_args - 1, args + 1, kw);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_init_obj, 1, pin_init);

static mp_obj_t pin_value(size_t n_args, const mp_obj_t *args) {
    return pin_call(args[0], n_args - 1, 0, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_value_obj, 1, 2, pin_value);

static mp_obj_t pin_on(mp_obj_t self_in) {
    ((pin_t *)MP_OBJ_TO_PTR(self_in))->value = 1;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_on_obj, pin_on);

static mp_obj_t pin_off(mp_obj_t self_in) {
    ((pin_t *)MP_OBJ_TO_PTR(self_in))->value = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_off_obj, pin_off);

static mp_obj_t pin_toggle(mp_obj_t self_in) {
    ((pin_t *)MP_OBJ_TO_PTR(self_in))->value ^= 1;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_toggle_obj, pin_toggle);

// For machine.Signal.
static mp_uint_t pin_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    pin_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_PIN_READ: return self->value;
        case MP_PIN_WRITE: self->value = arg != 0; return 0;
        default: return -1;
    }
}

static const mp_pin_p_t pin_protocol = {.ioctl = pin_ioctl};

static const mp_rom_map_elem_t pin_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&pin_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_value), MP_ROM_PTR(&pin_value_obj)},
    {MP_ROM_QSTR(MP_QSTR_on), MP_ROM_PTR(&pin_on_obj)},
    {MP_ROM_QSTR(MP_QSTR_off), MP_ROM_PTR(&pin_off_obj)},
    {MP_ROM_QSTR(MP_QSTR_toggle), MP_ROM_PTR(&pin_toggle_obj)},
    {MP_ROM_QSTR(MP_QSTR_IN), MP_ROM_INT(MODE_IN)},
    {MP_ROM_QSTR(MP_QSTR_OUT), MP_ROM_INT(MODE_OUT)},
    {MP_ROM_QSTR(MP_QSTR_OPEN_DRAIN), MP_ROM_INT(MODE_OPEN_DRAIN)},
    {MP_ROM_QSTR(MP_QSTR_PULL_UP), MP_ROM_INT(PULL_UP)},
    {MP_ROM_QSTR(MP_QSTR_PULL_DOWN), MP_ROM_INT(PULL_DOWN)},
};
static MP_DEFINE_CONST_DICT(pin_locals, pin_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(machine_pin_type, MP_QSTR_Pin, MP_TYPE_FLAG_NONE, make_new, pin_make_new, print, pin_print,
                         call, pin_call, protocol, &pin_protocol, locals_dict, &pin_locals);
