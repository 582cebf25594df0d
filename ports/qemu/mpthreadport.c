// SPDX-License-Identifier: MIT
// Threads on one core that take turns: whoever lets go of the interpreter's lock, as the VM does every few jumps and
// whatever waits does, hands over to the next. So no interrupt changes threads, and nothing else needs a lock.
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "port.h"

#define STACK_BYTES (8 * 1024)
#define LEAST_STACK_BYTES (4 * 1024)
#define MARGIN_BYTES 1024 // for C below the check of Python's recursion

typedef struct _thread_t {
    struct _thread_t *next; // in a ring
    mp_state_thread_t *state;
    void *sp;        // while another runs
    uint8_t *bottom; // of its stack
    void *(*entry)(void *);
    void *argument;
} thread_t;

static thread_t first = {&first, &mp_state_ctx.thread, NULL, stack_bottom, NULL, NULL};
static thread_t *current = &first;

mp_state_thread_t *mp_thread_get_state(void) {
    return current->state;
}

void mp_thread_set_state(mp_state_thread_t *state) {
    current->state = state;
}

mp_uint_t mp_thread_get_id(void) {
    return (mp_uint_t)current;
}

static void hand_over(void) {
    thread_t *from = current;
    current = from->next;
    cpu_switch_stack(&from->sp, current->sp, current->bottom);
}

bool mp_thread_pause(void) {
    if (current->next == current) {
        return false;
    }
    MP_THREAD_GIL_EXIT();
    MP_THREAD_GIL_ENTER();
    return true;
}

static void run(void) {
    current->entry(current->argument);
    thread_t *before = current;
    while (before->next != current) {
        before = before->next;
    }
    before->next = current->next;
    MP_STATE_PORT(threads) = first.next;
    hand_over(); // for ever
}

mp_uint_t mp_thread_create(void *(*entry)(void *), void *argument, size_t *stack_size) {
    size_t bytes = *stack_size == 0 ? STACK_BYTES : MAX(*stack_size, LEAST_STACK_BYTES);
    thread_t *thread = m_new_obj(thread_t);
    thread->bottom = m_new(uint8_t, bytes);
    thread->state = NULL;
    thread->entry = entry;
    thread->argument = argument;
    thread->sp = cpu_new_stack(thread->bottom + bytes, run);
    thread->next = current->next;
    current->next = thread;
    MP_STATE_PORT(threads) = first.next;
    *stack_size = bytes - MARGIN_BYTES;
    return (mp_uint_t)thread;
}

void mp_thread_start(void) {
}

void mp_thread_finish(void) {
}

void mp_thread_deinit(void) {
    current = first.next = &first;
    MP_STATE_PORT(threads) = NULL;
}

void mp_thread_gc_others(void) {
    // The others' stacks are blocks of the heap themselves, which the root pointer leads to.
    if (current != &first) {
        gc_collect_root((void **)first.sp, (stack_top - (uint8_t *)first.sp) / sizeof(void *));
    }
}

void mp_thread_mutex_init(mp_thread_mutex_t *mutex) {
    mutex->locked = false;
}

int mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait) {
    while (mutex->locked) {
        if (!wait) {
            return 0;
        }
        if (current->next != current) {
            hand_over();
        }
    }
    mutex->locked = true;
    return 1;
}

void mp_thread_mutex_unlock(mp_thread_mutex_t *mutex) {
    mutex->locked = false;
    if (mutex == &MP_STATE_VM(gil_mutex) && current->next != current) {
        hand_over();
    }
}

MP_REGISTER_ROOT_POINTER(struct _thread_t *threads); // all but the first
