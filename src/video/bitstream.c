/*
 * What a coded picture says of itself, by codec; the header of a VP8 frame.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/bitstream.h"

#include <errno.h>

#include "util/reader.h"

#define VP8_VERSION_MAX 3	/* RFC 6386, 9.1: others are reserved */
#define VP8_START_CODE  0x9d012a
#define VP8_SIZE_MASK   0x3fff	/* the two bits above ask for scaling */

/* VP8 is little-endian, unlike everything else on the wire. */
static uint32_t
read_le16(struct reader *r)
{
	const uint32_t low = reader_u8(r);

	return low | (uint32_t)reader_u8(r) << 8;
}

int
bitstream_vp8(struct bitstream_info *out, const uint8_t *data, size_t len)
{
	struct reader         r = reader_of(data, len);
	struct bitstream_info info = { 0 };
	uint32_t              tag = read_le16(&r);

	tag |= (uint32_t)reader_u8(&r) << 16;
	info.key = (tag & 1) == 0;
	info.shown = (tag >> 4 & 1) != 0;
	if ((tag >> 1 & 7) > VP8_VERSION_MAX)
		return -EBADMSG;
	if (info.key) {
		if (reader_u24(&r) != VP8_START_CODE)
			return -EBADMSG;
		info.width = (int)(read_le16(&r) & VP8_SIZE_MASK);
		info.height = (int)(read_le16(&r) & VP8_SIZE_MASK);
		if (info.width == 0 || info.height == 0)
			return -EBADMSG;
	}
	/* The first partition must be there whole: it steers all others. */
	reader_skip(&r, tag >> 5);
	if (r.bad)
		return -EBADMSG;
	*out = info;
	return 0;
}

int
bitstream_read(struct bitstream_info *out, enum video_codec codec,
    const uint8_t *data, size_t len)
{
	switch (codec) {
	case VIDEO_VP8:
		return bitstream_vp8(out, data, len);
	case VIDEO_H264:
		return bitstream_h264(out, data, len);
	case VIDEO_VP9:
		return bitstream_vp9(out, data, len);
	case VIDEO_AV1:
		return bitstream_av1(out, data, len);
	}
	return -EBADMSG;
}
