/*
 * How many frames a rendition makes when the processors are short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looked at once a second: when for three seconds in a row sound was late
 * (more than one tick in twenty over 10 ms) or the encoder did not take more
 * than a tenth of the frames, the rendition makes half of them, then a quarter.
 * After five calm seconds it climbs one rung; when that was too early the next
 * wait is twice as long, up to 40 s. Pure: time is an argument. Owner: compositor thread.
 */
#ifndef ROOM_FRAME_LADDER_H
#define ROOM_FRAME_LADDER_H

#include <stdbool.h>
#include <stdint.h>

struct frame_ladder {
	unsigned rung;			/* fps is divided by 1 << rung */
	unsigned made, missed;		/* frames since the last look */
	unsigned troubles;		/* looks in a row */
	int64_t  looked_us;
	int64_t  calm_us;		/* since */
	int64_t  wait_us;		/* calm that lets it climb */
	int64_t  climbed_us;		/* last time */
};

void frame_ladder_init(struct frame_ladder *l, int64_t now_us);

/* A frame was made; `missed`: the encoder had not taken the one before. */
void frame_ladder_made(struct frame_ladder *l, bool missed);

/*
 * To be called at each beat; `sound_late`: ticks over 10 ms late since the
 * last look. Returns whether this was a look.
 */
bool frame_ladder_look(struct frame_ladder *l, int64_t now_us,
    uint64_t sound_late);

/* Whether it makes as few as it ever does. */
bool frame_ladder_is_lowest(const struct frame_ladder *l);

/* Frames per second now; at least 1. */
int frame_ladder_fps(const struct frame_ladder *l, int fps);

#endif
