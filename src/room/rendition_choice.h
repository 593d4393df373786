/*
 * Which rendition a viewer gets, by what his line lets through.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For viewers who report REMB and loss (RR), until a send-side estimate takes
 * over. Rungs are numbered from 0, the largest. Down at once: what the
 * receiver estimates stays under nine tenths of what is sent for 1 s, or more
 * than a tenth is lost for 2 s. Up by one rung after 5 s (2 s in the first
 * 20 s) without trouble. A climb that fails within 10 s blocks the next for
 * 10, 20, 40, then 60 s; two quiet minutes forgive.
 *
 * A receiver's estimate means little while less is sent than the line could
 * carry: it follows what comes, at most half as much again. So it counts
 * against what was really sent, and not while it is growing. Pure; net thread.
 */
#ifndef ROOM_RENDITION_CHOICE_H
#define ROOM_RENDITION_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of the line to a viewer, newest values. */
struct rendition_link {
	uint64_t remb_bps;	/* 0: never reported, or too old */
	uint64_t sent_bps;	/* video, over the last second */
	unsigned loss_q8;	/* of 256, from the newest RR */
};

struct rendition_choice {
	unsigned rung;			/* the choice */
	int64_t  began_us;
	int64_t  low_since_us;		/* INT64_MAX: not low */
	int64_t  lossy_since_us;	/* INT64_MAX: not lossy */
	int64_t  good_since_us;		/* INT64_MAX: in trouble */
	int64_t  climbed_us;		/* last climb; INT64_MIN: never */
	int64_t  blocked_until_us;
	int64_t  block_us;		/* of the next failed climb */
	uint64_t remb_before_bps;
	int64_t  remb_grew_us;
};

/* Begins at the largest rung that is allowed. */
void rendition_choice_init(struct rendition_choice *c, unsigned largest,
    int64_t now_us);

/*
 * Looks at the line, about once a second. `bps` are the nominal rates of all
 * `count` rungs; `largest` is the least rung number allowed. Returns the rung.
 */
unsigned rendition_choice_update(struct rendition_choice *c,
    const struct rendition_link *link, const uint32_t *bps, unsigned count,
    unsigned largest, int64_t now_us);

#endif
