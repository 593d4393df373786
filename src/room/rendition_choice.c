/*
 * Which rendition a viewer gets, by what his line lets through.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/rendition_choice.h"

#define LOW_US          1000000
#define LOW_EASY_US     2500000
#define LOW_LAST_US     5000000
#define SHORT_QUEUE_US  100000
#define LOSSY_US        2000000
#define CLEAN_Q8        5		/* 2 % */
#define QUEUE_US        300000
#define COLLAPSED_QUEUE_US 150000
#define FALL_AGAIN_US   1500000		/* the estimate follows by then */
#define FIRST_US        5000000		/* the line is being measured */
#define STILLS_PART     3		/* how much slower they may be */
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
#define PROBE_THIN_MOST_US 40000000
#define PROBE_THIN_BPS  110000
/* Percent of a rung: what is asked of the line, and what will do. */
#define ROOM_ASKED      110
#define ROOM_ENOUGH     105
#define ROOM_FROM_STILLS 100	/* any motion is worth a try */
#define ROOM_FROM_SOUND 180	/* stills would take a line of 40 kbit/s whole */
#define ROOM_FROM_SOUND_LOSSY 220

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

static uint64_t
with_again(const struct rendition_link *link, uint64_t bps)
{
	return bps * (256 + link->again_q8) / 256;
}

/* With what is sent again. */
static uint64_t
cost_bps(const struct rendition_link *link,
    const struct rendition_rungs *rungs, unsigned rung)
{
	const uint64_t bps = rung < rungs->moving ? rungs->bps[rung] :
	    rungs->bps[rung] / STILLS_PART;

	return with_again(link, bps);
}

static bool
queue_grows(const struct rendition_link *link)
{
	const bool collapsed = link->arrives_bps > 0 &&
	    link->arrives_bps < link->sent_bps / 2;

	return link->overused && link->queue_us > (collapsed ?
	    COLLAPSED_QUEUE_US : QUEUE_US);
}

/* The line is being measured for the first time. */
static bool
is_new(const struct rendition_choice *c, const struct rendition_link *link,
    int64_t now_us)
{
	return link->probes && c->fell_us == INT64_MIN &&
	    now_us - c->began_us < FIRST_US;
}

/* Much is lost and nothing waits: it is chance, and the estimate a guess. */
static bool
loses_by_chance(const struct rendition_link *link)
{
	return link->probes && link->loss_q8 > RENDITION_LOSSY_Q8 && !link->overused &&
	    link->queue_us < SHORT_QUEUE_US;
}

static bool
is_too_much(const struct rendition_link *link, uint64_t real_bps)
{
	const uint64_t cost_bps = with_again(link, real_bps);

	/* The estimate falls to what is sent, and that much arrives. */
	if (loses_by_chance(link))
		return link->estimate_bps <
		    (cost_bps + link->reserve_bps) * 9 / 10;
	return usable_bps(link) < cost_bps * 9 / 10;
}

static void
choice_observe(struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, int64_t now_us)
{
	const uint64_t nominal_bps = c->rung < rungs->count ?
	    rungs->bps[c->rung] : 0;
	/* Stills come so seldom that a second tells little of their rate. */
	const uint64_t real_bps = c->rung < rungs->moving ?
	    (link->sent_bps < nominal_bps ? link->sent_bps : nominal_bps) :
	    link->probes ? nominal_bps / STILLS_PART : nominal_bps;
	bool low;

	if (link->estimate_bps > c->estimate_before_bps +
	    c->estimate_before_bps / 100)
		c->grew_us = now_us;
	c->estimate_before_bps = link->estimate_bps;
	if (link->probes)
		low = is_too_much(link, real_bps);
	else
		low = link->estimate_bps < (real_bps + link->sound_bps) *
		    REMB_FULL / 100 && now_us - c->grew_us >= GROWING_US &&
		    real_bps * REMB_IDLE_PART >= nominal_bps;
	low &= link->estimate_bps > 0;
	keep_since(&c->low_since_us, low, now_us);
	keep_since(&c->lossy_since_us, link->loss_q8 > RENDITION_LOSSY_Q8, now_us);
	/* Where loss counts in the estimate already, it is no trouble. */
	keep_since(&c->good_since_us, !low && !link->overused &&
	    (link->probes || link->loss_q8 <= CLEAN_Q8), now_us);
}

/* The best rung that what is usable pays for, `percent` of it. */
static unsigned
rung_that_fits(const struct rendition_link *link,
    const struct rendition_rungs *rungs, unsigned largest, unsigned percent)
{
	const uint64_t usable = usable_bps(link);
	unsigned       rung = largest;

	while (rung < rungs->count &&
	    cost_bps(link, rungs, rung) * percent / 100 > usable)
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

/* What arrives through a queue that grows is all that the line carries. */
static unsigned
below_queue(const struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    unsigned largest)
{
	struct rendition_link now = *link;
	unsigned              fits;

	if (link->arrives_bps > 0 && link->arrives_bps < link->estimate_bps)
		now.estimate_bps = link->arrives_bps;
	fits = rung_that_fits(&now, rungs, largest, 100);
	return fits > c->rung ? fits : c->rung + 1;
}

static bool
is_low(const struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, int64_t now_us)
{
	int64_t for_us = LOW_US;

	if (!link->probes && c->rung + 1 >= rungs->moving)
		for_us = REMB_LAST_US;
	/* No sound waits: there is time for a probe to say otherwise. */
	if (link->probes && link->queue_us < SHORT_QUEUE_US)
		for_us = LOW_EASY_US;
	/* After a queue the estimate is low until that is gone, and then grows:
	 * before pictures stop to move it may take its time. */
	if (link->probes && c->rung + 1 == rungs->moving &&
	    link->queue_us < QUEUE_US)
		for_us = LOW_LAST_US;
	return lasts(c->low_since_us, for_us, now_us);
}

/* Where to go down to; the present rung when there is no reason. */
static unsigned
choice_lower(const struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    unsigned largest, int64_t now_us)
{
	const unsigned fits = rung_that_fits(link, rungs, largest, 100);
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
		rung = below_queue(c, link, rungs, largest);
	} else if (!link->probes &&
	    lasts(c->lossy_since_us, LOSSY_US, now_us)) {
		rung = one_below(c, rungs);
	}
	/* The estimate has the word where there is any trouble. */
	if (link->probes && link->estimate_bps > 0 && fits > rung &&
	    rung != c->rung)
		rung = fits;
	return rung > c->rung ? rung : c->rung;
}

static void
choice_fall(struct rendition_choice *c, unsigned rung, int64_t now_us)
{
	if (within(c->climbed_us, FAILED_US, now_us) &&
	    now_us - c->began_us > FIRST_US) {
		c->blocked_rung = c->rung;
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

/* Where much is lost, sound has more use for what is left. */
static unsigned
room_enough(const struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs)
{
	if (c->rung < rungs->moving)
		return ROOM_ENOUGH;
	if (c->rung < rungs->count)
		return link->loss_q8 > CLEAN_Q8 ? ROOM_ENOUGH :
		    ROOM_FROM_STILLS;
	return link->loss_q8 > CLEAN_Q8 ? ROOM_FROM_SOUND_LOSSY :
	    ROOM_FROM_SOUND;
}

/* A train takes a thin line half a second, in which all sound waits. */
static int64_t
probe_wait_us(const struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs)
{
	if (c->rung < rungs->moving || link->estimate_bps > PROBE_THIN_BPS)
		return PROBE_MOST_US;
	return c->probe_wait_us < PROBE_THIN_MOST_US / 2 ?
	    c->probe_wait_us * 2 : PROBE_THIN_MOST_US;
}

/* Whether the line was shown to carry the next rung; asks for it if not. */
static bool
choice_may_climb(struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    int64_t now_us)
{
	const uint64_t next_bps = cost_bps(link, rungs, c->rung - 1);

	if (!link->probes ||
	    usable_bps(link) >= next_bps * room_enough(c, link, rungs) / 100)
		return true;
	if (c->probe_bps == 0) {
		c->probe_bps = (next_bps * (room_enough(c, link, rungs) +
		    ROOM_ASKED - ROOM_ENOUGH) / 100 +
		    link->reserve_bps) * 10 / 9 + 1;
		c->probe_since_us = now_us;
	} else if (now_us - c->probe_since_us >= PROBE_US) {
		c->probe_bps = 0;
		c->blocked_rung = c->rung - 1;
		c->blocked_until_us = now_us + c->probe_wait_us;
		c->probe_wait_us = probe_wait_us(c, link, rungs);
	}
	return false;
}

/* How long all must have been well. */
static int64_t
climb_us(const struct rendition_choice *c, const struct rendition_link *link,
    int64_t now_us)
{
	if (is_new(c, link, now_us))
		return 0;
	return now_us - c->began_us < EARLY_US ||
	    (link->probes && c->climbed_us != INT64_MIN) ? CLIMB_EARLY_US :
	    CLIMB_US;
}

/* Before a fall a probe may say that the line carries the rung all the same. */
static void
choice_doubt(struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, int64_t now_us)
{
	if (c->probe_bps > 0)
		return;
	c->probe_bps = (cost_bps(link, rungs, c->rung) + link->reserve_bps) *
	    10 / 9 + 1;
	c->probe_since_us = now_us;
}

static void
choice_climb(struct rendition_choice *c, const struct rendition_link *link,
    const struct rendition_rungs *rungs, unsigned largest, int64_t now_us)
{
	if (now_us < c->blocked_until_us && largest <= c->blocked_rung)
		largest = c->blocked_rung + 1;
	if (c->low_since_us != INT64_MAX && c->rung < rungs->moving &&
	    loses_by_chance(link)) {
		choice_doubt(c, link, rungs, now_us);
		return;
	}
	if (c->rung <= largest || !lasts(c->good_since_us,
	    climb_us(c, link, now_us), now_us)) {
		c->probe_bps = 0;
		return;
	}
	if (!choice_may_climb(c, link, rungs, now_us))
		return;
	c->rung = link->probes ? rung_that_fits(link, rungs, largest,
	    room_enough(c, link, rungs)) : c->rung - 1;
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
