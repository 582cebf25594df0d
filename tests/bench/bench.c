/* SPDX-License-Identifier: MIT
 *
 * Bare-metal: runs the model that QEMU has put at MODEL_ADDRESS and prints what each node took, in
 * ticks of the board's 25 MHz timer. With -icount shift=5 an instruction is 32 ns of the board's
 * time and a tick 40 ns, so instructions = ticks * 5 / 4, exactly repeatable.
 */
#include "../../native_module/core/midge.h"

#include "board.h"

static void print(const char *text) {
    semihost(4, text); /* SYS_WRITE0 */
}

static void print_number(uint32_t v) {
    char digits[12];
    int i = 11;
    digits[i] = 0;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    print(digits + i);
}

static void print_row(const char *name, uint32_t v) {
    print(name);
    print(" ");
    print_number(v);
    print("\n");
}

void bench(void) {
    static mg_model_t model; /* not on the stack: it is no part of what is measured */
    static mg_error_t error;
    const uint8_t *file = (const uint8_t *)MODEL_ADDRESS;
    uint32_t start = timer();
    bool sound = mg_model_open(&model, file, MODEL_BYTES, &error);
    uint32_t opened = timer_since(start);
    if (!sound || !mg_model_bind(&model, (void *)ARENA_ADDRESS, ARENA_BYTES, &error)) {
        static char text[160];
        mg_error_text(&error, text, sizeof text);
        print("error ");
        print(text);
        print("\n");
        return;
    }
    print_row("open", opened);
    /* The timer itself costs a few ticks; measured, and taken off. */
    start = timer();
    uint32_t own = timer_since(start);
    uint32_t cursor = 0, total = 0;
    for (;;) {
        start = timer();
        bool more = mg_run_next(&model, &cursor);
        uint32_t ticks = timer_since(start) - own;
        if (!more) {
            break;
        }
        total += ticks;
        print_row("node", ticks);
    }
    print_row("total", total);
    /* A checksum of the outputs tells whether it computed the right thing. */
    uint32_t crc = 0;
    for (uint32_t i = 0; i < model.n_outputs; i++) {
        mg_tensor_t out;
        mg_tensor(&model, mg_output(&model, i), &out);
        crc = mg_crc32(crc, mg_tensor_data(&model, &out), out.size);
    }
    print_row("crc", crc);
}
