/*
 * Writing what was chosen of an offer as the answer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "sdp/answer_internal.h"
#include "sdp/sdp.h"
#include "sdp/simulcast.h"

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
formats_listed(const struct sdp_video_format **out, const struct sdp_choice *c,
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
write_video_formats(struct strbuf *s, const struct sdp_choice *c,
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
write_media_line(struct strbuf *s, const struct sdp_choice *c,
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
write_taken(struct strbuf *s, const struct sdp_choice *c,
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
write_bundle(struct strbuf *s, const struct sdp_choice *c,
    const struct sdp *offer)
{
	struct sdp_span words = offer->bundle, mid;

	if (!c->bundled)
		return;
	strbuf_add(s, "a=group:BUNDLE");
	while (sdp_word(&mid, &words)) {
		const struct sdp_media *m = sdp_media_by_mid(offer, mid);

		if (m && (m == c->audio || m == c->video)) {
			strbuf_add(s, " ");
			add_span(s, mid);
		}
	}
	strbuf_add(s, "\r\n");
}

void
sdp_write_answer(struct strbuf *s, const struct sdp_choice *c,
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
