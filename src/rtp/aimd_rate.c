/*
 * The rate by delay: up while the queue is still, down when it grows.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>

#include "rtp/aimd_rate.h"

#define KEEP              0.85	/* of what arrives, at overuse */
#define GROWTH            1.08	/* a second */
#define LINEAR_LEAST_BPS  4000.0	/* a second */
#define ACKED_FACTOR      1.5
#define ACKED_FACTOR_THIN 1.25
#define ACKED_MORE_BPS    10000
#define FRAMES_PER_S      30.0
#define PACKET_BITS       (1200 * 8.0)
#define RESPONSE_MORE_US  100000
#define DOWN_SPACE_LEAST_US 10000
#define DOWN_SPACE_MOST_US  200000
#define STEP_MOST_US      1000000
#define SUBTRACT_BPS      5000
#define LONG_QUEUE_US     250000
#define SHORT_QUEUE_US    50000

void
aimd_rate_init(struct aimd_rate *a, int64_t start_bps, int64_t least_bps,
    int64_t most_bps)
{
	*a = (struct aimd_rate){
		.bps = start_bps, .least_bps = least_bps,
		.most_bps = most_bps, .changed_us = INT64_MIN,
	};
}

static void
change(struct aimd_rate *a, int64_t bps, int64_t now_us)
{
	if (bps > a->most_bps)
		bps = a->most_bps;
	a->bps = bps < a->least_bps ? a->least_bps : bps;
	a->changed_us = now_us;
}

static int64_t
since_change(const struct aimd_rate *a, int64_t now_us)
{
	if (a->changed_us == INT64_MIN || now_us < a->changed_us)
		return 0;
	return now_us - a->changed_us;
}

/* About a packet more in each response time of the loop. */
static double
linear_bps(const struct aimd_rate *a, int64_t rtt_us)
{
	const double frame = (double)a->bps / FRAMES_PER_S;
	const double packets = fmax(1, ceil(frame / PACKET_BITS));
	const double response_s = 2e-6 * (double)(rtt_us + RESPONSE_MORE_US);

	return fmax(LINEAR_LEAST_BPS, frame / packets / response_s);
}

static void
increase(struct aimd_rate *a, const struct aimd_input *in, int64_t now_us)
{
	const double factor = a->bps < AIMD_THIN_BPS ? ACKED_FACTOR_THIN :
	    ACKED_FACTOR;
	const int64_t limit = in->acked_bps == 0 ? a->bps :
	    (int64_t)(factor * (double)in->acked_bps) + ACKED_MORE_BPS;
	int64_t step_us = since_change(a, now_us);
	double  more;

	if (a->capacity.known &&
	    in->acked_bps > link_capacity_upper_bps(&a->capacity))
		link_capacity_forget(&a->capacity);
	if (step_us > STEP_MOST_US)
		step_us = STEP_MOST_US;
	if (a->capacity.known)
		more = linear_bps(a, in->rtt_us) * (double)step_us / 1e6;
	else
		more = fmax(1000, (double)a->bps *
		    (pow(GROWTH, (double)step_us / 1e6) - 1));
	a->at_limit = a->bps >= limit - limit / 16;
	if (in->application_limited || a->bps >= limit) {
		a->changed_us = now_us;
		return;
	}
	change(a, a->bps + (int64_t)more < limit ? a->bps + (int64_t)more :
	    limit, now_us);
}

static bool
may_decrease(const struct aimd_rate *a, const struct aimd_input *in,
    int64_t now_us)
{
	int64_t space_us = in->rtt_us;

	if (space_us < DOWN_SPACE_LEAST_US)
		space_us = DOWN_SPACE_LEAST_US;
	if (space_us > DOWN_SPACE_MOST_US)
		space_us = DOWN_SPACE_MOST_US;
	return a->state == AIMD_INCREASE || a->changed_us == INT64_MIN ||
	    now_us - a->changed_us >= space_us ||
	    (in->acked_bps > 0 && in->acked_bps < a->bps / 2);
}

static void
decrease(struct aimd_rate *a, const struct aimd_input *in, int64_t now_us)
{
	const int64_t acked_bps = in->acked_most_bps > in->acked_bps ?
	    in->acked_most_bps : in->acked_bps;
	int64_t bps = (int64_t)(KEEP * (double)acked_bps);

	if (in->acked_bps == 0 && a->capacity.known)
		bps = (int64_t)(KEEP *
		    (double)link_capacity_bps(&a->capacity));
	else if (in->acked_bps == 0)
		bps = a->bps / 2;
	else if (bps > SUBTRACT_BPS)
		bps -= SUBTRACT_BPS;
	if (in->acked_bps > 0 && in->queue_us < (in->application_limited ?
	    LONG_QUEUE_US : SHORT_QUEUE_US) &&
	    bps < (int64_t)(KEEP * (double)a->bps))
		bps = (int64_t)(KEEP * (double)a->bps);
	/* It drains now: what arrives is no measure of it. */
	if (bps > a->bps && a->capacity.known)
		bps = (int64_t)(KEEP *
		    (double)link_capacity_bps(&a->capacity));
	if (in->acked_bps > 0 && !in->application_limited) {
		if (a->capacity.known && in->acked_bps <
		    link_capacity_lower_bps(&a->capacity))
			link_capacity_forget(&a->capacity);
		link_capacity_overused(&a->capacity, in->acked_bps);
	}
	a->proven = true;
	change(a, bps < a->bps ? bps : a->bps, now_us);
}

void
aimd_rate_update(struct aimd_rate *a, const struct aimd_input *in,
    int64_t now_us)
{
	switch (in->usage) {
	case LINE_OVERUSED:
		if (may_decrease(a, in, now_us))
			decrease(a, in, now_us);
		a->state = AIMD_HOLD;
		break;
	case LINE_UNDERUSED:
		a->state = AIMD_HOLD;
		break;
	case LINE_NORMAL:
		if (a->state == AIMD_HOLD)
			a->changed_us = now_us;
		else if (in->queue_us < SHORT_QUEUE_US &&
		    in->acked_bps > a->bps + a->bps / 4)
			aimd_rate_set(a, in->acked_bps * 95 / 100, now_us);
		a->state = AIMD_INCREASE;
		increase(a, in, now_us);
		break;
	}
}

void
aimd_rate_set(struct aimd_rate *a, int64_t bps, int64_t now_us)
{
	a->proven = true;
	change(a, bps, now_us);
}
