/*
 * Coded pictures from tests/data/video/, and bits to spoil them with.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/annex_b.h"
#include "streams.h"

#define FILE_MAX (1 << 20)
#define IVF_HEAD 32
#define IVF_FRAME_HEAD 12

static size_t
load_file(struct stream *s, const char *name)
{
	const char *srcdir = getenv("srcdir");
	char        path[512];
	FILE       *file;
	size_t      len;

	snprintf(path, sizeof(path), "%s/tests/data/video/%s",
	    srcdir ? srcdir : ".", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	s->bytes = malloc(FILE_MAX);
	assert_non_null(s->bytes);
	len = fread(s->bytes, 1, FILE_MAX, file);
	fclose(file);
	return len;
}

static void
add_frame(struct stream *s, size_t at, size_t len)
{
	assert_true(s->count < STREAM_FRAMES_MAX);
	s->frames[s->count].data = s->bytes + at;
	s->frames[s->count++].len = len;
}

static void
split_ivf(struct stream *s, size_t len)
{
	size_t at = IVF_HEAD;

	while (at + IVF_FRAME_HEAD <= len) {
		const uint8_t *p = s->bytes + at;
		const size_t   n = p[0] | (size_t)p[1] << 8 |
		    (size_t)p[2] << 16;

		add_frame(s, at + IVF_FRAME_HEAD, n);
		at += IVF_FRAME_HEAD + n;
	}
	assert_int_equal(at, len);
}

static void
split_h264(struct stream *s, size_t len)
{
	struct reader      r = reader_of(s->bytes, len);
	struct annex_b_nal nal;
	size_t             begin = 0;

	while (annex_b_next(&nal, &r)) {
		const size_t at = (size_t)(nal.data - s->bytes) - 3;

		if (annex_b_type(&nal) != H264_DELIMITER)
			continue;
		if (at > 3)
			add_frame(s, begin, at - begin);
		begin = at;
	}
	add_frame(s, begin, len - begin);
}

void
stream_load(struct stream *out, const char *name)
{
	size_t len;

	out->count = 0;
	len = load_file(out, name);
	if (strstr(name, ".ivf"))
		split_ivf(out, len);
	else
		split_h264(out, len);
	assert_true(out->count > 0);
}

void
stream_clear(struct stream *s)
{
	free(s->bytes);
}

void
bits_put(struct bits *b, uint32_t value, unsigned count)
{
	while (count-- > 0) {
		assert_true(b->count / 8 < sizeof(b->bytes));
		if (count < 32 && value >> count & 1)
			b->bytes[b->count / 8] |=
			    (uint8_t)(0x80 >> b->count % 8);
		b->count++;
	}
}

void
bits_ue(struct bits *b, uint32_t value)
{
	unsigned len = 0;

	while ((value + 1) >> len > 1)
		len++;
	bits_put(b, 0, len);
	bits_put(b, value + 1, len + 1);
}

size_t
h264_sps(uint8_t *out, unsigned width, unsigned height, unsigned references,
    unsigned crop_right, unsigned crop_bottom, int reordered)
{
	struct bits b = { .count = 0 };
	size_t      len;

	bits_put(&b, 0x42e01f, 24);
	bits_ue(&b, 0);			/* its id */
	bits_ue(&b, 0);			/* log2_max_frame_num - 4 */
	bits_ue(&b, 2);			/* pic_order_cnt_type */
	bits_ue(&b, references);
	bits_put(&b, 0, 1);		/* gaps */
	bits_ue(&b, width - 1);
	bits_ue(&b, height - 1);
	bits_put(&b, 3, 2);		/* frames; direct_8x8_inference */
	bits_put(&b, crop_right || crop_bottom, 1);
	if (crop_right || crop_bottom) {
		bits_ue(&b, 0);
		bits_ue(&b, crop_right);
		bits_ue(&b, 0);
		bits_ue(&b, crop_bottom);
	}
	bits_put(&b, reordered >= 0, 1);
	if (reordered >= 0) {
		bits_put(&b, 0, 8);	/* of the VUI, up to pic_struct */
		bits_put(&b, 3, 2);	/* restrictions; over boundaries */
		bits_ue(&b, 2);
		bits_ue(&b, 1);
		bits_ue(&b, 9);
		bits_ue(&b, 9);
		bits_ue(&b, (uint32_t)reordered);
		bits_ue(&b, 16);	/* max_dec_frame_buffering */
	}
	bits_put(&b, 1, 1);
	memcpy(out, "\0\0\0\1\x67", 5);
	len = (b.count + 7) / 8;
	memcpy(out + 5, b.bytes, len);
	return 5 + len;
}

size_t
av1_sequence(uint8_t *out, unsigned width, unsigned height)
{
	struct bits b = { .count = 0 };
	size_t      len;

	bits_put(&b, 0, 3 + 1 + 1);	/* profile, still, reduced */
	bits_put(&b, 0, 1 + 1);		/* timing, display delay */
	bits_put(&b, 0, 5);		/* one operating point */
	bits_put(&b, 0, 12);
	bits_put(&b, 5, 5);		/* its level */
	bits_put(&b, 15, 4);
	bits_put(&b, 15, 4);
	bits_put(&b, width - 1, 16);
	bits_put(&b, height - 1, 16);
	bits_put(&b, 0, 32);		/* no tools; 8 bits, 4:2:0 */
	bits_put(&b, 1, 1);
	len = (b.count + 7) / 8;
	out[0] = 0x0a;
	out[1] = (uint8_t)len;
	memcpy(out + 2, b.bytes, len);
	return 2 + len;
}
