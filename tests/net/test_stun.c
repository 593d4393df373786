/*
 * STUN: the vectors of RFC 5769, what must be refused, and what we write.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>

#include "net/classify.h"
#include "net/stun.h"
#include "util/digest.h"

#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

/* RFC 5769, 2.1 */
static const uint8_t request[] = {
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
	0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10,
	0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c,
	0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
	0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
	0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
	0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c,
	0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
	0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
};

/* RFC 5769, 2.2 */
static const uint8_t response_v4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
	0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b,
	0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
	0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,
	0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,
	0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};

/* RFC 5769, 2.3 */
static const uint8_t response_v6[] = {
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
	0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b,
	0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
	0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
	0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
	0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1,
	0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
	0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};

static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 0xb7, 0xe7, 0xa7,
    0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };

static union packet_addr
v4_of(const char *host, uint16_t port)
{
	union packet_addr a = { 0 };

	a.v4.sin_family = AF_INET;
	a.v4.sin_port = htons(port);
	assert_int_equal(inet_pton(AF_INET, host, &a.v4.sin_addr), 1);
	return a;
}

static union packet_addr
v6_of(const char *host, uint16_t port)
{
	union packet_addr a = { 0 };

	a.v6.sin6_family = AF_INET6;
	a.v6.sin6_port = htons(port);
	assert_int_equal(inet_pton(AF_INET6, host, &a.v6.sin6_addr), 1);
	return a;
}

/* Makes length and FINGERPRINT right again after a message was changed. */
static void
refinish(uint8_t *bytes, size_t len)
{
	uint32_t crc;

	bytes[2] = (uint8_t)((len - 20) >> 8);
	bytes[3] = (uint8_t)(len - 20);
	crc = digest_crc32(bytes, len - 8) ^ 0x5354554e;
	memcpy(bytes + len - 8, "\x80\x28\x00\x04", 4);
	for (unsigned i = 0; i < 4; i++)
		bytes[len - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void
reads_the_request_of_rfc_5769(void **state)
{
	struct stun_message m;

	(void)state;
	assert_int_equal(stun_parse(&m, request, sizeof(request)), 0);
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.method, 1);
	assert_memory_equal(m.transaction, transaction, sizeof(transaction));
	assert_int_equal(m.username_len, 9);
	assert_memory_equal(m.username, "evtj:h6vY", 9);
	assert_true(m.controlled);
	assert_false(m.controlling);
	assert_true(m.tie_breaker == 0x932ff9b151263b36);
	assert_true(m.has_priority);
	assert_int_equal(m.priority, 0x6e0001ff);
	assert_false(m.use_candidate);
	assert_int_equal(m.unknown_count, 0);
	assert_true(stun_authentic(&m, request, sizeof(request), PASSWORD));
	assert_false(stun_authentic(&m, request, sizeof(request), "other"));
	assert_false(stun_authentic(&m, request, sizeof(request), ""));
}

static void
reads_the_responses_of_rfc_5769(void **state)
{
	const union packet_addr v4 = v4_of("192.0.2.1", 32853);
	const union packet_addr v6 = v6_of("2001:db8:1234:5678:11:2233:4455:6677",
	    32853);
	struct stun_message m;

	(void)state;
	assert_int_equal(stun_parse(&m, response_v4, sizeof(response_v4)), 0);
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_true(m.has_mapped);
	assert_true(packet_addr_equal(&m.mapped, &v4));
	assert_true(stun_authentic(&m, response_v4, sizeof(response_v4),
	    PASSWORD));

	assert_int_equal(stun_parse(&m, response_v6, sizeof(response_v6)), 0);
	assert_true(m.has_mapped);
	assert_true(packet_addr_equal(&m.mapped, &v6));
	assert_true(stun_authentic(&m, response_v6, sizeof(response_v6),
	    PASSWORD));
}

static void
refuses_every_truncation(void **state)
{
	static const struct { const uint8_t *bytes; size_t len; } all[] = {
		{ request, sizeof(request) },
		{ response_v4, sizeof(response_v4) },
		{ response_v6, sizeof(response_v6) },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t len = 0; len < all[i].len; len++) {
			uint8_t *exact = malloc(len ? len : 1);
			struct stun_message m;

			memcpy(exact, all[i].bytes, len);
			assert_int_equal(stun_parse(&m, exact, len), -EBADMSG);
			free(exact);
		}
	}
}

/* Cut, but with length and FINGERPRINT right: only the inside is broken. */
static void
survives_truncations_with_a_right_fingerprint(void **state)
{
	(void)state;
	for (size_t len = 28; len <= sizeof(request); len += 4) {
		uint8_t            *exact = malloc(len);
		struct stun_message m;
		int                 err;

		memcpy(exact, request, len);
		refinish(exact, len);
		err = stun_parse(&m, exact, len);
		assert_true(err == 0 || err == -EBADMSG);
		if (err == 0 && len < sizeof(request))
			assert_false(stun_authentic(&m, exact, len, PASSWORD));
		free(exact);
	}
}

static void
refuses_every_flipped_bit(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < sizeof(request) * 8; bit++) {
		uint8_t             copy[sizeof(request)];
		struct stun_message m;

		memcpy(copy, request, sizeof(copy));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(stun_parse(&m, copy, sizeof(copy)), -EBADMSG);
	}
}

/* With the CRC mended, integrity still notices all but itself and its tail. */
static void
integrity_notices_every_flipped_bit(void **state)
{
	const size_t covered = sizeof(request) - 8 - 24;

	(void)state;
	for (size_t bit = 0; bit < covered * 8; bit++) {
		uint8_t             copy[sizeof(request)];
		struct stun_message m;

		memcpy(copy, request, sizeof(copy));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 == 2 || bit / 8 == 3)
			continue;	/* the length is mended */
		refinish(copy, sizeof(copy));
		if (stun_parse(&m, copy, sizeof(copy)) == 0)
			assert_false(stun_authentic(&m, copy, sizeof(copy),
			    PASSWORD));
	}
}

static void
refuses_what_is_too_long_or_not_stun(void **state)
{
	uint8_t             big[STUN_MESSAGE_MAX + 4] = { 0 };
	uint8_t             copy[sizeof(request)];
	struct stun_message m;

	(void)state;
	/* An optional attribute fills the message up. */
	memcpy(big, request, 20);
	big[20] = 0x80;
	big[21] = 0x22;
	big[22] = (uint8_t)((sizeof(big) - 32) >> 8);
	big[23] = (uint8_t)((sizeof(big) - 32) & 255);
	refinish(big, sizeof(big));
	assert_int_equal(stun_parse(&m, big, sizeof(big)), -EBADMSG);
	big[22] = (uint8_t)((sizeof(big) - 36) >> 8);
	big[23] = (uint8_t)((sizeof(big) - 36) & 255);
	refinish(big, sizeof(big) - 4);
	assert_int_equal(stun_parse(&m, big, sizeof(big) - 4), 0);

	memcpy(copy, request, sizeof(copy));
	copy[4] ^= 1;		/* another cookie */
	refinish(copy, sizeof(copy));
	assert_int_equal(stun_parse(&m, copy, sizeof(copy)), -EBADMSG);

	/* No FINGERPRINT (as in RFC 5769, 2.4). */
	memcpy(copy, request, sizeof(copy));
	copy[3] = (uint8_t)(copy[3] - 8);
	assert_int_equal(stun_parse(&m, copy, sizeof(copy) - 8), -EBADMSG);
}

/* RFC 8489, 14.5: what follows MESSAGE-INTEGRITY is not to be believed. */
static void
ignores_attributes_after_integrity(void **state)
{
	uint8_t             bytes[256];
	size_t              len = stun_write_request(bytes, sizeof(bytes),
	    transaction, "a:b", "password", 1, 2, false);
	struct stun_message m;

	(void)state;
	assert_true(len > 0);
	memset(bytes + len - 8, 0, 4);
	bytes[len - 8] = 0x00;
	bytes[len - 7] = 0x25;	/* USE-CANDIDATE */
	refinish(bytes, len + 4);
	assert_int_equal(stun_parse(&m, bytes, len + 4), 0);
	assert_false(m.use_candidate);
	assert_true(stun_authentic(&m, bytes, len + 4, "password"));
}

static void
names_unknown_required_attributes(void **state)
{
	uint8_t             bytes[256], reply[128];
	size_t              len, reply_len;
	struct stun_message m, r;

	(void)state;
	/* PRIORITY becomes 0x0077, which nobody knows. */
	len = stun_write_request(bytes, sizeof(bytes), transaction, "a:b",
	    "password", 1, 2, false);
	assert_int_equal(bytes[29], 0x24);
	bytes[29] = 0x77;
	refinish(bytes, len);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	assert_int_equal(m.unknown_count, 1);
	assert_int_equal(m.unknown[0], 0x0077);
	assert_false(m.has_priority);

	reply_len = stun_write_unknown(reply, sizeof(reply), &m, "password");
	assert_true(reply_len > 0);
	assert_int_equal(stun_parse(&r, reply, reply_len), 0);
	assert_int_equal(r.class, STUN_ERROR);
	assert_int_equal(r.error_code, 420);
	assert_memory_equal(r.transaction, transaction, sizeof(transaction));
	assert_true(stun_authentic(&r, reply, reply_len, "password"));
	/* UNKNOWN-ATTRIBUTES names it. */
	assert_memory_equal(reply + 28, "\x00\x0a\x00\x02\x00\x77\x00\x00", 8);
}

static void
writes_what_it_reads(void **state)
{
	const union packet_addr v4 = v4_of("192.0.2.1", 32853);
	const union packet_addr v6 = v6_of("2001:db8::1", 1);
	uint8_t             bytes[256];
	size_t              len;
	struct stun_message m;

	(void)state;
	len = stun_write_success(bytes, sizeof(bytes), transaction, &v4,
	    PASSWORD);
	assert_int_equal(len, 64);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_true(packet_addr_equal(&m.mapped, &v4));
	assert_true(stun_authentic(&m, bytes, len, PASSWORD));

	len = stun_write_success(bytes, sizeof(bytes), transaction, &v6,
	    PASSWORD);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	assert_true(packet_addr_equal(&m.mapped, &v6));

	len = stun_write_request(bytes, sizeof(bytes), transaction,
	    "remote:local", PASSWORD, 0x6e7f00ff, 0x0123456789abcdef, true);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.username_len, 12);
	assert_memory_equal(m.username, "remote:local", 12);
	assert_int_equal(m.priority, 0x6e7f00ff);
	assert_true(m.controlling);
	assert_true(m.tie_breaker == 0x0123456789abcdef);
	assert_true(m.use_candidate);
	assert_true(stun_authentic(&m, bytes, len, PASSWORD));

	/* Too little room writes nothing. */
	for (size_t size = 0; size < len; size++)
		assert_int_equal(stun_write_request(bytes, size, transaction,
		    "remote:local", PASSWORD, 0, 0, true), 0);
}

static void
tells_datagrams_apart_by_first_byte(void **state)
{
	uint8_t bytes[2] = { 0, 0 };

	(void)state;
	assert_int_equal(classify(bytes, 0), DATAGRAM_UNKNOWN);
	assert_int_equal(classify(bytes, 1), DATAGRAM_UNKNOWN);
	for (unsigned first = 0; first < 256; first++) {
		enum datagram_kind want = DATAGRAM_UNKNOWN;

		if (first <= 3)
			want = DATAGRAM_STUN;
		else if (first >= 20 && first <= 63)
			want = DATAGRAM_DTLS;
		else if (first >= 128 && first <= 191)
			want = DATAGRAM_RTP;
		bytes[0] = (uint8_t)first;
		assert_int_equal(classify(bytes, 2), want);
	}
	bytes[0] = 0x80;
	for (unsigned second = 0; second < 256; second++) {
		bytes[1] = (uint8_t)second;
		assert_int_equal(classify(bytes, 2),
		    second >= 192 && second <= 223 ? DATAGRAM_RTCP :
		    DATAGRAM_RTP);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_request_of_rfc_5769),
		cmocka_unit_test(reads_the_responses_of_rfc_5769),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_truncations_with_a_right_fingerprint),
		cmocka_unit_test(refuses_every_flipped_bit),
		cmocka_unit_test(integrity_notices_every_flipped_bit),
		cmocka_unit_test(refuses_what_is_too_long_or_not_stun),
		cmocka_unit_test(ignores_attributes_after_integrity),
		cmocka_unit_test(names_unknown_required_attributes),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(tells_datagrams_apart_by_first_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
