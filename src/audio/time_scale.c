/*
 * Sound made a little shorter or longer, so that nobody hears it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "audio/time_scale.h"

#include <math.h>
#include <string.h>

#define PERIOD_MIN  120			/* 2.5 ms */
#define WINDOW      TIME_SCALE_PERIOD_MAX	/* samples compared */
#define COARSE      4			/* first at each fourth period */
#define SILENT      1e-7f		/* power: -70 dB */

/* How much x is like what comes `period` later, -1..1. */
static float
likeness(const float *x, int period, int step)
{
	float both = 0, here = 0, later = 0;

	for (int i = 0; i < WINDOW; i += step) {
		both += x[i] * x[i + period];
		here += x[i] * x[i];
		later += x[i + period] * x[i + period];
	}
	if ((here + later) * (float)step < SILENT * 2 * WINDOW)
		return 1;
	return here > 0 && later > 0 ? both / sqrtf(here * later) : 0;
}

/* The period after which x is most like itself; 0 when it never is enough. */
static int
find_period(const float *x, float alike)
{
	float best = -1;
	int   period = PERIOD_MIN;

	for (int p = PERIOD_MIN; p <= TIME_SCALE_PERIOD_MAX; p += COARSE) {
		const float like = likeness(x, p, COARSE);

		if (like > best) {
			best = like;
			period = p;
		}
	}
	best = -1;
	for (int p = period - COARSE + 1, at = period; p < at + COARSE; p++) {
		const float like = p < PERIOD_MIN ||
		    p > TIME_SCALE_PERIOD_MAX ? -1 : likeness(x, p, 1);

		if (like > best) {
			best = like;
			period = p;
		}
	}
	return best >= alike ? period : 0;
}

int
time_scale_shorten(float *x, int count, float alike)
{
	int period;

	if (count < 2 * TIME_SCALE_PERIOD_MAX)
		return count;
	period = find_period(x, alike);
	if (period == 0)
		return count;
	for (int i = 0; i < period; i++) {
		const float in = (float)i / (float)period;

		x[i] = x[i] * (1 - in) + x[i + period] * in;
	}
	memmove(x + period, x + 2 * period,
	    (size_t)(count - 2 * period) * sizeof(*x));
	return count - period;
}

int
time_scale_lengthen(float *x, int count, float alike)
{
	int period;

	if (count < 2 * TIME_SCALE_PERIOD_MAX)
		return count;
	period = find_period(x, alike);
	if (period == 0)
		return count;
	/* First period, then out of the second into the first again. */
	memmove(x + 2 * period, x + period,
	    (size_t)(count - period) * sizeof(*x));
	for (int i = 0; i < period; i++) {
		const float in = (float)i / (float)period;

		x[i + period] = x[i + 2 * period] * (1 - in) + x[i] * in;
	}
	return count + period;
}
