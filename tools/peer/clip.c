/*
 * A loop of coded pictures, drawn or read from a file, kept in memory.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/clip.h"
#include "rtp/payload_vp8.h"
#include "util/xalloc.h"

#define IVF_HEADER_LEN 32
#define IVF_FRAME_HEADER_LEN 12
#define FRAMES_MAX 100000
#define FRAME_LEN_MAX (4 * 1024 * 1024)

/* No divisor of the room's beat, so that flashes come at all its phases. */
#define FLASH_FPS    23
#define FLASH_PERIOD 18		/* frames: more than any flash is late by */
#define FLASH_FRAMES 3
#define FLASH_COUNT  126
#define FLASH_BPS    400000

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}

static void
clip_add(struct clip *clip, const uint8_t *data, size_t len, bool key)
{
	struct clip_frame *frames = realloc(clip->frames,
	    (clip->count + 1) * sizeof(*frames));

	if (frames == NULL)
		abort();
	clip->frames = frames;
	frames[clip->count] = (struct clip_frame){ .data = xcalloc(1, len) };
	memcpy(frames[clip->count].data, data, len);
	frames[clip->count].len = len;
	frames[clip->count].key = key;
	clip->count++;
}

static int
ivf_read(struct clip *clip, FILE *file)
{
	uint8_t  head[IVF_HEADER_LEN], *data;
	uint32_t rate, scale;

	if (fread(head, 1, sizeof(head), file) != sizeof(head) ||
	    memcmp(head, "DKIF", 4) != 0 || memcmp(head + 8, "VP80", 4) != 0)
		return -EBADMSG;
	clip->width = head[13] << 8 | head[12];
	clip->height = head[15] << 8 | head[14];
	rate = le32(head + 16);
	scale = le32(head + 20);
	clip->fps = scale && rate / scale - 1 < 120 ? (int)(rate / scale) : 25;
	data = xcalloc(1, FRAME_LEN_MAX);
	while (clip->count < FRAMES_MAX &&
	    fread(head, 1, IVF_FRAME_HEADER_LEN, file) ==
	    IVF_FRAME_HEADER_LEN) {
		const uint32_t len = le32(head);

		if (len == 0 || len > FRAME_LEN_MAX ||
		    fread(data, 1, len, file) != len)
			break;
		clip_add(clip, data, len, payload_vp8_is_key(data, len));
	}
	free(data);
	return clip->count > 0 && clip->frames[0].key ? 0 : -EBADMSG;
}

int
clip_read_ivf(struct clip *out, const char *path)
{
	FILE *file = fopen(path, "rb");
	int   err;

	*out = (struct clip){ 0 };
	if (file == NULL)
		return -errno;
	err = ivf_read(out, file);
	fclose(file);
	if (err)
		clip_clear(out);
	return err;
}

static bool
flash_is_white(unsigned i)
{
	return i % FLASH_PERIOD >= FLASH_PERIOD - FLASH_FRAMES;
}

/* Without a portrait: flashes. */
static int
draw(struct clip *out, const struct portrait *portrait,
    const struct video_encoder_config *cfg, unsigned count)
{
	struct portrait       flash = { .flat = true };
	struct video_encoder *encoder;
	struct video_pool    *pool;
	struct video_frame   *frame;
	int                   err;

	*out = (struct clip){ .width = cfg->width, .height = cfg->height,
	    .fps = cfg->fps, .codec = cfg->codec };
	err = video_encoder_new(&encoder, cfg);
	if (err)
		return err;
	err = video_pool_new(&pool, cfg->width, cfg->height, 1);
	if (err) {
		video_encoder_free(encoder);
		return err;
	}
	frame = video_pool_get(pool);
	for (unsigned i = 0; i < count && err == 0; i++) {
		struct video_encoded coded;

		flash.colour = flash_is_white(i) ? 0xffffff : 0x101010;
		portrait_draw(portrait ? portrait : &flash, frame,
		    (double)i / count, (double)i / cfg->fps);
		err = video_encoder_encode(encoder, frame,
		    (int64_t)i * 1000000 / cfg->fps, i == 0, &coded);
		if (err == 0 && coded.len > 0)
			clip_add(out, coded.data, coded.len, coded.key);
	}
	video_frame_unref(&frame);
	video_pool_free(pool);
	video_encoder_free(encoder);
	if (err)
		clip_clear(out);
	return err;
}

int
clip_draw(struct clip *out, const struct portrait *portrait,
    const struct video_encoder_config *cfg, unsigned count)
{
	return draw(out, portrait, cfg, count);
}

int
clip_draw_flashes(struct clip *out, int width, int height)
{
	const struct video_encoder_config cfg = { .width = width,
	    .height = height, .fps = FLASH_FPS, .bps = FLASH_BPS };
	const int err = draw(out, NULL, &cfg, FLASH_COUNT);

	if (err)
		return err;
	/* The encoder may have left out a frame: then none can be told. */
	if (out->count != FLASH_COUNT) {
		clip_clear(out);
		return -EIO;
	}
	for (unsigned i = 1; i < out->count; i++)
		out->frames[i].flash = flash_is_white(i) &&
		    !flash_is_white(i - 1);
	return 0;
}

void
clip_clear(struct clip *clip)
{
	for (unsigned i = 0; i < clip->count; i++)
		free(clip->frames[i].data);
	free(clip->frames);
	*clip = (struct clip){ 0 };
}
