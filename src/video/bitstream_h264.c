/*
 * The sequence parameter sets and pictures of an H.264 access unit.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/annex_b.h"
#include "video/bit_reader.h"
#include "video/bitstream.h"

#define NALS_MAX 255		/* more are an attack on slice tables */

/* ITU-T H.264, 7.4.2.1.1 and A.2. */
#define PROFILE_BASELINE 66
#define PROFILE_MAIN     77
#define PROFILE_HIGH     100
#define CHROMA_420       1
#define SCALING_LISTS    8
#define SCALING_SMALL    6	/* of them have 16 values, others 64 */
#define SPS_ID_MAX       31
#define LOG2_MINUS4_MAX  12
#define REFERENCES_MAX   16
#define CYCLE_MAX        255
#define SIDE_MBS_MAX     120	/* 1920 samples */
#define DPB_MBS_MAX      32768	/* A.3.1: MaxDpbMbs of level 4 */
#define MB_SIDE          16
#define CROP_UNIT        2	/* samples, of 4:2:0 frames */

struct sps {
	int width, height;
};

static void
skip_scaling_list(struct bit_reader *r, unsigned count)
{
	int last = 8, next = 8;

	for (unsigned i = 0; i < count && !r->bad; i++) {
		if (next != 0)
			next = (last + bit_reader_se(r) + 256) % 256;
		if (next != 0)
			last = next;
	}
}

/* What only the high profile has. */
static void
read_high(struct bit_reader *r)
{
	if (bit_reader_ue(r, 3) != CHROMA_420)
		r->bad = true;
	bit_reader_ue(r, 0);		/* 8 bits of luma, and of chroma */
	bit_reader_ue(r, 0);
	bit_reader_flag(r);		/* lossless where qp is 0 */
	if (!bit_reader_flag(r))
		return;
	for (unsigned i = 0; i < SCALING_LISTS; i++) {
		if (bit_reader_flag(r))
			skip_scaling_list(r, i < SCALING_SMALL ? 16 : 64);
	}
}

static void
skip_order_count(struct bit_reader *r)
{
	switch (bit_reader_ue(r, 2)) {
	case 0:
		bit_reader_ue(r, LOG2_MINUS4_MAX);
		break;
	case 1:
		bit_reader_flag(r);
		bit_reader_skip_se(r);
		bit_reader_skip_se(r);
		for (uint32_t n = bit_reader_ue(r, CYCLE_MAX); n > 0; n--)
			bit_reader_skip_se(r);
		break;
	default:
		break;
	}
}

/* One side: how much of the macroblocks is seen. */
static int
cropped(uint32_t mbs, uint32_t before, uint32_t after)
{
	return (int)(mbs * MB_SIDE) - (int)(CROP_UNIT * (before + after));
}

static int
read_sps(struct sps *out, const struct annex_b_nal *nal)
{
	struct bit_reader r = bit_reader_of(nal->data + 1, nal->len - 1,
	    true);
	const uint32_t    profile = bit_reader_bits(&r, 8);
	uint32_t          references, width, height, crop[4] = { 0 };

	if (profile != PROFILE_BASELINE && profile != PROFILE_MAIN &&
	    profile != PROFILE_HIGH)
		return -EBADMSG;
	bit_reader_skip(&r, 8 + 8);	/* constraints, level_idc */
	bit_reader_ue(&r, SPS_ID_MAX);
	if (profile == PROFILE_HIGH)
		read_high(&r);
	bit_reader_ue(&r, LOG2_MINUS4_MAX);
	skip_order_count(&r);
	references = bit_reader_ue(&r, REFERENCES_MAX);
	bit_reader_flag(&r);		/* gaps in frame_num */
	width = bit_reader_ue(&r, SIDE_MBS_MAX - 1) + 1;
	height = bit_reader_ue(&r, SIDE_MBS_MAX - 1) + 1;
	if (!bit_reader_flag(&r))
		return -EBADMSG;	/* fields */
	bit_reader_flag(&r);		/* direct_8x8_inference */
	if (bit_reader_flag(&r)) {
		for (unsigned i = 0; i < 4; i++)
			crop[i] = bit_reader_ue(&r, SIDE_MBS_MAX * MB_SIDE);
	}
	if (r.bad || references * width * height > DPB_MBS_MAX)
		return -EBADMSG;
	out->width = cropped(width, crop[0], crop[1]);
	out->height = cropped(height, crop[2], crop[3]);
	return out->width > 0 && out->height > 0 ? 0 : -EBADMSG;
}

/* Whether this slice is the first of its picture. */
static bool
begins_picture(const struct annex_b_nal *nal)
{
	struct bit_reader r = bit_reader_of(nal->data + 1, nal->len - 1,
	    true);

	return bit_reader_flag(&r) && !r.bad;	/* first_mb_in_slice is 0 */
}

static int
read_nal(struct bitstream_info *info, const struct annex_b_nal *nal)
{
	struct sps sps;
	int        err;

	switch (annex_b_type(nal)) {
	case H264_SPS:
		err = read_sps(&sps, nal);
		if (err)
			return err;
		/* Several may come, but not of several sizes. */
		if (info->width && (info->width != sps.width ||
		    info->height != sps.height))
			return -EBADMSG;
		info->width = sps.width;
		info->height = sps.height;
		break;
	case H264_IDR_SLICE:
		info->key |= begins_picture(nal);
		info->shown = true;
		break;
	case H264_SLICE:
		info->shown = true;
		break;
	default:
		break;
	}
	return 0;
}

int
bitstream_h264(struct bitstream_info *out, const uint8_t *data, size_t len)
{
	struct reader         r = reader_of(data, len);
	struct bitstream_info info = { 0 };
	struct annex_b_nal    nal;
	unsigned              count = 0;

	while (annex_b_next(&nal, &r)) {
		if (++count > NALS_MAX || read_nal(&info, &nal) != 0)
			return -EBADMSG;
	}
	if (count == 0)
		return -EBADMSG;
	*out = info;
	return 0;
}
