/*
 * Which rendition a viewer gets, by what his line lets through.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rungs are numbered from 0, the largest; `count` stands for sound alone.
 * Sound goes first: what a rung may cost is nine tenths of what the line
 * carries, less the reserve of sound.
 *
 * Down at once, to the best rung that fits: when that is less than nine tenths
 * of what is sent for 1 s, or 2.5 s while the queue is short (5 s before pictures
 * stop to move); when the line's queue grows and holds over 300 ms, 150 where
 * less than half of what is sent arrives, and then that is all that the line
 * carries. Where more than a tenth is lost and nothing waits the estimate is a
 * guess, that falls to what is sent: then the whole of it counts, and a probe
 * for the present rung is asked for before a fall. Up to the best rung that
 * fits, after 5 s (2 s in the first 20 s, and after a climb that went well)
 * without trouble; at the very beginning at once. What fits must have been
 * shown by a probe: one is asked for the next rung, and what it finds may be
 * enough for the largest. A climb that fails within 10 s blocks that rung for
 * 10, 20, 40, then 60 s; two quiet minutes forgive. A probe that fails is asked
 * for again after 5, then 10 s; on a thin line whose pictures do not move,
 * after up to 40 s. Stills may take three times as long. What the processors
 * can make is not asked here (load_ladder.h).
 *
 * Without transport-wide feedback there are no probes, and the estimate is the
 * receiver's (REMB). It means little while less is sent than the line could
 * carry: it follows what comes, at most half as much again. So it counts only
 * below three quarters of what is really sent, sound included, while it is not
 * growing, and when a quarter of the rung's rate is really needed; a climb is
 * its own probe; loss takes one rung at a time, never below moving pictures,
 * and these end when it was low for 3 s at the last of them. Pure; net thread.
 */
#ifndef ROOM_RENDITION_CHOICE_H
#define ROOM_RENDITION_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#define RENDITION_RUNGS_MAX 8
#define RENDITION_LOSSY_Q8  26	/* a tenth: much is lost, and repaired more */

/* The rungs of a viewer. */
struct rendition_rungs {
	unsigned count;
	unsigned moving;		/* those before the stills */
	uint32_t bps[RENDITION_RUNGS_MAX];
};

/* What is known of the line to a viewer, newest values. */
struct rendition_link {
	uint64_t estimate_bps;	/* of all that is sent; 0: not known */
	uint64_t reserve_bps;	/* for sound, headers and repair included */
	uint64_t sent_bps;	/* video, over the last second … */
	uint64_t sound_bps;	/* … and sound */
	uint64_t arrives_bps;	/* of all, with probes; 0: not known */
	int64_t  queue_us;	/* that packets wait on the line */
	unsigned loss_q8;	/* of 256 */
	unsigned again_q8;	/* video sent again, of 256 parts of it */
	bool     overused;	/* that queue is growing */
	bool     probes;	/* transport-wide feedback: probes are answered */
};

struct rendition_choice {
	unsigned rung;			/* the choice */
	int64_t  began_us;
	/* Since when; INT64_MAX: not. */
	int64_t  low_since_us, lossy_since_us, good_since_us;
	int64_t  climbed_us;		/* last climb; INT64_MIN: never */
	int64_t  fell_us;		/* likewise */
	int64_t  blocked_until_us;	/* for this rung and better ones … */
	unsigned blocked_rung;
	int64_t  block_us;		/* of the next failed climb */
	uint64_t probe_bps;		/* wanted; 0: none */
	int64_t  probe_since_us;
	int64_t  probe_wait_us;		/* after the next that fails */
	uint64_t estimate_before_bps;
	int64_t  grew_us;		/* the estimate, last time */
};

/* Begins at the largest rung that is allowed. */
void rendition_choice_init(struct rendition_choice *c, unsigned largest,
    int64_t now_us);

/*
 * Looks at the line, once a second, with probes five times. `largest` is the
 * least rung number allowed. Returns the rung, or rungs->count for sound alone.
 */
unsigned rendition_choice_update(struct rendition_choice *c,
    const struct rendition_link *link, const struct rendition_rungs *rungs,
    unsigned largest, int64_t now_us);

/*
 * What a probe should show that the line carries, in all; 0: none is wanted.
 * It has passed when the estimate is there within 2 s.
 */
uint64_t rendition_choice_probe_bps(const struct rendition_choice *c);

#endif
