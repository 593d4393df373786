/*
 * How long a jitter buffer should delay, from how late packets come.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A packet's transit is its arrival minus its media time; how late it is, is
 * its transit over the smallest of the last 2 s (which follows drifting
 * clocks). The latest of each 100 ms goes into a histogram of 10 ms steps
 * that forgets; the target is its 0.95 quantile. It grows at once and shrinks
 * by 10 ms a second. Pure: time is an argument. Private to jitter.c and its
 * tests.
 */
#ifndef RTP_DELAY_TARGET_H
#define RTP_DELAY_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp/least_window.h"

#define DELAY_TARGET_STEPS 41	/* of 10 ms; the last one is 400 and more */
/*
 * A pull each 20 ms finds the delay up to one frame above the target, and may
 * not find more than JITTER_DELAY_MAX_US.
 */
#define DELAY_TARGET_MAX_US 360000

struct delay_target {
	int64_t  target_us;
	int64_t  base_us;		/* the smallest transit */
	bool     started;		/* there is a base */
	struct least_window bases;	/* of 2 s */
	int64_t  sample_us;		/* when the current sample began */
	int64_t  sample_late_us;	/* the latest in it */
	unsigned samples;		/* taken so far */
	float    weight[DELAY_TARGET_STEPS];	/* their sum is 1 */
};

void delay_target_init(struct delay_target *d, int64_t start_us);

/* A packet of media time `media_us` came. Base and target are up to date. */
void delay_target_arrived(struct delay_target *d, int64_t media_us,
    int64_t arrival_us);

/* The media time starts anew: what was learnt of lateness stays. */
void delay_target_restart(struct delay_target *d);

#endif
