/*
 * Sound inside a room: 20 ms of mono floats at 48 kHz.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef AUDIO_AUDIO_FRAME_H
#define AUDIO_AUDIO_FRAME_H

#define AUDIO_RATE_HZ     48000
#define AUDIO_FRAME_MS    20
#define AUDIO_FRAME_US    20000
#define AUDIO_FRAME_LEN   960	/* samples */

struct audio_frame {
	float samples[AUDIO_FRAME_LEN];	/* -1..1 */
};

#endif
