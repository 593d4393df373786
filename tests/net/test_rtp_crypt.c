/*
 * SRTP both ways: wraps, loss, replays, limits.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <malloc.h>

#include "net/rtp_crypt.h"
#include "util/writer.h"

#define PLAIN_LEN 60
#define ROOM      (PLAIN_LEN + RTP_CRYPT_TRAILER)

struct pair {
	struct rtp_crypt *sender, *receiver;
};

struct protected_packet {
	uint8_t  bytes[ROOM];
	size_t   len;
	uint32_t number;	/* as sent, without wraps */
};

static void
make_keys(uint8_t a[DTLS_KEY_LEN], uint8_t b[DTLS_KEY_LEN])
{
	for (size_t i = 0; i < DTLS_KEY_LEN; i++) {
		a[i] = (uint8_t)(i * 3 + 1);
		b[i] = (uint8_t)(i * 5 + 2);
	}
}

static void
pair_sender(struct pair *p)
{
	uint8_t a[DTLS_KEY_LEN], b[DTLS_KEY_LEN];

	make_keys(a, b);
	assert_int_equal(rtp_crypt_new(&p->sender, a, b), 0);
}

static void
pair_open(struct pair *p)
{
	uint8_t a[DTLS_KEY_LEN], b[DTLS_KEY_LEN];

	make_keys(a, b);
	assert_int_equal(rtp_crypt_prepare(), 0);
	pair_sender(p);
	assert_int_equal(rtp_crypt_new(&p->receiver, b, a), 0);
}

static void
pair_close(struct pair *p)
{
	rtp_crypt_free(p->sender);
	rtp_crypt_free(p->receiver);
}

static void
write_rtp(uint8_t out[PLAIN_LEN], uint32_t ssrc, uint32_t number)
{
	struct writer w = writer_of(out, PLAIN_LEN);

	writer_u8(&w, 0x80);
	writer_u8(&w, 96);
	writer_u16(&w, (uint16_t)number);
	writer_u32(&w, number * 3000);
	writer_u32(&w, ssrc);
	while (writer_room(&w) > 0)
		writer_u32(&w, number * 2654435761u);
}

static void
protect(struct pair *p, struct protected_packet *out, uint32_t ssrc,
    uint32_t number)
{
	out->number = number;
	out->len = PLAIN_LEN;
	write_rtp(out->bytes, ssrc, number);
	assert_int_equal(rtp_crypt_protect(p->sender, out->bytes, &out->len,
	    sizeof(out->bytes)), 0);
	assert_int_equal(out->len, PLAIN_LEN + 10);
}

static int
unprotect(struct pair *p, const struct protected_packet *in, uint8_t *plain)
{
	uint8_t copy[ROOM];
	size_t  len = in->len;
	int     err;

	memcpy(copy, in->bytes, in->len);
	err = rtp_crypt_unprotect(p->receiver, copy, &len);
	if (!err) {
		assert_int_equal(len, PLAIN_LEN);
		memcpy(plain, copy, PLAIN_LEN);
	} else {
		assert_int_equal(len, in->len);
	}
	return err;
}

static void
assert_arrives(struct pair *p, const struct protected_packet *in,
    uint32_t ssrc)
{
	uint8_t plain[PLAIN_LEN], want[PLAIN_LEN];
	const int err = unprotect(p, in, plain);

	if (err)
		fail_msg("packet %u: %d", in->number, err);
	write_rtp(want, ssrc, in->number);
	assert_memory_equal(plain, want, sizeof(want));
}

static uint32_t
chance(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

static unsigned
oldest_or_any(const struct protected_packet *held, unsigned count,
    uint32_t number, uint32_t *luck)
{
	for (unsigned i = 0; i < count; i++) {
		if (number - held[i].number > 460)
			return i;
	}
	return chance(luck, count);
}

/* Ten wraps of the sequence, with loss and with disorder of up to 500. */
static void
follows_ten_wraps_with_loss_and_disorder(void **state)
{
	enum { HELD = 12 };
	struct protected_packet held[HELD];
	uint32_t    luck = 12345, number = 1000, checked = 0;
	unsigned    count = 0;
	struct pair p;

	(void)state;
	pair_open(&p);
	while (number < 10u * 65536 + 2000) {
		/* 1 to 40 on: up to 97 % are lost. */
		number += 1 + chance(&luck, 40);
		protect(&p, &held[count++], 5, number);
		if (count < HELD)
			continue;
		/* Those on the way overtake each other, but none by 500. */
		while (count > HELD / 2) {
			const unsigned at = oldest_or_any(held, count, number,
			    &luck);

			assert_arrives(&p, &held[at], 5);
			held[at] = held[--count];
			checked++;
		}
	}
	assert_true(checked > 30000);
	pair_close(&p);
}

static void
follows_a_gap_of_30000(void **state)
{
	struct protected_packet packet;
	struct pair p;

	(void)state;
	pair_open(&p);
	for (uint32_t number = 20000; number < 400000; number += 30000) {
		protect(&p, &packet, 5, number);
		assert_arrives(&p, &packet, 5);
	}
	pair_close(&p);
}

static void
a_packet_protected_twice_is_the_same(void **state)
{
	struct protected_packet first, later, again;
	struct pair p;

	(void)state;
	pair_open(&p);
	protect(&p, &first, 5, 65530);
	for (uint32_t number = 65531; number < 65531 + 1000; number++)
		protect(&p, &later, 5, number);
	protect(&p, &again, 5, 65530);
	assert_int_equal(again.len, first.len);
	assert_memory_equal(again.bytes, first.bytes, first.len);
	pair_close(&p);
}

static void
refuses_replays_and_what_is_too_late(void **state)
{
	struct protected_packet first, second, last;
	uint8_t     plain[PLAIN_LEN];
	struct pair p;

	(void)state;
	pair_open(&p);
	protect(&p, &first, 5, 1000);
	protect(&p, &second, 5, 1001);
	protect(&p, &last, 5, 1001 + 1200);
	assert_arrives(&p, &first, 5);
	assert_int_equal(unprotect(&p, &first, plain), -EALREADY);
	assert_arrives(&p, &last, 5);
	assert_int_equal(unprotect(&p, &second, plain), -EALREADY);
	assert_int_equal(unprotect(&p, &last, plain), -EALREADY);
	pair_close(&p);
}

static void
refuses_every_flipped_bit_and_truncation(void **state)
{
	struct protected_packet packet, bad;
	uint8_t     plain[PLAIN_LEN];
	struct pair p;

	(void)state;
	pair_open(&p);
	protect(&p, &packet, 5, 1000);
	for (size_t bit = 0; bit < packet.len * 8; bit++) {
		bad = packet;
		bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(unprotect(&p, &bad, plain), 0);
	}
	for (size_t len = 0; len < packet.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);
		size_t   n = len;

		memcpy(exact, packet.bytes, len);
		assert_int_not_equal(rtp_crypt_unprotect(p.receiver, exact,
		    &n), 0);
		n = len;
		assert_int_not_equal(rtp_crypt_unprotect_rtcp(p.receiver,
		    exact, &n), 0);
		free(exact);
	}
	assert_arrives(&p, &packet, 5);
	pair_close(&p);
}

static void
makes_at_most_32_streams_and_only_of_authentic_packets(void **state)
{
	struct protected_packet packet;
	uint8_t     plain[PLAIN_LEN];
	struct pair p;

	(void)state;
	pair_open(&p);
	/* Forged ones take no place. */
	for (uint32_t ssrc = 1000; ssrc < 2000; ssrc++) {
		write_rtp(packet.bytes, ssrc, 7);
		memset(packet.bytes + PLAIN_LEN, 0, 10);
		packet.len = PLAIN_LEN + 10;
		assert_int_equal(unprotect(&p, &packet, plain), -EBADMSG);
	}
	for (uint32_t ssrc = 1; ssrc <= 100; ssrc++) {
		protect(&p, &packet, ssrc, 1000);
		if (ssrc <= 32)
			assert_arrives(&p, &packet, ssrc);
		else
			assert_int_equal(unprotect(&p, &packet, plain),
			    -ENOSPC);
	}
	/* The old ones still work. */
	protect(&p, &packet, 32, 1001);
	assert_arrives(&p, &packet, 32);
	pair_close(&p);
}

static void
a_hundred_thousand_authentic_streams_cost_no_memory(void **state)
{
	struct protected_packet packet;
	uint8_t     plain[PLAIN_LEN];
	struct pair p;
	size_t      before = 0;

	(void)state;
	pair_open(&p);
	for (uint32_t ssrc = 1; ssrc <= 100000; ssrc++) {
		protect(&p, &packet, ssrc, 1000);
		assert_int_equal(unprotect(&p, &packet, plain),
		    ssrc <= 32 ? 0 : -ENOSPC);
		if (ssrc % 100 != 0)
			continue;
		/* The sender keeps each of its streams: begin it anew. */
		rtp_crypt_free(p.sender);
		p.sender = NULL;
		if (before == 0)
			before = mallinfo2().uordblks;
		/* Of what malloc holds back a little may count as used. */
		assert_in_range(mallinfo2().uordblks, 0, before + 65536);
		pair_sender(&p);
	}
	pair_close(&p);
}

/* Keys are of a direction: an SSRC of ours in his packets is just his own. */
static void
one_ssrc_both_ways_is_two_streams(void **state)
{
	struct protected_packet packet;
	uint8_t     back[ROOM];
	size_t      len = PLAIN_LEN;
	struct pair p;

	(void)state;
	pair_open(&p);
	protect(&p, &packet, 5, 1000);
	assert_arrives(&p, &packet, 5);
	write_rtp(back, 5, 20000);
	assert_int_equal(rtp_crypt_protect(p.receiver, back, &len,
	    sizeof(back)), 0);
	assert_int_equal(rtp_crypt_unprotect(p.sender, back, &len), 0);
	/* Reflected to where it came from it is not authentic. */
	packet.len = PLAIN_LEN;
	write_rtp(packet.bytes, 5, 20001);
	assert_int_equal(rtp_crypt_protect(p.receiver, packet.bytes,
	    &packet.len, sizeof(packet.bytes)), 0);
	assert_int_equal(rtp_crypt_unprotect(p.receiver, packet.bytes,
	    &packet.len), -EBADMSG);
	protect(&p, &packet, 5, 1001);
	assert_arrives(&p, &packet, 5);
	pair_close(&p);
}

static void
carries_rtcp_and_refuses_its_replay(void **state)
{
	static const uint8_t report[] = { 0x80, 201, 0, 1, 0, 0, 0, 9 };
	uint8_t     bytes[sizeof(report) + RTCP_CRYPT_TRAILER], copy[64];
	struct pair p;

	(void)state;
	pair_open(&p);
	for (unsigned i = 0; i < 5; i++) {
		size_t len = sizeof(report), n;

		memcpy(bytes, report, len);
		assert_int_equal(rtp_crypt_protect_rtcp(p.sender, bytes, &len,
		    sizeof(bytes)), 0);
		assert_int_equal(len, sizeof(report) + 14);
		assert_memory_equal(bytes, report, 8);
		memcpy(copy, bytes, len);
		n = len;
		assert_int_equal(rtp_crypt_unprotect_rtcp(p.receiver, copy,
		    &n), 0);
		assert_int_equal(n, sizeof(report));
		assert_memory_equal(copy, report, n);
		memcpy(copy, bytes, len);
		n = len;
		assert_int_equal(rtp_crypt_unprotect_rtcp(p.receiver, copy,
		    &n), -EALREADY);
		copy[len - 1] ^= 1;
	}
	pair_close(&p);
}

/* A packet with some of all that may stand before its payload. */
static size_t
write_any_rtp(uint8_t *out, size_t size, uint32_t ssrc, uint16_t sequence,
    uint32_t *luck)
{
	struct writer  w = writer_of(out, size);
	const uint32_t csrcs = chance(luck, 3) ? 0 : chance(luck, 16);
	const bool     extended = chance(luck, 2);
	const uint32_t words = chance(luck, 5);
	const uint32_t payload = chance(luck, 1300);

	writer_u8(&w, (uint8_t)(0x80 | (extended ? 0x10 : 0) | csrcs));
	writer_u8(&w, (uint8_t)chance(luck, 256));
	writer_u16(&w, sequence);
	writer_u32(&w, chance(luck, UINT32_MAX));
	writer_u32(&w, ssrc);
	for (uint32_t i = 0; i < csrcs; i++)
		writer_u32(&w, chance(luck, UINT32_MAX));
	if (extended) {
		writer_u16(&w, 0xbede);
		writer_u16(&w, (uint16_t)words);
		for (uint32_t i = 0; i < words; i++)
			writer_u32(&w, chance(luck, UINT32_MAX));
	}
	for (uint32_t i = 0; i < payload; i++)
		writer_u8(&w, (uint8_t)chance(luck, 256));
	assert_false(w.bad);
	return writer_len(&w);
}

/*
 * The first SSRCs of a sender go one way, the others by libsrtp2: a fifth one
 * of one sender is a first one of another with the same key.
 */
static void
gives_the_bytes_that_libsrtp_gives(void **state)
{
	uint8_t          ours[1600], theirs[1600];
	struct protected_packet other;
	uint32_t         luck = 4711, number = 20000;
	struct rtp_crypt *by_library;
	struct pair      p;

	(void)state;
	pair_open(&p);
	for (uint32_t ssrc = 1; ssrc <= 4; ssrc++)
		protect(&p, &other, ssrc, 1000);
	by_library = p.sender;
	pair_sender(&p);
	for (unsigned i = 0; i < 3000; i++) {
		const uint32_t again = chance(&luck, 4) ? 0 :
		    chance(&luck, 1000);
		size_t len, same;

		if (again == 0)
			number += 1 + chance(&luck, 300);
		len = same = write_any_rtp(ours, sizeof(ours), 5,
		    (uint16_t)(number - again), &luck);
		memcpy(theirs, ours, len);
		assert_int_equal(rtp_crypt_protect(p.sender, ours, &len,
		    sizeof(ours)), 0);
		assert_int_equal(rtp_crypt_protect(by_library, theirs, &same,
		    sizeof(theirs)), 0);
		assert_int_equal(len, same);
		assert_memory_equal(ours, theirs, len);
	}
	assert_true(number > 4 * 65536);
	rtp_crypt_free(by_library);
	pair_close(&p);
}

static void
leaves_a_packet_alone_when_there_is_no_room(void **state)
{
	uint8_t     bytes[ROOM];
	size_t      len = PLAIN_LEN;
	struct pair p;

	(void)state;
	pair_open(&p);
	write_rtp(bytes, 5, 1);
	assert_int_equal(rtp_crypt_protect(p.sender, bytes, &len,
	    sizeof(bytes) - 1), -ENOSPC);
	assert_int_equal(len, PLAIN_LEN);
	assert_int_equal(rtp_crypt_protect_rtcp(p.sender, bytes, &len,
	    sizeof(bytes)), -ENOSPC);
	len = 11;
	assert_int_equal(rtp_crypt_protect(p.sender, bytes, &len,
	    sizeof(bytes)), -EBADMSG);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_ten_wraps_with_loss_and_disorder),
		cmocka_unit_test(follows_a_gap_of_30000),
		cmocka_unit_test(a_packet_protected_twice_is_the_same),
		cmocka_unit_test(refuses_replays_and_what_is_too_late),
		cmocka_unit_test(refuses_every_flipped_bit_and_truncation),
		cmocka_unit_test(
		    makes_at_most_32_streams_and_only_of_authentic_packets),
		cmocka_unit_test(
		    a_hundred_thousand_authentic_streams_cost_no_memory),
		cmocka_unit_test(one_ssrc_both_ways_is_two_streams),
		cmocka_unit_test(carries_rtcp_and_refuses_its_replay),
		cmocka_unit_test(gives_the_bytes_that_libsrtp_gives),
		cmocka_unit_test(leaves_a_packet_alone_when_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
