// SPDX-License-Identifier: MIT
#include "shared/runtime/interrupt_char.h"

#include "port.h"

#define MICROPY_BEGIN_ATOMIC_SECTION() cpu_disable_interrupts()
#define MICROPY_END_ATOMIC_SECTION(state) cpu_restore_interrupts(state)

void mp_hal_set_time_us(uint64_t since_1970_us);
