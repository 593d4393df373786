/*
 * One size of the mosaic in two codecs: made of one picture, while watched.
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
#include "util/clock.h"
#include "video/video_decoder.h"

#define PATIENCE_US 10000000
#define TIMES_MAX   256

/* What came of each rendition. */
struct seen {
	struct pipeline *pipeline;
	struct {
		struct video_decoder *decoder;
		struct video_frame   *picture;		/* newest */
		unsigned              frames, keys, droppable;
		uint32_t              times[TIMES_MAX];
	} of[3];
};

static const enum video_codec codecs[3] = { VIDEO_VP8, VIDEO_H264,
	VIDEO_H264 };

static void
see_video(void *to, unsigned rendition, const struct coded_frame *frame)
{
	struct seen        *seen = to;
	struct video_frame *picture;

	seen->of[rendition].times[seen->of[rendition].frames++ % TIMES_MAX] =
	    frame->rtp_time;
	seen->of[rendition].keys += frame->key;
	seen->of[rendition].droppable += frame->droppable;
	assert_int_equal(video_decoder_decode(seen->of[rendition].decoder,
	    codecs[rendition], frame->data, frame->len, frame->key, &picture),
	    0);
	video_frame_unref(&seen->of[rendition].picture);
	seen->of[rendition].picture = picture;
}

static void
see_audio(void *to, const struct audio_tick *tick)
{
	(void)to;
	(void)tick;
}

static void
see_slot(void *to, unsigned slot)
{
	(void)to;
	(void)slot;
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
	(void)to;
	(void)map;
}

static void
wait_for(struct seen *seen, unsigned rendition, unsigned frames)
{
	const int64_t  end_us = clock_monotonic_us() + PATIENCE_US;
	const unsigned wanted = seen->of[rendition].frames + frames;

	while (clock_monotonic_us() < end_us &&
	    seen->of[rendition].frames < wanted) {
		struct pollfd fd = { pipeline_wake_fd(seen->pipeline), POLLIN,
		    0 };

		if (poll(&fd, 1, 10) > 0)
			pipeline_drain(seen->pipeline);
	}
	assert_true(seen->of[rendition].frames >= wanted);
}

static unsigned
times_in_common(const struct seen *seen, unsigned a, unsigned b)
{
	unsigned count = 0;

	for (unsigned i = 0; i < seen->of[a].frames && i < TIMES_MAX; i++)
		for (unsigned k = 0; k < seen->of[b].frames &&
		    k < TIMES_MAX; k++)
			count += seen->of[a].times[i] == seen->of[b].times[k];
	return count;
}

static void
codecs_are_made_of_one_picture_while_watched(void **state)
{
	const struct pipeline_config cfg = {
		.width = 640, .height = 360, .fps = 25,
		.rendition_count = 3,
		.renditions = {
			{ .width = 320, .height = 180, .fps = 25,
			    .bps = 300000, .base_bps = 180000 },
			{ .width = 320, .height = 180, .fps = 25,
			    .bps = 300000, .codec = VIDEO_H264 },
			{ .width = 640, .height = 360, .fps = 25,
			    .bps = 600000, .codec = VIDEO_H264,
			    .nal_max = 1150 },
		},
		.audio_bps = 32000,
		.decode_threads = 1,
	};
	struct compositor_person person = { .id = 7, .initials = "A",
		.colour = 0x305080 };
	const unsigned           slot = 3;
	struct seen              seen = { .pipeline = NULL };
	const struct pipeline_handler handler = {
		.audio = see_audio, .video = see_video,
		.video_gap = see_slot, .need_key = see_slot,
		.paused = see_slot, .speaking = see_speaking,
		.tilemap = see_map, .to = &seen,
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(video_decoder_new(&seen.of[i].decoder), 0);
	assert_int_equal(pipeline_new(&seen.pipeline, &cfg, &handler), 0);
	pipeline_people(seen.pipeline, &person, &slot, 1);

	pipeline_watched(seen.pipeline, 1 << 1);
	wait_for(&seen, 1, 3);
	assert_int_equal(seen.of[0].frames, 0);
	pipeline_watched(seen.pipeline, 7);
	/* Each change is shown by all at once. */
	for (unsigned i = 0; i < 4; i++) {
		person.id++;
		pipeline_people(seen.pipeline, &person, &slot, 1);
		wait_for(&seen, 0, 1);
		wait_for(&seen, 2, 1);
		wait_for(&seen, 1, 1);
	}
	assert_true(times_in_common(&seen, 0, 1) >= 2);
	assert_int_equal(seen.of[0].droppable, 0);
	/* Two layers, while somebody wants the lower one alone. */
	pipeline_layers(seen.pipeline, 1 | 1 << 1);
	for (unsigned i = 0; i < 6; i++) {
		person.id++;
		pipeline_people(seen.pipeline, &person, &slot, 1);
		wait_for(&seen, 0, 1);
	}
	assert_in_range(seen.of[0].droppable, 2, 4);
	assert_int_equal(seen.of[1].droppable, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(seen.of[i].keys >= 1);
		assert_non_null(seen.of[i].picture);
		assert_int_equal(seen.of[i].picture->width,
		    cfg.renditions[i].width);
		/* The colour of the person, beside his initials. */
		assert_in_range(seen.of[i].picture->planes[0][
		    seen.of[i].picture->strides[0] *
		    (cfg.renditions[i].height / 2) +
		    cfg.renditions[i].width / 4], 40, 200);
	}
	pipeline_free(seen.pipeline);
	for (unsigned i = 0; i < 3; i++) {
		video_frame_unref(&seen.of[i].picture);
		video_decoder_free(seen.of[i].decoder);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    codecs_are_made_of_one_picture_while_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
