/*
 * ICE alone, exchanged again: SDP fragments (RFC 8840, 9; RFC 9725, 4.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sdp/answer_internal.h"
#include "sdp/fragment.h"

static const struct sdp_media *
tagged_section(const struct sdp *sdp)
{
	struct sdp_span words = sdp->bundle, mid;

	if (sdp->media_count == 0)
		return NULL;
	if (sdp_word(&mid, &words)) {
		for (unsigned i = 0; i < sdp->media_count; i++) {
			if (sdp_span_equal(sdp->media[i].mid, mid))
				return &sdp->media[i];
		}
	}
	return &sdp->media[0];
}

int
sdp_fragment_read(struct sdp_fragment *out, const char *text, size_t len,
    const char **why)
{
	struct sdp_fragment         f = { 0 };
	const struct sdp_transport *t;
	const int                   err = sdp_parse_fragment(&f.sdp, text,
	    len, why);

	if (err)
		return err;
	f.section = tagged_section(f.sdp);
	t = f.section ? &f.section->transport : &f.sdp->session.transport;
	f.ufrag = t->ufrag;
	f.pwd = t->pwd;
	if ((f.ufrag.p == NULL) != (f.pwd.p == NULL)) {
		*why = "The fragment has half of the ICE credentials.";
		sdp_fragment_clear(&f);
		return -EBADMSG;
	}
	*out = f;
	return 0;
}

void
sdp_fragment_clear(struct sdp_fragment *fragment)
{
	sdp_free(fragment->sdp);
	fragment->sdp = NULL;
}

static bool
span_is_exactly(struct sdp_span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.p, text, span.len) == 0;
}

bool
sdp_fragment_restarts(const struct sdp_fragment *fragment,
    const struct sdp_negotiated *agreed)
{
	return fragment->ufrag.p != NULL &&
	    (!span_is_exactly(fragment->ufrag, agreed->ufrag) ||
	    !span_is_exactly(fragment->pwd, agreed->pwd));
}

static void
write_span(struct strbuf *s, const char *before, struct sdp_span span)
{
	strbuf_add(s, before);
	strbuf_add_bytes(s, span.p, span.len);
}

/* RFC 8840, 9.2: the section as the client named it. */
static void
write_section(struct strbuf *s, const struct sdp_fragment *asked)
{
	const struct sdp_media *m = asked->section;

	if (asked->sdp->bundle.p) {
		write_span(s, "a=group:BUNDLE ", asked->sdp->bundle);
		strbuf_add(s, "\r\n");
	}
	write_span(s, "m=", m->media);
	write_span(s, " 9 ", m->protocol);
	write_span(s, " ", m->formats_text);
	strbuf_add(s, "\r\n");
	if (m->mid.p) {
		write_span(s, "a=mid:", m->mid);
		strbuf_add(s, "\r\n");
	}
}

int
sdp_fragment_answer(struct strbuf *answer, const struct sdp_fragment *asked,
    const struct sdp_answer_config *cfg)
{
	strbuf_add(answer, "a=ice-lite\r\n");
	if (asked->section)
		write_section(answer, asked);
	sdp_write_credentials(answer, cfg);
	sdp_write_candidates(answer, cfg);
	return strbuf_text(answer) ? 0 : -ENOMEM;
}
