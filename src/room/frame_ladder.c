/*
 * How many frames a rendition makes when the processors are short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/frame_ladder.h"

#define LOOK_US       1000000
#define RUNG_MAX      2
#define LATE_MAX      2			/* of the 50 ticks of a second */
#define MISSED_PART   10
#define TROUBLES_MAX  3			/* a burst of load is not overload */
#define CALM_US       5000000
#define CALM_MAX_US   40000000
#define TOO_EARLY_US  5000000

void
frame_ladder_init(struct frame_ladder *l, int64_t now_us)
{
	*l = (struct frame_ladder){
		.looked_us = now_us, .calm_us = now_us, .wait_us = CALM_US,
		.climbed_us = now_us - TOO_EARLY_US,
	};
}

void
frame_ladder_made(struct frame_ladder *l, bool missed)
{
	l->made++;
	l->missed += missed;
}

bool
frame_ladder_look(struct frame_ladder *l, int64_t now_us, uint64_t sound_late)
{
	bool trouble;

	if (now_us - l->looked_us < LOOK_US)
		return false;
	trouble = sound_late > LATE_MAX ||
	    l->missed * MISSED_PART > l->made;
	l->looked_us = now_us;
	l->made = l->missed = 0;
	l->troubles = trouble ? l->troubles + 1 : 0;
	if (trouble)
		l->calm_us = now_us;
	if (l->troubles >= TROUBLES_MAX) {
		l->troubles = 0;
		if (now_us - l->climbed_us < TOO_EARLY_US &&
		    l->wait_us < CALM_MAX_US)
			l->wait_us *= 2;
		if (l->rung < RUNG_MAX)
			l->rung++;
	} else if (l->rung > 0 && now_us - l->calm_us >= l->wait_us) {
		l->rung--;
		l->calm_us = l->climbed_us = now_us;
	} else if (l->rung == 0 && now_us - l->calm_us >= CALM_MAX_US) {
		l->wait_us = CALM_US;
	}
	return true;
}

int
frame_ladder_fps(const struct frame_ladder *l, int fps)
{
	fps >>= l->rung;
	return fps > 1 ? fps : 1;
}

bool
frame_ladder_is_lowest(const struct frame_ladder *l)
{
	return l->rung >= RUNG_MAX;
}
