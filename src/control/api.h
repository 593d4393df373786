/*
 * The HTTP interface: docs/API.md as tables of routes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One file for each resource (api_*.c) holds its handlers; all get the
 * struct api as their `to`. Main thread.
 */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include <stdint.h>

#include "http/router.h"
#include "util/log.h"

struct event_base;
struct http_exchange;
struct http_server;
struct registry;

struct api {
	struct event_base        *base;
	struct registry          *registry;	/* borrowed */
	const struct http_server *server;	/* borrowed; for its counts */
	struct log                log;
	int64_t                   started_us;	/* since 1970 */
};

/* Page, joining, sessions, events. */
extern const struct route api_public_routes[];

/* Metrics and rooms, for the operator. */
extern const struct route api_admin_routes[];

void api_page(struct http_exchange *x, void *to);
void api_room_page(struct http_exchange *x, void *to);
void api_static(struct http_exchange *x, void *to);
void api_healthz(struct http_exchange *x, void *to);
void api_readyz(struct http_exchange *x, void *to);
void api_presence(struct http_exchange *x, void *to);
void api_join(struct http_exchange *x, void *to);
void api_whip(struct http_exchange *x, void *to);
void api_whep(struct http_exchange *x, void *to);
void api_endpoint_get(struct http_exchange *x, void *to);
void api_endpoint_options(struct http_exchange *x, void *to);
void api_whip_delete(struct http_exchange *x, void *to);
void api_whip_patch(struct http_exchange *x, void *to);
void api_whip_get(struct http_exchange *x, void *to);
void api_whep_delete(struct http_exchange *x, void *to);
void api_whep_patch(struct http_exchange *x, void *to);
void api_whep_get(struct http_exchange *x, void *to);
void api_session_options(struct http_exchange *x, void *to);
void api_session_delete(struct http_exchange *x, void *to);
void api_session_patch(struct http_exchange *x, void *to);
void api_session_events(struct http_exchange *x, void *to);
void api_rooms(struct http_exchange *x, void *to);
void api_room(struct http_exchange *x, void *to);
void api_metrics(struct http_exchange *x, void *to);

#endif
