/*
 * VP9 over RTP (RFC 9628): the descriptor; only received here.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/payload_format.h"
#include "rtp/payload_vp9.h"
#include "util/reader.h"

/* RFC 9628, 4.2. */
#define HAS_PICTURE_ID 0x80
#define INTER_PICTURE  0x40
#define HAS_LAYERS     0x20
#define FLEXIBLE       0x10
#define BEGINS         0x08
#define ENDS           0x04
#define HAS_STRUCTURE  0x02
#define LONG_PICTURE_ID 0x80
#define MORE_REFERENCES 0x01
#define REFERENCES_MAX 3
#define STRUCTURE_SIZES  0x10
#define STRUCTURE_GROUPS 0x08

/* VP9 bitstream, 6.2: frame marker, profile, shown again, inverse key. */
#define FRAME_MARKER      0xc0
#define FRAME_MARKER_IS   0x80
#define SHOWN_AGAIN       0x08
#define INTER_FRAME       0x04

static void
parse_picture_id(struct payload_vp9 *vp9, struct reader *r)
{
	const uint8_t high = reader_u8(r);

	vp9->has_picture_id = true;
	vp9->picture_id = high & 0x7f;
	if (high & LONG_PICTURE_ID)
		vp9->picture_id = (uint16_t)(vp9->picture_id << 8 |
		    reader_u8(r));
}

static void
parse_layers(struct payload_vp9 *vp9, uint8_t first, struct reader *r)
{
	const uint8_t layers = reader_u8(r);

	vp9->temporal_id = layers >> 5;
	vp9->spatial_id = layers >> 1 & 7;
	if (!(first & FLEXIBLE))
		reader_skip(r, 1);		/* TL0PICIDX */
}

/* P_DIFF: which pictures this one refers to; the decoder knows by itself. */
static void
skip_references(struct reader *r)
{
	for (unsigned i = 0; reader_u8(r) & MORE_REFERENCES; i++) {
		if (i + 1 == REFERENCES_MAX)
			r->bad = true;
	}
}

static void
skip_structure(struct reader *r)
{
	const uint8_t head = reader_u8(r);

	if (head & STRUCTURE_SIZES)
		reader_skip(r, 4 * ((size_t)(head >> 5) + 1));
	if (head & STRUCTURE_GROUPS) {
		for (unsigned left = reader_u8(r); left > 0; left--)
			reader_skip(r, reader_u8(r) >> 2 & 3);
	}
}

int
payload_vp9_parse(struct payload_vp9 *out, const uint8_t *payload, size_t len)
{
	struct reader      r = reader_of(payload, len);
	struct payload_vp9 vp9 = { 0 };
	const uint8_t      first = reader_u8(&r);

	vp9.begins = first & BEGINS;
	vp9.ends = first & ENDS;
	if (first & HAS_PICTURE_ID)
		parse_picture_id(&vp9, &r);
	if (first & HAS_LAYERS)
		parse_layers(&vp9, first, &r);
	if ((first & FLEXIBLE) && (first & INTER_PICTURE))
		skip_references(&r);
	if (first & HAS_STRUCTURE)
		skip_structure(&r);
	vp9.data_len = reader_left(&r);
	vp9.data = reader_take(&r, vp9.data_len);
	if (r.bad || vp9.data_len == 0)
		return -EBADMSG;
	*out = vp9;
	return 0;
}

bool
payload_vp9_is_key(const uint8_t *data, size_t len)
{
	struct reader r = reader_of(data, len);
	const uint8_t first = reader_u8(&r);

	return !r.bad && (first & FRAME_MARKER) == FRAME_MARKER_IS &&
	    !(first & (SHOWN_AGAIN | INTER_FRAME));
}

static int
vp9_look(struct payload_sight *out, const uint8_t *payload, size_t len)
{
	struct payload_vp9 vp9;
	const int          err = payload_vp9_parse(&vp9, payload, len);
	bool               key;

	if (err)
		return err;
	key = vp9.begins && payload_vp9_is_key(vp9.data, vp9.data_len);
	*out = (struct payload_sight) {
		.start = vp9.begins,
		.end = vp9.ends,
		.skip = vp9.spatial_id > 0,
		.parameters = key,
		.intra = key,
		.delta = vp9.begins && !key,
		.units = vp9.begins,
	};
	return 0;
}

static bool
vp9_append(struct frame_builder *b, const uint8_t *payload, size_t len)
{
	struct payload_vp9 vp9;

	/* A second beginning would make two frames of it. */
	if (payload_vp9_parse(&vp9, payload, len) != 0 ||
	    (vp9.begins && writer_len(&b->out) > 0))
		return false;
	writer_bytes(&b->out, vp9.data, vp9.data_len);
	return true;
}

const struct payload_format payload_vp9_format = { vp9_look, vp9_append };
