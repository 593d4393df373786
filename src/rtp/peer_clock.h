/*
 * A peer's clock that goes round, as one line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The times of feedback by packet have so many bits that they go round after
 * days or hours. Each is taken as the nearest one to the time before it, to
 * either side. What a peer says may be anything: by steps of half a round in
 * each report a line of 64 bits would be at its end in minutes, so it begins
 * anew where no clock can have come to, and differences of two times never
 * overflow. Pure.
 */
#ifndef RTP_PEER_CLOCK_H
#define RTP_PEER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define PEER_CLOCK_FAR_US (INT64_C(1) << 60)	/* 36 000 years */

/* Zero-initialise. */
struct peer_clock {
	bool    started;
	int64_t last_us;
};

/* The time for `at_us`, of a clock that goes round in `period_us`. */
int64_t peer_clock_unwrap(struct peer_clock *clock, int64_t at_us,
    int64_t period_us);

#endif
