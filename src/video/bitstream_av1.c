/*
 * The sequence header and the frames of an AV1 temporal unit.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/payload_av1.h"
#include "video/bit_reader.h"
#include "video/bitstream.h"

#define FRAMES_MAX 8		/* one is shown, and layers may be below */

/* AV1 bitstream, 5.5. */
#define TIER_LEVEL 7		/* above: a tier is given */

/* How many bits a decoder model's delays have; 0: there is none. */
static unsigned
read_timing(struct bit_reader *r)
{
	unsigned delay_bits;

	bit_reader_skip(r, 32 + 32);
	if (bit_reader_flag(r))
		bit_reader_ue(r, UINT32_MAX);
	if (!bit_reader_flag(r))
		return 0;
	delay_bits = bit_reader_bits(r, 5) + 1;
	bit_reader_skip(r, 32 + 5 + 5);
	return delay_bits;
}

static void
skip_operating_point(struct bit_reader *r, unsigned delay_bits,
    bool display_delay)
{
	bit_reader_skip(r, 12);
	if (bit_reader_bits(r, 5) > TIER_LEVEL)
		bit_reader_flag(r);
	if (delay_bits && bit_reader_flag(r))
		bit_reader_skip(r, 2 * delay_bits + 1);
	if (display_delay && bit_reader_flag(r))
		bit_reader_skip(r, 4);
}

static int
read_sequence(struct bitstream_info *info, const uint8_t *data, size_t len)
{
	struct bit_reader r = bit_reader_of(data, len, false);
	unsigned          delay_bits = 0, points, width_bits, height_bits;
	bool              display_delay;
	int               width, height;

	/* Profile 0; no still pictures. */
	if (bit_reader_bits(&r, 3 + 1 + 1) != 0)
		return -EBADMSG;
	if (bit_reader_flag(&r))
		delay_bits = read_timing(&r);
	display_delay = bit_reader_flag(&r);
	points = bit_reader_bits(&r, 5) + 1;
	for (unsigned i = 0; i < points; i++)
		skip_operating_point(&r, delay_bits, display_delay);
	width_bits = bit_reader_bits(&r, 4) + 1;
	height_bits = bit_reader_bits(&r, 4) + 1;
	width = (int)bit_reader_bits(&r, width_bits) + 1;
	height = (int)bit_reader_bits(&r, height_bits) + 1;
	if (r.bad || (info->width && (info->width != width ||
	    info->height != height)))
		return -EBADMSG;
	info->width = width;
	info->height = height;
	return 0;
}

/* The start of a frame header (5.9.2). */
static int
read_frame(struct bitstream_info *info, const uint8_t *data, size_t len)
{
	struct bit_reader r = bit_reader_of(data, len, false);
	const bool        existing = bit_reader_flag(&r);
	const unsigned    type = bit_reader_bits(&r, 2);

	if (r.bad)
		return -EBADMSG;
	info->key |= !existing && type == 0;
	info->shown = true;
	return 0;
}

int
bitstream_av1(struct bitstream_info *out, const uint8_t *data, size_t len)
{
	struct reader         r = reader_of(data, len);
	struct bitstream_info info = { 0 };
	unsigned              frames = 0;
	int                   err = 0;

	while (reader_left(&r) > 0 && err == 0) {
		const struct av1_obu obu = payload_av1_obu(&r);
		const uint8_t       *body = reader_take(&r, obu.size);

		if (body == NULL || !obu.has_size)
			return -EBADMSG;
		if (obu.type == AV1_SEQUENCE)
			err = read_sequence(&info, body, obu.size);
		else if (obu.type == AV1_FRAME ||
		    obu.type == AV1_FRAME_HEADER)
			err = ++frames > FRAMES_MAX ? -EBADMSG :
			    read_frame(&info, body, obu.size);
	}
	if (err || r.bad || frames == 0)
		return -EBADMSG;
	*out = info;
	return 0;
}
