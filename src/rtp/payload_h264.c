/*
 * H.264 over RTP (RFC 6184), both ways.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "rtp/annex_b.h"
#include "rtp/payload_format.h"
#include "rtp/payload_h264.h"
#include "util/reader.h"
#include "util/writer.h"

#define STAP_A 24		/* RFC 6184, 5.7.1 */
#define FU_A   28		/* 5.8 */
#define FU_START 0x80
#define FU_END   0x40
#define NAL_REF_IDC 0x60
#define FIRST_MB_ZERO 0x80	/* ue(v) of 0, first in a slice header */
#define START_CODE 1		/* of three bytes */
#define START_CODE_LEN 3

/* For two bytes of length in a STAP-A, and for nothing in a single one. */
_Static_assert(START_CODE_LEN <= PAYLOAD_UNIT_GROWTH, "it grows by no more");

/* ---- what comes ---------------------------------------------------------- */

/* `body`: what follows the byte that says the type. */
static void
look_at_nal(struct payload_sight *sight, unsigned type,
    const struct reader *body)
{
	const bool first = reader_left(body) > 0 &&
	    (body->p[0] & FIRST_MB_ZERO);

	sight->units++;
	if (type == H264_SPS)
		sight->parameters = true;
	else if (type == H264_IDR_SLICE)
		sight->intra |= first;
	else if (type == H264_SLICE)
		sight->delta |= first;
}

static bool
type_known(unsigned type)
{
	return type >= H264_SLICE && type <= H264_SINGLE_MAX;
}

static void
look_at_aggregate(struct payload_sight *sight, struct reader *r)
{
	while (reader_left(r) > 0) {
		struct reader  nal = reader_sub(r, reader_u16(r));
		const uint8_t  first = reader_u8(&nal);
		const unsigned type = first & H264_NAL_TYPE;

		/* One of no length, or a packet type within, is no NAL unit. */
		if (nal.bad || !type_known(type) || (first & H264_NAL_BROKEN)) {
			r->bad = true;
			return;
		}
		look_at_nal(sight, type, &nal);
	}
}

static void
look_at_fragment(struct payload_sight *sight, struct reader *r)
{
	const uint8_t header = reader_u8(r);

	if (!type_known(header & H264_NAL_TYPE))
		r->bad = true;
	sight->start = header & FU_START;
	if (sight->start)
		look_at_nal(sight, header & H264_NAL_TYPE, r);
}

static int
h264_look(struct payload_sight *out, const uint8_t *payload, size_t len)
{
	struct reader        r = reader_of(payload, len);
	struct payload_sight sight = { .start = true };
	const uint8_t        first = reader_u8(&r);
	const unsigned       type = first & H264_NAL_TYPE;

	if (r.bad || (first & H264_NAL_BROKEN))
		return -EBADMSG;
	if (type_known(type))
		look_at_nal(&sight, type, &r);
	else if (type == STAP_A && reader_left(&r) > 0)
		look_at_aggregate(&sight, &r);
	else if (type == FU_A)
		look_at_fragment(&sight, &r);
	else
		return -EBADMSG;
	if (r.bad)
		return -EBADMSG;
	*out = sight;
	return 0;
}

static void
append_start_code(struct frame_builder *b)
{
	writer_u24(&b->out, START_CODE);
}

static bool
append_aggregate(struct frame_builder *b, struct reader *r)
{
	while (reader_left(r) > 0) {
		const size_t   len = reader_u16(r);
		const uint8_t *nal = reader_take(r, len);

		if (nal == NULL)
			return false;
		append_start_code(b);
		writer_bytes(&b->out, nal, len);
	}
	return true;
}

static bool
append_fragment(struct frame_builder *b, uint8_t indicator, struct reader *r)
{
	const uint8_t header = reader_u8(r);
	const size_t  len = reader_left(r);

	if (header & FU_START) {
		if (b->open)
			return false;	/* the end of one is not there */
		append_start_code(b);
		writer_u8(&b->out, (uint8_t)((indicator & NAL_REF_IDC) |
		    (header & H264_NAL_TYPE)));
	} else if (!b->open) {
		return false;		/* its beginning is not there */
	}
	b->open = !(header & FU_END);
	writer_bytes(&b->out, reader_take(r, len), len);
	return true;
}

static bool
h264_append(struct frame_builder *b, const uint8_t *payload, size_t len)
{
	struct reader  r = reader_of(payload, len);
	const uint8_t  first = reader_u8(&r);
	const unsigned type = first & H264_NAL_TYPE;

	if (type == FU_A)
		return append_fragment(b, first, &r);
	if (b->open)
		return false;		/* its end is not there */
	if (type == STAP_A)
		return append_aggregate(b, &r);
	append_start_code(b);
	writer_bytes(&b->out, payload, len);
	return true;
}

const struct payload_format payload_h264_format = { h264_look, h264_append };

/* ---- what is sent -------------------------------------------------------- */

static bool
is_sent(const struct annex_b_nal *nal)
{
	switch (annex_b_type(nal)) {
	case H264_SEI:
	case H264_DELIMITER:
	case H264_FILLER:
		return false;
	default:
		return true;
	}
}

static void
take_nal(struct payload_h264_cutter *c)
{
	c->part_at = 0;
	while (annex_b_next(&c->nal, &c->frame)) {
		if (is_sent(&c->nal))
			return;
	}
	c->nal.len = 0;
}

void
payload_h264_cut(struct payload_h264_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, bool single)
{
	*c = (struct payload_h264_cutter) {
		.frame = reader_of(frame, frame_len),
		.payload_max = payload_max,
		.single = single,
	};
	take_nal(c);
}

/* One part of a NAL unit whose first byte is repeated in each. */
static void
write_fragment(struct payload_h264_cutter *c, struct writer *w)
{
	const uint8_t first = c->nal.data[0];
	size_t        left, len;
	uint8_t       header = first & H264_NAL_TYPE;

	if (c->part_at == 0) {
		c->part_at = 1;
		c->part_len = payload_part_len(c->nal.len - 1,
		    c->payload_max - 2);
		header |= FU_START;
	}
	left = c->nal.len - c->part_at;
	len = left < c->part_len ? left : c->part_len;
	if (len == left)
		header |= FU_END;
	writer_u8(w, (uint8_t)((first & NAL_REF_IDC) | FU_A));
	writer_u8(w, header);
	writer_bytes(w, c->nal.data + c->part_at, len);
	c->part_at += len;
	if (len == left)
		take_nal(c);
}

/* As many NAL units as fit; the header says the most important (5.7). */
static void
write_aggregate(struct payload_h264_cutter *c, struct writer *w)
{
	uint8_t *header = writer_reserve(w, 1);
	uint8_t  importance = 0;

	if (header == NULL)
		return;
	while (c->nal.len > 0 && writer_len(w) + 2 + c->nal.len <=
	    c->payload_max) {
		if ((c->nal.data[0] & NAL_REF_IDC) > importance)
			importance = c->nal.data[0] & NAL_REF_IDC;
		writer_u16(w, (uint16_t)c->nal.len);
		writer_bytes(w, c->nal.data, c->nal.len);
		take_nal(c);
	}
	*header = importance | STAP_A;
}

/* Whether the next two would fit into one STAP-A. */
static bool
two_fit(const struct payload_h264_cutter *c)
{
	struct payload_h264_cutter after = *c;

	take_nal(&after);
	return after.nal.len > 0 &&
	    1 + 2 + c->nal.len + 2 + after.nal.len <= c->payload_max;
}

size_t
payload_h264_next(struct payload_h264_cutter *c, uint8_t *out, size_t size,
    bool *last)
{
	struct writer w = writer_of(out, size);

	if (c->nal.len == 0 || c->payload_max < 3)
		return 0;
	if (c->part_at > 0 || (!c->single && c->nal.len > c->payload_max)) {
		write_fragment(c, &w);
	} else if (!c->single && two_fit(c)) {
		write_aggregate(c, &w);
	} else {
		writer_bytes(&w, c->nal.data, c->nal.len);
		take_nal(c);
	}
	*last = c->nal.len == 0;
	return writer_len(&w);
}
