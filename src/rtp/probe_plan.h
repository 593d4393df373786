/*
 * When to probe the line, and at which rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * At the start with three times the start rate, then twice as much as long as
 * it comes through; while the application limits the estimate, each 5 s (30 s
 * below 100 kbit/s) with twice of it; after a sudden drop from more than that,
 * with 85 % of what was before; and when asked. A train has 4500 bytes at
 * least, and but the first is of twice the estimate or more: less would go
 * through at once where there is a shaper. It is shorter at first, so that a
 * thin line has it behind it soon; where the line jitters it lasts for as long
 * as that, up to 300 ms. Never above `useful_bps`, what the peer could use at
 * all, nor above three times the estimate; one at a time. Pure.
 */
#ifndef RTP_PROBE_PLAN_H
#define RTP_PROBE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp/probe_meter.h"

struct probe_plan {
	uint16_t last_id;
	int64_t  useful_bps;
	int64_t  start_bps;
	unsigned starts;		/* tries of the first, still to come */
	int64_t  next_bps;		/* 0: nothing planned */
	int64_t  probed_us;		/* INT64_MIN: never */
	int64_t  probed_bps;		/* the one whose result may come */
	int64_t  asked_bps;
	unsigned asked_tries;		/* left */
	int64_t  dropped_bps;		/* before a drop; 0: none … */
	int64_t  dropped_us;		/* … when */
};

/* What is known of the line when a probe may be due. */
struct probe_input {
	int64_t estimate_bps;
	bool    overused;
	bool    limited;		/* by what the application sends … */
	int64_t limited_since_us;	/* … since */
	int64_t jitter_us;		/* of the line */
};

void probe_plan_init(struct probe_plan *p, int64_t start_bps,
    int64_t useful_bps);

/* To show that the line carries so much: two tries, a second apart. */
void probe_plan_ask(struct probe_plan *p, int64_t bps);

/* A cap was lifted: how far does it go from here? */
void probe_plan_lifted(struct probe_plan *p, int64_t estimate_bps);

/* A probe has measured this; the next may follow from it. */
void probe_plan_result(struct probe_plan *p, int64_t bps);

/* The estimate fell by more than a quarter. */
void probe_plan_dropped(struct probe_plan *p, int64_t before_bps,
    int64_t now_us);

/* Nothing is known any more: the first again, from such a rate. */
void probe_plan_restart(struct probe_plan *p, int64_t start_bps);

/* True with a probe to be sent now. */
bool probe_plan_due(struct probe_plan *p, const struct probe_input *in,
    struct probe *out, int64_t now_us);

#endif
