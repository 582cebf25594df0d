// SPDX-License-Identifier: MIT
// Boot, mount, run boot.py and main.py, then the REPL; Ctrl-D starts over.
#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"

#include "board.h"

// The page where the host leaves its wishes; all zero when nobody wrote to it.
typedef struct {
    uint32_t heap_bytes;
} boot_page_t;

static size_t heap_bytes(void) {
    size_t wanted = ((const volatile boot_page_t *)BOARD_BOOT_ADDRESS)->heap_bytes;
    size_t most = heap_end - heap_start;
    if (wanted == 0) {
        return BOARD_HEAP_BYTES;
    }
    return wanted < most ? wanted : most;
}

static void run_repl(void) {
    for (;;) {
        bool raw = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL;
        int result = raw ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (result != 0) {
            return;
        }
    }
}

int main(void) {
    cpu_init();
    uart_init();
    mp_cstack_init_with_top(stack_top, BOARD_STACK_BYTES - GUARD_BYTES - 1024);

    for (;;) {
        gc_init(heap_start, heap_start + heap_bytes());
        mp_init();
        MP_STATE_PORT(machine_timers) = NULL;
        readline_init0();
        pyexec_frozen_module("_boot.py", false);
        int result = pyexec_file_if_exists("boot.py");
        // A forced exit in boot.py means a soft reset. In the raw REPL a tool is in charge, so
        // main.py stays out.
        if (!(result & PYEXEC_FORCED_EXIT) && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
            result = pyexec_file_if_exists("main.py");
        }
        if (!(result & PYEXEC_FORCED_EXIT)) {
            run_repl();
        }
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        mp_thread_deinit();
        gc_sweep_all();
        mp_deinit();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    mp_thread_gc_others();
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    mp_printf(&mp_plat_print, "\r\nFATAL: exception %p without a handler\r\n", value);
    cpu_exit(70);
}
