/*
 * At most so many a second, and a burst of what was saved before.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bucket of `burst` that fills by one each `interval_us`, kept as the time
 * at which it would be full less one taken for each (the generic cell rate
 * algorithm). Zero-initialise. Pure: time is an argument.
 */
#ifndef UTIL_RATE_LIMIT_H
#define UTIL_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
	int64_t full_us;		/* when it will be full again */
};

/* Takes one, or says that there is none. */
static inline bool
rate_limit_pass(struct rate_limit *limit, int64_t now_us, int64_t interval_us,
    int64_t burst)
{
	if (limit->full_us < now_us)
		limit->full_us = now_us;
	if (limit->full_us - now_us > (burst - 1) * interval_us)
		return false;
	limit->full_us += interval_us;
	return true;
}

#endif
