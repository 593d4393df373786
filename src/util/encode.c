/*
 * Bytes as text: base64url and hexadecimal.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "util/encode.h"

void
base64url_write(char *out, const uint8_t *bytes, size_t len)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_";
	uint32_t held = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | bytes[i];
		bits += 8;
		while (bits >= 6) {
			bits -= 6;
			*out++ = alphabet[held >> bits & 63];
		}
	}
	if (bits > 0)
		*out++ = alphabet[held << (6 - bits) & 63];
	*out = '\0';
}

void
hex_write(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_parse(uint8_t *out, size_t len, const char *text, size_t text_len)
{
	if (text_len != 2 * len)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		const int high = hex_digit(text[2 * i]);
		const int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
