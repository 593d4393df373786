/*
 * AV1 over RTP (AOM, RTP payload format 1.0): OBUs in packets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/payload_av1.h"
#include "rtp/payload_format.h"

/* RTP payload format, 4.4: the aggregation header. */
#define CONTINUES  0x80		/* Z: the first element began before */
#define CONTINUED  0x40		/* Y: the last element goes on after */
#define NEW_SEQUENCE 0x08	/* N: a coded video sequence begins */
#define COUNT(header) ((header) >> 4 & 3)	/* W; 0: all have a length */

/* AV1 bitstream, 5.3.2. */
#define OBU_FORBIDDEN 0x80
#define OBU_TYPE(header) ((header) >> 3 & 15)
#define OBU_EXTENSION 0x04
#define OBU_HAS_SIZE  0x02

/* AV1 bitstream, 5.9.2: how a frame header begins. */
#define SHOW_EXISTING 0x80
#define FRAME_TYPE    0x60	/* 0: a key frame */

#define SIZE_LEN 4		/* bytes of the length that we write */
#define ELEMENT_LEAST 8		/* no element is begun in less room */
#define LENGTH_ONE 127		/* LEB128: most in one byte, and in two */
#define LENGTH_TWO 16383

_Static_assert(SIZE_LEN <= PAYLOAD_UNIT_GROWTH, "each OBU gets a length");

/* The elements of one payload. */
struct elements {
	struct reader r;
	unsigned      count;	/* W */
	unsigned      taken;
	bool          continues;	/* of the element taken last */
	bool          continued;
	uint8_t       header;
};

struct av1_obu
payload_av1_obu(struct reader *r)
{
	struct av1_obu obu = { 0 };
	const uint8_t  header = reader_u8(r);

	if (header & OBU_FORBIDDEN)
		r->bad = true;
	obu.type = (enum av1_obu_type)OBU_TYPE(header);
	obu.has_extension = header & OBU_EXTENSION;
	obu.has_size = header & OBU_HAS_SIZE;
	if (obu.has_extension)
		obu.extension = reader_u8(r);
	if (obu.has_size)
		obu.size = reader_leb128(r);
	return obu;
}

static struct elements
elements_of(const uint8_t *payload, size_t len)
{
	struct elements e = { .r = reader_of(payload, len) };

	e.header = reader_u8(&e.r);
	e.count = COUNT(e.header);
	return e;
}

/* The next element that is not empty; false at the end, or when r is bad. */
static bool
elements_next(struct elements *e, struct reader *out)
{
	while (reader_left(&e->r) > 0) {
		const bool   last = e->count > 0 && e->taken + 1 == e->count;
		const size_t len = last ? reader_left(&e->r) :
		    reader_leb128(&e->r);

		*out = reader_sub(&e->r, len);
		if (out->bad)
			return false;
		e->continues = e->taken == 0 && (e->header & CONTINUES);
		e->taken++;
		e->continued = reader_left(&e->r) == 0 &&
		    (e->header & CONTINUED);
		if (len > 0)
			return true;
	}
	return false;
}

static void
look_at_obu(struct payload_sight *sight, struct reader *r)
{
	const struct av1_obu obu = payload_av1_obu(r);

	sight->units++;
	if (obu.type == AV1_SEQUENCE)
		sight->parameters = true;
	if ((obu.type == AV1_FRAME || obu.type == AV1_FRAME_HEADER) &&
	    reader_left(r) > 0) {
		const bool key = !(r->p[0] & (SHOW_EXISTING | FRAME_TYPE));

		sight->intra |= key;
		sight->delta |= !key;
	}
}

static int
av1_look(struct payload_sight *out, const uint8_t *payload, size_t len)
{
	struct elements      e = elements_of(payload, len);
	struct payload_sight sight = { 0 };
	struct reader        element;

	sight.start = !(e.header & CONTINUES);
	while (elements_next(&e, &element)) {
		if (e.continues)
			continue;
		look_at_obu(&sight, &element);
		if (element.bad)
			return -EBADMSG;
	}
	/* No more and no fewer elements than W says. */
	if (e.r.bad || e.taken == 0 || (e.count > 0 && e.taken != e.count))
		return -EBADMSG;
	*out = sight;
	return 0;
}

static bool
is_dropped(enum av1_obu_type type)
{
	return type == AV1_DELIMITER || type == AV1_TILE_LIST ||
	    type == AV1_PADDING;
}

/* The header, and room for the size. */
static bool
begin_obu(struct frame_builder *b, struct reader *r)
{
	const struct av1_obu obu = payload_av1_obu(r);

	if (r->bad)
		return false;
	b->open = true;
	b->dropping = is_dropped(obu.type);
	b->declared = obu.has_size ? obu.size : SIZE_MAX;
	if (b->dropping)
		return true;
	writer_u8(&b->out, (uint8_t)((unsigned)obu.type << 3 | OBU_HAS_SIZE |
	    (obu.has_extension ? OBU_EXTENSION : 0)));
	if (obu.has_extension)
		writer_u8(&b->out, obu.extension);
	b->size_at = writer_len(&b->out);
	writer_zeros(&b->out, SIZE_LEN);
	return !b->out.bad;
}

/* Writes its size, as leb128 of four bytes. */
static bool
end_obu(struct frame_builder *b)
{
	uint8_t *size = b->out.start + b->size_at;
	size_t   len;

	b->open = false;
	if (b->dropping)
		return true;
	if (b->out.bad)
		return false;
	len = (size_t)(b->out.p - size) - SIZE_LEN;
	if (b->declared != SIZE_MAX) {
		if (len < b->declared)
			return false;
		/* What follows the size that it has is not of it. */
		len = b->declared;
		b->out.p = size + SIZE_LEN + len;
	}
	for (unsigned i = 0; i < SIZE_LEN; i++)
		size[i] = (uint8_t)((len >> 7 * i & 0x7f) |
		    (i + 1 < SIZE_LEN ? 0x80 : 0));
	return true;
}

static bool
av1_append(struct frame_builder *b, const uint8_t *payload, size_t len)
{
	struct elements e = elements_of(payload, len);
	struct reader   element;

	while (elements_next(&e, &element)) {
		if (e.continues != b->open)
			return false;
		if (!e.continues && !begin_obu(b, &element))
			return false;
		if (!b->dropping) {
			const size_t n = reader_left(&element);

			writer_bytes(&b->out, reader_take(&element, n), n);
		}
		if (!e.continued && !end_obu(b))
			return false;
	}
	return !b->out.bad;
}

const struct payload_format payload_av1_format = { av1_look, av1_append };

/* The next OBU that is to be sent becomes c->obu; false when none is left. */
static bool
cutter_advance(struct payload_av1_cutter *c)
{
	while (reader_left(&c->frame) > 0) {
		c->head = payload_av1_obu(&c->frame);
		c->obu = reader_sub(&c->frame, c->head.has_size ?
		    c->head.size : reader_left(&c->frame));
		if (c->frame.bad || c->obu.bad)
			break;
		c->begun = c->continues = false;
		if (!is_dropped(c->head.type))
			return true;
	}
	c->obu = reader_of(NULL, 0);
	c->begun = true;
	return false;
}

static bool
cutter_done(const struct payload_av1_cutter *c)
{
	return c->begun && reader_left(&c->obu) == 0;
}

void
payload_av1_cut(struct payload_av1_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, bool key)
{
	*c = (struct payload_av1_cutter) {
		.frame = reader_of(frame, frame_len),
		.key = key,
		.first = true,
		.payload_max = payload_max,
	};
	(void)cutter_advance(c);
}

/* As much of the OBU as there is room for, with its length before it. */
static void
cutter_element(struct payload_av1_cutter *c, struct writer *w)
{
	const size_t header = c->begun ? 0 : c->head.has_extension ? 2 : 1;
	const size_t room = writer_room(w);
	size_t       len = header + reader_left(&c->obu);
	const size_t most = len > LENGTH_ONE && room > LENGTH_ONE ?
	    room - 2 : room - 1;

	if (len > most)
		len = most;
	if (len > LENGTH_TWO)
		len = LENGTH_TWO;
	if (len > LENGTH_ONE)
		writer_u8(w, (uint8_t)(len | 0x80));
	writer_u8(w, (uint8_t)(len > LENGTH_ONE ? len >> 7 : len));
	if (!c->begun)
		writer_u8(w, (uint8_t)((unsigned)c->head.type << 3 |
		    (c->head.has_extension ? OBU_EXTENSION : 0)));
	if (!c->begun && c->head.has_extension)
		writer_u8(w, c->head.extension);
	writer_bytes(w, reader_take(&c->obu, len - header), len - header);
	c->begun = true;
}

size_t
payload_av1_next(struct payload_av1_cutter *c, uint8_t *out, size_t size,
    bool *last)
{
	struct writer w = writer_of(out, size < c->payload_max ? size :
	    c->payload_max);
	unsigned      header = c->continues ? CONTINUES : 0;

	if (cutter_done(c) || writer_room(&w) <= ELEMENT_LEAST)
		return 0;
	if (c->key && c->first)
		header |= NEW_SEQUENCE;
	writer_u8(&w, 0);
	*last = false;
	while (!*last && writer_room(&w) >= ELEMENT_LEAST) {
		cutter_element(c, &w);
		if (reader_left(&c->obu) > 0) {
			header |= CONTINUED;
			c->continues = true;
			break;
		}
		*last = !cutter_advance(c);
	}
	if (w.bad)
		return 0;
	out[0] = (uint8_t)header;
	c->first = false;
	return writer_len(&w);
}
