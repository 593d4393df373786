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

/* What was chosen of an offer. */
struct choice {
	const struct sdp_media  *audio, *video;	/* taken, or NULL */
	const struct sdp_format *opus;
	struct sdp_video_formats formats;	/* of video */
	const char              *note;		/* why there is no video */
	const struct sdp_media  *transport;	/* whose ICE and DTLS count */
	bool                     bundled;
};

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
we_send_video(const struct choice *c, enum sdp_policy policy)
{
	return may_send(c->video, policy) && c->formats.send_count > 0;
}

static bool
we_receive_video(const struct choice *c, enum sdp_policy policy)
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
choose_sections(struct choice *c, const struct sdp *offer,
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

static const struct sdp_media *
media_by_mid(const struct sdp *offer, struct sdp_span mid)
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
choose_transport(struct choice *c, const struct sdp *offer)
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
		const struct sdp_media *m = media_by_mid(offer, mid);

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
agree_extensions(const struct choice *c, struct sdp_negotiated *n)
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
agree_layers(const struct choice *c, struct sdp_negotiated *n)
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
agree(const struct choice *c, struct sdp_negotiated *n,
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

/* ---- writing ----------------------------------------------------------- */

static void
add_span(struct strbuf *s, struct sdp_span span)
{
	strbuf_add_bytes(s, span.p, span.len);
}

static void
write_connection(struct strbuf *s, const struct sdp_answer_config *cfg)
{
	const struct sdp_candidate *first = &cfg->candidates[0];

	if (cfg->candidate_count == 0)
		strbuf_add(s, "c=IN IP4 0.0.0.0\r\n");
	else
		strbuf_printf(s, "c=IN %s %s\r\n", first->v6 ? "IP6" : "IP4",
		    first->address);
}

void
sdp_write_fingerprint(struct strbuf *s, const uint8_t fingerprint[32])
{
	strbuf_add(s, "a=fingerprint:sha-256 ");
	for (unsigned i = 0; i < 32; i++)
		strbuf_printf(s, "%s%02X", i ? ":" : "", fingerprint[i]);
	strbuf_add(s, "\r\n");
}

const char *
sdp_direction(bool send, bool receive)
{
	if (send)
		return receive ? "sendrecv" : "sendonly";
	return receive ? "recvonly" : "inactive";
}

void
sdp_write_credentials(struct strbuf *s, const struct sdp_answer_config *cfg)
{
	strbuf_printf(s, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", cfg->ufrag,
	    cfg->pwd);
}

static void
write_transport(struct strbuf *s, const struct sdp_answer_config *cfg,
    bool active)
{
	sdp_write_credentials(s, cfg);
	sdp_write_fingerprint(s, cfg->fingerprint);
	strbuf_printf(s, "a=setup:%s\r\n", active ? "active" : "passive");
}

/* RFC 8445, 5.1.2.1: host candidates, the first the best. */
void
sdp_write_candidates(struct strbuf *s, const struct sdp_answer_config *cfg)
{
	for (unsigned i = 0; i < cfg->candidate_count; i++) {
		const uint32_t priority = 126u << 24 | (65535u - i) << 8 | 255;

		strbuf_printf(s, "a=candidate:%u 1 udp %u %s %u typ host\r\n",
		    i + 1, priority, cfg->candidates[i].address, cfg->port);
	}
	strbuf_add(s, "a=end-of-candidates\r\n");
}

void
sdp_write_feedback(struct strbuf *s, const struct sdp_stream *stream,
    uint8_t payload_type)
{
	const struct {
		bool        agreed;
		const char *text;
	} all[] = {
		{ stream->nack, "nack" }, { stream->pli, "nack pli" },
		{ stream->fir, "ccm fir" }, { stream->remb, "goog-remb" },
		{ stream->twcc, "transport-cc" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].agreed)
			strbuf_printf(s, "a=rtcp-fb:%u %s\r\n",
			    payload_type, all[i].text);
	}
}

/* An extension we only receive is answered so to who can send it only. */
static void
write_extension(struct strbuf *s, const struct sdp_media *m, uint8_t id,
    const char *uri)
{
	if (id == 0)
		return;
	for (unsigned i = 0; i < m->extension_count; i++) {
		const struct sdp_extension *e = &m->extensions[i];

		if (e->id == id && sdp_span_is(e->uri, uri)) {
			strbuf_printf(s, "a=extmap:%u%s %s\r\n", id,
			    e->receive ? "" : "/recvonly", uri);
			return;
		}
	}
}

void
sdp_write_source(struct strbuf *s, bool audio, uint32_t ssrc,
    const char *cname)
{
	strbuf_printf(s, "a=msid:tessera tessera-%s\r\n",
	    audio ? "audio" : "video");
	strbuf_printf(s, "a=ssrc:%u cname:%s\r\n", ssrc, cname);
}

/* The formats of the m= line: to be sent to us, else sent by us. */
static unsigned
formats_listed(const struct sdp_video_format **out, const struct choice *c,
    const struct sdp_stream *stream)
{
	if (stream->receive) {
		*out = c->formats.receive;
		return c->formats.count;
	}
	*out = c->formats.sends;
	return c->formats.send_count;
}

/* Of what was agreed, what the offer has for this format too. */
static struct sdp_stream
feedback_of(const struct sdp_stream *stream, const struct sdp_media *m,
    const struct sdp_format *format)
{
	const unsigned    offered = format->feedback | m->any_feedback;
	struct sdp_stream s = *stream;

	s.nack = s.nack && (offered & SDP_FB_NACK);
	s.pli = s.pli && (offered & SDP_FB_PLI);
	s.fir = s.fir && (offered & SDP_FB_FIR);
	s.remb = s.remb && (offered & SDP_FB_REMB);
	s.twcc = s.twcc && (offered & SDP_FB_TWCC);
	return s;
}

static void
write_audio_format(struct strbuf *s, const struct sdp_stream *stream,
    bool thin)
{
	strbuf_printf(s, "a=rtpmap:%u " SDP_OPUS "\r\n"
	    "a=fmtp:%u minptime=10;useinbandfec=1%s\r\n",
	    stream->payload_type, stream->payload_type,
	    thin ? ";maxaveragebitrate=20000" : "");
	if (thin)
		strbuf_add(s, "a=ptime:60\r\n");
	sdp_write_feedback(s, stream, stream->payload_type);
}

static void
write_video_formats(struct strbuf *s, const struct choice *c,
    const struct sdp_stream *stream)
{
	const struct sdp_video_format *formats;
	const unsigned count = formats_listed(&formats, c, stream);

	for (unsigned i = 0; i < count; i++) {
		const struct sdp_format *format = formats[i].format;
		const struct sdp_stream  agreed = feedback_of(stream,
		    c->video, format);

		sdp_video_format_write(s, &formats[i]);
		sdp_write_feedback(s, &agreed, format->payload_type);
	}
}

static void
write_media_line(struct strbuf *s, const struct choice *c,
    const struct sdp_media *m, const struct sdp_stream *stream, uint16_t port)
{
	const struct sdp_video_format *formats;

	strbuf_printf(s, "m=%s %u ", m == c->audio ? "audio" : "video", port);
	add_span(s, m->protocol);
	if (m == c->audio) {
		strbuf_printf(s, " %u\r\n", stream->payload_type);
		return;
	}
	for (unsigned i = 0; i < formats_listed(&formats, c, stream); i++)
		strbuf_printf(s, " %u", formats[i].format->payload_type);
	strbuf_add(s, "\r\n");
}

static void
write_taken(struct strbuf *s, const struct choice *c,
    const struct sdp_media *m, const struct sdp_stream *stream,
    const struct sdp_answer_config *cfg, bool active)
{
	const bool audio = m->kind == SDP_AUDIO;

	write_media_line(s, c, m, stream, cfg->port);
	write_connection(s, cfg);
	if (!audio && stream->receive && cfg->video_max_bps != 0)
		strbuf_printf(s, "b=TIAS:%u\r\n", cfg->video_max_bps);
	if (m->mid.p) {
		strbuf_add(s, "a=mid:");
		add_span(s, m->mid);
		strbuf_add(s, "\r\n");
	}
	strbuf_printf(s, "a=%s\r\na=rtcp-mux\r\n",
	    sdp_direction(stream->send, stream->receive));
	if (m->rtcp_mux_only)	/* RFC 8858, 4.3 */
		strbuf_add(s, "a=rtcp-mux-only\r\n");
	if (m->rtcp_rsize)
		strbuf_add(s, "a=rtcp-rsize\r\n");
	if (m->extmap_mixed)
		strbuf_add(s, "a=extmap-allow-mixed\r\n");
	write_transport(s, cfg, active);
	if (audio)
		write_audio_format(s, stream, cfg->thin_sound &&
		    stream->receive);
	else
		write_video_formats(s, c, stream);
	write_extension(s, m, stream->level_id, SDP_URI_LEVEL);
	write_extension(s, m, stream->twcc_id, SDP_URI_TWCC);
	write_extension(s, m, stream->rid_id, SDP_URI_RID);
	sdp_simulcast_write(s, stream, m);
	if (stream->send)
		sdp_write_source(s, audio,
		    audio ? cfg->audio_ssrc : cfg->video_ssrc, cfg->cname);
	sdp_write_candidates(s, cfg);
}

/* RFC 3264, 6: refused, in its place, with its formats. */
static void
write_refused(struct strbuf *s, const struct sdp_media *m, const char *note)
{
	strbuf_add(s, "m=");
	add_span(s, m->media);
	strbuf_add(s, " 0 ");
	add_span(s, m->protocol);
	strbuf_add(s, " ");
	add_span(s, m->formats_text);
	strbuf_add(s, "\r\nc=IN IP4 0.0.0.0\r\n");
	if (m->mid.p) {
		strbuf_add(s, "a=mid:");
		add_span(s, m->mid);
		strbuf_add(s, "\r\n");
	}
	strbuf_add(s, "a=inactive\r\n");
	if (note)
		strbuf_printf(s, "a=x-tessera-note:%s\r\n", note);
}

static void
write_bundle(struct strbuf *s, const struct choice *c,
    const struct sdp *offer)
{
	struct sdp_span words = offer->bundle, mid;

	if (!c->bundled)
		return;
	strbuf_add(s, "a=group:BUNDLE");
	while (sdp_word(&mid, &words)) {
		const struct sdp_media *m = media_by_mid(offer, mid);

		if (m && (m == c->audio || m == c->video)) {
			strbuf_add(s, " ");
			add_span(s, mid);
		}
	}
	strbuf_add(s, "\r\n");
}

static void
write_answer(struct strbuf *s, const struct choice *c,
    const struct sdp *offer, const struct sdp_negotiated *n,
    const struct sdp_answer_config *cfg)
{
	/* Browsers read the session id as a signed number. */
	strbuf_printf(s, "v=0\r\no=- %llu 1 IN IP4 127.0.0.1\r\ns=-\r\n"
	    "t=0 0\r\n", (unsigned long long)(cfg->session_id & INT64_MAX));
	write_bundle(s, c, offer);
	if (offer->session.extmap_mixed)
		strbuf_add(s, "a=extmap-allow-mixed\r\n");
	strbuf_add(s, "a=ice-lite\r\n");
	for (unsigned i = 0; i < offer->media_count; i++) {
		const struct sdp_media *m = &offer->media[i];

		if (m == c->audio)
			write_taken(s, c, m, &n->audio, cfg, n->dtls_active);
		else if (m == c->video)
			write_taken(s, c, m, &n->video, cfg, n->dtls_active);
		else
			write_refused(s, m, m->kind == SDP_VIDEO ? c->note :
			    NULL);
	}
}

static int
answer_parsed(struct sdp_negotiated *out, struct strbuf *answer,
    const struct sdp *offer, const struct sdp_answer_config *cfg,
    const char **why)
{
	struct sdp_negotiated n = { 0 };
	struct choice         c = { 0 };

	if (!choose_sections(&c, offer, cfg->policy, why))
		return -ENOTSUP;
	choose_transport(&c, offer);
	*why = transport_refusal(&c.transport->transport);
	if (*why)
		return -ENOTSUP;
	agree(&c, &n, cfg->policy);
	write_answer(answer, &c, offer, &n, cfg);
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
