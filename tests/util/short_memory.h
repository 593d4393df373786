/*
 * Memory that runs out when a test says so.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A test that links with $(short_memory_wrap) has these in place of malloc,
 * calloc, realloc and strdup in all that is linked statically. One thread.
 */
#ifndef TESTS_UTIL_SHORT_MEMORY_H
#define TESTS_UTIL_SHORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the nth allocation fails (1: the next), and `count` - 1 more. */
void short_memory_begin(unsigned nth, unsigned count);

/* Nothing fails any more. Returns how many did. */
unsigned short_memory_end(void);

/*
 * Calls attempt() with its 1st, 2nd, ... allocation failing, each once alone
 * and once with all that follow, until one goes through without. Returns how
 * many were made to fail; 0 when an attempt that lacked nothing said false.
 */
unsigned short_memory_each(bool (*attempt)(void *to), void *to);

/* Is it this one's turn? For wrappers of what allocates elsewhere. */
bool short_memory_fails(void);

/* For json_set_alloc_funcs(). */
void *short_memory_malloc(size_t size);

#endif
