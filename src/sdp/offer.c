/*
 * The offering side, for tessera-peer: writes an offer, reads its answer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sdp/answer_internal.h"
#include "sdp/offer_answer.h"
#include "sdp/sdp.h"

#define OFFER_LEVEL_ID 1
#define OFFER_TWCC_ID  3

/* ---- writing ----------------------------------------------------------- */

static void
write_audio(struct strbuf *s, const struct sdp_offer_config *cfg)
{
	strbuf_printf(s, "a=rtpmap:%u " SDP_OPUS "\r\n"
	    "a=fmtp:%u minptime=10;useinbandfec=1\r\n", SDP_OFFER_OPUS_PT,
	    SDP_OFFER_OPUS_PT);
	if (cfg->levels)
		strbuf_printf(s, "a=extmap:%u " SDP_URI_LEVEL "\r\n",
		    OFFER_LEVEL_ID);
}

static unsigned
video_payload_type(const struct sdp_offer_config *cfg)
{
	return cfg->codec == VIDEO_H264 ? SDP_OFFER_H264_PT :
	    SDP_OFFER_VP8_PT;
}

static void
write_video(struct strbuf *s, const struct sdp_offer_config *cfg)
{
	const unsigned pt = video_payload_type(cfg);

	strbuf_printf(s, "a=rtpmap:%u %s/90000\r\n", pt,
	    video_codec_name(cfg->codec));
	if (cfg->codec == VIDEO_H264)
		strbuf_printf(s, "a=fmtp:%u level-asymmetry-allowed=1;"
		    "packetization-mode=1;profile-level-id=42e01f\r\n", pt);
}

static void
write_section(struct strbuf *s, const struct sdp_offer_config *cfg, bool audio,
    unsigned mid)
{
	const struct sdp_stream stream = {
		.payload_type = (uint8_t)(audio ? SDP_OFFER_OPUS_PT :
		    video_payload_type(cfg)),
		.nack = !audio, .pli = !audio, .fir = !audio, .remb = !audio,
		.twcc = cfg->twcc,
	};

	strbuf_printf(s, "m=%s 9 UDP/TLS/RTP/SAVPF %u\r\n"
	    "c=IN IP4 0.0.0.0\r\na=mid:%u\r\na=%s\r\n"
	    "a=rtcp-mux\r\na=rtcp-rsize\r\n", audio ? "audio" : "video",
	    stream.payload_type, mid, sdp_direction(cfg->send, cfg->receive));
	strbuf_printf(s, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", cfg->ufrag,
	    cfg->pwd);
	sdp_write_fingerprint(s, cfg->fingerprint);
	strbuf_add(s, "a=setup:actpass\r\n");
	if (audio)
		write_audio(s, cfg);
	else
		write_video(s, cfg);
	sdp_write_feedback(s, &stream, stream.payload_type);
	if (cfg->twcc)
		strbuf_printf(s, "a=extmap:%u " SDP_URI_TWCC "\r\n",
		    OFFER_TWCC_ID);
	if (cfg->send)
		sdp_write_source(s, audio,
		    audio ? cfg->audio_ssrc : cfg->video_ssrc, cfg->cname);
}

int
sdp_offer_write(struct strbuf *offer, const struct sdp_offer_config *cfg)
{
	unsigned mid = 0;

	strbuf_printf(offer, "v=0\r\no=- %llu 1 IN IP4 127.0.0.1\r\ns=-\r\n"
	    "t=0 0\r\na=group:BUNDLE 0%s\r\n",
	    (unsigned long long)(cfg->session_id & INT64_MAX),
	    cfg->audio && cfg->video ? " 1" : "");
	if (cfg->audio)
		write_section(offer, cfg, true, mid++);
	if (cfg->video)
		write_section(offer, cfg, false, mid);
	return strbuf_text(offer) ? 0 : -ENOMEM;
}

/* ---- reading ----------------------------------------------------------- */

static uint8_t
answered_id(const struct sdp_media *m, const char *uri)
{
	for (unsigned i = 0; i < m->extension_count; i++) {
		const struct sdp_extension *e = &m->extensions[i];

		if (e->receive && sdp_span_is(e->uri, uri))
			return e->id;
	}
	return 0;
}

static int
read_audio(struct sdp_answered *a, const struct sdp_media *m)
{
	const struct sdp_format *format = sdp_format_of(m, SDP_OPUS);

	if (format == NULL || a->audio.active)
		return -EBADMSG;
	sdp_stream_agree(&a->audio, m, format, m->receive, m->send);
	a->audio.twcc = (format->feedback | m->any_feedback) & SDP_FB_TWCC;
	a->audio_ssrc = a->audio.ssrc_count ? a->audio.ssrcs[0] : 0;
	return 0;
}

static int
read_video(struct sdp_answered *a, const struct sdp_media *m)
{
	const struct sdp_format *format;
	struct sdp_video_formats formats;

	sdp_video_formats_of(&formats, m);
	if (formats.count == 0 || a->video.active)
		return -EBADMSG;
	format = formats.receive[0].format;
	sdp_stream_agree(&a->video, m, format, m->receive, m->send);
	sdp_stream_agree_video(&a->video, &formats);
	a->video.twcc = (format->feedback | m->any_feedback) & SDP_FB_TWCC;
	a->video_ssrc = a->video.ssrc_count ? a->video.ssrcs[0] : 0;
	return 0;
}

/* The ids of the extensions that we send. */
static void
read_extensions(struct sdp_stream *s, const struct sdp_media *m)
{
	s->level_id = answered_id(m, SDP_URI_LEVEL);
	s->twcc_id = answered_id(m, SDP_URI_TWCC);
}

static bool
address_read(struct sdp_candidate *out, struct sdp_span address)
{
	uint8_t binary[sizeof(struct in6_addr)];

	if (address.len >= sizeof(out->address))
		return false;
	sdp_span_copy(out->address, address);
	out->v6 = memchr(address.p, ':', address.len) != NULL;
	return inet_pton(out->v6 ? AF_INET6 : AF_INET, out->address,
	    binary) == 1;
}

/* "1 1 udp 2130706431 192.0.2.1 4000 typ host" (RFC 8839, 5.1). */
static void
read_candidate(struct sdp_answered *out, struct sdp_span line)
{
	struct sdp_candidate candidate = { 0 };
	struct sdp_span      word[6] = { { NULL, 0 } };
	uint32_t             port;

	for (unsigned i = 0; i < 6; i++) {
		if (!sdp_word(&word[i], &line))
			return;
	}
	if (!sdp_span_is(word[1], "1") || !sdp_span_is(word[2], "udp") ||
	    !sdp_u32(&port, word[5], UINT16_MAX) || port == 0 ||
	    !address_read(&candidate, word[4]))
		return;
	if (out->candidate_count == 0)
		out->port = (uint16_t)port;
	if (out->port == port && out->candidate_count < SDP_CANDIDATES_MAX)
		out->candidates[out->candidate_count++] = candidate;
}

static int
read_transport(struct sdp_answered *out, const struct sdp_media *m)
{
	const struct sdp_transport *t = &m->transport;

	if (!t->ufrag.p || !t->pwd.p || !t->has_fingerprint ||
	    (t->setup != SDP_SETUP_ACTIVE && t->setup != SDP_SETUP_PASSIVE))
		return -EBADMSG;
	sdp_span_copy(out->ufrag, t->ufrag);
	sdp_span_copy(out->pwd, t->pwd);
	memcpy(out->fingerprint, t->fingerprint, sizeof(out->fingerprint));
	out->dtls_active = t->setup == SDP_SETUP_PASSIVE;
	for (unsigned i = 0; i < m->candidate_lines &&
	    i < SDP_CANDIDATES_KEPT; i++)
		read_candidate(out, m->candidates[i]);
	return 0;
}

static int
read_parsed(struct sdp_answered *out, const struct sdp *sdp)
{
	struct sdp_answered a = { 0 };
	bool                any = false;
	int                 err = 0;

	for (unsigned i = 0; i < sdp->media_count && !err; i++) {
		const struct sdp_media *m = &sdp->media[i];

		if (m->kind == SDP_OTHER || m->port == 0)
			continue;
		err = m->kind == SDP_AUDIO ? read_audio(&a, m) :
		    read_video(&a, m);
		if (!err)
			read_extensions(m->kind == SDP_AUDIO ? &a.audio :
			    &a.video, m);
		if (!err && !any)
			err = read_transport(&a, m);
		any = true;
	}
	if (err || !any)
		return -EBADMSG;
	*out = a;
	return 0;
}

int
sdp_answer_read(struct sdp_answered *out, const char *answer, size_t len)
{
	struct sdp *sdp = NULL;
	const char *why;
	int         err;

	err = sdp_parse(&sdp, answer, len, &why);
	if (err)
		return -EBADMSG;
	err = read_parsed(out, sdp);
	sdp_free(sdp);
	return err;
}
