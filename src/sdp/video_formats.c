/*
 * The video formats of an offer that we can speak, and their a=fmtp.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "sdp/video_formats.h"

#define H264_BASELINE 0x42
#define H264_DEFAULT  0x42000a	/* RFC 6184, 8.1: baseline, level 1 */
#define H264_ID_DIGITS 6
#define ASYMMETRY "level-asymmetry-allowed=1"

static const char *const encodings[VIDEO_CODECS] = {
	[VIDEO_VP8] = "VP8/90000",
	[VIDEO_H264] = "H264/90000",
	[VIDEO_VP9] = "VP9/90000",
	[VIDEO_AV1] = "AV1/90000",
};

/* A parameter's number; `missing` when it is not there, `max` + 1 if wrong. */
static uint32_t
number_of(struct sdp_span parameters, const char *name, uint32_t missing,
    uint32_t max)
{
	struct sdp_span value;
	uint32_t        number;

	if (!sdp_parameter_value(&value, parameters, name))
		return missing;
	return sdp_u32(&number, value, max) ? number : max + 1;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* profile-level-id (RFC 6184, 8.1); 0 when it is none. */
static uint32_t
profile_level_id(struct sdp_span parameters)
{
	struct sdp_span value;
	uint32_t        id = 0;

	if (!sdp_parameter_value(&value, parameters, "profile-level-id"))
		return H264_DEFAULT;
	if (value.len != H264_ID_DIGITS)
		return 0;
	for (size_t i = 0; i < value.len; i++) {
		const int digit = hex_digit(value.p[i]);

		if (digit < 0)
			return 0;
		id = id << 4 | (uint32_t)digit;
	}
	return id;
}

static bool
h264_usable(struct sdp_video_format *out, const struct sdp_format *format)
{
	const uint32_t id = profile_level_id(format->parameters);
	const uint32_t mode = number_of(format->parameters,
	    "packetization-mode", 0, 1);

	if (id >> 16 != H264_BASELINE || mode > 1)
		return false;
	out->single_nal = mode == 0;
	out->level_idc = id & 0xff;
	return true;
}

/* Whether we can speak this format; fills all of *out. */
static bool
usable(struct sdp_video_format *out, const struct sdp_format *format)
{
	unsigned codec = 0;

	while (codec < VIDEO_CODECS &&
	    !sdp_span_is(format->encoding, encodings[codec]))
		codec++;
	if (codec == VIDEO_CODECS)
		return false;
	*out = (struct sdp_video_format) { .format = format,
		.codec = (enum video_codec)codec };
	switch (out->codec) {
	case VIDEO_VP8:
		break;
	case VIDEO_H264:
		return h264_usable(out, format);
	case VIDEO_VP9:
		return number_of(format->parameters, "profile-id", 0, 3) == 0;
	case VIDEO_AV1:
		return number_of(format->parameters, "profile", 0, 2) == 0;
	}
	return true;
}

static void
add(struct sdp_video_formats *all, const struct sdp_video_format *format)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct sdp_video_format *known = &all->receive[i];

		if (known->codec != format->codec)
			continue;
		if (known->single_nal && !format->single_nal)
			*known = *format;
		return;
	}
	all->receive[all->count++] = *format;
	if (format->codec == VIDEO_VP8) {
		memmove(all->receive + 1, all->receive,
		    (all->count - 1) * sizeof(all->receive[0]));
		all->receive[0] = *format;
	}
}

static bool
is_taken_in_midstream(const struct sdp_video_format *format,
    const struct sdp_media *media)
{
	const unsigned feedback = format->format->feedback |
	    media->any_feedback;

	return (format->codec == VIDEO_VP9 || format->codec == VIDEO_AV1) &&
	    (feedback & SDP_FB_REMB) && (feedback & SDP_FB_PLI);
}

void
sdp_video_formats_of(struct sdp_video_formats *out,
    const struct sdp_media *media)
{
	struct sdp_video_format format;

	*out = (struct sdp_video_formats) { .count = 0 };
	for (unsigned i = 0; i < media->format_count; i++) {
		if (usable(&format, &media->formats[i]))
			add(out, &format);
	}
	for (unsigned i = 0; i < out->count && out->send_count == 0; i++) {
		if (out->receive[i].codec == VIDEO_VP8 ||
		    out->receive[i].codec == VIDEO_H264)
			out->sends[out->send_count++] = out->receive[i];
	}
	for (unsigned i = 0; i < out->count && out->send_count > 0; i++) {
		if (is_taken_in_midstream(&out->receive[i], media))
			out->sends[out->send_count++] = out->receive[i];
	}
}

void
sdp_video_format_write(struct strbuf *s,
    const struct sdp_video_format *format)
{
	const unsigned type = format->format->payload_type;

	strbuf_printf(s, "a=rtpmap:%u %s\r\n", type,
	    encodings[format->codec]);
	switch (format->codec) {
	case VIDEO_VP8:
		break;
	case VIDEO_H264:
		/* The offer's own level: RFC 6184, 8.2.2, lets none exceed. */
		strbuf_printf(s, "a=fmtp:%u %spacketization-mode=%u;"
		    "profile-level-id=%06x\r\n", type,
		    sdp_parameter(format->format->parameters, ASYMMETRY) ?
		    ASYMMETRY ";" : "", !format->single_nal,
		    (unsigned)profile_level_id(format->format->parameters));
		break;
	case VIDEO_VP9:
		strbuf_printf(s, "a=fmtp:%u profile-id=0\r\n", type);
		break;
	case VIDEO_AV1:
		strbuf_printf(s, "a=fmtp:%u level-idx=5;profile=0;tier=0\r\n",
		    type);
		break;
	}
}
