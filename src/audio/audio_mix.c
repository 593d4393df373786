/*
 * Adding and subtracting.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "audio/audio_mix.h"

#include <string.h>

void
audio_mix_clear(struct audio_frame *sum)
{
	memset(sum, 0, sizeof(*sum));
}

void
audio_mix_add(struct audio_frame *sum, const struct audio_frame *one)
{
	for (int i = 0; i < AUDIO_FRAME_LEN; i++)
		sum->samples[i] += one->samples[i];
}

void
audio_mix_minus(struct audio_frame *out, const struct audio_frame *sum,
    const struct audio_frame *own)
{
	for (int i = 0; i < AUDIO_FRAME_LEN; i++)
		out->samples[i] = sum->samples[i] - own->samples[i];
}
