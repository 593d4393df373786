/*
 * Randomness from the kernel, the only source of the project.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/random.h>
#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>

#include "util/random.h"

void
random_bytes(void *out, size_t len)
{
	uint8_t *p = out;

	while (len > 0) {
		const ssize_t n = getrandom(p, len, 0);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		p += n;
		len -= (size_t)n;
	}
}

uint32_t
random_u32(void)
{
	uint32_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

void
random_ice_chars(char *out, size_t len)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/";

	random_bytes(out, len);
	for (size_t i = 0; i < len; i++)
		out[i] = alphabet[(unsigned char)out[i] & 63];
	out[len] = '\0';
}
