/*
 * Keeps a mix below full scale without a sound of its own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looks 1 ms ahead (and so delays by 1 ms): the gain has come down when the
 * peak arrives, and comes back slowly. What stays below the ceiling passes
 * unchanged. Each stream has its own. Zero-initialise with limiter_init.
 */
#ifndef AUDIO_LIMITER_H
#define AUDIO_LIMITER_H

#include "audio/audio_frame.h"

#define LIMITER_BLOCK   48	/* samples: 1 ms */
#define LIMITER_CEILING 0.985f

struct limiter {
	float ahead[LIMITER_BLOCK];	/* not yet given out */
	float gain;			/* where the next block begins */
};

void limiter_init(struct limiter *l);

/* In place. No sample comes out above LIMITER_CEILING, whatever went in. */
void limiter_run(struct limiter *l, struct audio_frame *frame);

#endif
