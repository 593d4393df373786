/*
 * Pictures of other colour systems into ours: BT.601, limited range.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "video/colour.h"

#define CHROMA_MAX ((COLOUR_WIDTH_MAX + 1) / 2)
#define MIDDLE     128

/*
 * ITU-R BT.709 and BT.601: what Cb and Cr of the one are in the other, in
 * 1/4096; luma gets a part of both, as its weights differ.
 */
#define CB_OF_CB 4054
#define CB_OF_CR (-453)
#define CR_OF_CR 4028
#define CR_OF_CB (-297)
#define Y_OF_CB  407
#define Y_OF_CR  785
#define ONE      4096

/* What a row of chroma adds to the luma below it. */
struct row {
	int16_t luma[CHROMA_MAX];
};

static inline int
clamp(int value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* 224/255 of the distance from the middle, and 219/255 of the luma. */
static inline int
chroma_of(int value, bool full)
{
	return full ? ((value - MIDDLE) * 225 + 128) >> 8 : value - MIDDLE;
}

static inline int
luma_of(int value, bool full)
{
	return full ? 16 + ((value * 55 + 32) >> 6) : value;
}

static void
convert_chroma(struct row *row, uint8_t *const to[2],
    const uint8_t *const from[2], int width, struct colour_system system)
{
	for (int x = 0; x < width; x++) {
		const int cb = chroma_of(from[0][x], system.full);
		const int cr = chroma_of(from[1][x], system.full);

		row->luma[x] = 0;
		if (!system.bt709) {
			to[0][x] = (uint8_t)clamp(MIDDLE + cb);
			to[1][x] = (uint8_t)clamp(MIDDLE + cr);
			continue;
		}
		row->luma[x] = (int16_t)((Y_OF_CB * cb + Y_OF_CR * cr +
		    ONE / 2) >> 12);
		to[0][x] = (uint8_t)clamp(MIDDLE + ((CB_OF_CB * cb +
		    CB_OF_CR * cr + ONE / 2) >> 12));
		to[1][x] = (uint8_t)clamp(MIDDLE + ((CR_OF_CR * cr +
		    CR_OF_CB * cb + ONE / 2) >> 12));
	}
}

static void
convert_luma(uint8_t *to, const uint8_t *from, const struct row *row,
    int width, bool full)
{
	for (int x = 0; x < width; x++)
		to[x] = (uint8_t)clamp(luma_of(from[x], full) +
		    row->luma[x / 2]);
}

void
colour_convert(struct video_frame *to, const struct video_frame *from,
    struct colour_system system)
{
	struct row row;

	for (int y = 0; y < from->height; y++) {
		const int line = y / 2;

		if (y % 2 == 0) {
			uint8_t *const chroma_to[2] = {
				to->planes[1] + line * to->strides[1],
				to->planes[2] + line * to->strides[2],
			};
			const uint8_t *const chroma_from[2] = {
				from->planes[1] + line * from->strides[1],
				from->planes[2] + line * from->strides[2],
			};

			convert_chroma(&row, chroma_to, chroma_from,
			    (from->width + 1) / 2, system);
		}
		convert_luma(to->planes[0] + y * to->strides[0],
		    from->planes[0] + y * from->strides[0], &row,
		    from->width, system.full);
	}
}
