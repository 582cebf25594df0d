// SPDX-License-Identifier: MIT
// machine.I2S: one bus, whatever its number and pins are called, with a simulated microphone on it that hears what
// the host recorded. As on real boards, samples go into a ring of `ibuf` bytes, and those that find it full are lost
// without a word. Not simulated: transmitting, irq(), streams of asyncio.
//
// The sound's region of memory holds a header and `count` samples, int16, which play over and over from when the bus
// is started. The microphone is on the left channel, and answers with 16 bits in words of 16 or 32.
#include <string.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "board.h"
#include "port.h"

typedef struct {
    uint32_t rate_hz, count;
    int16_t values[];
} sound_t;

#define SOUND ((const sound_t *)BOARD_SOUND_ADDRESS)

enum { RX = 0, TX = 1, MONO = 0, STEREO = 1 };

typedef struct {
    mp_obj_base_t base;
    uint32_t rate_hz, frame_bytes, capacity;  // of the ring, in frames
    uint32_t first, held;                     // the oldest frame in the ring, and how many there are
    uint64_t start_us, heard;                 // frames that have come since then, lost ones among them
    bool wide, stereo, on;
    int16_t *ring;  // one sample a frame: what the words around it hold is put there when they are read
} i2s_t;

static uint64_t lost;

uint64_t i2s_lost(void) {
    return lost;
}

// Let what has come since the last call find its place in the ring, or none.
static void hear(i2s_t *self) {
    uint64_t come = (board_us() - self->start_us) * self->rate_hz / 1000000;
    uint64_t fresh = come - self->heard, room = self->capacity - self->held;
    uint64_t kept = fresh < room ? fresh : room;
    const sound_t *sound = SOUND;
    // On a real board this costs nothing, so it has to be quick.
    uint64_t at = self->heard * sound->rate_hz;
    uint32_t from = sound->count == 0 ? 0 : at / self->rate_hz % sound->count, part = at % self->rate_hz;
    uint32_t to = (self->first + self->held) % self->capacity;
    for (uint32_t i = 0; i < kept; i++) {
        self->ring[to] = sound->count == 0 ? 0 : sound->values[from];
        to = to + 1 == self->capacity ? 0 : to + 1;
        for (part += sound->rate_hz; part >= self->rate_hz; part -= self->rate_hz) {
            from = from + 1 >= sound->count ? 0 : from + 1;
        }
    }
    self->held += kept;
    lost += fresh - kept;
    self->heard = come;
}

static mp_obj_t i2s_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { ARG_id, ARG_sck, ARG_ws, ARG_sd, ARG_mode, ARG_bits, ARG_format, ARG_rate, ARG_ibuf };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_id, MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_sck, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_ws, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_sd, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_mode, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = RX}},
        {MP_QSTR_bits, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = 16}},
        {MP_QSTR_format, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = MONO}},
        {MP_QSTR_rate, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = 16000}},
        {MP_QSTR_ibuf, MP_ARG_KW_ONLY | MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = 8000}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, values);
    mp_int_t bits = values[ARG_bits].u_int, rate = values[ARG_rate].u_int, ibuf = values[ARG_ibuf].u_int;
    if (values[ARG_mode].u_int != RX) {
        mp_raise_NotImplementedError(MP_ERROR_TEXT("the simulated bus only receives"));
    }
    if (bits != 16 && bits != 32) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid bits"));
    }
    if (rate <= 0 || ibuf < 64) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid rate or ibuf"));
    }
    i2s_t *self = mp_obj_malloc(i2s_t, type);
    self->rate_hz = rate;
    self->wide = bits == 32;
    self->stereo = values[ARG_format].u_int == STEREO;
    self->frame_bytes = bits / 8 * (self->stereo ? 2 : 1);
    self->capacity = ibuf / self->frame_bytes;
    self->ring = m_new(int16_t, self->capacity);
    self->first = self->held = 0;
    self->heard = 0;
    self->start_us = board_us();
    self->on = true;
    return MP_OBJ_FROM_PTR(self);
}

static void i2s_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const i2s_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "I2S(rate=%u, bits=%u, ibuf=%u)", (unsigned)self->rate_hz, self->wide ? 32 : 16,
              (unsigned)(self->capacity * self->frame_bytes));
}

// Wait for as many frames as the buffer holds.
static mp_obj_t i2s_readinto(mp_obj_t self_in, mp_obj_t into) {
    i2s_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(into, &buffer, MP_BUFFER_WRITE);
    if (!self->on || buffer.len % self->frame_bytes != 0) {
        mp_raise_ValueError(self->on ? MP_ERROR_TEXT("Buffer too small") : MP_ERROR_TEXT("the bus was stopped"));
    }
    int16_t *to = buffer.buf;
    hear(self);
    for (size_t frame = 0; frame < buffer.len / self->frame_bytes; frame++) {
        while (self->held == 0) {
            mp_hal_delay_us(1000000 / self->rate_hz + 1);
            mp_handle_pending(true);
            hear(self);
        }
        memset(to, 0, self->frame_bytes);
        to[self->wide] = self->ring[self->first];
        to += self->frame_bytes / sizeof(*to);
        self->first = self->first + 1 == self->capacity ? 0 : self->first + 1;
        self->held--;
    }
    return mp_obj_new_int_from_uint(buffer.len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(i2s_readinto_obj, i2s_readinto);

static mp_obj_t i2s_deinit(mp_obj_t self_in) {
    i2s_t *self = MP_OBJ_TO_PTR(self_in);
    self->on = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(i2s_deinit_obj, i2s_deinit);

static const mp_rom_map_elem_t i2s_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&i2s_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&i2s_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_RX), MP_ROM_INT(RX)},
    {MP_ROM_QSTR(MP_QSTR_TX), MP_ROM_INT(TX)},
    {MP_ROM_QSTR(MP_QSTR_MONO), MP_ROM_INT(MONO)},
    {MP_ROM_QSTR(MP_QSTR_STEREO), MP_ROM_INT(STEREO)},
};
static MP_DEFINE_CONST_DICT(i2s_locals, i2s_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(machine_i2s_type, MP_QSTR_I2S, MP_TYPE_FLAG_NONE, make_new, i2s_make_new, print, i2s_print,
                         locals_dict, &i2s_locals);
