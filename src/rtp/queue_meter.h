/*
 * How long packets wait on the line, above the least that is known of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One-way delay is known but for the difference of two clocks, so what counts
 * is its distance from the least of the last 20 to 30 s. A queue that never
 * empties for a second is a standing one: it grows no more, so that the
 * trendline does not see it, yet all sound waits in it. On a line that jitters
 * delay grows all the time, and falls again: a wait is unusual when it is
 * above the mean by some of the steps that it makes anyway. Pure.
 */
#ifndef RTP_QUEUE_METER_H
#define RTP_QUEUE_METER_H

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_METER_SPANS 3

/* Zero-initialise. */
struct queue_meter {
	bool    started;
	int64_t span_us;		/* when the newest span began */
	int64_t least_us[QUEUE_METER_SPANS];	/* newest first */
	double  smoothed_us;
	int64_t window_us;		/* began; of a second */
	int64_t window_least_us;	/* delay in it */
	int64_t standing_us;		/* of the window before */
	bool    usual_known;
	double  usual_us;		/* mean of smoothed_us … */
	double  step_us;		/* … and its mean change a feedback */
	double  before_us;
};

/* delay_us: arrival on one clock less sending on another. */
void queue_meter_add(struct queue_meter *q, int64_t delay_us, int64_t now_us);

int64_t queue_meter_us(const struct queue_meter *q);

/* After each feedback: true when packets wait longer than usual. */
bool queue_meter_look(struct queue_meter *q);

/* The least wait of a whole second. */
int64_t queue_meter_standing_us(const struct queue_meter *q);

/* The line is longer than it was: what is the least now is no queue. */
void queue_meter_accept(struct queue_meter *q);

#endif
