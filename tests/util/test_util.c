/*
 * The small things everything stands on: reader, writer, strings, log, queue.
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

#include <pthread.h>

#include "util/digest.h"
#include "util/encode.h"
#include "util/log.h"
#include "util/mailbox.h"
#include "util/packet.h"
#include "util/queue.h"
#include "util/rate_limit.h"
#include "util/random.h"
#include "util/reader.h"
#include "util/strbuf.h"
#include "util/writer.h"

static void
reader_stays_bad_after_a_short_read(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct reader r = reader_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(reader_u32(&r), 0x01020304);
	assert_int_equal(reader_u16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(reader_left(&r), 0);
}

static void
reader_of_nothing_reads_nothing(void **state)
{
	struct reader r = reader_of(NULL, 0);

	(void)state;
	assert_int_equal(reader_left(&r), 0);
	assert_non_null(&r);
	assert_int_equal(reader_u8(&r), 0);
	assert_true(r.bad);
}

static void
sub_reader_cannot_leave_its_part(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4 };
	struct reader r = reader_of(bytes, sizeof(bytes));
	struct reader sub = reader_sub(&r, 2);

	(void)state;
	assert_int_equal(reader_u16(&sub), 0x0102);
	assert_int_equal(reader_u8(&sub), 0);
	assert_true(sub.bad);
	assert_int_equal(reader_u16(&r), 0x0304);
	assert_false(r.bad);
}

static void
writer_writes_nothing_past_its_end(void **state)
{
	uint8_t       bytes[5] = { 0, 0, 0, 0, 0xee };
	struct writer w = writer_of(bytes, 4);

	(void)state;
	writer_u24(&w, 0x010203);
	writer_u16(&w, 0xffff);
	assert_true(w.bad);
	assert_int_equal(bytes[3], 0);
	assert_int_equal(bytes[4], 0xee);
	assert_int_equal(writer_len(&w), 0);
}

static void
writer_and_reader_agree(void **state)
{
	uint8_t       bytes[32];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct reader r;

	(void)state;
	writer_u8(&w, 0xab);
	writer_u16(&w, 0);
	writer_u24(&w, 0xabcdef);
	writer_u64(&w, 0x0102030405060708);
	writer_u16_at(&w, 1, 0x1234);
	r = reader_of(bytes, writer_len(&w));
	assert_int_equal(reader_u8(&r), 0xab);
	assert_int_equal(reader_u16(&r), 0x1234);
	assert_int_equal(reader_u24(&r), 0xabcdef);
	assert_true(reader_u64(&r) == 0x0102030405060708);
	assert_false(r.bad);
}

static void
strbuf_refuses_more_than_its_maximum(void **state)
{
	struct strbuf s;

	(void)state;
	strbuf_init(&s, 8);
	strbuf_printf(&s, "%d", 1234);
	strbuf_add(&s, "5678");
	assert_string_equal(strbuf_text(&s), "12345678");
	strbuf_add(&s, "9");
	assert_null(strbuf_text(&s));
	strbuf_clear(&s);
	assert_string_equal(strbuf_text(&s), "");
	strbuf_clear(&s);
}

static void
base64url_and_hex_match_the_rfc(void **state)
{
	static const struct {
		const char *plain, *coded;
	} vectors[] = {			/* RFC 4648, 10, without padding */
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "foobar", "Zm9vYmFy" },
	};
	char    text[32];
	uint8_t back[3];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		base64url_write(text, (const uint8_t *)vectors[i].plain,
		    strlen(vectors[i].plain));
		assert_string_equal(text, vectors[i].coded);
	}
	hex_write(text, (const uint8_t *)"\x00\xab\xff", 3);
	assert_string_equal(text, "00abff");
	assert_int_equal(hex_parse(back, 3, "00ABff", 6), 0);
	assert_memory_equal(back, "\x00\xab\xff", 3);
	assert_int_not_equal(hex_parse(back, 3, "00ABfg", 6), 0);
	assert_int_not_equal(hex_parse(back, 3, "00ABf", 5), 0);
}

static void
crc32_matches_the_check_value(void **state)
{
	(void)state;
	assert_int_equal(digest_crc32((const uint8_t *)"123456789", 9),
	    0xcbf43926);
}

static void
log_escapes_what_could_break_a_line(void **state)
{
	char out[64];

	(void)state;
	log_escape(out, sizeof(out), "a\nb\x1b[1m\\ \xc3\xa9 \xff\xe2\x80\xae");
	assert_string_equal(out,
	    "a\\x0ab\\x1b[1m\\x5c \xc3\xa9 \\xff\\xe2\\x80\\xae");
	log_escape(out, 4, "abcdef");
	assert_string_equal(out, "abc");
	log_escape(out, 5, "\xe2\x82");	/* cut short */
	assert_string_equal(out, "\\xe2");
}

static void
log_limit_counts_what_it_holds_back(void **state)
{
	struct log_limit limit = { 0 };
	unsigned         missed = 99;

	(void)state;
	assert_true(log_limit_pass(&limit, 5000000, 2, &missed));
	assert_int_equal(missed, 0);
	assert_true(log_limit_pass(&limit, 5100000, 2, &missed));
	assert_false(log_limit_pass(&limit, 5200000, 2, &missed));
	assert_false(log_limit_pass(&limit, 5300000, 2, &missed));
	assert_true(log_limit_pass(&limit, 6000000, 2, &missed));
	assert_int_equal(missed, 2);
}

static void
queue_drops_the_oldest_when_told_to(void **state)
{
	struct queue *q;
	int           items[4];

	(void)state;
	assert_int_equal(queue_new(&q, 2, -1), 0);
	assert_true(queue_push(q, &items[0]));
	assert_true(queue_push(q, &items[1]));
	assert_false(queue_push(q, &items[2]));
	assert_ptr_equal(queue_push_drop_oldest(q, &items[2]), &items[0]);
	assert_ptr_equal(queue_pull(q), &items[1]);
	assert_ptr_equal(queue_pull(q), &items[2]);
	assert_null(queue_pull(q));
	queue_close(q);
	assert_false(queue_push(q, &items[3]));
	assert_ptr_equal(queue_push_drop_oldest(q, &items[3]), &items[3]);
	assert_null(queue_pull_wait(q));
	queue_free(q);
}

#define CROSSINGS 20000

static void *
push_many(void *arg)
{
	struct queue *q = arg;

	for (uintptr_t i = 1; i <= CROSSINGS; i++)
		while (!queue_push(q, (void *)i))
			sched_yield();
	return NULL;
}

static void
queue_keeps_order_across_threads(void **state)
{
	struct queue *q;
	pthread_t     pusher;
	uintptr_t     wrong = 0;

	(void)state;
	assert_int_equal(queue_new(&q, 16, -1), 0);
	assert_int_equal(pthread_create(&pusher, NULL, push_many, q), 0);
	for (uintptr_t i = 1; i <= CROSSINGS; i++)
		wrong += (uintptr_t)queue_pull_wait(q) != i;
	pthread_join(pusher, NULL);
	assert_int_equal(wrong, 0);
	queue_free(q);
}

static void
mailbox_gives_back_the_unread(void **state)
{
	struct mailbox box = { NULL };
	int            a, b;

	(void)state;
	assert_null(mailbox_put(&box, &a));
	assert_ptr_equal(mailbox_put(&box, &b), &a);
	assert_ptr_equal(mailbox_take(&box), &b);
	assert_null(mailbox_take(&box));
}

static void
packet_pool_has_a_maximum(void **state)
{
	struct packet_pool *pool;
	struct packet      *a, *b, *c;

	(void)state;
	assert_int_equal(packet_pool_new(&pool, 2), 0);
	a = packet_new(pool);
	b = packet_new(pool);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(packet_new(pool));
	packet_free(&a);
	assert_null(a);
	c = packet_new(pool);
	assert_non_null(c);
	packet_free(&b);
	packet_free(&c);
	packet_pool_free(pool);
}

static void
rate_limit_saves_a_burst_and_no_more(void **state)
{
	struct rate_limit limit = { 0 };
	unsigned          passed = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		passed += rate_limit_pass(&limit, 5000000, 1000, 10);
	assert_int_equal(passed, 10);
	assert_false(rate_limit_pass(&limit, 5000999, 1000, 10));
	assert_true(rate_limit_pass(&limit, 5001000, 1000, 10));
	/* Twice the rate for ten seconds: one of two, and the burst. */
	passed = 0;
	for (int64_t us = 0; us < 10000000; us += 500)
		passed += rate_limit_pass(&limit, 6000000 + us, 1000, 10);
	assert_in_range(passed, 10008, 10011);
}

static void
ice_chars_are_of_the_alphabet(void **state)
{
	char text[201];

	(void)state;
	random_ice_chars(text, 200);
	assert_int_equal(strlen(text), 200);
	assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/"), 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_stays_bad_after_a_short_read),
		cmocka_unit_test(reader_of_nothing_reads_nothing),
		cmocka_unit_test(sub_reader_cannot_leave_its_part),
		cmocka_unit_test(writer_writes_nothing_past_its_end),
		cmocka_unit_test(writer_and_reader_agree),
		cmocka_unit_test(strbuf_refuses_more_than_its_maximum),
		cmocka_unit_test(base64url_and_hex_match_the_rfc),
		cmocka_unit_test(crc32_matches_the_check_value),
		cmocka_unit_test(log_escapes_what_could_break_a_line),
		cmocka_unit_test(log_limit_counts_what_it_holds_back),
		cmocka_unit_test(queue_drops_the_oldest_when_told_to),
		cmocka_unit_test(queue_keeps_order_across_threads),
		cmocka_unit_test(mailbox_gives_back_the_unread),
		cmocka_unit_test(packet_pool_has_a_maximum),
		cmocka_unit_test(rate_limit_saves_a_burst_and_no_more),
		cmocka_unit_test(ice_chars_are_of_the_alphabet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
