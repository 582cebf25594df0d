// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "py/mpconfig.h"

static inline void mp_hal_set_interrupt_char(char c) {
    (void)c;
}
mp_uint_t mp_hal_ticks_ms(void);
mp_uint_t mp_hal_ticks_us(void);
