/*
 * The head of an HTTP/1 request, judged before evhttp sees it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libevent's parser is lenient: it joins folded lines, takes a bare LF, stops
 * at NUL, ignores "Content-Length : 5" and a body of HEAD, and reads
 * "+5" as a length. Where a proxy in front reads the same bytes otherwise,
 * one request becomes two (smuggling). So a head passes here first, by the
 * letter of RFC 9112, and what passes can be read in one way only:
 *
 *   lines end by CRLF, no fold, no control characters; HTTP/1.0 or 1.1;
 *   the target is a path; one Host (1.1); a body has one Content-Length of
 *   digits only (a Transfer-Encoding is refused, RFC 9112, 6.3); at most 64
 *   fields.
 *
 * Pure; any thread.
 */
#ifndef HTTP_REQUEST_HEAD_H
#define HTTP_REQUEST_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/problem.h"

#define REQUEST_HEAD_MAX   (16 * 1024)
#define REQUEST_BODY_MAX   (64 * 1024)
#define REQUEST_FIELDS_MAX 64

struct request_head {
	uint64_t content_length;	/* 0: no body */
	bool     expects_continue;
};

/*
 * Judges a whole head, the empty line at its end included. Returns 0 with
 * *out set; or -EBADMSG with *why set, and *out set as far as it was read
 * (the length of a body too large to be taken is needed to skip it).
 */
int request_head_check(struct request_head *out, enum problem *why,
    const uint8_t *bytes, size_t len);

#endif
