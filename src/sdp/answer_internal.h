/*
 * What answering an offer and writing one have in common.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to sdp/offer_answer.c, sdp/answer_write.c and sdp/offer.c. Pure.
 */
#ifndef SDP_ANSWER_INTERNAL_H
#define SDP_ANSWER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "sdp/offer_answer.h"
#include "sdp/sdp.h"
#include "sdp/video_formats.h"
#include "util/strbuf.h"

#define SDP_OPUS "opus/48000/2"

#define SDP_URI_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define SDP_URI_TWCC \
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define SDP_URI_RID "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"

/* What was chosen of an offer. */
struct sdp_choice {
	const struct sdp_media  *audio, *video;	/* taken, or NULL */
	const struct sdp_format *opus;
	struct sdp_video_formats formats;	/* of video */
	const char              *note;		/* why there is no video */
	const struct sdp_media  *transport;	/* whose ICE and DTLS count */
	bool                     bundled;
};

/* The section with this mid, or NULL. */
const struct sdp_media *sdp_media_by_mid(const struct sdp *offer,
    struct sdp_span mid);

/* The answer to an offer, of what was chosen and agreed. */
void sdp_write_answer(struct strbuf *s, const struct sdp_choice *c,
    const struct sdp *offer, const struct sdp_negotiated *n,
    const struct sdp_answer_config *cfg);

/* Fills all but the header extensions; send and receive as seen by us. */
void sdp_stream_agree(struct sdp_stream *s, const struct sdp_media *m,
    const struct sdp_format *format, bool send, bool receive);

/* What sdp_stream_agree leaves out of video. */
void sdp_stream_agree_video(struct sdp_stream *s,
    const struct sdp_video_formats *formats);

/* `out` holds SDP_ICE_MAX + 1; the parser let no longer span through. */
void sdp_span_copy(char *out, struct sdp_span span);

const char *sdp_direction(bool send, bool receive);

/* All of `cfg`, and that there are no others. */
void sdp_write_candidates(struct strbuf *s,
    const struct sdp_answer_config *cfg);

void sdp_write_credentials(struct strbuf *s,
    const struct sdp_answer_config *cfg);
void sdp_write_fingerprint(struct strbuf *s, const uint8_t fingerprint[32]);
/* What was agreed, for one payload type. */
void sdp_write_feedback(struct strbuf *s, const struct sdp_stream *stream,
    uint8_t payload_type);
void sdp_write_source(struct strbuf *s, bool audio, uint32_t ssrc,
    const char *cname);

#endif
