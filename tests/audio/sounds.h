/*
 * Sounds for the audio tests, and what is in them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_AUDIO_SOUNDS_H
#define TESTS_AUDIO_SOUNDS_H

#include <stddef.h>
#include <stdint.h>

#include "audio/audio_codec.h"
#include "util/packet.h"

/* A tone that goes on from frame to frame; amplitude 1 is full scale. */
void sound_tone(struct audio_frame *f, double hz, double amplitude,
    unsigned frame);

/*
 * Like a voice: pulses through a moving resonance, and pauses (a steady sound
 * is noise to Opus, which sends no FEC for it). Zero-initialise.
 */
struct sound_voice {
	double   time_s, phase, y1, y2;
	uint32_t chance;
};

void sound_voice(struct audio_frame *f, struct sound_voice *v,
    double amplitude);

/* The amplitude of one tone in `len` samples, in dB of full scale. */
double sound_tone_db(const float *samples, size_t len, double hz);

/* Root mean square in dB of full scale. */
double sound_rms_db(const float *samples, size_t len);

/* What a packet says besides its payload. */
struct sound_header {
	uint8_t  payload_type;
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
	int      level;		/* RFC 6464 in extension 1; -1: none */
};

/* A packet that arrived at `arrival_us`. */
struct packet *sound_packet(struct packet_pool *pool,
    const struct sound_header *header, const uint8_t *payload, size_t len,
    int64_t arrival_us);

#endif
