// SPDX-License-Identifier: MIT
// What the machine module needs of this port; extmod/modmachine.c includes this file.
#include "board.h"
#include "port.h"

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    {MP_ROM_QSTR(MP_QSTR_Pin), MP_ROM_PTR(&machine_pin_type)}, \
        {MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&machine_rtc_type)}, \
        {MP_ROM_QSTR(MP_QSTR_Timer), MP_ROM_PTR(&machine_timer_type)}, \
        {MP_ROM_QSTR(MP_QSTR_I2S), MP_ROM_PTR(&machine_i2s_type)},

extern const mp_obj_type_t machine_i2s_type, machine_rtc_type, machine_timer_type;

static void mp_machine_idle(void) {
    if (!machine_timer_poll()) {
        cpu_wait_for_interrupt();
    }
}

static void mp_machine_reset(void) {
    cpu_reset();
}

static mp_int_t mp_machine_reset_cause(void) {
    return 0;
}

static mp_obj_t mp_machine_unique_id(void) {
    return mp_obj_new_bytes((const byte *)BOARD_MCU, sizeof(BOARD_MCU) - 1);
}

static mp_obj_t mp_machine_get_freq(void) {
    return mp_obj_new_int(BOARD_CLOCK_HZ);
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args) {
    mp_raise_NotImplementedError(MP_ERROR_TEXT("the simulator's clock is fixed"));
}

static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args) {
    mp_hal_delay_ms(n_args == 0 ? 0 : mp_obj_get_int(args[0]));
}

static void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args) {
    mp_machine_lightsleep(n_args, args);
    cpu_reset();
}
