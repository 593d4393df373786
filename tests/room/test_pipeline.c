/*
 * The pipeline with its real threads: pictures and sound in, mosaic and mix
 * out.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>

#include "room/pipeline.h"
#include "rtp/rtp_packet.h"
#include "util/clock.h"
#include "video/video_decoder.h"
#include "video/video_encoder.h"

#define PATIENCE_US 10000000

/* What came out. */
struct seen {
	struct pipeline      *pipeline;
	struct video_decoder *decoder;
	struct video_frame   *picture;		/* newest */
	unsigned              looked_at;	/* rendition */
	unsigned              of[3];		/* frames of each */
	unsigned              frames, keys, ticks, legs, maps, gaps;
	unsigned              need_key_slot, need_keys, pauses;
	struct pipeline_tilemap map;
	unsigned              payloads;		/* of the newest tick */
	uint32_t              last_rtp;
	bool                  time_grows;
};

static void
see_audio(void *to, const struct audio_tick *tick)
{
	struct seen *seen = to;

	seen->ticks++;
	seen->legs = tick->leg_count;
	seen->payloads = tick->payload_count;
}

static void
see_video(void *to, unsigned rendition, const struct coded_frame *frame)
{
	struct seen        *seen = to;
	struct video_frame *picture;

	seen->of[rendition]++;
	if (rendition != seen->looked_at)
		return;
	if (seen->frames > 0 &&
	    rtp_timestamp_diff(frame->rtp_time, seen->last_rtp) <= 0)
		seen->time_grows = false;
	seen->last_rtp = frame->rtp_time;
	seen->frames++;
	seen->keys += frame->key;
	if (video_decoder_decode(seen->decoder, VIDEO_VP8, frame->data, frame->len,
	    frame->key, &picture) != 0)
		return;
	video_frame_unref(&seen->picture);
	seen->picture = picture;
}

static void
see_gap(void *to, unsigned rendition)
{
	(void)rendition;
	((struct seen *)to)->gaps++;
}

static void
see_need_key(void *to, unsigned slot)
{
	struct seen *seen = to;

	seen->need_key_slot = slot;
	seen->need_keys++;
}

static void
see_paused(void *to, unsigned slot)
{
	(void)slot;
	((struct seen *)to)->pauses++;
}

static void
see_speaking(void *to, const unsigned *slots, unsigned count)
{
	(void)to;
	(void)slots;
	(void)count;
}

static void
see_map(void *to, const struct pipeline_tilemap *map)
{
	struct seen *seen = to;

	seen->maps++;
	seen->map = *map;
}

static void
start(struct seen *seen)
{
	const struct pipeline_config cfg = {
		.width = 640, .height = 360, .fps = 25,
		.rendition_count = 3,
		.renditions = {
			{ .width = 640, .height = 360, .fps = 25,
			    .bps = 800000 },
			{ .width = 320, .height = 180, .fps = 25,
			    .bps = 300000 },
			{ .width = 160, .height = 90, .fps = 15,
			    .bps = 100000 },
		},
		.audio_bps = 32000,
		.decode_threads = 2,
	};
	const struct pipeline_handler handler = {
		see_audio, see_video, see_gap, see_need_key, see_paused,
		see_speaking, see_map, seen,
	};

	*seen = (struct seen){ .time_grows = true };
	assert_int_equal(video_decoder_new(&seen->decoder), 0);
	assert_int_equal(pipeline_new(&seen->pipeline, &cfg, &handler), 0);
}

static void
stop(struct seen *seen)
{
	pipeline_free(seen->pipeline);
	video_frame_unref(&seen->picture);
	video_decoder_free(seen->decoder);
}

/* Delivers what comes for a while, or until `enough` reaches `count`. */
static void
wait_for(struct seen *seen, const unsigned *enough, unsigned count,
    int64_t patience_us)
{
	const int64_t end_us = clock_monotonic_us() + patience_us;

	while (clock_monotonic_us() < end_us &&
	    (enough == NULL || *enough < count)) {
		struct pollfd fd = { pipeline_wake_fd(seen->pipeline), POLLIN,
		    0 };

		if (poll(&fd, 1, 10) > 0)
			pipeline_drain(seen->pipeline);
	}
}

static void
show(struct seen *seen, unsigned slot, uint32_t id, bool camera)
{
	struct compositor_person person = {
		.id = id, .camera = camera, .initials = "A",
		.colour = 0x305080,
	};

	pipeline_people(seen->pipeline, &person, &slot, 1);
}

/* One coded key frame of a single colour. */
static void
send_picture(struct seen *seen, unsigned slot, uint8_t y, uint8_t u,
    uint8_t v)
{
	const struct video_encoder_config cfg = { .width = 320,
		.height = 180, .fps = 15, .bps = 300000 };
	struct video_encoder *encoder;
	struct video_pool    *pool;
	struct video_frame   *frame;
	struct video_encoded  coded;

	assert_int_equal(video_encoder_new(&encoder, &cfg), 0);
	assert_int_equal(video_pool_new(&pool, 320, 180, 1), 0);
	frame = video_pool_get(pool);
	memset(frame->planes[0], y, (size_t)frame->strides[0] * 180);
	memset(frame->planes[1], u, (size_t)frame->strides[1] * 90);
	memset(frame->planes[2], v, (size_t)frame->strides[2] * 90);
	assert_int_equal(video_encoder_encode(encoder, frame, 0, true,
	    &coded), 0);
	assert_true(coded.key);
	assert_true(pipeline_video(seen->pipeline, slot, VIDEO_VP8, coded.data,
	    coded.len, true, clock_monotonic_us()));
	video_frame_unref(&frame);
	video_pool_free(pool);
	video_encoder_free(encoder);
}

/* Luma and red difference in the middle of the only tile; -1: no picture. */
static int
luma_seen(const struct seen *seen, int *v)
{
	const struct layout_rect *r = &seen->map.tiles[0].rect;
	const int                 x = r->x + r->w / 2, y = r->y + r->h / 2;
	const struct video_frame *f = seen->picture;

	if (f == NULL || seen->map.count != 1)
		return -1;
	*v = f->planes[2][y / 2 * f->strides[2] + x / 2];
	return f->planes[0][y * f->strides[0] + x];
}

static void
a_picture_in_is_seen_in_its_tile(void **state)
{
	struct seen seen;
	int         luma = -1, v = -1;

	(void)state;
	start(&seen);
	show(&seen, 5, 0xabc, true);
	pipeline_watched(seen.pipeline, 1);
	send_picture(&seen, 5, 82, 90, 240);	/* red */
	/* The label shows first; the rate control takes a while to paint. */
	for (unsigned frames = 1; frames < 40; frames++) {
		wait_for(&seen, &seen.frames, frames, PATIENCE_US / 40);
		luma = luma_seen(&seen, &v);
		if (abs(luma - 82) <= 8 && abs(v - 240) <= 8)
			break;
	}
	assert_int_equal(seen.map.tiles[0].id, 0xabc);
	assert_in_range(luma, 82 - 8, 82 + 8);
	assert_in_range(v, 240 - 8, 240 + 8);
	assert_int_equal(seen.keys, 1);
	assert_true(seen.time_grows);
	assert_true(seen.maps >= 1);
	stop(&seen);
}

/* Three sizes at once: each in its own size and at its own pace. */
static void
each_size_is_made_only_while_watched(void **state)
{
	struct seen           seen;
	struct pipeline_stats stats;

	(void)state;
	start(&seen);
	seen.looked_at = 2;
	show(&seen, 0, 1, false);
	pipeline_watched(seen.pipeline, 4);
	wait_for(&seen, &seen.frames, 3, PATIENCE_US);
	assert_int_equal(seen.of[0] + seen.of[1], 0);
	assert_non_null(seen.picture);
	assert_int_equal(seen.picture->width, 160);
	assert_int_equal(seen.picture->height, 90);
	pipeline_watched(seen.pipeline, 3);
	wait_for(&seen, &seen.of[0], 2, PATIENCE_US);
	wait_for(&seen, &seen.of[1], 2, PATIENCE_US);
	pipeline_stats(seen.pipeline, &stats);
	assert_int_equal(stats.video_encoders, 3);
	assert_true(pipeline_close_encoder(seen.pipeline, 2));
	wait_for(&seen, &seen.of[0], seen.of[0] + 2, PATIENCE_US);
	pipeline_stats(seen.pipeline, &stats);
	assert_int_equal(stats.video_encoders, 2);
	stop(&seen);
}

/* Beats of the canvas until the next frame, of one that always changes. */
static uint32_t
beats_to_next(struct seen *seen)
{
	const unsigned before = seen->frames;
	const uint32_t rtp = seen->last_rtp;
	const int64_t  end_us = clock_monotonic_us() + PATIENCE_US;

	while (seen->frames == before && clock_monotonic_us() < end_us) {
		pipeline_want_key(seen->pipeline, 0);
		wait_for(seen, &seen->frames, before + 1, 5000);
	}
	assert_true(seen->frames > before);
	return (seen->last_rtp - rtp) / (90000 / 25);
}

static void
a_slower_pipeline_leaves_frames_out(void **state)
{
	struct seen seen;
	unsigned    i;

	(void)state;
	start(&seen);
	show(&seen, 0, 1, false);
	pipeline_watched(seen.pipeline, 1);
	wait_for(&seen, &seen.frames, 1, PATIENCE_US);
	pipeline_slow(seen.pipeline, 2);
	beats_to_next(&seen);
	beats_to_next(&seen);
	for (i = 0; i < 5; i++)
		assert_true(beats_to_next(&seen) >= 4);
	pipeline_slow(seen.pipeline, 0);
	for (i = 0; i < 200 && beats_to_next(&seen) > 1; i++)
		continue;
	assert_true(i < 200);
	stop(&seen);
}

static void
nothing_is_made_while_nobody_watches(void **state)
{
	struct seen           seen;
	struct pipeline_stats stats;

	(void)state;
	start(&seen);
	show(&seen, 1, 7, true);
	wait_for(&seen, NULL, 0, 300000);
	pipeline_stats(seen.pipeline, &stats);
	assert_int_equal(seen.frames, 0);
	assert_int_equal(stats.video_encoders, 0);
	assert_int_equal(stats.audio_encoders, 0);
	assert_int_equal(seen.ticks, 0);
	stop(&seen);
}

/* One person can change his name, or what he watches, at any rate. */
static void
of_any_number_of_changes_the_last_one_counts(void **state)
{
	struct seen seen;

	(void)state;
	start(&seen);
	pipeline_watched(seen.pipeline, 1);
	wait_for(&seen, &seen.frames, 1, PATIENCE_US);
	for (unsigned i = 1; i <= 20000; i++) {
		show(&seen, 0, i, false);
		pipeline_watched(seen.pipeline, 1 + i % 2 * 2);
	}
	for (unsigned maps = seen.maps + 1; seen.map.count != 1 ||
	    seen.map.tiles[0].id != 20000; maps++) {
		assert_true(maps < 1000);
		wait_for(&seen, &seen.maps, maps, PATIENCE_US);
	}
	seen.frames = 0;
	wait_for(&seen, &seen.frames, 2, PATIENCE_US);
	assert_int_equal(seen.frames, 2);
	stop(&seen);
}

static void
one_shared_payload_serves_all_who_are_silent(void **state)
{
	const struct audio_leg_config leg = { .listens = true };
	struct seen                   seen;

	(void)state;
	start(&seen);
	for (unsigned slot = 0; slot < 40; slot++)
		pipeline_add(seen.pipeline, slot, &leg);
	wait_for(&seen, &seen.ticks, 20, PATIENCE_US);
	assert_true(seen.ticks >= 20);
	assert_int_equal(seen.legs, 40);
	assert_int_equal(seen.payloads, 1);
	for (unsigned slot = 0; slot < 40; slot++)
		pipeline_remove(seen.pipeline, slot);
	wait_for(&seen, NULL, 0, 100000);
	seen.ticks = 0;
	wait_for(&seen, NULL, 0, 200000);
	assert_int_equal(seen.ticks, 0);
	stop(&seen);
}

static void
a_broken_frame_asks_for_a_key_frame(void **state)
{
	static const uint8_t garbage[64] = { 0x10, 0x01, 0x00, 0x9d, 0x01,
	    0x2a, 0xff, 0x3f, 0xff, 0x3f, 1, 2, 3 };
	struct seen seen;

	(void)state;
	start(&seen);
	assert_true(pipeline_video(seen.pipeline, 9, VIDEO_VP8, garbage,
	    sizeof(garbage), true, clock_monotonic_us()));
	wait_for(&seen, &seen.need_keys, 1, PATIENCE_US);
	assert_int_equal(seen.need_keys, 1);
	assert_int_equal(seen.need_key_slot, 9);
	pipeline_remove(seen.pipeline, 9);
	stop(&seen);
}

static void
key_frames_wanted_by_many_are_joined(void **state)
{
	struct seen   seen;
	const int64_t began_us = clock_monotonic_us();
	int64_t       took_us;

	(void)state;
	start(&seen);
	show(&seen, 0, 1, false);
	pipeline_watched(seen.pipeline, 1);
	wait_for(&seen, &seen.frames, 1, PATIENCE_US);
	for (int i = 0; i < 60; i++) {
		pipeline_want_key(seen.pipeline, 0);
		wait_for(&seen, NULL, 0, 30000);
	}
	took_us = clock_monotonic_us() - began_us;
	/* 1.8 s or more: the first, and at most one a second. */
	assert_in_range(seen.keys, 2, 1 + took_us / 1000000);
	assert_int_equal(seen.gaps, 0);
	stop(&seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_in_is_seen_in_its_tile),
		cmocka_unit_test(each_size_is_made_only_while_watched),
		cmocka_unit_test(a_slower_pipeline_leaves_frames_out),
		cmocka_unit_test(nothing_is_made_while_nobody_watches),
		cmocka_unit_test(of_any_number_of_changes_the_last_one_counts),
		cmocka_unit_test(one_shared_payload_serves_all_who_are_silent),
		cmocka_unit_test(a_broken_frame_asks_for_a_key_frame),
		cmocka_unit_test(key_frames_wanted_by_many_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
