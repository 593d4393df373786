/*
 * Answering an SDP offer (RFC 3264, RFC 8866, RFC 9143, RFC 8829, 5.3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In: the offer's bytes and what we want. Out: the answer's text and what was
 * agreed. The answer is ICE-lite and complete: all candidates are in it. One
 * audio and one video section at most are taken, others get port 0. Payload
 * types and extension ids are the offer's. Always a=ssrc lines for what we
 * send; MID is not negotiated on the wire; fingerprint SHA-256 only; setup
 * active unless the offer forces us passive. An extension id that the bundle
 * uses with two meanings is answered at most once (for audio level before
 * others). stereo=1 is not echoed. Thin sound: packets of 60 ms, and the
 * least rate at which Opus makes FEC.
 *
 * Simulcast to us is taken where it is offered, at most three layers, named
 * on the wire by RtpStreamId (sdp/simulcast.h). RTX is never agreed on, so
 * nothing comes that RepairedRtpStreamId could name.
 *
 * Video: sdp/video_formats.h says what we read and write. The answer names
 * first what is to be sent to us, then the others that we read, so that a
 * sender may change; when only we send, just what we send. We send VP8, or
 * H.264 to who has no VP8, and may go over to VP9 or AV1 in mid-stream.
 * Who has neither, but offers sound too, gets port 0 for the video, with a
 * line a=x-tessera-note that says why. Pure; any thread.
 */
#ifndef SDP_OFFER_ANSWER_H
#define SDP_OFFER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/strbuf.h"
#include "util/video_codec.h"

#define SDP_CANDIDATES_MAX 16
#define SDP_SSRCS_MAX      8
#define SDP_ICE_MAX        256	/* RFC 8839, 5.4: ufrag and pwd */
#define SDP_LAYERS_MAX     3
#define SDP_RID_MAX        16	/* bytes of an RtpStreamId */

/* What the client may do; join, WHIP and WHEP differ in nothing else. */
enum sdp_policy {
	SDP_BOTH,		/* join: answer what was offered */
	SDP_RECEIVE,		/* WHIP: always recvonly */
	SDP_SEND,		/* WHEP: always sendonly */
};

struct sdp_candidate {
	bool v6;
	char address[64];
};

struct sdp_answer_config {
	enum sdp_policy policy;
	const char     *ufrag, *pwd;	/* ours */
	uint8_t         fingerprint[32];
	uint16_t        port;
	unsigned        candidate_count;
	struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
	uint32_t        audio_ssrc, video_ssrc;	/* of what we send */
	const char     *cname;
	uint64_t        session_id;	/* of the o= line */
	uint32_t        video_max_bps;	/* b=TIAS of what we receive; 0: none */
	bool            thin_sound;	/* … comes in 27 kbit/s, on the wire */
};

/* A video format that may come. */
struct sdp_coding {
	uint8_t          payload_type;
	enum video_codec codec;
};

struct sdp_stream {
	bool     active;	/* the section was taken */
	bool     send, receive;	/* as seen by us */
	uint8_t  payload_type;	/* Opus, or of the video that we send */
	enum video_codec codec;	/* of the video that we send */
	bool     single_nal;	/* H.264 that we send: packetization mode 0 */
	uint8_t  send_types[VIDEO_CODECS];	/* payload types; 0: not sent */
	uint8_t  level_idc;	/* H.264 that we send: the peer's level, 31 */
	unsigned coding_count;	/* of the video that comes, best first */
	struct sdp_coding codings[VIDEO_CODECS];
	uint8_t  level_id;	/* RFC 6464 in what we receive; 0: none */
	uint8_t  twcc_id;	/* transport-wide sequence, likewise */
	uint8_t  rid_id;	/* RtpStreamId (RFC 8852), of layers */
	unsigned layer_count;	/* of simulcast to us; 0: one stream */
	char     layers[SDP_LAYERS_MAX][SDP_RID_MAX + 1];	/* their rids */
	bool     fec;		/* Opus useinbandfec=1 */
	bool     nack, pli, fir, remb, twcc;	/* rtcp-fb agreed */
	bool     resends;	/* sound: answers NACK, agreed or not */
	unsigned ssrc_count;	/* of the offer's a=ssrc lines, no RTX */
	uint32_t ssrcs[SDP_SSRCS_MAX];
};

struct sdp_negotiated {
	struct sdp_stream audio, video;
	char    ufrag[SDP_ICE_MAX + 1], pwd[SDP_ICE_MAX + 1];	/* theirs */
	uint8_t fingerprint[32];	/* theirs */
	bool    dtls_active;		/* we are the DTLS client */
	const char *note;		/* why there is no video; or NULL */
};

/* The codec of a payload type that may come; false for any other. */
bool sdp_stream_coding(enum video_codec *out, const struct sdp_stream *video,
    uint8_t payload_type);

/*
 * Returns 0; -EBADMSG when the offer cannot be read, -ENOTSUP when it can be
 * but not answered. Then *why (static text, for a person) says the reason.
 * On an error *out is untouched and nothing useful is in `answer`.
 */
int sdp_answer(struct sdp_negotiated *out, struct strbuf *answer,
    const char *offer, size_t offer_len, const struct sdp_answer_config *cfg,
    const char **why);

/* ---- the other side, for tessera-peer ------------------------------------ */

struct sdp_offer_config {
	bool        send, receive;
	bool        audio, video;
	enum video_codec codec;		/* VIDEO_VP8 or VIDEO_H264 (mode 1) */
	const char *ufrag, *pwd;
	uint8_t     fingerprint[32];
	uint32_t    audio_ssrc, video_ssrc;
	const char *cname;
	uint64_t    session_id;
	bool        levels;		/* offer RFC 6464 (id 1) */
	bool        twcc;		/* offer transport-cc (id 3) */
};

#define SDP_OFFER_OPUS_PT 111
#define SDP_OFFER_VP8_PT  96
#define SDP_OFFER_H264_PT 102

/* A bundled offer, setup actpass, rtcp-mux. Returns 0 or -ENOMEM. */
int sdp_offer_write(struct strbuf *offer, const struct sdp_offer_config *cfg);

struct sdp_answered {
	struct sdp_stream audio, video;	/* send/receive as seen by us */
	uint32_t audio_ssrc, video_ssrc;	/* of what they send; 0: none */
	char     ufrag[SDP_ICE_MAX + 1], pwd[SDP_ICE_MAX + 1];
	uint8_t  fingerprint[32];
	bool     dtls_active;		/* we are the DTLS client */
	uint16_t port;
	unsigned candidate_count;
	struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
};

/* Reads an answer to such an offer. 0, or -EBADMSG. */
int sdp_answer_read(struct sdp_answered *out, const char *answer, size_t len);

#endif
