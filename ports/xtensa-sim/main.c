/* SPDX-License-Identifier: MIT
 *
 * qemu-xtensa -cpu CORE micropython SCRIPT [ARGUMENT...], with MICROPYPATH as search path, MICROPYHEAP as the heap's size.
 */
#include <string.h>

#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/persistentcode.h"
#include "py/runtime.h"
#include "py/stackctrl.h"

#include "port.h"

#define STACK_BYTES (400 * 1024)

static char heap[MICROPY_HEAP_BYTES] __attribute__((aligned(16)));
static char *stack_top;

_Noreturn void port_exit(int status) {
    for (;;) {
        port_syscall(SYS_EXIT, status, 0, 0);
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size) {
    for (size_t sent = 0; sent < size;) {
        int n = port_syscall(SYS_WRITE, 1, (int)(text + sent), (int)(size - sent));
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    return size;
}

static uint64_t now_us(void) {
    int32_t time[2];
    port_syscall(SYS_CLOCK_GETTIME, 1, (int)time, 0);
    return (uint64_t)time[0] * 1000000u + (uint32_t)time[1] / 1000u;
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)now_us();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(now_us() / 1000u);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return mp_hal_ticks_us();
}

void mp_hal_delay_us(mp_uint_t us) {
    for (mp_uint_t start = mp_hal_ticks_us(); mp_hal_ticks_us() - start < us;) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    mp_hal_delay_us(1000u * ms);
}

/* nlr_push keeps what registers hold in its buffer, and drives windows out to the stack. */
void gc_collect(void) {
    nlr_buf_t registers;
    gc_collect_start();
    if (nlr_push(&registers) == 0) {
        nlr_pop();
        char *bottom = (char *)((uintptr_t)&registers & ~(uintptr_t)3) - 64;
        gc_collect_root((void **)(void *)bottom, (size_t)(stack_top - bottom) / sizeof(void *));
    }
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    (void)value;
    mp_hal_stdout_tx_str("FATAL: an exception that nobody catches\n");
    port_exit(70);
}

void abort(void) {
    nlr_jump_fail(NULL);
}

#ifdef MP_PLAT_COMMIT_EXEC
/* As on the ESP8266: native code is read onto the heap and moves to mapped flash, from where it runs. */
void *port_commit_code(void *code, size_t size, void *relocations) {
    static char flash[0x40000] __attribute__((aligned(16)));
    static size_t used;
    size = (size + 3) & ~(size_t)3;
    if (size > sizeof flash - used) {
        mp_raise_type(&mp_type_MemoryError);
    }
    char *place = flash + used;
    if (relocations != NULL) {
        mp_native_relocate(relocations, code, (uintptr_t)place);
    }
    used += size;
    return memcpy(place, code, size);
}
#endif

static int run(const char *path) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_lexer_t *lexer = mp_lexer_new_from_file(qstr_from_str(path));
        qstr name = lexer->source_name;
        mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
        mp_call_function_0(mp_compile(&tree, name, false));
        nlr_pop();
        return 0;
    }
    mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    return 1;
}

/* The value of a variable, its name given with the equals sign; empty where there is none. */
static const char *variable(char *const *environment, const char *name) {
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, strlen(name)) == 0) {
            return *environment + strlen(name);
        }
    }
    return "";
}

static size_t heap_size(const char *digits) {
    size_t size = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) {
        size = 10 * size + (size_t)(*digits - '0');
    }
    return size == 0 || size > sizeof heap ? sizeof heap : size;
}

static void add_search_path(const char *part) {
    while (*part != 0) {
        const char *end = strchr(part, ':');
        size_t size = end != NULL ? (size_t)(end - part) : strlen(part);
        mp_obj_list_append(mp_sys_path, mp_obj_new_str(part, size));
        part += size + (end != NULL);
    }
}

void port_main(int *stack) {
    int argc = stack[0];
    char **argv = (char **)(stack + 1), **environment = argv + argc + 1;
    stack_top = (char *)stack;
    port_emulate_mulsh();
    mp_stack_set_top(stack_top);
    mp_stack_set_limit(STACK_BYTES);
    gc_init(heap, heap + heap_size(variable(environment, "MICROPYHEAP=")));
    mp_init();
    if (argc < 2) {
        mp_hal_stdout_tx_str("usage: micropython SCRIPT [ARGUMENT...]\n");
        port_exit(2);
    }
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR_));
    add_search_path(variable(environment, "MICROPYPATH="));
    for (int i = 1; i < argc; i++) {
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str(argv[i], strlen(argv[i])));
    }
    int status = run(argv[1]);
    mp_deinit();
    port_exit(status);
}
