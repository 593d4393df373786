/*
 * Allocation that ends the process when there is no memory.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

char *
xstrdup(const char *text)
{
	const size_t len = strlen(text) + 1;

	return memcpy(xcalloc(1, len), text, len);
}
