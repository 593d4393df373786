/*
 * Threads with a name, a priority and a small stack.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "util/thread.h"

#define STACK_BYTES (1024 * 1024)
#define SLICE_NS    100000	/* the least there is */
#define FIRST_NICE  (-10)
#define LAST_NICE   5

struct start {
	void *(*run)(void *);
	void       *arg;
	const char *name;
	enum thread_rank rank;
	sem_t       started;
};

/* As of Linux 3.14, sched_setattr(2); glibc has it from 2.41 on. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t  nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/*
 * Linux, from 6.12 on, lets who wants little at a time go before who wants
 * much, between sessions, too. Anybody may; older ones take no notice.
 */
static void
thread_short_turns(void)
{
	const struct scheduling want = {
		.size = sizeof(want), .policy = SCHED_OTHER,
		.nice = getpriority(PRIO_PROCESS, 0), .runtime_ns = SLICE_NS,
	};

	(void)syscall(SYS_sched_setattr, 0, &want, 0);
}

/* On Linux this is of the calling thread. A refusal is no harm. */
static void
thread_renice(int steps)
{
	const int     now = getpriority(PRIO_PROCESS, 0);
	struct rlimit most;

	if (setpriority(PRIO_PROCESS, 0, now + steps) == 0)
		return;
	/* As far as RLIMIT_NICE lets it: 20 stands for nice 0, 40 for -20. */
	if (getrlimit(RLIMIT_NICE, &most) == 0 && most.rlim_cur <= 40 &&
	    20 - (int)most.rlim_cur < now)
		(void)setpriority(PRIO_PROCESS, 0, 20 - (int)most.rlim_cur);
}

/* Real time by CAP_SYS_NICE or RLIMIT_RTPRIO. */
static void
thread_go_first(int priority)
{
	const struct sched_param real_time = { .sched_priority = priority };

	thread_renice(FIRST_NICE);
	thread_short_turns();
	(void)sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK,
	    &real_time);
}

void
thread_prefer(void)
{
	thread_go_first(1);
}

static void *
thread_start(void *arg)
{
	struct start *start = arg;
	void       *(*run)(void *) = start->run;
	void         *run_arg = start->arg;

	/* Of itself: another's name is a file, which a sandbox may refuse. */
	pthread_setname_np(pthread_self(), start->name);
	if (start->rank == THREAD_LAST)
		thread_renice(LAST_NICE);
	else if (start->rank == THREAD_BEAT)
		thread_go_first(2);
	sem_post(&start->started);
	return run(run_arg);
}

int
thread_spawn(pthread_t *out, const char *name, enum thread_rank rank,
    void *(*run)(void *), void *arg)
{
	struct start   start = { .run = run, .arg = arg, .name = name,
	    .rank = rank };
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
