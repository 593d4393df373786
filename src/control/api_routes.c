/*
 * The HTTP interface: docs/API.md as tables of routes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "control/api.h"

const struct route api_public_routes[] = {
	{ HTTP_GET, "/", api_page },
	{ HTTP_GET, "/healthz", api_healthz },
	{ HTTP_GET, "/_/{path...}", api_static },
	{ HTTP_GET, "/v1/rooms/{room}/presence", api_presence },
	{ HTTP_POST, "/v1/rooms/{room}/join", api_join },
	{ HTTP_POST, "/whip/{room}", api_whip },
	{ HTTP_GET, "/whip/{room}", api_endpoint_get },
	{ HTTP_OPTIONS, "/whip/{room}", api_endpoint_options },
	{ HTTP_DELETE, "/whip/{room}/{session}", api_whip_delete },
	{ HTTP_PATCH, "/whip/{room}/{session}", api_whip_patch },
	{ HTTP_GET, "/whip/{room}/{session}", api_whip_get },
	{ HTTP_OPTIONS, "/whip/{room}/{session}", api_session_options },
	{ HTTP_POST, "/whep/{room}", api_whep },
	{ HTTP_GET, "/whep/{room}", api_endpoint_get },
	{ HTTP_OPTIONS, "/whep/{room}", api_endpoint_options },
	{ HTTP_DELETE, "/whep/{room}/{session}", api_whep_delete },
	{ HTTP_PATCH, "/whep/{room}/{session}", api_whep_patch },
	{ HTTP_GET, "/whep/{room}/{session}", api_whep_get },
	{ HTTP_OPTIONS, "/whep/{room}/{session}", api_session_options },
	{ HTTP_DELETE, "/v1/sessions/{session}", api_session_delete },
	{ HTTP_PATCH, "/v1/sessions/{session}", api_session_patch },
	{ HTTP_GET, "/v1/sessions/{session}/events", api_session_events },
	{ HTTP_GET, "/{room}", api_room_page },
	{ HTTP_GET, "/{room}/", api_room_page },
	ROUTE_END
};

const struct route api_admin_routes[] = {
	{ HTTP_GET, "/healthz", api_healthz },
	{ HTTP_GET, "/readyz", api_readyz },
	{ HTTP_GET, "/metrics", api_metrics },
	{ HTTP_GET, "/v1/rooms", api_rooms },
	{ HTTP_GET, "/v1/rooms/{room}", api_room },
	ROUTE_END
};
