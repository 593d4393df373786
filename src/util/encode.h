/*
 * Bytes as text: base64url and hexadecimal.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * base64url without padding (RFC 4648, 5). Pure.
 */
#ifndef UTIL_ENCODE_H
#define UTIL_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#define BASE64URL_SIZE(len) (((len) * 4 + 2) / 3 + 1)	/* with the NUL */

/* Writes BASE64URL_SIZE(len) bytes. */
void base64url_write(char *out, const uint8_t *bytes, size_t len);

/* Writes 2 * len lower-case digits and a NUL. */
void hex_write(char *out, const uint8_t *bytes, size_t len);

/*
 * Parses exactly 2 * len digits of either case.
 * Returns 0, or -EBADMSG with *out undefined.
 */
int hex_parse(uint8_t *out, size_t len, const char *text, size_t text_len);

#endif
