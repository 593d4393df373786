/*
 * What decoding one person's pictures may cost.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A quarter of a processor on the average of the last seconds, 150 ms for one
 * picture, and one change of size in two seconds with a few at once (each
 * makes new buffers; a sender that begins climbs in steps). Whoever takes more
 * is not decoded for 10 s; then the budget begins anew.
 * Pure: time is an argument. Owner: the decode thread of the stream.
 */
#ifndef ROOM_DECODE_BUDGET_H
#define ROOM_DECODE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "util/rate_limit.h"

#define DECODE_BUDGET_PAUSE_US 10000000

struct decode_budget {
	int64_t           paused_us;	/* until then; 0: not */
	int64_t           spent_us;	/* of processor time, fading */
	int64_t           faded_us;	/* until when spent_us has faded */
	int               width, height;	/* 0: no picture yet */
	struct rate_limit resizes;
};

void decode_budget_init(struct decode_budget *b);

/* Whether a picture may be decoded now. */
bool decode_budget_admits(struct decode_budget *b, int64_t now_us);

/*
 * A picture has taken `cpu_us` of processor time. False when that was too
 * much: nothing is admitted for DECODE_BUDGET_PAUSE_US.
 */
bool decode_budget_spend(struct decode_budget *b, int64_t now_us,
    int64_t cpu_us);

/* A picture was of this size. False as above. */
bool decode_budget_size(struct decode_budget *b, int64_t now_us, int width,
    int height);

#endif
