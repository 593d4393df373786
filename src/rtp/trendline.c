/*
 * Whether one-way delay is growing: the slope of a line through it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/trendline.h"

#define COUNT_MOST    1000
#define SMOOTHING     0.9
#define GAIN          4.0
#define COUNT_TRUSTED 60

/* Least squares; the slope before when all points are of one time. */
static double
fit(const struct trendline *t)
{
	double at = 0, delay = 0, above = 0, below = 0;

	for (unsigned i = 0; i < TRENDLINE_POINTS; i++) {
		at += t->points[i].at_ms / TRENDLINE_POINTS;
		delay += t->points[i].delay_ms / TRENDLINE_POINTS;
	}
	for (unsigned i = 0; i < TRENDLINE_POINTS; i++) {
		const double x = t->points[i].at_ms - at;

		above += x * (t->points[i].delay_ms - delay);
		below += x * x;
	}
	return below > 0 ? above / below : t->slope;
}

void
trendline_add(struct trendline *t, int64_t sent_delta_us,
    int64_t arrival_delta_us, int64_t arrival_us)
{
	const unsigned place = t->count % TRENDLINE_POINTS;

	if (t->count == 0)
		t->first_arrival_us = arrival_us;
	t->summed_ms += (double)(arrival_delta_us - sent_delta_us) / 1000;
	t->smoothed_ms = SMOOTHING * t->smoothed_ms +
	    (1 - SMOOTHING) * t->summed_ms;
	t->points[place].at_ms = (double)(arrival_us -
	    t->first_arrival_us) / 1000;
	t->points[place].delay_ms = t->smoothed_ms;
	t->count++;
	/* Stays within a thousand, and at the same place of the ring. */
	if (t->count > COUNT_MOST)
		t->count -= TRENDLINE_POINTS;
	if (t->count >= TRENDLINE_POINTS)
		t->slope = fit(t);
}

double
trendline_signal(const struct trendline *t)
{
	const unsigned count = t->count < COUNT_TRUSTED ? t->count :
	    COUNT_TRUSTED;

	return t->count < 2 ? 0 : count * t->slope * GAIN;
}
