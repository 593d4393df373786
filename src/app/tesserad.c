/*
 * tesserad: the process that decides who may be in a meeting.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "control/api.h"
#include "http/http_server.h"
#include "util/log.h"

struct tesserad {
	struct log          log;
	struct event_base  *base;
	struct http_server *http;
	struct api          api;
};

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct tesserad *d = arg;

	(void)what;
	log_info(&d->log, "signal %d: ending", (int)number);
	event_base_loopexit(d->base, NULL);
}

static int
listen_on(struct tesserad *d, const char *key, const char *address,
    const struct route *routes)
{
	const struct http_listener_config config = { address, NULL, routes,
		&d->api };
	uint16_t port;
	int      err = http_server_listen(d->http, &config, &port);

	if (err == -EADDRINUSE)
		log_error(&d->log, "%s: %s is in use by another program; "
		    "change the key %s", key, address, key);
	else if (err)
		log_error(&d->log, "%s: %s: %s", key, address, strerror(-err));
	else
		log_info(&d->log, "%s: listening on %s", key, address);
	return err;
}

int
main(void)
{
	struct tesserad     d = { .log = log_to_stderr(LOG_INFO) };
	struct http_limits  limits = http_limits_default();
	struct event       *term, *interrupt;
	int                 status = EXIT_FAILURE;

	signal(SIGPIPE, SIG_IGN);
	d.base = event_base_new();
	if (d.base == NULL)
		return EXIT_FAILURE;
	d.api.base = d.base;
	d.api.log = d.log;
	term = evsignal_new(d.base, SIGTERM, on_signal, &d);
	interrupt = evsignal_new(d.base, SIGINT, on_signal, &d);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	if (http_server_new(&d.http, d.base, &limits, &d.log) == 0 &&
	    listen_on(&d, "http_listen", "127.0.0.1:8080",
	    api_public_routes) == 0) {
		event_base_dispatch(d.base);
		status = EXIT_SUCCESS;
	}
	http_server_free(&d.http);
	event_free(term);
	event_free(interrupt);
	event_base_free(d.base);
	return status;
}
