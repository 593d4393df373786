/*
 * How loud a frame is, in -dBov as RFC 6464 has it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * 0 is the loudest (a square wave of full scale), 127 is silence; a sine of
 * full scale is 3. Pure.
 */
#ifndef AUDIO_AUDIO_LEVEL_H
#define AUDIO_AUDIO_LEVEL_H

#include <stdint.h>

#include "audio/audio_frame.h"

#define AUDIO_LEVEL_SILENCE 127.0f

/* 0..127, by the mean square of the frame. */
float audio_level_measure(const struct audio_frame *frame);

/* The same as a whole number, as it goes on the wire. */
uint8_t audio_level_dbov(const struct audio_frame *frame);

#endif
