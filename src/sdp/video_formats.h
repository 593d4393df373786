/*
 * The video formats of an offer that we can speak, and their a=fmtp.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to sdp/. Pure; borrows the media section.
 *
 * We read and write VP8, H.264 (baseline; packetization modes 0 and 1), VP9
 * and AV1 (of both profile 0). VP8 is first wherever it is offered, as every
 * client has it and it costs the least; the others follow as offered. One
 * format a codec: of H.264 a mode 1 before a mode 0.
 *
 * What we send begins with VP8 or H.264. VP9 and AV1 may come in mid-stream
 * instead, to who offers goog-remb for them: that are browsers and libwebrtc,
 * which show a change of payload type without a gap. GStreamer, which does
 * not offer it, would make another stream of it.
 */
#ifndef SDP_VIDEO_FORMATS_H
#define SDP_VIDEO_FORMATS_H

#include <stdbool.h>

#include "sdp/sdp.h"
#include "util/strbuf.h"
#include "util/video_codec.h"

struct sdp_video_format {
	const struct sdp_format *format;	/* NULL: not offered */
	enum video_codec         codec;
	bool                     single_nal;	/* H.264, mode 0 */
	unsigned                 level_idc;	/* H.264: 31 is level 3.1 */
};

struct sdp_video_formats {
	unsigned                send_count;	/* 0, or VP8 or H.264 first */
	struct sdp_video_format sends[VIDEO_CODECS];
	unsigned                count;		/* best first */
	struct sdp_video_format receive[VIDEO_CODECS];
};

void sdp_video_formats_of(struct sdp_video_formats *out,
    const struct sdp_media *media);

/* a=rtpmap and a=fmtp of one in an answer. */
void sdp_video_format_write(struct strbuf *s,
    const struct sdp_video_format *format);

#endif
