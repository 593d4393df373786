/*
 * Whether one-way delay is growing: the slope of a line through it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The differences of inter_arrival are summed and smoothed; a line is fitted
 * by least squares through the last 20 points (Carlucci et al., "Congestion
 * Control for Web Real-Time Communication", with a line instead of the Kalman
 * filter). Pure.
 */
#ifndef RTP_TRENDLINE_H
#define RTP_TRENDLINE_H

#include <stdint.h>

#define TRENDLINE_POINTS 20

/* Zero-initialise. */
struct trendline {
	unsigned count;			/* of differences, at most 1000 */
	int64_t  first_arrival_us;
	double   summed_ms, smoothed_ms;
	double   slope;			/* ms of delay a ms */
	struct {
		double at_ms, delay_ms;
	} points[TRENDLINE_POINTS];	/* oldest at count % 20 when full */
};

void trendline_add(struct trendline *t, int64_t sent_delta_us,
    int64_t arrival_delta_us, int64_t arrival_us);

/* The slope, weighted by how much is known: what the detector looks at. */
double trendline_signal(const struct trendline *t);

#endif
