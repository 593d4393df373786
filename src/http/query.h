/*
 * The query of a target: name=value pairs, percent-encoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; any thread.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stddef.h>

/*
 * Decodes `len` bytes of percent-encoded text (RFC 3986, 2.1) into `out`,
 * with a NUL. Returns 0; -EBADMSG for a broken escape or an encoded NUL;
 * -ENOSPC when it does not fit.
 */
int percent_decode(char *out, size_t size, const char *text, size_t len);

/*
 * The value of `name` ('+' is a space). `query` may be NULL. Returns 0;
 * -ENOENT when it is not there; -EBADMSG when it is there twice or is
 * malformed; -ENOSPC when it does not fit. `out` is written only on 0.
 */
int query_get(char *out, size_t size, const char *query, const char *name);

#endif
