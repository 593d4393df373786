/*
 * VP9 over RTP (RFC 9628): descriptor and packetizer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/payload_format.h"
#include "rtp/payload_vp9.h"
#include "util/reader.h"
#include "util/writer.h"

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

/* What we write. */
#define PICTURE_ID_AT  1
#define DESCRIPTOR_LEN 3
#define STRUCTURE_LEN  5

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

void
payload_vp9_cut(struct payload_vp9_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, uint16_t picture_id,
    uint16_t width, uint16_t height)
{
	const size_t descriptor = DESCRIPTOR_LEN + STRUCTURE_LEN;

	*c = (struct payload_vp9_cutter) {
		.frame = frame,
		.frame_len = frame_len,
		.picture_id = picture_id,
		.width = width,
		.height = height,
		.key = payload_vp9_is_key(frame, frame_len),
	};
	if (payload_max > descriptor && frame_len > 0)
		c->part_len = payload_part_len(frame_len,
		    payload_max - descriptor);
}

size_t
payload_vp9_next(struct payload_vp9_cutter *c, uint8_t *out, size_t size,
    bool *last)
{
	struct writer w = writer_of(out, size);
	const size_t  left = c->frame_len - c->at;
	const size_t  len = left < c->part_len ? left : c->part_len;
	const bool    begins = c->at == 0, ends = len == left;

	if (len == 0)
		return 0;
	writer_u8(&w, (uint8_t)(HAS_PICTURE_ID |
	    (c->key ? 0 : INTER_PICTURE) | (begins ? BEGINS : 0) |
	    (ends ? ENDS : 0) | (c->key && begins ? HAS_STRUCTURE : 0)));
	writer_u16(&w, (uint16_t)(LONG_PICTURE_ID << 8 |
	    (c->picture_id & 0x7fff)));
	if (c->key && begins) {
		writer_u8(&w, STRUCTURE_SIZES);
		writer_u16(&w, c->width);
		writer_u16(&w, c->height);
	}
	writer_bytes(&w, c->frame + c->at, len);
	if (w.bad)
		return 0;
	c->at += len;
	*last = ends;
	return writer_len(&w);
}

void
payload_vp9_patch(uint8_t *payload, uint16_t picture_id)
{
	struct writer w = writer_of(payload + PICTURE_ID_AT, 2);

	writer_u16(&w, (uint16_t)(LONG_PICTURE_ID << 8 |
	    (picture_id & 0x7fff)));
}
