/*
 * A steady beat for one thread.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An absolute timerfd, so that lateness never adds up. After a stall at most
 * TICKER_CATCH_UP beats are given at once; older ones are skipped. Made
 * before lock-down, used by one thread.
 */
#ifndef ROOM_TICKER_H
#define ROOM_TICKER_H

#include <stdint.h>

#define TICKER_CATCH_UP 3

struct ticker {
	int     fd;
	int64_t period_us;
	int64_t due_us;		/* of the last beat given */
	unsigned pending;	/* beats that are due already */
	uint64_t skipped;
};

int  ticker_init(struct ticker *t, int64_t period_us);
void ticker_clear(struct ticker *t);

/* Starts the beat anew, one period from now. */
void ticker_restart(struct ticker *t);

/* Waits for the next beat and returns the time it was due. */
int64_t ticker_wait(struct ticker *t);

#endif
