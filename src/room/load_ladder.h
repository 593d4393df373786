/*
 * What a room leaves out while the processors are short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Processors are a line too, and this is its ladder, for all of the room at
 * once. Each step keeps what the ones before it do; sound is never touched.
 *
 * Looked at once a second. Three looks in a row with trouble take one step
 * down: more than one tick of sound in twenty was over 10 ms late, pictures
 * are behind, or the rooms together need more than they should. One step up
 * after 5 s without. Where that fails (trouble within 6 s of it) the next one
 * waits twice as long, up to 40 s, so that a room at the edge does not swing.
 * But when so much of the processors lies idle that the load must have ended,
 * it goes up after two seconds, and then by a step a second. What is left out
 * makes them idle, too: where such a climb fails, only clearly more idle than
 * there was before it counts as such again; three quarters are always enough,
 * though not at once. Pure: time is an argument. Owner: net thread.
 */
#ifndef ROOM_LOAD_LADDER_H
#define ROOM_LOAD_LADDER_H

#include <stdbool.h>
#include <stdint.h>

enum load_step {
	LOAD_ALL,		/* nothing is left out */
	LOAD_HALF,		/* every other frame of each rendition */
	LOAD_SMALL,		/* the largest size */
	LOAD_STILL,		/* who was not heard of late moves no more */
	LOAD_QUARTER,		/* three of four frames */
	LOAD_STEPS,
};

#define LOAD_IDLE_UNKNOWN 255

/* What happened since the last look. */
struct load_look {
	uint64_t late;		/* ticks of sound over 10 ms late */
	bool     behind;	/* encoders, decoders or the compositor */
	bool     high;		/* the rooms together are above the limit */
	unsigned idle_percent;	/* of the processors; or unknown */
};

/* More ticks than a healthy room has now and then. */
bool load_look_is_late(const struct load_look *look);

struct load_ladder {
	enum load_step step;
	unsigned troubles;	/* looks in a row */
	int64_t  calm_us;	/* since */
	int64_t  climbed_us;	/* last time */
	bool     climbed_easy;	/* then, as much was idle */
	unsigned failed, failed_easy;	/* climbs on end, by that */
	unsigned before_percent;	/* idle before such a climb … */
	unsigned failed_percent;	/* … and before one that failed */
};

void load_ladder_init(struct load_ladder *l, int64_t now_us);

/* Once a second. Returns whether the step is another now. */
bool load_ladder_look(struct load_ladder *l, const struct load_look *look,
    int64_t now_us);

/* Frames are divided by 1 << this. */
unsigned load_ladder_shift(const struct load_ladder *l);

#endif
