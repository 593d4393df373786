/*
 * What the media work of a room costs on this machine, stage by stage.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints key=value pairs, one line for each stage: CPU time of this thread
 * per frame, the median of many. Pictures are drawn here: soft shapes that
 * move, with a little noise, as cameras have. No network, no threads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio_bridge.h"
#include "rtp/rtp_packet.h"
#include "util/clock.h"
#include "util/xalloc.h"
#include "video/compositor.h"
#include "video/rendition.h"
#include "video/scale.h"
#include "video/video_decoder.h"

#define FRAMES      100
#define SCENES      25		/* pictures drawn; shown to and fro */
#define FRAME_US    40000
#define TICKS       500		/* of sound: 10 s */
#define PEOPLE_MAX  200
#define TALKING     3
#define PAYLOAD     111
#define TURN        6.2831853f

struct clip {
	enum video_codec    codec;
	struct video_pool  *pool;
	struct video_frame *scenes[SCENES];
	struct coded_frame *coded[FRAMES];
};

static void
fail(const char *what)
{
	fprintf(stderr, "bench_media: %s failed\n", what);
	exit(1);
}

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
median_ms(int64_t *us, size_t count)
{
	qsort(us, count, sizeof(*us), compare);
	return (double)us[count / 2] / 1000;
}

static void
draw_scene(struct video_frame *f, unsigned time)
{
	const float t = (float)time / 25;
	uint32_t    noise = time * 7919 + 1;

	for (int y = 0; y < f->height; y++) {
		const float v = (float)y / (float)f->height;

		for (int x = 0; x < f->width; x++) {
			const float u = (float)x / (float)f->height;
			const float r = hypotf(u - 0.9f - 0.1f * sinf(t),
			      v - 0.5f);

			noise = noise * 1664525u + 1013904223u;
			f->planes[0][y * f->strides[0] + x] = (uint8_t)(
			    110 + 30 * sinf(u * 11) * sinf(v * 7) +
			    (r < 0.3f ? 60 * cosf(r * 5 + t) : 0) +
			    (float)(noise >> 24) / 40);
		}
	}
	for (int p = 1; p < 3; p++)
		memset(f->planes[p], 110 + 10 * p,
		    (size_t)(f->height + 1) / 2 * (size_t)f->strides[p]);
}

static struct video_frame *
scene(const struct clip *c, unsigned frame)
{
	const unsigned at = frame % (2 * SCENES - 2);

	return c->scenes[at < SCENES ? at : 2 * SCENES - 2 - at];
}

/* Draws and encodes a clip, and tells what encoding cost. */
static void
clip_open(struct clip *c, enum video_codec codec, int width, int height,
    uint32_t bps)
{
	const struct video_encoder_config cfg = { .width = width,
		.height = height, .fps = 25, .bps = bps, .codec = codec };
	struct rendition *r;
	int64_t           us[FRAMES];
	size_t            bytes = 0, key = 0;

	memset(c, 0, sizeof(*c));
	c->codec = codec;
	if (video_pool_new(&c->pool, width, height, SCENES) != 0 ||
	    rendition_new(&r, &cfg) != 0)
		fail("making an encoder");
	for (unsigned i = 0; i < SCENES; i++) {
		c->scenes[i] = video_pool_get(c->pool);
		if (c->scenes[i] == NULL)
			fail("making a picture");
		draw_scene(c->scenes[i], i);
	}
	for (unsigned i = 0; i < FRAMES; i++) {
		const int64_t start = clock_thread_cpu_us();

		if (rendition_encode(r, scene(c, i), (int64_t)i * FRAME_US,
		    &c->coded[i]) != 0)
			fail("encoding");
		us[i] = clock_thread_cpu_us() - start;
		if (c->coded[i] == NULL)
			continue;
		bytes += c->coded[i]->len;
		if (c->coded[i]->key)
			key = c->coded[i]->len;
	}
	printf("stage=encode codec=%s width=%d height=%d bps=%u ms=%.2f "
	    "key_bytes=%zu made_bps=%zu\n", video_codec_name(codec), width,
	    height, bps, median_ms(us, FRAMES), key, bytes * 8 * 25 / FRAMES);
	rendition_free(r);
}

static void
clip_close(struct clip *c)
{
	for (unsigned i = 0; i < FRAMES; i++)
		free(c->coded[i]);
	for (unsigned i = 0; i < SCENES; i++)
		video_frame_unref(&c->scenes[i]);
	video_pool_free(c->pool);
}

static void
bench_decode(const struct clip *c)
{
	struct video_decoder *d;
	struct video_frame   *f;
	int64_t               us[FRAMES];
	size_t                count = 0;

	if (video_decoder_new(&d) != 0)
		fail("making a decoder");
	for (unsigned i = 0; i < FRAMES; i++) {
		const struct coded_frame *coded = c->coded[i];
		const int64_t             start = clock_thread_cpu_us();

		if (coded == NULL)
			continue;
		if (video_decoder_decode(d, c->codec, coded->data, coded->len,
		    coded->key, &f) != 0)
			fail("decoding");
		us[count++] = clock_thread_cpu_us() - start;
		video_frame_unref(&f);
	}
	printf("stage=decode codec=%s width=%d height=%d ms=%.2f\n",
	    video_codec_name(c->codec), c->scenes[0]->width,
	    c->scenes[0]->height, median_ms(us, count));
	video_decoder_free(d);
}

static void
bench_scale(const struct clip *c, int width, int height)
{
	const struct layout_rect rect = { 0, 0, width, height };
	struct video_pool       *pool;
	struct video_frame      *canvas;
	struct scaler           *s;
	int64_t                  us[FRAMES];

	if (scaler_new(&s) != 0 ||
	    video_pool_new(&pool, 1280, 720, 1) != 0)
		fail("making a scaler");
	canvas = video_pool_get(pool);
	if (canvas == NULL)
		fail("making a canvas");
	for (unsigned i = 0; i < FRAMES; i++) {
		const int64_t start = clock_thread_cpu_us();

		if (scaler_draw(s, scene(c, i), canvas, &rect) != 0)
			fail("scaling");
		us[i] = clock_thread_cpu_us() - start;
	}
	printf("stage=scale from=%dx%d to=%dx%d ms=%.3f\n",
	    c->scenes[0]->width, c->scenes[0]->height, width, height,
	    median_ms(us, FRAMES));
	scaler_free(s);
	video_frame_unref(&canvas);
	video_pool_free(pool);
}

/* Encoding and decoding of the other codec that we speak. */
static void
bench_h264(int width, int height, uint32_t bps)
{
	struct clip c;

	clip_open(&c, VIDEO_H264, width, height, bps);
	bench_decode(&c);
	clip_close(&c);
}

/* All people have a new picture in each tick; one encode of the mosaic. */
static void
bench_mosaic(const struct clip *c, unsigned people)
{
	const struct video_encoder_config cfg = { .width = 1280,
		.height = 720, .fps = 25, .bps = 1500000 };
	struct compositor_person who[LAYOUT_TILES_MAX] = { 0 };
	struct mailbox           boxes[LAYOUT_TILES_MAX] = { 0 };
	struct compositor       *mosaic;
	struct rendition        *r;
	int64_t                  compose[FRAMES], encode[FRAMES];

	if (compositor_new(&mosaic, 1280, 720) != 0 ||
	    rendition_new(&r, &cfg) != 0)
		fail("making a mosaic");
	for (unsigned k = 0; k < people; k++)
		who[k] = (struct compositor_person){ .id = k,
			.pictures = &boxes[k], .camera = true };
	compositor_set_people(mosaic, who, people);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct coded_frame *out;
		int64_t             start;

		for (unsigned k = 0; k < people; k++) {
			struct video_frame *f = video_frame_ref(
			    scene(c, i + k * 7));

			f = mailbox_put(&boxes[k], f);
			video_frame_unref(&f);
		}
		start = clock_thread_cpu_us();
		compositor_tick(mosaic, (int64_t)i * FRAME_US);
		compose[i] = clock_thread_cpu_us() - start;
		start = clock_thread_cpu_us();
		if (rendition_encode(r, compositor_canvas(mosaic),
		    (int64_t)i * FRAME_US, &out) != 0)
			fail("encoding");
		encode[i] = clock_thread_cpu_us() - start;
		free(out);
	}
	printf("stage=mosaic people=%u compose_ms=%.2f encode_ms=%.2f "
	    "dropped=%llu\n", people, median_ms(compose, FRAMES),
	    median_ms(encode, FRAMES),
	    (unsigned long long)rendition_stats(r)->dropped);
	compositor_free(mosaic);
	rendition_free(r);
}

static void
on_payload(void *to, unsigned leg, const uint8_t *payload, size_t len,
    uint32_t rtp_time, bool talk_start)
{
	size_t *bytes = to;

	(void)leg, (void)payload, (void)rtp_time, (void)talk_start;
	*bytes += len;
}

static void
on_speaking(void *to, const unsigned *legs, unsigned count)
{
	(void)to, (void)legs, (void)count;
}

static void
push_sound(struct audio_bridge *b, struct packet_pool *pool, unsigned leg,
    unsigned tick, const uint8_t *payload, size_t len)
{
	const uint8_t extension[4] = { 0x10, leg < TALKING ? 20 : 127, 0, 0 };
	const struct rtp_packet rtp = { .payload_type = PAYLOAD,
		.sequence = (uint16_t)tick, .timestamp = tick * 960,
		.ssrc = leg, .extension_profile = 0xbede,
		.extension = extension, .extension_len = sizeof(extension) };
	struct packet *p = packet_new(pool);

	if (p == NULL)
		fail("making a packet");
	p->len = rtp_packet_write_header(p->bytes, sizeof(p->bytes), &rtp);
	memcpy(p->bytes + p->len, payload, len);
	p->len += len;
	p->arrival_us = (int64_t)tick * AUDIO_FRAME_US;
	audio_bridge_push(b, leg, p);
}

static void
bench_sound(unsigned people)
{
	const struct audio_leg_config cfg = { true, true, PAYLOAD, 1 };
	size_t                        bytes = 0;
	const struct audio_bridge_out sink = { on_payload, on_speaking,
		&bytes };
	struct audio_encoder *e;
	struct audio_bridge  *b;
	struct packet_pool   *pool;
	int64_t               us[TICKS], all = 0;

	if (audio_encoder_new(&e, 32000, 5) != 0 ||
	    audio_bridge_new(&b, 32000, 0, &sink) != 0 ||
	    packet_pool_new(&pool, PEOPLE_MAX * 64) != 0)
		fail("making a bridge");
	for (unsigned k = 0; k < people; k++)
		(void)audio_bridge_add(b, k, &cfg);
	for (unsigned i = 0; i < TICKS; i++) {
		struct audio_frame f;
		uint8_t            payload[AUDIO_PAYLOAD_MAX];
		int                len;
		int64_t            start;

		for (int k = 0; k < AUDIO_FRAME_LEN; k++)
			f.samples[k] = 0.2f * sinf(TURN * 7 * (float)k /
			    AUDIO_FRAME_LEN) * sinf((float)i / 5);
		len = audio_encoder_encode(e, &f, payload);
		start = clock_thread_cpu_us();
		for (unsigned k = 0; k < people; k++)
			push_sound(b, pool, k, i, payload, (size_t)len);
		audio_bridge_tick(b, (int64_t)i * AUDIO_FRAME_US);
		us[i] = clock_thread_cpu_us() - start;
		all += us[i];
	}
	printf("stage=sound people=%u talking=%d encoders=%u tick_ms=%.3f "
	    "core=%.3f\n", people, TALKING, audio_bridge_stats(b)->encoders,
	    median_ms(us, TICKS),
	    (double)all / ((double)TICKS * AUDIO_FRAME_US));
	audio_bridge_free(b);
	audio_encoder_free(e);
	packet_pool_free(pool);
}

int
main(void)
{
	static const unsigned crowds[] = { 4, 9, 16, 25, 49 };
	struct clip           large, middle, small;

	setvbuf(stdout, NULL, _IOLBF, 0);
	clip_open(&large, VIDEO_VP8, 1280, 720, 1500000);
	clip_open(&middle, VIDEO_VP8, 640, 360, 500000);
	clip_open(&small, VIDEO_VP8, 320, 180, 150000);
	bench_decode(&large);
	bench_decode(&middle);
	bench_decode(&small);
	bench_h264(1280, 720, 1500000);
	bench_h264(640, 360, 500000);
	bench_h264(320, 180, 150000);
	bench_scale(&large, 640, 360);
	bench_scale(&large, 416, 234);
	bench_scale(&middle, 640, 360);
	bench_scale(&middle, 320, 180);
	bench_scale(&middle, 256, 144);
	bench_scale(&small, 640, 360);
	for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++)
		bench_mosaic(&middle, crowds[i]);
	bench_sound(3);
	bench_sound(50);
	bench_sound(PEOPLE_MAX);
	clip_close(&large);
	clip_close(&middle);
	clip_close(&small);
	return 0;
}
