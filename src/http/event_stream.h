/*
 * One open stream of Server-Sent Events.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sends what it is given and a comment (": ping") every 10 s, so that proxies
 * keep it and a dead peer is noticed. A peer that does not read is cut off
 * when 256 KiB wait for it. Main thread.
 */
#ifndef HTTP_EVENT_STREAM_H
#define HTTP_EVENT_STREAM_H

#include <stddef.h>

struct event_base;
struct event_stream;
struct http_exchange;

/*
 * Answers the exchange with a stream. on_end comes from the loop when the
 * peer or a limit ended it; the stream is freed when it returns. Returns 0,
 * or -ENOMEM with the exchange untouched.
 */
int event_stream_new(struct event_stream **out, struct event_base *base,
    struct http_exchange *exchange,
    void (*on_end)(struct event_stream *stream, void *to), void *to);

/* Text of whole events. After a cut it does nothing. */
void event_stream_send(struct event_stream *stream, const char *text,
    size_t len);

/* Ends it hard: the page asks anew, from what it has seen. */
void event_stream_cut(struct event_stream *stream);

/* Ends it in good order, without on_end. NULL is fine. */
void event_stream_end(struct event_stream **stream);

#endif
