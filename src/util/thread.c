/*
 * Threads with a name, a priority and a small stack.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/resource.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "util/thread.h"

#define STACK_BYTES (1024 * 1024)

struct start {
	void *(*run)(void *);
	void       *arg;
	const char *name;
	int         nice;
	sem_t       started;
};

static void *
thread_start(void *arg)
{
	struct start *start = arg;
	void       *(*run)(void *) = start->run;
	void         *run_arg = start->arg;

	/* Of itself: another's name is a file, which a sandbox may refuse. */
	pthread_setname_np(pthread_self(), start->name);
	/* On Linux this is of the calling thread. A refusal is no harm. */
	if (start->nice > 0)
		(void)setpriority(PRIO_PROCESS, 0,
		    getpriority(PRIO_PROCESS, 0) + start->nice);
	sem_post(&start->started);
	return run(run_arg);
}

int
thread_spawn(pthread_t *out, const char *name, int nice, void *(*run)(void *),
    void *arg)
{
	struct start   start = { .run = run, .arg = arg, .name = name,
	    .nice = nice };
	pthread_attr_t attr;
	sigset_t       all, before;
	int            err;

	sigfillset(&all);
	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	sem_init(&start.started, 0, 0);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(out, &attr, thread_start, &start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err == 0) {
		while (sem_wait(&start.started) != 0)
			continue;
	}
	sem_destroy(&start.started);
	return -err;
}
