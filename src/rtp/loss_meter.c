/*
 * How much is lost, and in how long runs, by what a peer reports.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/loss_meter.h"

#define FADE_US       2000000.0	/* to 1/e */
#define PACKETS_LEAST 10.0
#define BURST_MOST    4000

void
loss_meter_add(struct loss_meter *m, bool lost)
{
	m->packets += 1;
	m->lost += lost;
	m->runs += lost && !m->in_run;
	m->in_run = lost;
}

void
loss_meter_found(struct loss_meter *m)
{
	m->lost = fmax(0, m->lost - 1);
	m->runs = fmin(m->runs, m->lost);
}

void
loss_meter_late(struct loss_meter *m)
{
	m->lost = fmin(m->packets, m->lost + 1);
	m->runs = fmin(m->lost, m->runs + 1);
}

void
loss_meter_fade(struct loss_meter *m, int64_t now_us)
{
	const int64_t step_us = m->faded_us ? now_us - m->faded_us : 0;
	const double  keep = exp(-(double)step_us / FADE_US);

	m->faded_us = now_us;
	if (step_us <= 0)
		return;
	m->packets *= keep;
	m->lost *= keep;
	m->runs *= keep;
}

unsigned
loss_meter_q8(const struct loss_meter *m)
{
	if (m->packets < PACKETS_LEAST)
		return 0;
	return (unsigned)fmin(255, 256 * m->lost / m->packets + 0.5);
}

unsigned
loss_meter_burst_q4(const struct loss_meter *m)
{
	if (m->runs < 0.5)
		return 16;
	return (unsigned)fmin(BURST_MOST, fmax(16, 16 * m->lost / m->runs));
}
