/*
 * What a peer says: a tone, or soft synthetic babble in turns.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <string.h>

#include "peer/voice.h"

#define PI 3.14159265358979

/* First three formants of some vowels, Hz. */
static const double vowels[][3] = {
	{ 730, 1090, 2440 }, { 530, 1840, 2480 }, { 270, 2290, 3010 },
	{ 570, 840, 2410 }, { 300, 870, 2240 }, { 660, 1720, 2410 },
};

static uint32_t
voice_random(struct voice *v)
{
	v->seed = v->seed * 1664525 + 1013904223;
	return v->seed >> 8;
}

void
voice_init(struct voice *v, unsigned who, double tone_hz)
{
	static const double pitches[] = { 205, 112, 190, 98, 220, 124 };

	*v = (struct voice){
		.tone_hz = tone_hz,
		.pitch_hz = pitches[who % 6] * (1 + 0.02 * (who / 6 % 5)),
		.seed = 77777 * (who + 1),
	};
}

static void
voice_syllable(struct voice *v)
{
	const double *vowel = vowels[voice_random(v) % 6];

	v->length = v->left = AUDIO_RATE_HZ / 1000 *
	    (110 + (int)(voice_random(v) % 130));
	v->gain = voice_random(v) % 6 == 0 ? 0 : 1;	/* a breath */
	memcpy(v->formants, vowel, sizeof(v->formants));
	v->pitch_hz *= 0.97 + 0.06 * (voice_random(v) % 1000) / 999;
	if (v->pitch_hz < 90)
		v->pitch_hz = 100;
	if (v->pitch_hz > 240)
		v->pitch_hz = 220;
}

static double
voice_sample(struct voice *v)
{
	const double envelope = sin(PI * v->left / v->length);
	double       source, out = 0;

	v->phase += v->pitch_hz / AUDIO_RATE_HZ;
	if (v->phase >= 1)
		v->phase -= 1;
	/* A falling saw tooth with a little breath in it. */
	source = 1 - 2 * v->phase +
	    0.15 * ((double)(voice_random(v) % 2000) / 1000 - 1);
	for (int i = 0; i < 3; i++) {
		const double r = exp(-PI * (60 + 40 * i) / AUDIO_RATE_HZ);
		const double c = 2 * r * cos(2 * PI * v->formants[i] /
		    AUDIO_RATE_HZ);
		const double y = (1 - r) * source + c * v->state[i][0] -
		    r * r * v->state[i][1];

		v->state[i][1] = v->state[i][0];
		v->state[i][0] = y;
		out += y / (1 + i);
	}
	return 0.05 * v->gain * envelope * out;
}

void
voice_next(struct voice *v, bool talking, struct audio_frame *out)
{
	for (int i = 0; i < AUDIO_FRAME_LEN; i++) {
		if (v->tone_hz > 0) {
			v->phase += v->tone_hz / AUDIO_RATE_HZ;
			if (v->phase >= 1)
				v->phase -= 1;
			out->samples[i] = (float)(0.1414 *
			    sin(2 * PI * v->phase));
			continue;
		}
		if (!talking) {
			out->samples[i] = 0;
			continue;
		}
		if (v->left <= 0)
			voice_syllable(v);
		out->samples[i] = (float)voice_sample(v);
		v->left--;
	}
}
