// SPDX-License-Identifier: MIT
// MicroPython as a well equipped microcontroller has it: what stock firmware offers is on, what
// needs hardware is off.
#include <alloca.h>
#include <stdint.h>

#include "board.h"
#include "port.h"

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Native code, in .mpy files too: midge's natmod is loaded that way.
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#if defined(__ARM_ARCH_ISA_THUMB)
#define MICROPY_EMIT_THUMB (1)
#define MICROPY_EMIT_THUMB_ARMV7M (__ARM_ARCH_ISA_THUMB >= 2)
#define MICROPY_EMIT_INLINE_THUMB (1)
#define MICROPY_EMIT_INLINE_THUMB_FLOAT (__ARM_ARCH_ISA_THUMB >= 2)
#define MICROPY_MAKE_POINTER_CALLABLE(p) ((void *)((uintptr_t)(p) | 1))
#elif defined(__riscv)
#define MICROPY_EMIT_RV32 (1)
#define MICROPY_EMIT_INLINE_RV32 (1)
#endif

// Due timers are looked for where a loop of Python's goes round.
#define MICROPY_VM_HOOK_LOOP \
    if (MP_STATE_PORT(machine_timers) != NULL) { \
        machine_timer_poll(); \
    }

// Memory. Statistics are on, so that a test can hold a peak to its bound.
#define MICROPY_ENABLE_GC (1)
#define MICROPY_MEM_STATS (1)
#define MICROPY_MALLOC_USES_ALLOCATED_SIZE (1)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (256)
#define MICROPY_PY_MICROPYTHON_HEAP_LOCKED (1)

// Language.
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_USE_INTERNAL_ERRNO (1)
#define MICROPY_WARNINGS (1)
#define MICROPY_HELPER_REPL (1)
#define MICROPY_KBD_EXCEPTION (1)
#define MP_NEED_LOG2 (1)

// The console's ring holds 4096 bytes; raw paste may keep this many under way.
#define MICROPY_REPL_STDIN_BUFFER_MAX (1024)

// Threads take turns: mpthreadport.c.
#define MICROPY_PY_THREAD (1)
#define MICROPY_PY_THREAD_GIL (1)

// Modules.
#define MICROPY_HW_BOARD_NAME BOARD_NAME
#define MICROPY_HW_MCU_NAME BOARD_MCU
#define MICROPY_PY_SYS_PLATFORM "qemu"
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_URANDOM (0)
#define MICROPY_PY_OS_DUPTERM (0)
#define MICROPY_EPOCH_IS_1970 (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "port_time.c"
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC ((uint32_t)cpu_cycles() ^ cpu_host_time())
#define MICROPY_PY_MACHINE (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE "port_machine.c"
#define MICROPY_PY_MACHINE_RESET (1)
#define MICROPY_PY_MACHINE_BARE_METAL_FUNCS (1)
#define MICROPY_PY_MACHINE_DISABLE_IRQ_ENABLE_IRQ (1)
#define MICROPY_PY_MACHINE_PULSE (0)
#define MICROPY_PY_MACHINE_I2C (1)

// File systems.
#define MICROPY_VFS (1)
#define MICROPY_VFS_ROM (1)
#define MICROPY_READER_VFS (1)

#define MP_SSIZE_MAX (0x7fffffff)
#define MP_STATE_PORT MP_STATE_VM
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef intptr_t mp_off_t;
