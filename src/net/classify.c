/*
 * What a datagram on the media port is, by its first byte (RFC 7983).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "net/classify.h"

enum datagram_kind
classify(const uint8_t *bytes, size_t len)
{
	if (len < 2)
		return DATAGRAM_UNKNOWN;
	if (bytes[0] <= 3)
		return DATAGRAM_STUN;
	if (bytes[0] >= 20 && bytes[0] <= 63)
		return DATAGRAM_DTLS;
	if (bytes[0] < 128 || bytes[0] > 191)
		return DATAGRAM_UNKNOWN;
	/* RFC 5761, 4: RTCP packet types, as RTP payload types 64..95. */
	return bytes[1] >= 192 && bytes[1] <= 223 ? DATAGRAM_RTCP :
	    DATAGRAM_RTP;
}
