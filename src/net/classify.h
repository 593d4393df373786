/*
 * What a datagram on the media port is, by its first byte (RFC 7983).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef NET_CLASSIFY_H
#define NET_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

enum datagram_kind {
	DATAGRAM_UNKNOWN,
	DATAGRAM_STUN,		/* 0..3 */
	DATAGRAM_DTLS,		/* 20..63 */
	DATAGRAM_RTP,		/* 128..191 */
	DATAGRAM_RTCP,		/* 128..191, second byte 192..223 */
};

enum datagram_kind classify(const uint8_t *bytes, size_t len);

#endif
