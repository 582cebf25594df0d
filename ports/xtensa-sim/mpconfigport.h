// SPDX-License-Identifier: MIT
// clang-format off: a table
// A program that runs one script, with what Midge's device package and tests need.
#include <alloca.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL        (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

#define MICROPY_ENABLE_COMPILER         (1)
#define MICROPY_ENABLE_GC               (1)
#define MICROPY_STACK_CHECK             (1)
#define MICROPY_PERSISTENT_CODE_LOAD    (1)
#ifdef __XTENSA_CALL0_ABI__ // what the ESP8266 has that native modules and memory see
#include <stddef.h>
#define MICROPY_EMIT_XTENSA             (1)
#define MICROPY_OBJ_REPR                (MICROPY_OBJ_REPR_C)
void *port_commit_code(void *code, size_t size, void *relocations);
#define MP_PLAT_COMMIT_EXEC(code, size, relocations) port_commit_code(code, size, relocations)
#else
#define MICROPY_EMIT_XTENSAWIN          (1)
#define MICROPY_NLR_SETJMP              (1)
#endif
#define MICROPY_EMIT_INLINE_XTENSA      (0)
#define MICROPY_LONGINT_IMPL            (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL              (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_HELPER_REPL             (0)
#define MICROPY_REPL_EVENT_DRIVEN       (0)
#define MICROPY_ENABLE_EXTERNAL_IMPORT  (1)
#define MICROPY_ALLOC_PATH_MAX          (256)
#define MICROPY_VFS                     (0)
#define MICROPY_READER_VFS              (0)
#define MICROPY_READER_POSIX            (0)
#define MICROPY_HAS_FILE_READER         (1)
#define MICROPY_KBD_EXCEPTION           (0)
#define MICROPY_SCHEDULER_DEPTH         (1)

#define MICROPY_PY_IO                   (1)
#define MICROPY_PY_SYS_PLATFORM         "xtensa-sim"
#define MICROPY_PY_SYS_PS1_PS2          (0)
#define MICROPY_PY_SYS_STDFILES         (0)
#define MICROPY_PY_SYS_STDIO_BUFFER     (0)
#define MICROPY_PY_BUILTINS_INPUT       (0)
#define MICROPY_PY_BUILTINS_HELP        (0)
#define MICROPY_PY_ASYNCIO              (0)
#define MICROPY_PY_TIME                 (1)
#define MICROPY_PY_TIME_TIME_TIME_NS    (0)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (0)
#define MICROPY_PY_MACHINE              (0)
#define MICROPY_PY_NETWORK              (0)
#define MICROPY_PY_OS                   (0)
#define MICROPY_PY_SELECT               (0)
#define MICROPY_PY_SSL                  (0)
#define MICROPY_PY_FRAMEBUF             (0)
#define MICROPY_PY_HASHLIB              (1)
#define MICROPY_PY_CRYPTOLIB            (0)
#define MICROPY_PY_DEFLATE              (1)
#define MICROPY_PY_RANDOM               (0)

#define MICROPY_HW_BOARD_NAME           "QEMU"
#define MICROPY_HW_MCU_NAME             MIDGE_CORE
#define MICROPY_HEAP_BYTES              (8 * 1024 * 1024)

typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;
#define UINT_FMT "%u"
#define INT_FMT "%d"
#define MP_SSIZE_MAX (0x7fffffff)
#define MP_NEED_LOG2 (1)
#define MP_STATE_PORT MP_STATE_VM
