// SPDX-License-Identifier: MIT
#include <stdbool.h>

typedef struct {
    volatile bool locked;
} mp_thread_mutex_t;

void mp_thread_deinit(void);    // all but the first are forgotten
void mp_thread_gc_others(void); // what the first one's stack points to is in use
bool mp_thread_pause(void);     // lets the others run; false when there are none
