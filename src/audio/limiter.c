/*
 * The limiter.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   gain at the border of two blocks = the least that both blocks need
 *
 * so the straight line from border to border is low enough all along.
 */
#include "audio/limiter.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define BLOCKS  (AUDIO_FRAME_LEN / LIMITER_BLOCK)
#define RELEASE (1.0f / 250)	/* of what is missing, each ms */
#define UNITY   0.9999f

void
limiter_init(struct limiter *l)
{
	memset(l, 0, sizeof(*l));
	l->gain = 1;
}

static float
gain_needed(const float *block)
{
	float peak = 0;

	for (int i = 0; i < LIMITER_BLOCK; i++)
		peak = fmaxf(peak, fabsf(block[i]));
	if (!isfinite(peak))
		return 0;
	return peak > LIMITER_CEILING ? LIMITER_CEILING / peak : 1;
}

/* Scales a block along the line from gain a to gain b. */
static void
scale_block(float *out, const float *in, float a, float b)
{
	const float step = (b - a) / LIMITER_BLOCK;

	for (int i = 0; i < LIMITER_BLOCK; i++)
		out[i] = in[i] * (a + step * (float)i);
}

void
limiter_run(struct limiter *l, struct audio_frame *frame)
{
	float in[AUDIO_FRAME_LEN + LIMITER_BLOCK];
	float need = gain_needed(l->ahead);

	memcpy(in, l->ahead, sizeof(l->ahead));
	memcpy(in + LIMITER_BLOCK, frame->samples, sizeof(frame->samples));
	for (int i = 0; i < BLOCKS; i++) {
		const float *block = in + (ptrdiff_t)i * LIMITER_BLOCK;
		const float  next = gain_needed(block + LIMITER_BLOCK);
		float        gain = l->gain + (1 - l->gain) * RELEASE;

		if (gain > UNITY)
			gain = 1;
		gain = fminf(gain, fminf(need, next));
		scale_block(frame->samples + (ptrdiff_t)i * LIMITER_BLOCK,
		    block, l->gain, gain);
		l->gain = gain;
		need = next;
	}
	memcpy(l->ahead, in + AUDIO_FRAME_LEN, sizeof(l->ahead));
}
