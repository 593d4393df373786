/*
 * Which rendition a viewer gets, by what his line lets through.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/rendition_choice.h"

#define LOW_US          1000000
#define LOSSY_US        2000000
#define LOSSY_Q8        26		/* a tenth */
#define CLEAN_Q8        5		/* 2 % */
#define CLIMB_US        5000000
#define CLIMB_EARLY_US  2000000
#define EARLY_US        20000000
#define FAILED_US       10000000	/* a climb undone so soon has failed */
#define BLOCK_LEAST_US  10000000
#define BLOCK_MOST_US   60000000
#define FORGIVE_US      120000000
#define GROWING_US      1500000

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
		.blocked_until_us = now_us,
		.block_us = BLOCK_LEAST_US,
		.remb_grew_us = now_us,
	};
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

static void
choice_observe(struct rendition_choice *c, const struct rendition_link *link,
    uint32_t nominal_bps, int64_t now_us)
{
	const uint64_t real_bps = link->sent_bps < nominal_bps ?
	    link->sent_bps : nominal_bps;
	bool low;

	if (link->remb_bps > c->remb_before_bps + c->remb_before_bps / 100)
		c->remb_grew_us = now_us;
	c->remb_before_bps = link->remb_bps;
	low = link->remb_bps > 0 && link->remb_bps * 9 / 10 <
	    real_bps * 9 / 10 && now_us - c->remb_grew_us >= GROWING_US;
	keep_since(&c->low_since_us, low, now_us);
	keep_since(&c->lossy_since_us, link->loss_q8 > LOSSY_Q8, now_us);
	keep_since(&c->good_since_us, !low && link->loss_q8 <= CLEAN_Q8,
	    now_us);
}

static void
choice_down(struct rendition_choice *c, const struct rendition_link *link,
    const uint32_t *bps, unsigned count, bool low, int64_t now_us)
{
	if (c->climbed_us != INT64_MIN && now_us - c->climbed_us < FAILED_US) {
		c->blocked_until_us = now_us + c->block_us;
		c->block_us = c->block_us * 2 < BLOCK_MOST_US ?
		    c->block_us * 2 : BLOCK_MOST_US;
	}
	c->rung++;
	/* Straight to what fits; loss alone takes one rung at a time. */
	while (low && c->rung + 1 < count &&
	    bps[c->rung] > link->remb_bps * 9 / 10)
		c->rung++;
	c->low_since_us = c->lossy_since_us = INT64_MAX;
	c->good_since_us = now_us;
	c->climbed_us = INT64_MIN;
}

unsigned
rendition_choice_update(struct rendition_choice *c,
    const struct rendition_link *link, const uint32_t *bps, unsigned count,
    unsigned largest, int64_t now_us)
{
	const int64_t climb_us = now_us - c->began_us < EARLY_US ?
	    CLIMB_EARLY_US : CLIMB_US;
	bool low;

	if (c->rung < largest)
		c->rung = largest;
	choice_observe(c, link, bps[c->rung], now_us);
	low = lasts(c->low_since_us, LOW_US, now_us);
	if (lasts(c->good_since_us, FORGIVE_US, now_us))
		c->block_us = BLOCK_LEAST_US;
	if (c->rung + 1 < count &&
	    (low || lasts(c->lossy_since_us, LOSSY_US, now_us))) {
		choice_down(c, link, bps, count, low, now_us);
	} else if (c->rung > largest && now_us >= c->blocked_until_us &&
	    lasts(c->good_since_us, climb_us, now_us)) {
		c->rung--;
		c->climbed_us = now_us;
		c->good_since_us = now_us;
	}
	return c->rung;
}
