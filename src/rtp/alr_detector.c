/*
 * Whether the application sends much less than it might.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/alr_detector.h"

#define SHARE     0.65
#define DEPTH_US  500000
#define ENTER     0.8
#define LEAVE     0.5

bool
alr_detector_sent(struct alr_detector *a, int64_t bytes, int64_t target_bps,
    int64_t now_us)
{
	const double  bytes_per_us = SHARE * (double)target_bps / 8e6;
	const double  depth = fmax(1, bytes_per_us * DEPTH_US);
	const bool    before = a->limited;
	int64_t       step_us = a->last_us ? now_us - a->last_us : 0;
	double        level;

	a->last_us = now_us;
	if (step_us < 0)
		step_us = 0;
	if (step_us > DEPTH_US)
		step_us = DEPTH_US;
	a->budget_bytes += bytes_per_us * (double)step_us - (double)bytes;
	a->budget_bytes = fmin(fmax(a->budget_bytes, -depth), depth);
	level = a->budget_bytes / depth;
	if (!a->limited && level > ENTER)
		a->limited = true;
	else if (a->limited && level < LEAVE)
		a->limited = false;
	if (a->limited != before)
		a->since_us = now_us;
	return a->limited != before;
}
