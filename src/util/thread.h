/*
 * Threads with a name and a small stack.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A worker makes all its threads before lock-down (the sandbox lets none be
 * made later, nor a name be set by /proc), with stacks of 1 MiB: ten default
 * ones would cost 80 MiB of address space. Signals are blocked in them.
 */
#ifndef UTIL_THREAD_H
#define UTIL_THREAD_H

#include <pthread.h>

/*
 * Runs run(arg) in a new thread named `name` (at most 15 bytes), `nice` steps
 * below the priority of its maker (0: the same). Returns when it has started,
 * with all that set, so that nothing is left to do after a lock-down.
 * Returns 0 or -errno. Join with pthread_join.
 */
int thread_spawn(pthread_t *out, const char *name, int nice,
    void *(*run)(void *), void *arg);

#endif
