/*
 * Memory that runs out when a test says so.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "short_memory.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static struct {
	unsigned before;	/* allocations that still go well */
	unsigned left;		/* that fail then */
	unsigned failed;
} memory;

void
short_memory_begin(unsigned nth, unsigned count)
{
	memory.before = nth - 1;
	memory.left = count;
	memory.failed = 0;
}

unsigned
short_memory_end(void)
{
	memory.left = 0;
	return memory.failed;
}

unsigned
short_memory_each(bool (*attempt)(void *to), void *to)
{
	unsigned total = 0, failed = 1;
	bool     good = true;

	for (unsigned nth = 1; failed > 0; nth++) {
		short_memory_begin(nth, UINT_MAX);
		(void)attempt(to);
		total += short_memory_end();
		short_memory_begin(nth, 1);
		good = attempt(to);
		failed = short_memory_end();
		total += failed;
	}
	return good ? total : 0;
}

bool
short_memory_fails(void)
{
	if (memory.left == 0)
		return false;
	if (memory.before > 0) {
		memory.before--;
		return false;
	}
	memory.left--;
	memory.failed++;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return short_memory_fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return short_memory_fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return short_memory_fails() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
	const size_t len = strlen(text) + 1;
	char        *copy = __wrap_malloc(len);

	return copy ? memcpy(copy, text, len) : NULL;
}

void *
short_memory_malloc(size_t size)
{
	return __wrap_malloc(size);
}
