/*
 * Answering an SDP offer (RFC 3264, RFC 8866, RFC 9143, RFC 8829, 5.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sdp/answer_internal.h"
#include "sdp/offer_answer.h"
#include "sdp/sdp.h"
#include "sdp/simulcast.h"

/* ---- choosing sections ------------------------------------------------- */

static bool
protocol_known(const struct sdp_media *m)
{
	/* RFC 8829, 5.1.2: all of these mean the same today. */
	return sdp_span_is(m->protocol, "UDP/TLS/RTP/SAVPF") ||
	    sdp_span_is(m->protocol, "TCP/DTLS/RTP/SAVPF") ||
	    sdp_span_is(m->protocol, "UDP/TLS/RTP/SAVP") ||
	    sdp_span_is(m->protocol, "RTP/SAVPF");
}

static bool
may_send(const struct sdp_media *m, enum sdp_policy policy)
{
	return m->receive && policy != SDP_RECEIVE;
}

static bool
may_receive(const struct sdp_media *m, enum sdp_policy policy)
{
	return m->send && policy != SDP_SEND;
}

/* What is left of that when the codecs are known. */
static bool
we_send_video(const struct sdp_choice *c, enum sdp_policy policy)
{
	return may_send(c->video, policy) && c->formats.send_count > 0;
}

static bool
we_receive_video(const struct sdp_choice *c, enum sdp_policy policy)
{
	return may_receive(c->video, policy) && c->formats.count > 0;
}

/* Two sections that claim one SSRC: the later one is not believed. */
static bool
sources_shared(const struct sdp_media *a, const struct sdp_media *b)
{
	for (unsigned i = 0; i < a->source_count; i++) {
		for (unsigned j = 0; j < b->source_count; j++) {
			if (a->sources[i] == b->sources[j])
				return true;
		}
	}
	return false;
}

static const char *
direction_refusal(enum sdp_policy policy)
{
	switch (policy) {
	case SDP_RECEIVE:
		return "The offer sends nothing, and sending is all that can "
		    "be done here.";
	case SDP_SEND:
		return "The offer receives nothing, and receiving is all that "
		    "can be done here.";
	case SDP_BOTH:
		break;
	}
	return "The offer neither sends nor receives.";
}

static const char *
codec_refusal(const struct sdp_media *m, enum sdp_policy policy)
{
	struct sdp_video_formats formats;

	if (m->kind == SDP_AUDIO)
		return sdp_format_of(m, SDP_OPUS) ? NULL :
		    "The offer has no Opus.";
	sdp_video_formats_of(&formats, m);
	if (formats.count == 0)
		return "The offer has no video codec that is spoken here: "
		    "VP8, H.264 baseline, or, to send, VP9 or AV1 of profile "
		    "0.";
	if (!may_receive(m, policy) && formats.send_count == 0)
		return "The offer has neither VP8 nor H.264 baseline, and "
		    "nothing else is sent here.";
	return NULL;
}

/* Why this audio or video section is not taken; NULL when it can be. */
static const char *
refusal(const struct sdp_media *m, const struct sdp_media *other,
    const struct sdp *offer, enum sdp_policy policy)
{
	const char *refused;

	if (m->port == 0 && !m->bundle_only)
		return "The offer has only sections that are switched off.";
	if (!protocol_known(m))
		return "The offer does not speak SRTP keyed by DTLS.";
	if (!m->rtcp_mux)
		return "The offer lacks a=rtcp-mux.";
	if (!may_send(m, policy) && !may_receive(m, policy))
		return direction_refusal(policy);
	refused = codec_refusal(m, policy);
	if (refused)
		return refused;
	if (other && (!sdp_bundled(offer, m) || !sdp_bundled(offer, other)))
		return "The offer does not bundle its sections.";
	if (other && sources_shared(m, other))
		return "Two sections of the offer have the same SSRC.";
	return NULL;
}

static bool
choose_sections(struct sdp_choice *c, const struct sdp *offer,
    enum sdp_policy policy, const char **why)
{
	*why = "The offer has neither audio nor video.";
	for (unsigned i = 0; i < offer->media_count; i++) {
		const struct sdp_media  *m = &offer->media[i];
		const bool               audio = m->kind == SDP_AUDIO;
		const struct sdp_media  *other = audio ? c->video : c->audio;
		const struct sdp_media **slot = audio ? &c->audio : &c->video;
		const char              *refused;

		if (m->kind == SDP_OTHER || *slot != NULL)
			continue;
		refused = refusal(m, other, offer, policy);
		if (refused)
			*why = refused;
		else
			*slot = m;
		if (refused && !audio)
			c->note = refused;
	}
	if (c->audio)
		c->opus = sdp_format_of(c->audio, SDP_OPUS);
	if (c->video) {
		sdp_video_formats_of(&c->formats, c->video);
		c->note = NULL;
	}
	return c->audio || c->video;
}

/* ---- choosing the transport -------------------------------------------- */

const struct sdp_media *
sdp_media_by_mid(const struct sdp *offer, struct sdp_span mid)
{
	for (unsigned i = 0; i < offer->media_count; i++) {
		if (sdp_span_equal(offer->media[i].mid, mid))
			return &offer->media[i];
	}
	return NULL;
}

static bool
has_transport(const struct sdp_media *m)
{
	return m->transport.ufrag.p && m->transport.pwd.p &&
	    m->transport.has_fingerprint;
}

/*
 * RFC 9143, 7.3: the transport is that of the first section of the group
 * that we take; a bundle-only one may be silent, then the group's first.
 */
static void
choose_transport(struct sdp_choice *c, const struct sdp *offer)
{
	const struct sdp_media *one = c->audio ? c->audio : c->video;
	const struct sdp_media *first = NULL, *taken = NULL;
	struct sdp_span         words = offer->bundle, mid;

	c->bundled = sdp_bundled(offer, one);
	if (!c->bundled) {
		c->transport = one;
		return;
	}
	while (sdp_word(&mid, &words)) {
		const struct sdp_media *m = sdp_media_by_mid(offer, mid);

		if (m == NULL)
			continue;
		if (first == NULL)
			first = m;
		if (taken == NULL && (m == c->audio || m == c->video))
			taken = m;
	}
	c->transport = taken;
	if (!has_transport(taken) && has_transport(first))
		c->transport = first;
}

static const char *
transport_refusal(const struct sdp_transport *t)
{
	if (!t->ufrag.p || !t->pwd.p)
		return "The offer lacks its ICE user name or password.";
	if (!t->has_fingerprint)
		return "The offer lacks a SHA-256 fingerprint.";
	if (t->setup == SDP_SETUP_OTHER)
		return "The offer's a=setup cannot be answered.";
	return NULL;
}

/* ---- header extensions ------------------------------------------------- */

/* The id under which the peer sends this extension; 0: none. */
static uint8_t
extension_id(const struct sdp_media *m, const char *uri)
{
	for (unsigned i = 0; i < m->extension_count; i++) {
		const struct sdp_extension *e = &m->extensions[i];

		if (e->send && e->id != 15 && sdp_span_is(e->uri, uri))
			return e->id;
	}
	return 0;
}

static bool
feedback_twcc(const struct sdp_media *m, const struct sdp_format *format)
{
	return (m->any_feedback | format->feedback) & SDP_FB_TWCC;
}

/*
 * In one bundle an id has one meaning (RFC 8285, 5), yet some offer two.
 * Who comes first keeps it: levels, then transport-wide sequence numbers,
 * and these only on audio when video has them too (for audio alone they make
 * browsers send padding), and never without their feedback.
 */
static void
agree_extensions(const struct sdp_choice *c, struct sdp_negotiated *n)
{
	if (c->audio && n->audio.receive)
		n->audio.level_id = extension_id(c->audio, SDP_URI_LEVEL);
	if (c->video && (n->video.receive || n->video.send) &&
	    feedback_twcc(c->video, n->video.receive ?
	    c->formats.receive[0].format : c->formats.sends[0].format))
		n->video.twcc_id = extension_id(c->video, SDP_URI_TWCC);
	if (n->video.twcc_id != 0 && n->video.twcc_id == n->audio.level_id)
		n->video.twcc_id = 0;
	n->video.twcc = n->video.twcc_id != 0;
	if (!n->video.twcc || !(n->audio.receive || n->audio.send) ||
	    !feedback_twcc(c->audio, c->opus))
		return;
	n->audio.twcc_id = extension_id(c->audio, SDP_URI_TWCC);
	if (n->audio.twcc_id == n->audio.level_id)
		n->audio.twcc_id = 0;
	n->audio.twcc = n->audio.twcc_id != 0;
}

/* Layers are told apart by their names alone, so without these are none. */
static void
agree_layers(const struct sdp_choice *c, struct sdp_negotiated *n)
{
	const uint8_t id = extension_id(c->video, SDP_URI_RID);

	if (id == 0 || id == n->video.twcc_id || id == n->audio.level_id)
		return;
	sdp_simulcast_agree(&n->video, c->video);
	if (n->video.layer_count > 0)
		n->video.rid_id = id;
}

/* ---- agreeing ---------------------------------------------------------- */

static void
agree_sources(struct sdp_stream *s, const struct sdp_media *m)
{
	for (unsigned i = 0; i < m->source_count &&
	    s->ssrc_count < SDP_SSRCS_MAX; i++) {
		bool repair = false;

		for (unsigned j = 0; j < m->repair_count; j++)
			repair |= m->sources[i] == m->repairs[j];
		if (!repair)
			s->ssrcs[s->ssrc_count++] = m->sources[i];
	}
}

void
sdp_stream_agree(struct sdp_stream *s, const struct sdp_media *m,
    const struct sdp_format *format, bool send, bool receive)
{
	const unsigned feedback = format->feedback | m->any_feedback;

	s->active = true;
	s->send = send;
	s->receive = receive;
	s->payload_type = format->payload_type;
	s->fec = sdp_parameter(format->parameters, "useinbandfec=1");
	s->nack = feedback & SDP_FB_NACK;
	s->pli = feedback & SDP_FB_PLI;
	s->fir = feedback & SDP_FB_FIR;
	s->remb = feedback & SDP_FB_REMB;
	agree_sources(s, m);
}

void
sdp_stream_agree_video(struct sdp_stream *s,
    const struct sdp_video_formats *formats)
{
	s->send = s->send && formats->send_count > 0;
	if (s->send) {
		s->payload_type = formats->sends[0].format->payload_type;
		s->codec = formats->sends[0].codec;
		s->single_nal = formats->sends[0].single_nal;
		s->level_idc = (uint8_t)formats->sends[0].level_idc;
	}
	for (unsigned i = 0; s->send && i < formats->send_count; i++)
		s->send_types[formats->sends[i].codec] =
		    formats->sends[i].format->payload_type;
	for (unsigned i = 0; s->receive && i < formats->count; i++) {
		s->codings[i].payload_type =
		    formats->receive[i].format->payload_type;
		s->codings[i].codec = formats->receive[i].codec;
		s->coding_count++;
	}
}

bool
sdp_stream_coding(enum video_codec *out, const struct sdp_stream *video,
    uint8_t payload_type)
{
	for (unsigned i = 0; i < video->coding_count; i++) {
		if (video->codings[i].payload_type == payload_type) {
			*out = video->codings[i].codec;
			return true;
		}
	}
	return false;
}

void
sdp_span_copy(char *out, struct sdp_span span)
{
	memcpy(out, span.p, span.len);
	out[span.len] = '\0';
}

/*
 * Browsers offer no NACK for sound, but answer it. Whoever offers transport-cc
 * is one of them, or does as they do.
 */
static bool
resends_sound(const struct sdp_media *audio, const struct sdp_format *opus)
{
	return (audio->any_feedback | opus->feedback) &
	    (SDP_FB_NACK | SDP_FB_TWCC);
}

static void
agree(const struct sdp_choice *c, struct sdp_negotiated *n,
    enum sdp_policy policy)
{
	const struct sdp_transport *t = &c->transport->transport;

	if (c->audio)
		sdp_stream_agree(&n->audio, c->audio, c->opus,
		    may_send(c->audio, policy),
		    may_receive(c->audio, policy));
	if (c->audio)
		n->audio.resends = resends_sound(c->audio, c->opus);
	if (c->video) {
		const bool receive = we_receive_video(c, policy);

		sdp_stream_agree(&n->video, c->video, receive ?
		    c->formats.receive[0].format :
		    c->formats.sends[0].format,
		    we_send_video(c, policy), receive);
		sdp_stream_agree_video(&n->video, &c->formats);
	}
	n->note = c->note;
	agree_extensions(c, n);
	if (c->video && n->video.receive)
		agree_layers(c, n);
	sdp_span_copy(n->ufrag, t->ufrag);
	sdp_span_copy(n->pwd, t->pwd);
	memcpy(n->fingerprint, t->fingerprint, sizeof(n->fingerprint));
	n->dtls_active = t->setup != SDP_SETUP_ACTIVE;
}

/* ---- answering --------------------------------------------------------- */

static int
answer_parsed(struct sdp_negotiated *out, struct strbuf *answer,
    const struct sdp *offer, const struct sdp_answer_config *cfg,
    const char **why)
{
	struct sdp_negotiated n = { 0 };
	struct sdp_choice     c = { 0 };

	if (!choose_sections(&c, offer, cfg->policy, why))
		return -ENOTSUP;
	choose_transport(&c, offer);
	*why = transport_refusal(&c.transport->transport);
	if (*why)
		return -ENOTSUP;
	agree(&c, &n, cfg->policy);
	sdp_write_answer(answer, &c, offer, &n, cfg);
	if (strbuf_text(answer) == NULL) {
		*why = "The answer is too long.";
		return -ENOTSUP;
	}
	*out = n;
	return 0;
}

int
sdp_answer(struct sdp_negotiated *out, struct strbuf *answer,
    const char *offer, size_t offer_len, const struct sdp_answer_config *cfg,
    const char **why)
{
	struct sdp *sdp = NULL;
	int         err;

	err = sdp_parse(&sdp, offer, offer_len, why);
	if (err)
		return err;
	err = answer_parsed(out, answer, sdp, cfg, why);
	sdp_free(sdp);
	return err;
}
