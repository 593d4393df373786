/*
 * How many bits a second of what we sent arrive at the peer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/acked_rate.h"

#define WINDOW_FIRST_US   500000
#define WINDOW_US         150000
#define VARIANCE_START    50.0
#define VARIANCE_GROWTH   5.0
#define VARIANCE_CHANGE   200.0
#define UNCERTAINTY       10.0
#define JUMP_US           1000000

void
acked_rate_init(struct acked_rate *a)
{
	*a = (struct acked_rate){ .variance = VARIANCE_START };
}

static void
learn(struct acked_rate *a, double sample_bps)
{
	double doubt, sample_variance, variance;

	a->newest_bps = sample_bps;
	if (!a->known) {
		a->known = true;
		a->bps = sample_bps;
		return;
	}
	doubt = UNCERTAINTY * fabs(a->bps - sample_bps) / fmax(a->bps, 1000);
	sample_variance = fmax(doubt * doubt, 1e-6);
	variance = a->variance + VARIANCE_GROWTH;
	a->bps = (sample_variance * a->bps + variance * sample_bps) /
	    (sample_variance + variance);
	a->variance = sample_variance * variance /
	    (sample_variance + variance);
}

void
acked_rate_add(struct acked_rate *a, int64_t bytes, int64_t arrival_us)
{
	const int64_t window_us = a->known ? WINDOW_US : WINDOW_FIRST_US;
	int64_t       step_us = arrival_us - a->last_us;

	if (!a->started || step_us < -JUMP_US) {
		a->started = true;
		a->last_us = arrival_us;
		a->window_us = 0;
		a->bytes = bytes;
		return;
	}
	if (step_us < 0)
		step_us = 0;
	else
		a->last_us = arrival_us;
	a->window_us += step_us;
	/* After a pause of a whole window the rest of it says nothing. */
	if (step_us > window_us) {
		a->bytes = 0;
		a->window_us %= window_us;
	}
	if (a->window_us >= window_us) {
		learn(a, (double)a->bytes * 8e6 / (double)window_us);
		a->window_us -= window_us;
		a->bytes = 0;
	}
	a->bytes += bytes;
}

void
acked_rate_expect_change(struct acked_rate *a)
{
	a->variance += VARIANCE_CHANGE;
	/* The window under way is of the time before. */
	a->window_us = 0;
	a->bytes = 0;
}

void
acked_rate_gap(struct acked_rate *a)
{
	a->started = false;
}

int64_t
acked_rate_bps(const struct acked_rate *a)
{
	return a->known ? (int64_t)a->bps : 0;
}

int64_t
acked_rate_newest_bps(const struct acked_rate *a)
{
	return a->known ? (int64_t)a->newest_bps : 0;
}

int64_t
acked_rate_most_bps(const struct acked_rate *a)
{
	return a->known ? (int64_t)fmax(a->bps, a->newest_bps) : 0;
}
