/*
 * PATCH with an SDP fragment: candidates, and ICE restarts (RFC 9725, 4.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ETag of a session names its present ICE. Candidates are for that one
 * alone, so If-Match is asked for; a restart is for whatever there is ("*").
 * The fragment is opaque here: the room's process knows a restart from
 * candidates, and answers. Main thread.
 */
#ifndef CONTROL_ICE_PATCH_H
#define CONTROL_ICE_PATCH_H

#include <stdbool.h>

#define ICE_PATCH_TYPE "application/trickle-ice-sdpfrag"

struct http_exchange;
struct session;

/* Answers the request, at once or within 5 s. Its type has been looked at. */
void ice_patch(struct http_exchange *x, struct session *session);

/*
 * Whether a field such as `"one", W/"two", *` has this strong entity tag
 * (RFC 9110, 13.1.1). Pure.
 */
bool ice_patch_matches(const char *field, const char *etag);

#endif
