// SPDX-License-Identifier: MIT
// machine.RTC: the wall clock, which starts as the host's. Thonny and mpremote set it.
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "shared/timeutils/timeutils.h"

extern const mp_obj_type_t machine_rtc_type;

static const mp_obj_base_t rtc_object = {&machine_rtc_type};

static mp_obj_t rtc_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    return MP_OBJ_FROM_PTR(&rtc_object);
}

// datetime() or datetime((year, month, day, weekday, hours, minutes, seconds, microseconds)); the weekday that is
// given is not looked at.
static mp_obj_t rtc_datetime(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1) {
        uint64_t now_us = mp_hal_time_ns() / 1000;
        timeutils_struct_time_t tm;
        timeutils_seconds_since_epoch_to_struct_time(now_us / 1000000, &tm);
        const mp_obj_t tuple[8] = {
            MP_OBJ_NEW_SMALL_INT(tm.tm_year), MP_OBJ_NEW_SMALL_INT(tm.tm_mon),        MP_OBJ_NEW_SMALL_INT(tm.tm_mday),
            MP_OBJ_NEW_SMALL_INT(tm.tm_wday), MP_OBJ_NEW_SMALL_INT(tm.tm_hour),       MP_OBJ_NEW_SMALL_INT(tm.tm_min),
            MP_OBJ_NEW_SMALL_INT(tm.tm_sec),  MP_OBJ_NEW_SMALL_INT(now_us % 1000000),
        };
        return mp_obj_new_tuple(8, tuple);
    }
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(args[1], 8, &items);
    uint64_t seconds =
        timeutils_seconds_since_epoch(mp_obj_get_int(items[0]), mp_obj_get_int(items[1]), mp_obj_get_int(items[2]),
                                      mp_obj_get_int(items[4]), mp_obj_get_int(items[5]), mp_obj_get_int(items[6]));
    mp_hal_set_time_us(seconds * 1000000 + mp_obj_get_int(items[7]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_datetime_obj, 1, 2, rtc_datetime);

static const mp_rom_map_elem_t rtc_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&rtc_datetime_obj)},
};
static MP_DEFINE_CONST_DICT(rtc_locals, rtc_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(machine_rtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE, make_new, rtc_make_new, locals_dict,
                         &rtc_locals);
