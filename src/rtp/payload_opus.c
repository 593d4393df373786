/*
 * Opus over RTP (RFC 7587): what the table of contents byte tells.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/payload_opus.h"
#include "util/reader.h"

#define DURATION_MAX 5760	/* 120 ms at 48 kHz (RFC 6716, 3.4, R5) */

/* RFC 6716, table 2. */
static int
frame_duration(unsigned config)
{
	static const int silk[] = { 480, 960, 1920, 2880 };
	static const int celt[] = { 120, 240, 480, 960 };

	if (config < 12)
		return silk[config % 4];
	if (config < 16)
		return silk[config % 2];	/* hybrid */
	return celt[config % 4];
}

/* Code 2: two frames, the first with its length (RFC 6716, 3.1, 3.2.4). */
static bool
first_of_two_fits(struct reader *r)
{
	size_t first = reader_u8(r);

	if (first >= 252)
		first += (size_t)4 * reader_u8(r);
	reader_skip(r, first);
	return !r->bad;
}

int
payload_opus_duration(const uint8_t *payload, size_t len)
{
	struct reader r = reader_of(payload, len);
	const uint8_t toc = reader_u8(&r);
	int           frames = 2;
	int           duration;

	if (r.bad)
		return -EBADMSG;
	switch (toc & 3) {
	case 0:
		frames = 1;
		break;
	case 1:			/* of equal size (R3) */
		if (reader_left(&r) % 2 != 0)
			return -EBADMSG;
		break;
	case 2:
		if (!first_of_two_fits(&r))
			return -EBADMSG;
		break;
	default:
		frames = reader_u8(&r) & 0x3f;
		break;
	}
	duration = frames * frame_duration(toc >> 3);
	if (r.bad || duration == 0 || duration > DURATION_MAX)
		return -EBADMSG;
	return duration;
}
