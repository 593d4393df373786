/*
 * When growing delay means that more is sent than the line carries.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/overuse_detector.h"

#define THRESHOLD_START 12.5
#define THRESHOLD_LEAST 6.0
#define THRESHOLD_MOST  600.0
#define OVER_LEAST_US   10000
#define GAIN_UP         0.0087
#define GAIN_DOWN       0.039
#define OUTLIER         15.0	/* so far above the threshold is a spike */
#define STEP_MOST_MS    100.0

void
overuse_detector_init(struct overuse_detector *d)
{
	*d = (struct overuse_detector){
		.threshold = THRESHOLD_START, .over_us = -1,
	};
}

static void
adapt(struct overuse_detector *d, double signal, int64_t now_us)
{
	const double size = fabs(signal);
	const double gain = size < d->threshold ? GAIN_DOWN : GAIN_UP;
	double       step_ms = (double)(now_us - d->adapted_us) / 1000;

	if (d->adapted_us == 0 || step_ms < 0)
		step_ms = 0;
	if (step_ms > STEP_MOST_MS)
		step_ms = STEP_MOST_MS;
	d->adapted_us = now_us;
	if (size > d->threshold + OUTLIER)
		return;
	d->threshold += gain * (size - d->threshold) * step_ms;
	d->threshold = fmin(fmax(d->threshold, THRESHOLD_LEAST),
	    THRESHOLD_MOST);
}

enum line_usage
overuse_detector_update(struct overuse_detector *d, double slope,
    double signal, int64_t sent_delta_us, int64_t now_us)
{
	if (signal > d->threshold) {
		d->over_us = d->over_us < 0 ? sent_delta_us / 2 :
		    d->over_us + sent_delta_us;
		d->over_count++;
		if (d->over_us > OVER_LEAST_US && d->over_count > 1 &&
		    slope >= d->slope_before) {
			d->over_us = 0;
			d->over_count = 0;
			d->usage = LINE_OVERUSED;
		}
	} else {
		d->over_us = -1;
		d->over_count = 0;
		d->usage = signal < -d->threshold ? LINE_UNDERUSED :
		    LINE_NORMAL;
	}
	d->slope_before = slope;
	adapt(d, signal, now_us);
	return d->usage;
}
