/*
 * Threads with a name and a small stack.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <pthread.h>
#include <signal.h>

#include "util/thread.h"

#define STACK_BYTES (1024 * 1024)

int
thread_spawn(pthread_t *out, const char *name, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t       all, before;
	int            err;

	sigfillset(&all);
	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(out, &attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return -err;
	pthread_setname_np(*out, name);
	return 0;
}
