/*
 * The qualities in which the sound of a room is encoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One encode of each serves all who listen in it and are not heard themselves;
 * it is made only while somebody does. Packets of AUDIO_THIN hold 60 ms: 27
 * kbit/s on the wire instead of 52, AUDIO_LEAST takes 23. In these two silence
 * is not sent at all, but for a byte or two each 400 ms (DTX).
 */
#ifndef AUDIO_AUDIO_QUALITY_H
#define AUDIO_AUDIO_QUALITY_H

#define AUDIO_LEAN_BPS 24000
#define AUDIO_THIN_BPS 20000	/* below that Opus makes no FEC */
#define AUDIO_LEAST_BPS 16000

enum audio_quality {
	AUDIO_PLAIN,		/* the room's rate, no FEC */
	AUDIO_FEC,		/* the room's rate, FEC of it for 10 % loss */
	AUDIO_LEAN,		/* at most 24 kbit/s, FEC for 25 % */
	AUDIO_THIN,		/* at most 20 kbit/s, 60 ms, FEC for 15 % */
	AUDIO_LEAST,		/* at most 16 kbit/s, 60 ms, no FEC */
	AUDIO_QUALITIES,
};

/* Ticks in one packet, at most. */
#define AUDIO_SPAN_MAX 3

#endif
