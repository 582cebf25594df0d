/* SPDX-License-Identifier: MIT
 *
 * The end of the C stack, to which a recursion of Python's may have come.
 */
#include "glue.h"

/* What loading or running takes of the C stack at most, with the text of an error (`make stack`). The core's functions
 * do not look at the stack; deep in a recursion of Python's, they would leave it. */
#define STACK_NEEDED 2048

#if MICROPY_ENABLE_DYNRUNTIME
#define STACK_STEP 256 /* below what was found to be free; a port's own margin is larger */

/* RuntimeError where the stack is short. A native module cannot ask how much there is of it, but whatever is called
 * fails where there is none: here a method that does nothing, called from frames ever deeper. It is looked up once, since
 * that takes much stack itself. */
static __attribute__((noinline)) void check_stack_below(mp_obj_t *method, size_t depth) {
    volatile uint8_t frame[STACK_STEP];
    frame[0] = mp_fun_table.call_method_n_kw(0, 0, method) == mp_const_none;
    if (depth > STACK_STEP) {
        check_stack_below(method, depth - STACK_STEP);
    }
    (void)frame[0]; /* the frame lives on until here */
}

void mg_check_stack(const mp_obj_type_t *type) {
    mp_obj_t method[2];
    mp_load_method(MP_OBJ_FROM_PTR(type), MP_QSTR_room, method);
    check_stack_below(method, STACK_NEEDED);
}

mp_obj_t mg_room(mp_obj_t fun, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)fun, (void)n_args, (void)n_kw, (void)args;
    return mp_const_none;
}
#else
void mg_check_stack(const mp_obj_type_t *type) {
    (void)type;
#if MICROPY_STACK_CHECK
    char here;
    if ((size_t)(MP_STATE_THREAD(stack_top) - &here) + STACK_NEEDED > MP_STATE_THREAD(stack_limit)) {
        mp_raise_recursion_depth();
    }
#endif
}
#endif
