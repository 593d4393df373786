/*
 * What a peer says: a tone, or soft synthetic babble in turns.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Babble is a pitched source through three resonators whose vowels change
 * each syllable; it says nothing, softly (-30 dBFS). Pure but for its state.
 */
#ifndef PEER_VOICE_H
#define PEER_VOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/audio_frame.h"

struct voice {
	double   tone_hz;	/* above 0: a steady tone at -20 dBFS */
	double   pitch_hz;	/* of babble */
	double   phase;
	uint32_t seed;		/* of the syllables */
	int      left;		/* samples of this syllable */
	int      length;
	double   formants[3];
	double   state[3][2];
	double   gain;
};

/* `who` picks pitch and rhythm; tone_hz 0 means babble. */
void voice_init(struct voice *v, unsigned who, double tone_hz);

/* The next 20 ms; silence when babble is not `talking`. */
void voice_next(struct voice *v, bool talking, struct audio_frame *out);

#endif
