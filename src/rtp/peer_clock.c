/*
 * A peer's clock that goes round, as one line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/peer_clock.h"

int64_t
peer_clock_unwrap(struct peer_clock *clock, int64_t at_us, int64_t period_us)
{
	int64_t step_us;

	if (!clock->started || clock->last_us > PEER_CLOCK_FAR_US ||
	    clock->last_us < -PEER_CLOCK_FAR_US) {
		clock->started = true;
		clock->last_us = at_us;
		return at_us;
	}
	step_us = (at_us - clock->last_us) % period_us;
	if (step_us > period_us / 2)
		step_us -= period_us;
	if (step_us < -period_us / 2)
		step_us += period_us;
	clock->last_us += step_us;
	return clock->last_us;
}
