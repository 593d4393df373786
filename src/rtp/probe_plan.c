/*
 * When to probe the line, and at which rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/probe_plan.h"

#define FURTHER_OF_PROBE_Q10 717	/* 0.7: what must come through */
#define RESULT_US       1000000		/* after that it will not come */
#define LIMITED_US      5000000		/* between probes then */
#define LIMITED_THIN_US 30000000
#define DROP_US         5000000
#define DROP_PAUSE_US   1000000		/* for the queue to drain */
#define DURATION_US     20000
#define JITTER_SPAN_MOST_US 300000
#define ASKED_TRIES     2
#define FIRST_DURATION_US 15000
#define FACTOR_LEAST    2
#define SKIP_BYTES      3000
#define THIN_BPS        100000
#define STARTS          2
#define START_FACTOR    3
#define PACKETS_LEAST   5
#define FACTOR_MOST     3

void
probe_plan_init(struct probe_plan *p, int64_t start_bps, int64_t useful_bps)
{
	*p = (struct probe_plan){
		.useful_bps = useful_bps, .start_bps = start_bps,
		.starts = STARTS, .probed_us = INT64_MIN,
	};
}

void
probe_plan_ask(struct probe_plan *p, int64_t bps)
{
	if (p->asked_tries == 0)
		p->asked_tries = ASKED_TRIES;
	p->asked_bps = bps;
}

void
probe_plan_lifted(struct probe_plan *p, int64_t estimate_bps)
{
	p->next_bps = 2 * estimate_bps;
	p->probed_bps = 0;
}

void
probe_plan_result(struct probe_plan *p, int64_t bps)
{
	p->starts = 0;
	if (p->probed_bps > 0 &&
	    bps > p->probed_bps * FURTHER_OF_PROBE_Q10 / 1024)
		p->next_bps = 2 * bps;
}

void
probe_plan_dropped(struct probe_plan *p, int64_t before_bps, int64_t now_us)
{
	/* On a thin line a probe is a burden, and may be the drop itself. */
	if (before_bps < THIN_BPS)
		return;
	/* Of several in a row the first is what the line was. */
	if (p->dropped_bps == 0 || now_us - p->dropped_us > DROP_US)
		p->dropped_bps = before_bps;
	p->dropped_us = now_us;
}

void
probe_plan_restart(struct probe_plan *p, int64_t start_bps)
{
	p->starts = STARTS;
	p->start_bps = start_bps;
	p->next_bps = p->probed_bps = p->dropped_bps = 0;
	p->probed_us = INT64_MIN;
}

static int64_t
at_least(int64_t value, int64_t least)
{
	return value > least ? value : least;
}

static bool
after(int64_t since_us, int64_t wait_us, int64_t now_us)
{
	return since_us == INT64_MIN || now_us - since_us >= wait_us;
}

/* What should be probed for, 0 for nothing. */
static int64_t
wish(struct probe_plan *p, const struct probe_input *in, int64_t now_us)
{
	int64_t bps = 0;

	if (p->next_bps > 0) {
		bps = p->next_bps;
		p->next_bps = 0;
	} else if (!after(p->probed_us, RESULT_US, now_us)) {
		return 0;
	} else if (p->starts > 0) {
		p->starts--;
		bps = p->start_bps * START_FACTOR;
	} else if (p->dropped_bps > 0 &&
	    now_us - p->dropped_us > DROP_US) {
		p->dropped_bps = 0;
	} else if (p->dropped_bps > 0 &&
	    after(p->dropped_us, DROP_PAUSE_US, now_us)) {
		bps = p->dropped_bps * 85 / 100;
		p->dropped_bps = 0;
	} else if (p->asked_tries > 0 && p->asked_bps > in->estimate_bps) {
		/* A little more, since a train never fills its time. */
		bps = p->asked_bps * 115 / 100;
		p->asked_tries--;
	} else if (in->limited &&
	    after(p->probed_us, in->estimate_bps < THIN_BPS ?
	    LIMITED_THIN_US : LIMITED_US, now_us) &&
	    after(in->limited_since_us, LIMITED_US, now_us)) {
		bps = 2 * in->estimate_bps;
	}
	return bps;
}

/* A train that the jitter of the line tears apart tells nothing. */
static int64_t
train_us(const struct probe_input *in, bool first)
{
	const int64_t jitter_us = in->jitter_us < JITTER_SPAN_MOST_US ?
	    in->jitter_us : JITTER_SPAN_MOST_US;

	return at_least(first ? FIRST_DURATION_US : DURATION_US, jitter_us);
}

bool
probe_plan_due(struct probe_plan *p, const struct probe_input *in,
    struct probe *out, int64_t now_us)
{
	const bool further = p->next_bps > 0;
	const bool first = p->starts == STARTS;
	int64_t    most_bps = p->useful_bps;
	int64_t    bps;

	if (in->overused) {
		p->next_bps = 0;
		return false;
	}
	if (most_bps > FACTOR_MOST * in->estimate_bps)
		most_bps = FACTOR_MOST * in->estimate_bps;
	bps = wish(p, in, now_us);
	/* Less would not fill what a line lets through at once. */
	if (bps > 0 && p->starts == 0)
		bps = at_least(bps, FACTOR_LEAST * in->estimate_bps);
	if (bps > most_bps)
		bps = most_bps;
	/* What is known need not be measured; further must be further. */
	if (bps <= in->estimate_bps ||
	    (further && bps < p->probed_bps + p->probed_bps / 4))
		return false;
	if (++p->last_id == 0)
		p->last_id = 1;
	p->probed_us = now_us;
	p->probed_bps = bps;
	*out = (struct probe){
		.id = p->last_id,
		.bps = bps,
		.skip = first ? SKIP_BYTES / 2 : SKIP_BYTES,
		.packets = PACKETS_LEAST,
		.jitter_us = in->jitter_us,
	};
	out->bytes = out->skip + bps * train_us(in, first) / 8000000;
	if (!first)
		out->bytes = at_least(out->bytes, out->skip * 3 / 2);
	return true;
}
