/*
 * VP8 over RTP (RFC 7741): descriptor and packetizer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/payload_format.h"
#include "rtp/payload_vp8.h"
#include "util/reader.h"
#include "util/writer.h"

/* RFC 7741, 4.2: first byte, then the byte of extensions. */
#define HAS_EXTENSIONS 0x80
#define NON_REFERENCE  0x20
#define PARTITION_START 0x10
#define PARTITION_INDEX 0x07
#define HAS_PICTURE_ID 0x80
#define HAS_TL0_INDEX  0x40
#define HAS_TEMPORAL_ID 0x20
#define HAS_KEY_INDEX  0x10
#define LONG_PICTURE_ID 0x80
#define LAYER_SYNC 0x20
#define LAYER_ONE  0x40		/* TID 1 */

#define PICTURE_ID_AT 2		/* in the descriptor we write */
#define INVERSE_KEY 0x01	/* RFC 7741, 4.3: P, 0 in a key frame */

static void
parse_extensions(struct payload_vp8 *vp8, struct reader *r)
{
	const uint8_t has = reader_u8(r);

	if (has & HAS_PICTURE_ID) {
		const uint8_t high = reader_u8(r);

		vp8->has_picture_id = true;
		vp8->picture_id = high & 0x7f;
		if (high & LONG_PICTURE_ID)
			vp8->picture_id = (uint16_t)(vp8->picture_id << 8 |
			    reader_u8(r));
	}
	if (has & HAS_TL0_INDEX) {
		vp8->has_tl0 = true;
		vp8->tl0_index = reader_u8(r);
	}
	if (has & (HAS_TEMPORAL_ID | HAS_KEY_INDEX)) {
		const uint8_t temporal = reader_u8(r);

		if (has & HAS_TEMPORAL_ID)
			vp8->temporal_id = temporal >> 6;
	}
}

int
payload_vp8_parse(struct payload_vp8 *out, const uint8_t *payload, size_t len)
{
	struct reader      r = reader_of(payload, len);
	struct payload_vp8 vp8 = { 0 };
	const uint8_t      first = reader_u8(&r);

	vp8.non_reference = first & NON_REFERENCE;
	vp8.start = (first & PARTITION_START) && !(first & PARTITION_INDEX);
	if (first & HAS_EXTENSIONS)
		parse_extensions(&vp8, &r);
	vp8.data_len = reader_left(&r);
	vp8.data = reader_take(&r, vp8.data_len);
	if (r.bad || vp8.data_len == 0)
		return -EBADMSG;
	*out = vp8;
	return 0;
}

bool
payload_vp8_is_key(const uint8_t *data, size_t len)
{
	struct reader r = reader_of(data, len);
	const uint8_t tag = reader_u8(&r);

	return !r.bad && !(tag & INVERSE_KEY);
}

static int
vp8_look(struct payload_sight *out, const uint8_t *payload, size_t len)
{
	struct payload_vp8 vp8;
	const int          err = payload_vp8_parse(&vp8, payload, len);
	bool               key;

	if (err)
		return err;
	key = vp8.start && payload_vp8_is_key(vp8.data, vp8.data_len);
	*out = (struct payload_sight) {
		.start = vp8.start,
		.parameters = key,
		.intra = key,
		.delta = vp8.start && !key,
		.units = vp8.start,
	};
	return 0;
}

static bool
vp8_append(struct frame_builder *b, const uint8_t *payload, size_t len)
{
	struct payload_vp8 vp8;

	if (payload_vp8_parse(&vp8, payload, len) != 0)
		return false;
	writer_bytes(&b->out, vp8.data, vp8.data_len);
	return true;
}

const struct payload_format payload_vp8_format = { vp8_look, vp8_append };

void
payload_vp8_cut(struct payload_vp8_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, uint16_t picture_id,
    uint8_t tl0_index)
{
	*c = (struct payload_vp8_cutter) {
		.frame = frame,
		.frame_len = frame_len,
		.picture_id = picture_id,
		.tl0_index = tl0_index,
		.key = payload_vp8_is_key(frame, frame_len),
	};
	if (payload_max > PAYLOAD_VP8_DESCRIPTOR && frame_len > 0)
		c->part_len = payload_part_len(frame_len,
		    payload_max - PAYLOAD_VP8_DESCRIPTOR);
}

size_t
payload_vp8_next(struct payload_vp8_cutter *c, uint8_t *out, size_t size,
    bool *last)
{
	struct writer w = writer_of(out, size);
	const size_t  left = c->frame_len - c->at;
	const size_t  len = left < c->part_len ? left : c->part_len;

	if (len == 0)
		return 0;
	writer_u8(&w, (uint8_t)(HAS_EXTENSIONS |
	    (c->at == 0 ? PARTITION_START : 0) |
	    (c->droppable ? NON_REFERENCE : 0)));
	writer_u8(&w, HAS_PICTURE_ID | HAS_TL0_INDEX | HAS_TEMPORAL_ID);
	writer_u16(&w, (uint16_t)(LONG_PICTURE_ID << 8 |
	    (c->picture_id & 0x7fff)));
	writer_u8(&w, c->tl0_index);
	/* What may be dropped needs no more than the layer below. */
	writer_u8(&w, (uint8_t)((c->key || c->droppable ? LAYER_SYNC : 0) |
	    (c->droppable ? LAYER_ONE : 0)));
	writer_bytes(&w, c->frame + c->at, len);
	if (w.bad)
		return 0;
	c->at += len;
	*last = c->at == c->frame_len;
	return writer_len(&w);
}

void
payload_vp8_patch(uint8_t *payload, uint16_t picture_id, uint8_t tl0_index)
{
	struct writer w = writer_of(payload + PICTURE_ID_AT, 3);

	writer_u16(&w, (uint16_t)(LONG_PICTURE_ID << 8 |
	    (picture_id & 0x7fff)));
	writer_u8(&w, tl0_index);
}
