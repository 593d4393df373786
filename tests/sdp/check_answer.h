/*
 * Loads real offers, answers them, and checks that the answer is one.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tests/data/offers/ holds offers as Chromium 156, Firefox 153,
 * @roamhq/wrtc 0.10.0, werift 0.24.4, aiortc 1.4.0 and GStreamer 1.22.0
 * made them.
 */
#ifndef TESTS_SDP_CHECK_ANSWER_H
#define TESTS_SDP_CHECK_ANSWER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "sdp/answer_internal.h"
#include "sdp/offer_answer.h"
#include "sdp/sdp.h"

#define OFFER_MAX 65536

struct offer {
	char   text[OFFER_MAX];
	size_t len;
};

static const struct sdp_answer_config config = {
	.policy = SDP_BOTH,
	.ufrag = "oursufrag", .pwd = "ourpasswordourpassword",
	.fingerprint = { 1, 2, 3, 0xab },
	.port = 40000,
	.candidate_count = 2,
	.candidates = { { false, "192.0.2.7" }, { true, "2001:db8::7" } },
	.audio_ssrc = 1111, .video_ssrc = 2222,
	.cname = "room",
	.session_id = 0xfedcba9876543210,
	.video_max_bps = 900000,
};

static inline void
load(struct offer *offer, const char *name)
{
	const char *srcdir = getenv("srcdir");
	char        path[512];
	FILE       *file;

	snprintf(path, sizeof(path), "%s/tests/data/offers/%s.sdp",
	    srcdir ? srcdir : ".", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	offer->len = fread(offer->text, 1, sizeof(offer->text), file);
	fclose(file);
	assert_true(offer->len > 0 && offer->len < sizeof(offer->text));
}

/* ---- is this an answer to that offer? ------------------------------------ */

static inline bool
offered_format(const struct sdp_media *offered,
    const struct sdp_format *answered)
{
	for (unsigned i = 0; i < offered->format_count; i++) {
		const struct sdp_format *f = &offered->formats[i];

		if (f->payload_type == answered->payload_type)
			return f->encoding.p && answered->encoding.p &&
			    f->encoding.len == answered->encoding.len &&
			    (answered->feedback & ~(f->feedback |
			    offered->any_feedback)) == 0;
	}
	return false;
}

static inline bool
offered_extension(const struct sdp_media *offered,
    const struct sdp_extension *answered)
{
	for (unsigned i = 0; i < offered->extension_count; i++) {
		const struct sdp_extension *e = &offered->extensions[i];

		if (e->id == answered->id &&
		    sdp_span_equal(e->uri, answered->uri))
			return true;
	}
	return false;
}

static inline void
check_section(const struct sdp *answer, const struct sdp_media *a,
    const struct sdp_media *o, const struct sdp *offer)
{
	assert_true(sdp_span_equal(a->media, o->media));
	assert_true(sdp_span_equal(a->protocol, o->protocol));
	assert_true(sdp_span_equal(a->mid, o->mid) ||
	    (a->mid.p == NULL && o->mid.p == NULL));
	if (a->port == 0) {
		assert_false(sdp_bundled(answer, a));
		return;
	}
	assert_true(o->port != 0 || o->bundle_only);
	assert_true(a->rtcp_mux && o->rtcp_mux);
	assert_int_equal(a->rtcp_mux_only, o->rtcp_mux_only);
	assert_int_equal(a->extmap_mixed, o->extmap_mixed);
	assert_true(!a->send || o->receive);
	assert_true(!a->receive || o->send);
	assert_in_range(a->format_count, 1, a->kind == SDP_AUDIO ? 1 : 4);
	for (unsigned i = 0; i < a->format_count; i++)
		assert_true(offered_format(o, &a->formats[i]));
	for (unsigned i = 0; i < a->extension_count; i++)
		assert_true(offered_extension(o, &a->extensions[i]));
	assert_int_equal(a->source_count, a->send ? 1 : 0);
	assert_true(a->transport.setup == SDP_SETUP_ACTIVE ||
	    a->transport.setup == SDP_SETUP_PASSIVE);
	assert_memory_equal(a->transport.fingerprint, config.fingerprint, 32);
	assert_true(sdp_span_is(a->transport.ufrag, config.ufrag));
	assert_true(sdp_span_is(a->transport.pwd, config.pwd));
	assert_int_equal(a->candidate_lines, 2);
	assert_int_equal(sdp_bundled(answer, a), sdp_bundled(offer, o) ?
	    answer->bundle.p != NULL : 0);
}

/* No id with two meanings in what was taken (RFC 8285, 5). */
static inline void
check_extensions(const struct sdp *answer)
{
	struct sdp_span meaning[256] = { { NULL, 0 } };

	for (unsigned i = 0; i < answer->media_count; i++) {
		const struct sdp_media *m = &answer->media[i];

		for (unsigned j = 0; j < m->extension_count; j++) {
			const struct sdp_extension *e = &m->extensions[j];

			assert_true(meaning[e->id].p == NULL ||
			    sdp_span_equal(meaning[e->id], e->uri));
			meaning[e->id] = e->uri;
		}
	}
}

static inline void
check_answer(const char *answer_text, const char *offer_text, size_t len)
{
	struct sdp *offer = NULL, *answer = NULL;
	const char *why = NULL;
	unsigned    taken = 0;

	assert_int_equal(sdp_parse(&offer, offer_text, len, &why), 0);
	assert_int_equal(sdp_parse(&answer, answer_text, strlen(answer_text),
	    &why), 0);
	assert_non_null(strstr(answer_text, "\r\na=ice-lite\r\nm="));
	assert_int_equal(answer->media_count, offer->media_count);
	assert_int_equal(answer->session.extmap_mixed,
	    offer->session.extmap_mixed);
	for (unsigned i = 0; i < answer->media_count; i++) {
		check_section(answer, &answer->media[i], &offer->media[i],
		    offer);
		taken += answer->media[i].port != 0;
	}
	assert_true(taken == 1 || taken == 2);
	if (taken == 2)
		assert_non_null(answer->bundle.p);
	check_extensions(answer);
	sdp_free(offer);
	sdp_free(answer);
}

/* Answers and, when there is one, checks the answer. */
static inline int
answer(struct sdp_negotiated *n, struct strbuf *text, const char *offer,
    size_t len, enum sdp_policy policy)
{
	struct sdp_answer_config cfg = config;
	const char              *why = NULL;
	char                    *exact = malloc(len ? len : 1);
	int                      err;

	memcpy(exact, offer, len);
	cfg.policy = policy;
	strbuf_init(text, SDP_TEXT_MAX);
	err = sdp_answer(n, text, exact, len, &cfg, &why);
	if (err) {
		assert_true(err == -EBADMSG || err == -ENOTSUP);
		assert_non_null(why);
	} else {
		check_answer(strbuf_text(text), offer, len);
	}
	free(exact);
	return err;
}

#endif
