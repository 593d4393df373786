/*
 * The layers of simulcast that are taken of an offer (RFC 8853, RFC 8851).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "sdp/simulcast.h"

/* Cuts what stands before `stop` off the list; false at its end. */
static bool
cut(struct sdp_span *out, struct sdp_span *list, char stop)
{
	const char *at;

	if (list->len == 0)
		return false;
	at = memchr(list->p, stop, list->len);
	out->p = list->p;
	out->len = at ? (size_t)(at - list->p) : list->len;
	list->p += out->len + (at != NULL);
	list->len -= out->len + (at != NULL);
	return true;
}

/* RFC 8851, 10: rid-id; and short enough for the one-byte form. */
static bool
is_rid(struct sdp_span id)
{
	if (id.len == 0 || id.len > SDP_RID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		const char c = id.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}

static bool
can_be_kept(struct sdp_span restrictions)
{
	struct sdp_span one;

	while (cut(&one, &restrictions, ';')) {
		struct sdp_span name;

		if (cut(&name, &one, '=') && (sdp_span_is(name, "pt") ||
		    sdp_span_is(name, "depend")))
			return false;
	}
	return true;
}

/* Whether a=rid says that this one is sent, and how it is restricted. */
static bool
rid_sent(struct sdp_span *restrictions, const struct sdp_media *m,
    struct sdp_span id)
{
	for (unsigned i = 0; i < m->rid_count; i++) {
		struct sdp_span line = m->rids[i], name, direction;

		if (!sdp_word(&name, &line) || !sdp_word(&direction, &line) ||
		    !sdp_span_equal(name, id))
			continue;
		*restrictions = line;
		return sdp_span_is(direction, "send");
	}
	return false;
}

/* The list behind "send" in "send h;m recv x". */
static struct sdp_span
streams_sent(const struct sdp_media *m)
{
	struct sdp_span words = m->simulcast, direction;
	struct sdp_span list = { NULL, 0 };

	while (sdp_word(&direction, &words) && sdp_word(&list, &words))
		if (sdp_span_is(direction, "send"))
			return list;
	return (struct sdp_span) { NULL, 0 };
}

static bool
has_layer(const struct sdp_stream *s, struct sdp_span id)
{
	for (unsigned i = 0; i < s->layer_count; i++) {
		if (strlen(s->layers[i]) == id.len &&
		    memcmp(s->layers[i], id.p, id.len) == 0)
			return true;
	}
	return false;
}

void
sdp_simulcast_agree(struct sdp_stream *s, const struct sdp_media *m)
{
	struct sdp_span list = streams_sent(m), stream, id, restrictions;

	while (s->layer_count < SDP_LAYERS_MAX && cut(&stream, &list, ';')) {
		if (!cut(&id, &stream, ','))
			continue;
		if (id.len > 0 && id.p[0] == '~') {	/* paused at first */
			id.p++;
			id.len--;
		}
		if (!is_rid(id) || has_layer(s, id) ||
		    !rid_sent(&restrictions, m, id) ||
		    !can_be_kept(restrictions))
			continue;
		memcpy(s->layers[s->layer_count], id.p, id.len);
		s->layers[s->layer_count++][id.len] = '\0';
	}
	if (s->layer_count < 2)
		s->layer_count = 0;
}

void
sdp_simulcast_write(struct strbuf *out, const struct sdp_stream *s,
    const struct sdp_media *m)
{
	if (s->layer_count == 0)
		return;
	for (unsigned i = 0; i < s->layer_count; i++) {
		const struct sdp_span id = { s->layers[i],
		    strlen(s->layers[i]) };
		struct sdp_span restrictions = { NULL, 0 };

		strbuf_printf(out, "a=rid:%s recv", s->layers[i]);
		if (rid_sent(&restrictions, m, id) && restrictions.len > 0) {
			strbuf_add(out, " ");
			strbuf_add_bytes(out, restrictions.p,
			    restrictions.len);
		}
		strbuf_add(out, "\r\n");
	}
	strbuf_add(out, "a=simulcast:recv ");
	for (unsigned i = 0; i < s->layer_count; i++)
		strbuf_printf(out, "%s%s", i ? ";" : "", s->layers[i]);
	strbuf_add(out, "\r\n");
}
