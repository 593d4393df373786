/*
 * One open stream of Server-Sent Events.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <event2/event.h>

#include "http/event_stream.h"
#include "http/http_exchange.h"

#define PING_S     10
#define UNSENT_MAX (256 * 1024)

struct event_stream {
	struct http_exchange *exchange;
	struct event         *ping;
	bool                  cut;
	void (*on_end)(struct event_stream *stream, void *to);
	void                 *to;
};

static void
stream_free(struct event_stream *stream)
{
	event_free(stream->ping);
	free(stream);
}

static void
on_gone(void *arg)
{
	struct event_stream *stream = arg;

	if (stream->on_end)
		stream->on_end(stream, stream->to);
	stream_free(stream);
}

static void
on_ping(evutil_socket_t fd, short what, void *arg)
{
	static const char ping[] = ": ping\n\n";

	(void)fd;
	(void)what;
	event_stream_send(arg, ping, sizeof(ping) - 1);
}

int
event_stream_new(struct event_stream **out, struct event_base *base,
    struct http_exchange *exchange,
    void (*on_end)(struct event_stream *stream, void *to), void *to)
{
	const struct timeval period = { PING_S, 0 };
	struct event_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return -ENOMEM;
	stream->ping = event_new(base, -1, EV_PERSIST, on_ping, stream);
	if (stream->ping == NULL) {
		free(stream);
		return -ENOMEM;
	}
	stream->exchange = exchange;
	stream->on_end = on_end;
	stream->to = to;
	http_exchange_set_header(exchange, "X-Accel-Buffering", "no");
	if (event_add(stream->ping, &period) < 0 || http_exchange_stream(
	    exchange, "text/event-stream", on_gone, stream) < 0) {
		stream_free(stream);
		return -ENOMEM;
	}
	*out = stream;
	return 0;
}

void
event_stream_send(struct event_stream *stream, const char *text, size_t len)
{
	if (stream->cut)
		return;
	if (http_exchange_stream_add(stream->exchange, text, len,
	    UNSENT_MAX) < 0)
		event_stream_cut(stream);
}

void
event_stream_cut(struct event_stream *stream)
{
	stream->cut = true;
	http_exchange_stream_cut(stream->exchange);
}

void
event_stream_end(struct event_stream **stream)
{
	struct event_stream *old = *stream;

	*stream = NULL;
	if (old == NULL)
		return;
	if (old->cut) {		/* its end is on the way: hear it, tell nobody */
		old->on_end = NULL;
		return;
	}
	http_exchange_stream_end(old->exchange);
	stream_free(old);
}
