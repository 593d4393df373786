/*
 * Threads with a name and a small stack.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "util/thread.h"

#define STACK_BYTES (1024 * 1024)
#define NAME_SIZE   16	/* of the kernel, with the NUL */

struct thread_start {
	void *(*run)(void *);
	void   *arg;
	char    name[NAME_SIZE];
};

/* It names itself: another could only by a file, which may be forbidden. */
static void *
thread_begin(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;

	free(arg);
	(void)prctl(PR_SET_NAME, start.name);
	return start.run(start.arg);
}

int
thread_spawn(pthread_t *out, const char *name, void *(*run)(void *), void *arg)
{
	struct thread_start *start = malloc(sizeof(*start));
	pthread_attr_t       attr;
	sigset_t             all, before;
	int                  err;

	if (start == NULL)
		return -ENOMEM;
	start->run = run;
	start->arg = arg;
	snprintf(start->name, sizeof(start->name), "%s", name);
	err = pthread_attr_init(&attr);
	if (err) {
		free(start);
		return -err;
	}
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(out, &attr, thread_begin, start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		free(start);
	return -err;
}
