/*
 * A steady beat for one thread.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/timerfd.h>

#include <errno.h>
#include <unistd.h>

#include "room/ticker.h"
#include "util/clock.h"

int
ticker_init(struct ticker *t, int64_t period_us)
{
	*t = (struct ticker){ .period_us = period_us };
	t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	return t->fd < 0 ? -errno : 0;
}

void
ticker_clear(struct ticker *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

void
ticker_restart(struct ticker *t)
{
	struct itimerspec spec;

	t->due_us = clock_monotonic_us();
	t->pending = 0;
	spec.it_value.tv_sec = (t->due_us + t->period_us) / 1000000;
	spec.it_value.tv_nsec = (t->due_us + t->period_us) % 1000000 * 1000;
	spec.it_interval.tv_sec = t->period_us / 1000000;
	spec.it_interval.tv_nsec = t->period_us % 1000000 * 1000;
	timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

int64_t
ticker_wait(struct ticker *t)
{
	uint64_t beats = 0;

	while (t->pending == 0) {
		if (read(t->fd, &beats, sizeof(beats)) !=
		    (ssize_t)sizeof(beats))
			continue;
		if (beats > TICKER_CATCH_UP) {
			const uint64_t skip = beats - TICKER_CATCH_UP;

			t->skipped += skip;
			t->due_us += (int64_t)skip * t->period_us;
			beats = TICKER_CATCH_UP;
		}
		t->pending = (unsigned)beats;
	}
	t->pending--;
	t->due_us += t->period_us;
	return t->due_us;
}
