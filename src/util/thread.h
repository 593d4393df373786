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

enum thread_rank {
	THREAD_EVEN,		/* as its maker */
	THREAD_LAST,		/* 5 below, by nice */
	THREAD_BEAT,		/* before all, what thread_prefer prefers, too */
};

/*
 * The calling thread goes before others, for what must not be late: of the
 * real-time class where CAP_SYS_NICE or RLIMIT_RTPRIO let it, else 10 above by
 * nice, as far as CAP_SYS_NICE or RLIMIT_NICE let it, and in short turns, so
 * that it waits little for who takes long ones. What is refused is left out.
 */
void thread_prefer(void);

/*
 * Runs run(arg) in a new thread named `name` (at most 15 bytes) of this rank.
 * Returns when it has started, with all that set, so that nothing is left to
 * do after a lock-down. Returns 0 or -errno. Join with pthread_join.
 */
int thread_spawn(pthread_t *out, const char *name, enum thread_rank rank,
    void *(*run)(void *), void *arg);

#endif
