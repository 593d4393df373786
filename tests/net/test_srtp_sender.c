/*
 * A known packet, and what is refused. How it gets on with a receiver, over
 * wraps and gaps, is in test_rtp_crypt.c: that receives by libsrtp2.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/srtp_sender.h"

#define HEADER 12

/*
 * Key, packet and result that libsrtp2 validates itself with. It is the key of
 * RFC 3711, B.3: its session keys with OpenSSL's AES and HMAC give the same.
 */
static const uint8_t key[DTLS_KEY_LEN] = {
	0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f,
	0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39, 0x0e, 0xc6, 0x75, 0xad,
	0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6,
};
static const uint8_t plain[28] = {
	0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
	0xba, 0xbe, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
	0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
};
static const uint8_t coded[38] = {
	0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
	0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8,
	0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d,
	0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb,
};

static void
protects_a_known_packet(void **state)
{
	struct srtp_sender *s;
	uint8_t             bytes[64];
	size_t              len = sizeof(plain);

	(void)state;
	memcpy(bytes, plain, sizeof(plain));
	assert_int_equal(srtp_sender_new(&s, key), 0);
	assert_int_equal(srtp_sender_protect(s, bytes, &len, sizeof(bytes)),
	    0);
	assert_int_equal(len, sizeof(coded));
	assert_memory_equal(bytes, coded, sizeof(coded));
	srtp_sender_free(s);
}

/* Made with OpenSSL from the session keys of B.3: ROC 1, two CSRCs, a header
 * extension, and a payload that is no multiple of a block. */
static const uint8_t plain_wrapped[65] = {
	0x92, 0xe0, 0x00, 0x01, 0x01, 0x02, 0x03, 0x04, 0xca, 0xfe,
	0xba, 0xbe, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22,
	0xbe, 0xde, 0x00, 0x01, 0x10, 0xaa, 0x00, 0x00, 0x00, 0x01,
	0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
	0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
	0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x20, 0x21, 0x22, 0x23, 0x24,
};
static const uint8_t coded_wrapped[75] = {
	0x92, 0xe0, 0x00, 0x01, 0x01, 0x02, 0x03, 0x04, 0xca, 0xfe,
	0xba, 0xbe, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22,
	0xbe, 0xde, 0x00, 0x01, 0x10, 0xaa, 0x00, 0x00, 0x1d, 0x5b,
	0x59, 0x0c, 0xf7, 0x0c, 0x95, 0x00, 0x9e, 0x8d, 0xf4, 0x0c,
	0xc2, 0xc0, 0x17, 0xf8, 0xc2, 0x56, 0xcf, 0x22, 0xef, 0xaf,
	0x8d, 0x22, 0x39, 0x3a, 0xf5, 0x6f, 0x22, 0x66, 0xc7, 0xd7,
	0x50, 0x10, 0xa4, 0x1f, 0xaa, 0xb2, 0xa1, 0x93, 0x5a, 0x70,
	0x87, 0xbe, 0x1e, 0x1d, 0x61,
};

/* As a stream goes on: a packet of this sequence number. */
static int
protect_number(struct srtp_sender *s, uint16_t sequence)
{
	uint8_t bytes[64];
	size_t  len = sizeof(plain);

	memcpy(bytes, plain, sizeof(plain));
	bytes[2] = (uint8_t)(sequence >> 8);
	bytes[3] = (uint8_t)sequence;
	return srtp_sender_protect(s, bytes, &len, sizeof(bytes));
}

static void
protects_a_known_packet_past_a_wrap(void **state)
{
	struct srtp_sender *s;
	uint8_t             bytes[128];
	size_t              len = sizeof(plain_wrapped);

	(void)state;
	assert_int_equal(srtp_sender_new(&s, key), 0);
	assert_int_equal(protect_number(s, 0x7000), 0);
	assert_int_equal(protect_number(s, 0xefff), 0);
	memcpy(bytes, plain_wrapped, len);
	assert_int_equal(srtp_sender_protect(s, bytes, &len, sizeof(bytes)),
	    0);
	assert_int_equal(len, sizeof(coded_wrapped));
	assert_memory_equal(bytes, coded_wrapped, sizeof(coded_wrapped));
	srtp_sender_free(s);
}

/*
 * Whatever is taken for an old number would get the key stream of an old
 * packet, and with both the sum of their contents.
 */
static void
never_reaches_back_behind_its_window(void **state)
{
	struct srtp_sender *s;

	(void)state;
	assert_int_equal(srtp_sender_new(&s, key), 0);
	assert_int_equal(protect_number(s, 5), 0);
	assert_int_equal(protect_number(s, 4), 0);
	assert_int_equal(protect_number(s, 0), 0);
	/* Before the first there is no number. */
	assert_int_equal(protect_number(s, 0xffff), -ERANGE);
	assert_int_equal(protect_number(s, 30000), 0);
	assert_int_equal(protect_number(s, 60000), 0);
	assert_int_equal(protect_number(s, 500), 0);
	/* 59 500 on, or 6036 back? 40 000 on, or 25 536 back? */
	assert_int_equal(protect_number(s, 60000), -ERANGE);
	assert_int_equal(protect_number(s, 40500), -ERANGE);
	/* Over the wrap, back and forth. */
	assert_int_equal(protect_number(s, (uint16_t)(500 - SRTP_SENDER_WINDOW)),
	    -ERANGE);
	assert_int_equal(protect_number(s, (uint16_t)(501 - SRTP_SENDER_WINDOW)), 0);
	assert_int_equal(protect_number(s, 501), 0);
	srtp_sender_free(s);
}

static void
refuses_what_is_no_rtp_or_has_no_room(void **state)
{
	struct srtp_sender *s;
	uint8_t             bytes[64];
	size_t              len;

	(void)state;
	assert_int_equal(srtp_sender_new(&s, key), 0);
	for (len = 0; len < HEADER; len++) {
		size_t same = len;

		memcpy(bytes, plain, sizeof(plain));
		assert_int_equal(srtp_sender_protect(s, bytes, &same,
		    sizeof(bytes)), -EBADMSG);
	}
	/* CSRCs, then an extension, that the packet is too short for. */
	len = sizeof(plain);
	bytes[0] = 0x8f;
	assert_int_equal(srtp_sender_protect(s, bytes, &len, sizeof(bytes)),
	    -EBADMSG);
	bytes[0] = 0x90;
	assert_int_equal(srtp_sender_protect(s, bytes, &len, sizeof(bytes)),
	    -EBADMSG);
	bytes[0] = 0x80;
	assert_int_equal(srtp_sender_protect(s, bytes, &len,
	    len + SRTP_SENDER_TAG - 1), -ENOSPC);
	assert_memory_equal(bytes, plain, sizeof(plain));
	srtp_sender_free(s);
}

static void
takes_four_ssrcs_and_never_another(void **state)
{
	struct srtp_sender *s;

	(void)state;
	assert_int_equal(srtp_sender_new(&s, key), 0);
	for (int round = 0; round < 2; round++) {
		for (uint8_t i = 0; i < 8; i++) {
			uint8_t bytes[64];
			size_t  len = sizeof(plain);

			memcpy(bytes, plain, sizeof(plain));
			bytes[11] = i;
			assert_int_equal(srtp_sender_protect(s, bytes, &len,
			    sizeof(bytes)), i < SRTP_SENDER_STREAMS ? 0 :
			    -ENOTSUP);
		}
	}
	srtp_sender_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protects_a_known_packet),
		cmocka_unit_test(protects_a_known_packet_past_a_wrap),
		cmocka_unit_test(never_reaches_back_behind_its_window),
		cmocka_unit_test(refuses_what_is_no_rtp_or_has_no_room),
		cmocka_unit_test(takes_four_ssrcs_and_never_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
