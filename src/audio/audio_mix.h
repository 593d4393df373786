/*
 * The sum of those who are heard, and the sum without one of them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nothing scales the sum, so one's own voice goes out of it without a trace
 * (what is left is rounding, 140 dB below). Limit the result, not the sum.
 * Pure.
 */
#ifndef AUDIO_AUDIO_MIX_H
#define AUDIO_AUDIO_MIX_H

#include "audio/audio_frame.h"

void audio_mix_clear(struct audio_frame *sum);
void audio_mix_add(struct audio_frame *sum, const struct audio_frame *one);
void audio_mix_minus(struct audio_frame *out, const struct audio_frame *sum,
    const struct audio_frame *own);

#endif
