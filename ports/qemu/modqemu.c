// SPDX-License-Identifier: MIT
// The qemu module: what a simulated board can do and a real one cannot.
#include "py/runtime.h"

#include "port.h"

extern const mp_obj_type_t qemu_flash_type;

// exit(status=0): end QEMU itself. Tests that run without a host's tool leave through this door.
static mp_obj_t qemu_exit(size_t n_args, const mp_obj_t *args) {
    cpu_exit(n_args == 0 ? 0 : mp_obj_get_int(args[0]));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(qemu_exit_obj, 0, 1, qemu_exit);

// skip_waits(on): from now on time jumps where a script only waits, so that a test of an hour takes what is computed.
static mp_obj_t qemu_skip_waits(mp_obj_t on) {
    board_skip_waits(mp_obj_is_true(on));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(qemu_skip_waits_obj, qemu_skip_waits);

// sound_lost(): how many samples the microphone has lost so far, which a real one cannot tell.
static mp_obj_t qemu_sound_lost(void) {
    return mp_obj_new_int_from_ull(i2s_lost());
}
static MP_DEFINE_CONST_FUN_OBJ_0(qemu_sound_lost_obj, qemu_sound_lost);

static const mp_rom_map_elem_t qemu_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_qemu)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&qemu_flash_type)},
    {MP_ROM_QSTR(MP_QSTR_exit), MP_ROM_PTR(&qemu_exit_obj)},
    {MP_ROM_QSTR(MP_QSTR_skip_waits), MP_ROM_PTR(&qemu_skip_waits_obj)},
    {MP_ROM_QSTR(MP_QSTR_sound_lost), MP_ROM_PTR(&qemu_sound_lost_obj)},
};
static MP_DEFINE_CONST_DICT(qemu_globals, qemu_globals_table);

const mp_obj_module_t qemu_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&qemu_globals,
};

MP_REGISTER_MODULE(MP_QSTR_qemu, qemu_module);
