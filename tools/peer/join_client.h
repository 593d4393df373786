/*
 * The HTTP side of a peer: POST an offer, PATCH and DELETE the session.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * http and https (the certificate is not checked: a test tool, and the
 * demo's own server signed it itself). Asynchronous on the event loop.
 */
#ifndef PEER_JOIN_CLIENT_H
#define PEER_JOIN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;

/* A server and a room, from a URL such as http://127.0.0.1:8080/demo. */
struct join_target {
	bool     tls;
	unsigned short port;
	char     host[128];	/* without brackets */
	char     room[65];
};

/* Returns 0 or -EINVAL. */
int join_target_parse(struct join_target *out, const char *url);

struct join_result {
	int         status;	/* 0: no answer at all */
	const char *body;	/* the answer or the problem; borrowed */
	size_t      body_len;
	const char *location;	/* NULL when absent; borrowed */
};

enum join_method { JOIN_POST, JOIN_PATCH, JOIN_DELETE };

struct join_ask {
	enum join_method method;
	const char      *path;
	const char      *body;		/* an offer or an SDP fragment */
	const char      *resume;	/* POST: a session had before; or NULL */
};

/*
 * Calls `done` once, later; `ask` is borrowed for this call only. Returns 0
 * or -errno (then `done` is never called).
 */
int join_request(struct event_base *base, const struct join_target *target,
    const struct join_ask *ask,
    void (*done)(void *to, const struct join_result *result), void *to);

#endif
