/*
 * Allocation that ends the process when there is no memory.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Only for small things of fixed size, and only in tessera-room (where the
 * end of the process is the end of one room), in the tools, and in tesserad
 * before it is ready. Nothing whose size came from a peer.
 */
#ifndef UTIL_XALLOC_H
#define UTIL_XALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
char *xstrdup(const char *text);

#endif
