/*
 * Bytes in memory of their exact size, so that a sanitizer sees one too far.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_RTP_EXACT_H
#define TESTS_RTP_EXACT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The caller frees it. */
static inline uint8_t *
exact_copy(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = calloc(1, len ? len : 1);

	if (copy == NULL)
		abort();
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

#endif
