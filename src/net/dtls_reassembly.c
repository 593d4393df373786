/*
 * Joins a ClientHello that came in fragments (RFC 6347, 4.2.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "net/dtls_reassembly.h"
#include "util/reader.h"
#include "util/writer.h"

#define RECORD_HANDSHAKE 22
#define CLIENT_HELLO     1

/* One record that holds one handshake message or a fragment of it. */
struct fragment {
	uint16_t       version;
	uint64_t       epoch_and_seq;
	uint8_t        type;
	uint32_t       length;		/* of the message */
	uint16_t       message_seq;
	uint32_t       offset;
	uint32_t       fragment_len;
	const uint8_t *body;
};

/*
 * Takes the next record. False when there is none left that is whole; what is
 * no handshake of epoch 0 comes out with type 0.
 */
static bool
take_record(struct reader *r, struct fragment *f)
{
	const uint8_t type = reader_u8(r);
	struct reader record;

	memset(f, 0, sizeof(*f));
	f->version = reader_u16(r);
	f->epoch_and_seq = reader_u64(r);
	record = reader_sub(r, reader_u16(r));
	if (r->bad)
		return false;
	if (type != RECORD_HANDSHAKE || f->epoch_and_seq >> 48 != 0)
		return true;
	f->type = reader_u8(&record);
	f->length = reader_u24(&record);
	f->message_seq = reader_u16(&record);
	f->offset = reader_u24(&record);
	f->fragment_len = reader_u24(&record);
	f->body = reader_take(&record, f->fragment_len);
	if (f->body == NULL)
		f->type = 0;
	return true;
}

static bool
is_hello_fragment(const struct fragment *f)
{
	return f->type == CLIENT_HELLO && f->fragment_len != f->length;
}

static void
begin(struct dtls_reassembly *r, const struct fragment *f)
{
	r->active = true;
	r->message_seq = f->message_seq;
	r->length = r->missing = f->length;
	r->fragments = 0;
	memset(r->present, 0, sizeof(r->present));
}

static void
add(struct dtls_reassembly *r, const struct fragment *f)
{
	uint8_t *body = r->record + DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER;

	if (f->length > DTLS_HELLO_MAX ||
	    (uint64_t)f->offset + f->fragment_len > f->length)
		return;
	if (!r->active || r->message_seq != f->message_seq ||
	    r->length != f->length ||
	    r->fragments == DTLS_HELLO_FRAGMENTS_MAX)
		begin(r, f);
	r->fragments++;
	memcpy(body + f->offset, f->body, f->fragment_len);
	for (uint32_t i = 0; i < f->fragment_len; i++) {
		r->missing -= !r->present[f->offset + i];
		r->present[f->offset + i] = true;
	}
}

/* Writes both headers before the body; the last fragment's record lends its. */
static size_t
finish(struct dtls_reassembly *r, const struct fragment *last)
{
	struct writer w = writer_of(r->record, sizeof(r->record));

	writer_u8(&w, RECORD_HANDSHAKE);
	writer_u16(&w, last->version);
	writer_u64(&w, last->epoch_and_seq);
	writer_u16(&w, (uint16_t)(DTLS_HANDSHAKE_HEADER + r->length));
	writer_u8(&w, CLIENT_HELLO);
	writer_u24(&w, r->length);
	writer_u16(&w, r->message_seq);
	writer_u24(&w, 0);
	writer_u24(&w, r->length);
	r->active = false;
	return writer_len(&w) + r->length;
}

enum dtls_reassembly_verdict
dtls_reassembly_push(struct dtls_reassembly *r, const uint8_t *bytes,
    size_t len, const uint8_t **out, size_t *out_len)
{
	struct reader   reader = reader_of(bytes, len);
	struct fragment f, last = { 0 };
	bool            any = false;

	while (reader_left(&reader) > 0 && take_record(&reader, &f)) {
		if (is_hello_fragment(&f)) {
			add(r, &f);
			last = f;
			any = true;
		} else if (!any) {
			return DTLS_PASS;
		}
	}
	if (!any)
		return DTLS_PASS;
	if (!r->active || r->missing > 0)
		return DTLS_HELD;
	*out_len = finish(r, &last);
	*out = r->record;
	return DTLS_WHOLE;
}
