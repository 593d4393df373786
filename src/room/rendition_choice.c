/*
 * Which rendition a viewer gets, by what his line lets through.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/rendition_choice.h"

#define LOW_US          1000000
#define LOSSY_US        2000000
#define LOSSY_Q8        26		/* a tenth */
#define CLEAN_Q8        5		/* 2 % */
#define QUEUE_US        300000
#define FALL_AGAIN_US   2000000		/* the estimate follows by then */
#define CLIMB_US        5000000
#define CLIMB_EARLY_US  2000000
#define EARLY_US        20000000
#define FAILED_US       10000000	/* a climb undone so soon has failed */
#define BLOCK_LEAST_US  10000000
#define BLOCK_MOST_US   60000000
#define FORGIVE_US      120000000
#define GROWING_US      1500000
#define REMB_FULL       75		/* percent of what a full line is sent */
#define REMB_IDLE_PART  4		/* less of a rung weighs on no line */
#define REMB_LAST_US    3000000		/* before pictures stop to move */
#define PROBE_US        2000000		/* until it has passed or failed */
#define PROBE_LEAST_US  5000000
#define PROBE_MOST_US   10000000
/* Percent of the next rung: what is asked of the line, and what will do. */
#define ROOM_ASKED      125
#define ROOM_ENOUGH     110

void
rendition_choice_init(struct rendition_choice *c, unsigned largest,
    int64_t now_us)
{
	*c = (struct rendition_choice){
		.rung = largest,
		.began_us = now_us,
		.low_since_us = INT64_MAX,
		.lossy_since_us = INT64_MAX,
		.good_since_us = now_us,
		.climbed_us = INT64_MIN,
		.fell_us = INT64_MIN,
		.blocked_until_us = now_us,
		.block_us = BLOCK_LEAST_US,
		.probe_wait_us = PROBE_LEAST_US,
		.grew_us = now_us,
	};
}

uint64_t
rendition_choice_probe_bps(const struct rendition_choice *c)
{
	return c->probe_bps;
}

/* Keeps since when `is` has been true. */
static void
keep_since(int64_t *since_us, bool is, int64_t now_us)
{
	if (!is)
		*since_us = INT64_MAX;
	else if (*since_us == INT64_MAX)
		*since_us = now_us;
}

static bool
lasts(int64_t since_us, int64_t for_us, int64_t now_us)
{
	return since_us != INT64_MAX && now_us - since_us >= for_us;
}

static bool
within(int64_t last_us, int64_t span_us, int64_t now_us)
{
	return last_us != INT64_MIN && now_us - last_us < span_us;
}

/* What video may cost. */
static uint64_t
usable_bps(const struct rendition_link *link)
{
	const uint64_t most = link->estimate_bps / 10 * 9;

	return most > link->reserve_bps ? most - link->reserve_bps : 0;
}

static bool
queue_grows(const struct rendition_link *link)
{
	return link->overused && link->queue_us > QUEUE_US;
}

static void
choice_observe(struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, int64_t now_us)
{
	const uint64_t nominal_bps = c->rung < rungs->count ?
	    rungs->bps[c->rung] : 0;
	/* Stills come so seldom that a second tells little of their rate. */
	const uint64_t real_bps = c->rung < rungs->moving &&
	    link->sent_bps < nominal_bps ? link->sent_bps : nominal_bps;
	bool low;

	if (link->estimate_bps > c->estimate_before_bps +
	    c->estimate_before_bps / 100)
		c->grew_us = now_us;
	c->estimate_before_bps = link->estimate_bps;
	if (link->probes)
		low = usable_bps(link) < real_bps * 9 / 10;
	else
		low = link->estimate_bps < (real_bps + link->sound_bps) *
		    REMB_FULL / 100 && now_us - c->grew_us >= GROWING_US &&
		    real_bps * REMB_IDLE_PART >= nominal_bps;
	low &= link->estimate_bps > 0;
	keep_since(&c->low_since_us, low, now_us);
	keep_since(&c->lossy_since_us, link->loss_q8 > LOSSY_Q8, now_us);
	/* Where loss counts in the estimate already, it is no trouble. */
	keep_since(&c->good_since_us, !low && !link->overused &&
	    (link->probes || link->loss_q8 <= CLEAN_Q8), now_us);
}

/* The best rung that what is usable pays for. */
static unsigned
rung_that_fits(const struct rendition_link *link,
    const struct rendition_rungs *rungs, unsigned largest)
{
	const uint64_t usable = usable_bps(link);
	unsigned       rung = largest;

	while (rung < rungs->count && rungs->bps[rung] > usable)
		rung++;
	return rung;
}

/* Loss that no estimate tells: one rung, while pictures move. */
static unsigned
one_below(const struct rendition_choice *c,
    const struct rendition_rungs *rungs)
{
	return c->rung + 1 < rungs->moving ? c->rung + 1 : c->rung;
}

static bool
is_low(const struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, int64_t now_us)
{
	return lasts(c->low_since_us, !link->probes &&
	    c->rung + 1 >= rungs->moving ? REMB_LAST_US : LOW_US, now_us);
}

/* Where to go down to; the present rung when there is no reason. */
static unsigned
choice_lower(const struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    unsigned largest, int64_t now_us)
{
	const unsigned fits = rung_that_fits(link, rungs, largest);
	unsigned       rung = c->rung;

	if (c->rung >= rungs->count)
		return rung;
	if (is_low(c, link, rungs, now_us)) {
		rung = fits;
		/* A receiver that is short of time itself may say anything. */
		if (!link->probes && c->rung + 1 < rungs->moving &&
		    rung >= rungs->moving)
			rung = rungs->moving - 1;
	} else if (queue_grows(link) &&
	    !within(c->fell_us, FALL_AGAIN_US, now_us)) {
		rung = c->rung + 1;
	} else if (lasts(c->lossy_since_us, LOSSY_US, now_us)) {
		rung = link->probes ? c->rung : one_below(c, rungs);
	}
	/* The estimate has the word where there is any trouble. */
	if (link->probes && link->estimate_bps > 0 && fits > rung &&
	    (rung != c->rung || lasts(c->lossy_since_us, LOSSY_US, now_us)))
		rung = fits;
	return rung > c->rung ? rung : c->rung;
}

static void
choice_fall(struct rendition_choice *c, unsigned rung, int64_t now_us)
{
	if (within(c->climbed_us, FAILED_US, now_us)) {
		c->blocked_until_us = now_us + c->block_us;
		c->block_us = c->block_us * 2 < BLOCK_MOST_US ?
		    c->block_us * 2 : BLOCK_MOST_US;
	}
	c->rung = rung;
	c->fell_us = now_us;
	c->low_since_us = c->lossy_since_us = INT64_MAX;
	c->good_since_us = now_us;
	c->climbed_us = INT64_MIN;
	c->probe_bps = 0;
}

/* Whether the line was shown to carry the next rung; asks for it if not. */
static bool
choice_may_climb(struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    int64_t now_us)
{
	const uint64_t next_bps = rungs->bps[c->rung - 1];

	if (!link->probes || usable_bps(link) >= next_bps * ROOM_ASKED / 100 ||
	    (c->probe_bps > 0 &&
	    usable_bps(link) >= next_bps * ROOM_ENOUGH / 100))
		return true;
	if (c->probe_bps == 0) {
		c->probe_bps = (next_bps * ROOM_ASKED / 100 +
		    link->reserve_bps) * 10 / 9 + 1;
		c->probe_since_us = now_us;
	} else if (now_us - c->probe_since_us >= PROBE_US) {
		c->probe_bps = 0;
		c->blocked_until_us = now_us + c->probe_wait_us;
		c->probe_wait_us = PROBE_MOST_US;
	}
	return false;
}

static void
choice_climb(struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, unsigned largest, int64_t now_us)
{
	const bool early = now_us - c->began_us < EARLY_US ||
	    (link->probes && c->climbed_us != INT64_MIN);

	if (c->rung <= largest || now_us < c->blocked_until_us ||
	    !lasts(c->good_since_us, early ? CLIMB_EARLY_US : CLIMB_US, now_us)) {
		c->probe_bps = 0;
		return;
	}
	if (!choice_may_climb(c, link, rungs, now_us))
		return;
	c->rung--;
	c->climbed_us = now_us;
	c->good_since_us = now_us;
	c->probe_bps = 0;
	c->probe_wait_us = PROBE_LEAST_US;
}

unsigned
rendition_choice_update(struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    unsigned largest, int64_t now_us)
{
	unsigned lower;

	if (c->rung < largest)
		c->rung = largest;
	choice_observe(c, link, rungs, now_us);
	if (lasts(c->good_since_us, FORGIVE_US, now_us))
		c->block_us = BLOCK_LEAST_US;
	lower = choice_lower(c, link, rungs, largest, now_us);
	if (lower > c->rung)
		choice_fall(c, lower, now_us);
	else
		choice_climb(c, link, rungs, largest, now_us);
	return c->rung;
}
