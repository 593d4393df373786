/*
 * How long packets wait on the line, above the least that is known of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/queue_meter.h"

#define SPAN_US   10000000
#define WINDOW_US 1000000
#define WEIGHT    0.1
#define USUAL_WEIGHT 0.02	/* some seconds of feedback */
#define STEP_WEIGHT  0.05
#define STEP_START_US 10000.0
#define STEPS        3.0
#define UNUSUAL_US   5000.0	/* above all of that */
#define QUEUE_MOST_US 10000000	/* the clock has jumped: begin anew */

static void
begin(struct queue_meter *q, int64_t delay_us, int64_t now_us)
{
	q->started = true;
	q->span_us = q->window_us = now_us;
	q->smoothed_us = 0;
	q->usual_known = false;
	q->window_least_us = delay_us;
	q->standing_us = 0;
	for (unsigned i = 0; i < QUEUE_METER_SPANS; i++)
		q->least_us[i] = delay_us;
}

static int64_t
least(const struct queue_meter *q)
{
	int64_t us = q->least_us[0];

	for (unsigned i = 1; i < QUEUE_METER_SPANS; i++)
		if (q->least_us[i] < us)
			us = q->least_us[i];
	return us;
}

void
queue_meter_add(struct queue_meter *q, int64_t delay_us, int64_t now_us)
{
	if (!q->started || delay_us - least(q) > QUEUE_MOST_US ||
	    least(q) - delay_us > QUEUE_MOST_US)
		begin(q, delay_us, now_us);
	if (now_us - q->span_us > SPAN_US) {
		for (unsigned i = QUEUE_METER_SPANS - 1; i > 0; i--)
			q->least_us[i] = q->least_us[i - 1];
		q->least_us[0] = delay_us;
		q->span_us = now_us;
	}
	if (delay_us < q->least_us[0])
		q->least_us[0] = delay_us;
	if (now_us - q->window_us > WINDOW_US) {
		q->standing_us = q->window_least_us - least(q);
		q->window_least_us = delay_us;
		q->window_us = now_us;
	}
	if (delay_us < q->window_least_us)
		q->window_least_us = delay_us;
	q->smoothed_us += WEIGHT *
	    ((double)(delay_us - least(q)) - q->smoothed_us);
}

bool
queue_meter_look(struct queue_meter *q)
{
	const double off_us = q->smoothed_us - q->usual_us;
	const double step_us = q->smoothed_us - q->before_us;
	const bool   unusual = q->usual_known &&
	    off_us > STEPS * q->step_us + UNUSUAL_US;

	q->before_us = q->smoothed_us;
	if (!q->usual_known) {
		q->usual_known = q->started;
		q->usual_us = q->smoothed_us;
		q->step_us = STEP_START_US;
		return false;
	}
	q->usual_us += USUAL_WEIGHT * off_us;
	q->step_us += STEP_WEIGHT *
	    ((step_us < 0 ? -step_us : step_us) - q->step_us);
	return unusual;
}

int64_t
queue_meter_us(const struct queue_meter *q)
{
	return q->smoothed_us > 0 ? (int64_t)q->smoothed_us : 0;
}

int64_t
queue_meter_standing_us(const struct queue_meter *q)
{
	return q->standing_us > 0 ? q->standing_us : 0;
}

void
queue_meter_accept(struct queue_meter *q)
{
	for (unsigned i = 0; i < QUEUE_METER_SPANS; i++)
		q->least_us[i] += q->standing_us;
	q->smoothed_us = 0;
	q->standing_us = 0;
}
