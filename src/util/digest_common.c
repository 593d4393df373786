/*
 * What both digest implementations share.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "util/digest.h"

bool
digest_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

uint32_t
digest_crc32(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;

	/* Bitwise: a STUN check is 100 bytes and comes every 2.5 s. */
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
	}
	return ~crc;
}
