/*
 * How long a jitter buffer should delay, from how late packets come.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/delay_target.h"
#include "rtp/jitter.h"

#define SLOT_US 100000
#define BASES 20
#define STEP_US 10000
#define SHRINK_US (10000 / 10)	/* a sample, of which there are ten a second */
#define QUANTILE 0.95f
#define FORGET 0.983f		/* of the weights, each sample */
#define START_WEIGHT 2		/* first samples count for more */

void
delay_target_init(struct delay_target *d, int64_t start_us)
{
	memset(d, 0, sizeof(*d));
	d->target_us = start_us;
}

void
delay_target_restart(struct delay_target *d)
{
	d->started = false;
}

static void
start(struct delay_target *d, int64_t arrival_us)
{
	least_window_init(&d->bases, SLOT_US, BASES, arrival_us);
	d->started = true;
	d->sample_us = arrival_us;
	d->sample_late_us = 0;
}

static int64_t
quantile_us(const struct delay_target *d)
{
	float sum = 0;
	int   i = 0;

	while (i < DELAY_TARGET_STEPS - 1) {
		sum += d->weight[i];
		if (sum >= QUANTILE)
			break;
		i++;
	}
	return (int64_t)(i + 1) * STEP_US;
}

static void
take_sample(struct delay_target *d, int64_t late_us)
{
	int64_t step = late_us / STEP_US;
	float   keep = FORGET;
	int64_t goal_us;

	if (step >= DELAY_TARGET_STEPS)
		step = DELAY_TARGET_STEPS - 1;
	if (d->samples < 1000) {
		const float early = 1 - (float)START_WEIGHT /
		    (float)(++d->samples + 1);

		if (early < keep)
			keep = early > 0 ? early : 0;
	}
	for (int i = 0; i < DELAY_TARGET_STEPS; i++)
		d->weight[i] *= keep;
	d->weight[step] += 1 - keep;
	goal_us = quantile_us(d);
	if (goal_us < d->target_us - SHRINK_US)
		goal_us = d->target_us - SHRINK_US;
	if (goal_us < JITTER_DELAY_MIN_US)
		goal_us = JITTER_DELAY_MIN_US;
	if (goal_us > DELAY_TARGET_MAX_US)
		goal_us = DELAY_TARGET_MAX_US;
	d->target_us = goal_us;
}

void
delay_target_arrived(struct delay_target *d, int64_t media_us,
    int64_t arrival_us)
{
	const int64_t transit_us = arrival_us - media_us;
	int64_t       late_us;

	if (!d->started)
		start(d, arrival_us);
	least_window_add(&d->bases, transit_us, arrival_us);
	d->base_us = least_window_get(&d->bases);
	late_us = transit_us - d->base_us;
	if (arrival_us - d->sample_us >= SLOT_US) {
		take_sample(d, d->sample_late_us);
		d->sample_us = arrival_us;
		d->sample_late_us = 0;
	}
	if (late_us > d->sample_late_us)
		d->sample_late_us = late_us;
}
