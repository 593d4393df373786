/*
 * Measuring loudness.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "audio/audio_level.h"

#include <math.h>

#define LANES 4		/* sums that do not wait for each other */

float
audio_level_measure(const struct audio_frame *frame)
{
	float sums[LANES] = { 0 };
	float mean, level;

	for (int i = 0; i < AUDIO_FRAME_LEN; i += LANES) {
		for (int k = 0; k < LANES; k++)
			sums[k] += frame->samples[i + k] *
			    frame->samples[i + k];
	}
	mean = (sums[0] + sums[1] + sums[2] + sums[3]) / AUDIO_FRAME_LEN;
	if (!(mean > 1e-13f))
		return AUDIO_LEVEL_SILENCE;
	level = -10 * log10f(mean);
	if (level < 0)
		return 0;
	return level > AUDIO_LEVEL_SILENCE ? AUDIO_LEVEL_SILENCE : level;
}

uint8_t
audio_level_dbov(const struct audio_frame *frame)
{
	return (uint8_t)(audio_level_measure(frame) + 0.5f);
}
