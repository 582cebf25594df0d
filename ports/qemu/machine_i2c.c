// SPDX-License-Identifier: MIT
// machine.I2C: one bus, whatever its number and pins are called, with the simulated sensor on it. A transfer
// takes as long as on a wire.
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"

#include "lsm9ds1.h"

#define STANDARD_HZ 400000
#define BITS_PER_BYTE 9  // with its acknowledge

typedef struct {
    mp_obj_base_t base;
    uint32_t hz;
    uint8_t id;
} i2c_t;

static uint8_t sub_address;  // the register that the next byte goes to or comes from

static int i2c_transfer(mp_obj_base_t *base, uint16_t address, size_t length, uint8_t *bytes, unsigned int flags) {
    const i2c_t *self = (const i2c_t *)base;
    mp_hal_delay_us((uint32_t)((length + 1) * BITS_PER_BYTE * 1000000ull / self->hz));
    if (!lsm9ds1_answers(address)) {
        return -MP_ENODEV;
    }
    bool read = flags & MP_MACHINE_I2C_FLAG_READ;
    for (size_t i = 0; i < length; i++) {
        if (!read && i == 0) {
            sub_address = bytes[0] & 0x7f;
            continue;
        }
        if (read) {
            bytes[i] = lsm9ds1_read(sub_address);
        } else {
            lsm9ds1_write(sub_address, bytes[i]);
        }
        sub_address = lsm9ds1_next(sub_address);
    }
    return length;
}

static mp_obj_t i2c_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { ARG_id, ARG_scl, ARG_sda, ARG_freq, ARG_timeout };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_id, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_scl, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_sda, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_freq, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = STANDARD_HZ}},
        {MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 50000}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, values);
    if (values[ARG_freq].u_int <= 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("freq must be above 0"));
    }
    i2c_t *self = mp_obj_malloc(i2c_t, type);
    self->id = values[ARG_id].u_int;
    self->hz = values[ARG_freq].u_int;
    return MP_OBJ_FROM_PTR(self);
}

static void i2c_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const i2c_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "I2C(%u, freq=%u)", self->id, (unsigned)self->hz);
}

static const mp_machine_i2c_p_t i2c_protocol = {
    .transfer = mp_machine_i2c_transfer_adaptor,
    .transfer_single = i2c_transfer,
};

MP_DEFINE_CONST_OBJ_TYPE(machine_i2c_type, MP_QSTR_I2C, MP_TYPE_FLAG_NONE, make_new, i2c_make_new, print, i2c_print,
                         protocol, &i2c_protocol, locals_dict, &mp_machine_i2c_locals_dict);
