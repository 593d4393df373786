/*
 * The two clocks, in microseconds.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <time.h>

#include "util/clock.h"

static int64_t
clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t
clock_realtime_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t
clock_thread_cpu_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}
