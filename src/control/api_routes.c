/*
 * The HTTP interface: docs/API.md as tables of routes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "control/api.h"

const struct route api_public_routes[] = {
	{ HTTP_GET, "/", api_page },
	{ HTTP_GET, "/healthz", api_healthz },
	{ HTTP_GET, "/_/{path...}", api_static },
	{ HTTP_GET, "/{room}", api_room_page },
	ROUTE_END
};

const struct route api_admin_routes[] = {
	{ HTTP_GET, "/healthz", api_healthz },
	ROUTE_END
};
