/*
 * Sounds for the audio tests.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "sounds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/rtp_packet.h"

#define TURN 6.28318530717958648

void
sound_tone(struct audio_frame *f, double hz, double amplitude, unsigned frame)
{
	for (unsigned i = 0; i < AUDIO_FRAME_LEN; i++) {
		const double at = (double)frame * AUDIO_FRAME_LEN + i;

		f->samples[i] = (float)(amplitude *
		    sin(TURN * fmod(hz * at / AUDIO_RATE_HZ, 1)));
	}
}

void
sound_voice(struct audio_frame *f, struct sound_voice *v, double amplitude)
{
	for (unsigned i = 0; i < AUDIO_FRAME_LEN; i++) {
		const double resonance = 600 + 250 * sin(v->time_s * 7);
		double       x, y;

		v->time_s += 1.0 / AUDIO_RATE_HZ;
		v->phase += (120 + 20 * sin(v->time_s * 3)) / AUDIO_RATE_HZ;
		v->chance = v->chance * 1664525u + 1013904223u;
		x = 0.02 * ((v->chance >> 8) / 16777216.0 - 0.5);
		if (v->phase >= 1) {
			v->phase -= 1;
			x += 1;
		}
		y = x + 1.97 * cos(TURN * resonance / AUDIO_RATE_HZ) * v->y1 -
		    0.97 * v->y2;
		v->y2 = v->y1;
		v->y1 = y;
		f->samples[i] = sin(v->time_s * 4) > -0.4 ?
		    (float)(amplitude * y * 0.1) : 0;
	}
}

/* Under a Hann window, so that neighbours do not leak in. */
double
sound_tone_db(const float *samples, size_t len, double hz)
{
	double re = 0, im = 0, weights = 0;

	for (size_t i = 0; i < len; i++) {
		const double w = 0.5 - 0.5 * cos(TURN * ((double)i + 0.5) /
		    (double)len);
		const double angle = TURN * hz * (double)i / AUDIO_RATE_HZ;

		re += w * samples[i] * cos(angle);
		im += w * samples[i] * sin(angle);
		weights += w;
	}
	return 20 * log10(2 * hypot(re, im) / weights + 1e-9);
}

double
sound_rms_db(const float *samples, size_t len)
{
	double sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (double)samples[i] * samples[i];
	return 10 * log10(sum / (double)len + 1e-18);
}

struct packet *
sound_packet(struct packet_pool *pool, const struct sound_header *header,
    const uint8_t *payload, size_t len, int64_t arrival_us)
{
	/* RFC 8285 one-byte form: id 1, one byte, then two of padding. */
	const uint8_t extension[4] = { 0x10, (uint8_t)header->level, 0, 0 };
	const struct rtp_packet rtp = {
		.payload_type = header->payload_type,
		.sequence = header->sequence,
		.timestamp = header->timestamp,
		.ssrc = header->ssrc,
		.extension_profile = header->level < 0 ? 0 : 0xbede,
		.extension = header->level < 0 ? NULL : extension,
		.extension_len = header->level < 0 ? 0 : sizeof(extension),
	};
	struct packet *p = packet_new(pool);
	size_t         head;

	assert_non_null(p);
	head = rtp_packet_write_header(p->bytes, sizeof(p->bytes), &rtp);
	assert_true(head > 0 && head + len <= sizeof(p->bytes));
	memcpy(p->bytes + head, payload, len);
	p->len = head + len;
	p->arrival_us = arrival_us;
	return p;
}
