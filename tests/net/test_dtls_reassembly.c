/*
 * Joining a ClientHello: any cut, any order, and what must not be joined.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/dtls_reassembly.h"
#include "util/reader.h"
#include "util/writer.h"

#define HELLO_LEN 1413		/* as Chromium's */

static uint8_t
hello_byte(uint32_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

/* A datagram of one record with bytes [offset, offset + len) of a hello. */
static size_t
fragment(uint8_t *out, size_t size, uint8_t type, uint16_t message_seq,
    uint32_t whole, uint32_t offset, uint32_t len)
{
	struct writer w = writer_of(out, size);

	writer_u8(&w, 22);
	writer_u16(&w, 0xfeff);
	writer_u64(&w, offset + 1);	/* epoch 0 */
	writer_u16(&w, (uint16_t)(DTLS_HANDSHAKE_HEADER + len));
	writer_u8(&w, type);
	writer_u24(&w, whole);
	writer_u16(&w, message_seq);
	writer_u24(&w, offset);
	writer_u24(&w, len);
	for (uint32_t i = 0; i < len; i++)
		writer_u8(&w, hello_byte(offset + i));
	assert_false(w.bad);
	return writer_len(&w);
}

static enum dtls_reassembly_verdict
push(struct dtls_reassembly *r, const uint8_t *bytes, size_t len,
    const uint8_t **out, size_t *out_len)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum dtls_reassembly_verdict verdict;

	memcpy(exact, bytes, len);
	verdict = dtls_reassembly_push(r, exact, len, out, out_len);
	free(exact);
	return verdict;
}

static enum dtls_reassembly_verdict
push_fragment(struct dtls_reassembly *r, uint32_t offset, uint32_t len,
    const uint8_t **out, size_t *out_len)
{
	uint8_t      bytes[2048];
	const size_t n = fragment(bytes, sizeof(bytes), 1, 0, HELLO_LEN,
	    offset, len);

	return push(r, bytes, n, out, out_len);
}

static void
assert_whole(const uint8_t *out, size_t len)
{
	struct reader r = reader_of(out, len);

	assert_int_equal(len, DTLS_RECORD_HEADER + DTLS_HANDSHAKE_HEADER +
	    HELLO_LEN);
	assert_int_equal(reader_u8(&r), 22);
	assert_int_equal(reader_u16(&r), 0xfeff);
	assert_int_equal(reader_u64(&r) >> 48, 0);
	assert_int_equal(reader_u16(&r), DTLS_HANDSHAKE_HEADER + HELLO_LEN);
	assert_int_equal(reader_u8(&r), 1);
	assert_int_equal(reader_u24(&r), HELLO_LEN);
	assert_int_equal(reader_u16(&r), 0);
	assert_int_equal(reader_u24(&r), 0);
	assert_int_equal(reader_u24(&r), HELLO_LEN);
	for (uint32_t i = 0; i < HELLO_LEN; i++)
		assert_int_equal(reader_u8(&r), hello_byte(i));
	assert_int_equal(reader_left(&r), 0);
}

static void
joins_every_cut_in_both_orders(void **state)
{
	struct dtls_reassembly *r = calloc(1, sizeof(*r));
	const uint8_t *out = NULL;
	size_t         len = 0;

	(void)state;
	for (uint32_t cut = 1; cut < HELLO_LEN; cut += 13) {
		assert_int_equal(push_fragment(r, 0, cut, &out, &len),
		    DTLS_HELD);
		assert_int_equal(push_fragment(r, cut, HELLO_LEN - cut, &out,
		    &len), DTLS_WHOLE);
		assert_whole(out, len);
		assert_int_equal(push_fragment(r, cut, HELLO_LEN - cut, &out,
		    &len), DTLS_HELD);
		assert_int_equal(push_fragment(r, 0, cut, &out, &len),
		    DTLS_WHOLE);
		assert_whole(out, len);
	}
	free(r);
}

static void
joins_overlaps_and_doubles(void **state)
{
	struct dtls_reassembly *r = calloc(1, sizeof(*r));
	const uint8_t *out = NULL;
	size_t         len = 0;

	(void)state;
	for (uint32_t at = 0; at + 100 < HELLO_LEN; at += 100) {
		assert_int_equal(push_fragment(r, at, 100, &out, &len),
		    DTLS_HELD);
		assert_int_equal(push_fragment(r, at, 60, &out, &len),
		    DTLS_HELD);
	}
	assert_int_equal(push_fragment(r, 1350, HELLO_LEN - 1350, &out, &len),
	    DTLS_WHOLE);
	assert_whole(out, len);
	free(r);
}

static void
passes_what_is_no_fragment_of_a_hello(void **state)
{
	struct dtls_reassembly *r = calloc(1, sizeof(*r));
	const uint8_t *out = NULL;
	size_t         len = 0, n;
	uint8_t        bytes[2048];

	(void)state;
	assert_int_equal(push_fragment(r, 0, HELLO_LEN, &out, &len),
	    DTLS_PASS);
	n = fragment(bytes, sizeof(bytes), 11, 0, 500, 0, 200);
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_PASS);
	n = fragment(bytes, sizeof(bytes), 1, 0, 500, 0, 200);
	bytes[4] = 1;		/* epoch 1: encrypted */
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_PASS);
	assert_int_equal(push(r, bytes, 0, &out, &len), DTLS_PASS);
	free(r);
}

static void
another_message_begins_anew(void **state)
{
	struct dtls_reassembly *r = calloc(1, sizeof(*r));
	const uint8_t *out = NULL;
	size_t         len = 0, n;
	uint8_t        bytes[2048];

	(void)state;
	push_fragment(r, 0, 700, &out, &len);
	n = fragment(bytes, sizeof(bytes), 1, 1, HELLO_LEN, 700,
	    HELLO_LEN - 700);
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_HELD);
	assert_int_equal(push_fragment(r, 0, 700, &out, &len), DTLS_HELD);
	assert_int_equal(push_fragment(r, 700, HELLO_LEN - 700, &out, &len),
	    DTLS_WHOLE);
	assert_whole(out, len);
	free(r);
}

static void
keeps_to_its_bounds(void **state)
{
	struct dtls_reassembly *r = calloc(1, sizeof(*r));
	const uint8_t *out = NULL;
	size_t         len = 0, n;
	uint8_t        bytes[2048];

	(void)state;
	/* Longer than any hello; beyond its own end; nothing at all. */
	n = fragment(bytes, sizeof(bytes), 1, 0, DTLS_HELLO_MAX + 1, 0, 100);
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_HELD);
	assert_false(r->active);
	n = fragment(bytes, sizeof(bytes), 1, 0, 100, 50, 51);
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_HELD);
	n = fragment(bytes, sizeof(bytes), 1, 0, 100, 0xffffff, 50);
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_HELD);
	assert_false(r->active);
	/* Too many fragments: what was there is forgotten. */
	for (unsigned i = 0; i < DTLS_HELLO_FRAGMENTS_MAX; i++)
		push_fragment(r, 0, 1, &out, &len);
	assert_int_equal(r->missing, HELLO_LEN - 1);
	push_fragment(r, 5, 1, &out, &len);
	assert_int_equal(r->missing, HELLO_LEN - 1);
	assert_false(r->present[0]);
	free(r);
}

/* What Chromium 156, Firefox 153 and OpenSSL really send. */
static void
joins_what_browsers_send(void **state)
{
	static const char *names[] = { "chromium", "firefox", "aiortc" };
	static uint8_t     file_bytes[16384];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct dtls_reassembly *r = calloc(1, sizeof(*r));
		const char   *srcdir = getenv("srcdir");
		char          path[512];
		FILE         *file;
		struct reader all;
		unsigned      wholes = 0;

		snprintf(path, sizeof(path), "%s/fuzz/corpus/dtls_reassembly/"
		    "%s", srcdir ? srcdir : ".", names[i]);
		file = fopen(path, "rb");
		assert_non_null(file);
		all = reader_of(file_bytes, fread(file_bytes, 1,
		    sizeof(file_bytes), file));
		fclose(file);
		while (reader_left(&all) > 0) {
			const size_t   n = reader_u16(&all);
			const uint8_t *bytes = reader_take(&all, n);
			const uint8_t *out;
			size_t         len;

			assert_non_null(bytes);
			if (push(r, bytes, n, &out, &len) == DTLS_WHOLE)
				wholes++;
		}
		assert_true(wholes >= 1);
		free(r);
	}
}

static void
survives_every_truncation_and_flipped_bit(void **state)
{
	struct dtls_reassembly *r = calloc(1, sizeof(*r));
	const uint8_t *out = NULL;
	size_t         len = 0;
	uint8_t        bytes[512];
	size_t         n = fragment(bytes, sizeof(bytes), 1, 0, 300, 0, 150);

	(void)state;
	n += fragment(bytes + n, sizeof(bytes) - n, 1, 0, 300, 150, 150);
	assert_int_equal(push(r, bytes, n, &out, &len), DTLS_WHOLE);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_not_equal(push(r, bytes, cut, &out, &len),
		    DTLS_WHOLE);
	for (size_t bit = 0; bit < n * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		push(r, bytes, n, &out, &len);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_every_cut_in_both_orders),
		cmocka_unit_test(joins_overlaps_and_doubles),
		cmocka_unit_test(passes_what_is_no_fragment_of_a_hello),
		cmocka_unit_test(another_message_begins_anew),
		cmocka_unit_test(keeps_to_its_bounds),
		cmocka_unit_test(joins_what_browsers_send),
		cmocka_unit_test(survives_every_truncation_and_flipped_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
