/*
 * The uncompressed header of a VP9 frame.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "video/bit_reader.h"
#include "video/bitstream.h"

/* VP9 bitstream and decoding process, 6.2 and annex B. */
#define FRAME_MARKER 2
#define SYNC_CODE    0x498342
#define COLOUR_RGB   7
#define REFERENCES   3
#define SUPERFRAME_MASK 0xe0
#define SUPERFRAME_IS   0xc0

/* Several frames in one, some of them hidden. */
static bool
is_superframe(const uint8_t *data, size_t len)
{
	struct reader r = reader_of(data, len);
	uint8_t       last, first;
	size_t        index_len;

	if (len == 0)
		return false;
	reader_skip(&r, len - 1);
	last = reader_u8(&r);
	if ((last & SUPERFRAME_MASK) != SUPERFRAME_IS)
		return false;
	index_len = 2 + (size_t)((last >> 3 & 3) + 1) * ((last & 7) + 1u);
	if (len < index_len)
		return false;
	r = reader_of(data, len);
	reader_skip(&r, len - index_len);
	first = reader_u8(&r);
	return first == last;
}

static void
read_sync_code(struct bit_reader *r)
{
	if (bit_reader_bits(r, 24) != SYNC_CODE)
		r->bad = true;
}

static void
read_size(struct bitstream_info *info, struct bit_reader *r)
{
	info->width = (int)bit_reader_bits(r, 16) + 1;
	info->height = (int)bit_reader_bits(r, 16) + 1;
}

static void
read_key(struct bitstream_info *info, struct bit_reader *r)
{
	info->key = true;
	read_sync_code(r);
	if (bit_reader_bits(r, 3) == COLOUR_RGB)
		r->bad = true;		/* not in profile 0 */
	bit_reader_flag(r);		/* full range */
	read_size(info, r);
}

/* A frame may take its size from one that it refers to. */
static void
read_inter(struct bitstream_info *info, struct bit_reader *r)
{
	bit_reader_skip(r, 8 + REFERENCES * 4);
	for (unsigned i = 0; i < REFERENCES; i++) {
		if (bit_reader_flag(r))
			return;
	}
	read_size(info, r);
}

int
bitstream_vp9(struct bitstream_info *out, const uint8_t *data, size_t len)
{
	struct bit_reader     r = bit_reader_of(data, len, false);
	struct bitstream_info info = { 0 };
	bool                  inter, resilient, intra_only;

	if (bit_reader_bits(&r, 2) != FRAME_MARKER ||
	    bit_reader_bits(&r, 2) != 0 || is_superframe(data, len))
		return -EBADMSG;	/* the profile is 0 */
	if (bit_reader_flag(&r)) {
		info.shown = true;	/* one that was decoded before */
		bit_reader_skip(&r, 3);
	} else {
		inter = bit_reader_flag(&r);
		info.shown = bit_reader_flag(&r);
		resilient = bit_reader_flag(&r);
		intra_only = inter && !info.shown && bit_reader_flag(&r);
		if (inter && !resilient)
			bit_reader_skip(&r, 2);
		if (!inter) {
			read_key(&info, &r);
		} else if (intra_only) {
			read_sync_code(&r);
			bit_reader_skip(&r, 8);
			read_size(&info, &r);
		} else {
			read_inter(&info, &r);
		}
	}
	if (r.bad)
		return -EBADMSG;
	*out = info;
	return 0;
}
