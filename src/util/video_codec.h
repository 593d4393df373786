/*
 * The video codecs that are spoken here, as sdp/, rtp/ and video/ name them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef UTIL_VIDEO_CODEC_H
#define UTIL_VIDEO_CODEC_H

enum video_codec {
	VIDEO_VP8,		/* of a zeroed struct */
	VIDEO_H264,		/* Annex B inside the program */
	VIDEO_VP9,
	VIDEO_AV1,		/* low-overhead OBUs inside the program */
};

#define VIDEO_CODECS 4

/* As RTP names it (a=rtpmap). */
static inline const char *
video_codec_name(enum video_codec codec)
{
	static const char *const names[VIDEO_CODECS] = {
		"VP8", "H264", "VP9", "AV1",
	};

	return names[codec];
}

#endif
