/*
 * Every codec that we send: sharp, at its rate, in stills and in layers.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pictures.h"
#include "video/bitstream.h"
#include "video/video_decoder.h"
#include "video/video_encoder.h"

#define FRAMES 64

/* A scene sent through an encoder and a decoder. */
struct trip {
	struct video_encoder *encoder;
	struct video_decoder *decoder;
	struct video_frame   *scene;
	struct video_encoder_config cfg;
	unsigned              made;
	size_t                bytes, kept_bytes;	/* coded; decoded */
	double                worst_db;
};

static struct trip
trip_begin(const struct video_encoder_config *cfg)
{
	struct trip t = { .cfg = *cfg, .worst_db = 99,
		.scene = picture_new(cfg->width, cfg->height) };

	assert_int_equal(video_encoder_new(&t.encoder, cfg), 0);
	assert_int_equal(video_decoder_new(&t.decoder), 0);
	return t;
}

static void
trip_end(struct trip *t)
{
	print_message("# %s %dx%d: %.1f dB at the worst, %zu bytes in %u\n",
	    video_codec_name(t->cfg.codec), t->cfg.width, t->cfg.height,
	    t->worst_db, t->bytes, t->made);
	video_encoder_free(t->encoder);
	video_decoder_free(t->decoder);
	video_frame_unref(&t->scene);
}

/* One more picture; what `leave_out` may be dropped is not decoded. */
static struct video_encoded
trip_next(struct trip *t, int64_t frame_us, bool key, bool leave_out)
{
	const struct layout_rect all = { 0, 0, t->cfg.width, t->cfg.height };
	struct bitstream_info    info;
	struct video_encoded     out;
	struct video_frame      *seen;
	double                   db;

	picture_scene(t->scene, t->made, 5);
	assert_int_equal(video_encoder_encode(t->encoder, t->scene,
	    (int64_t)t->made * frame_us, key, &out), 0);
	t->made++;
	t->bytes += out.len;
	if (out.len == 0 || (leave_out && out.droppable))
		return out;
	t->kept_bytes += out.len;
	/* What receivers see of it is what the encoder said. */
	assert_int_equal(bitstream_read(&info, t->cfg.codec, out.data,
	    out.len), 0);
	assert_int_equal(info.key, out.key);
	assert_int_equal(video_decoder_decode(t->decoder, t->cfg.codec,
	    out.data, out.len, out.key, &seen), 0);
	assert_int_equal(seen->height, t->cfg.height);
	db = picture_psnr(seen, &all, t->scene);
	if ((t->made > FRAMES / 4 || t->cfg.stills) && db < t->worst_db)
		t->worst_db = db;
	video_frame_unref(&seen);
	return out;
}

static void
each_codec_is_sharp_and_keeps_its_rate_and_its_key_frames(void **state)
{
	(void)state;
	for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
		struct trip t = trip_begin(&(struct video_encoder_config){
			.width = 320, .height = 180, .fps = 15,
			.bps = 150000, .codec = (enum video_codec)codec });

		for (unsigned i = 0; i < FRAMES; i++) {
			const bool key = i == 0 || i == 40;

			assert_int_equal(trip_next(&t, 66667, key,
			    false).key, key);
		}
		trip_end(&t);
		assert_true(t.worst_db > 30);
		assert_in_range(t.bytes * 8 * 15 / FRAMES, 50000, 190000);
	}
}

static void
a_new_rate_is_followed_by_each(void **state)
{
	(void)state;
	for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
		struct trip t = trip_begin(&(struct video_encoder_config){
			.width = 320, .height = 180, .fps = 15,
			.bps = 300000, .codec = (enum video_codec)codec });
		size_t      before;

		for (unsigned i = 0; i < FRAMES; i++)
			trip_next(&t, 66667, i == 0, false);
		before = t.bytes;
		assert_int_equal(video_encoder_set_rate(t.encoder, 100000),
		    0);
		for (unsigned i = 0; i < FRAMES; i++)
			assert_false(trip_next(&t, 66667, false, false).key);
		trip_end(&t);
		assert_true(t.bytes - before < before * 2 / 3);
	}
}

static void
stills_are_key_frames_of_an_even_size(void **state)
{
	(void)state;
	for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
		struct trip t = trip_begin(&(struct video_encoder_config){
			.width = 320, .height = 180, .fps = 1,
			.bps = 30000, .codec = (enum video_codec)codec,
			.stills = true });
		size_t      largest = 0;

		for (unsigned i = 0; i < 20; i++) {
			const struct video_encoded out = trip_next(&t,
			    STILL_INTERVAL_US, false, false);

			assert_true(out.key);
			if (i >= 5 && out.len > largest)
				largest = out.len;
		}
		trip_end(&t);
		assert_true(t.worst_db > 26);
		/* Two seconds of its rate, and half as much again. */
		assert_in_range(largest, 500, 30000 / 4 * 3 / 2);
	}
}

static void
layers_come_and_go_and_half_of_the_frames_is_enough(void **state)
{
	struct trip t = trip_begin(&(struct video_encoder_config){
		.width = 320, .height = 180, .fps = 25,
		.bps = 250000, .base_bps = 150000 });
	unsigned    droppable = 0;
	size_t      kept;

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++)
		assert_false(trip_next(&t, 40000, i == 0, true).droppable);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(video_encoder_set_layers(t.encoder, true),
		    0);
		kept = t.kept_bytes;
		droppable = 0;
		for (unsigned i = 0; i < FRAMES; i++) {
			const struct video_encoded out = trip_next(&t, 40000,
			    i == 31, true);

			assert_int_equal(out.key, i == 31);
			droppable += out.droppable;
		}
		kept = (t.kept_bytes - kept) * 8 * 25 / FRAMES;
		print_message("# base layer: %zu bit/s\n", kept);
		assert_in_range(droppable, 26, 32);
		assert_in_range(kept, 80000, 190000);
		assert_int_equal(video_encoder_set_layers(t.encoder, false),
		    0);
		for (unsigned i = 0; i < FRAMES; i++)
			assert_false(trip_next(&t, 40000, false,
			    true).droppable);
	}
	trip_end(&t);
	assert_true(t.worst_db > 30);
}

static void
layers_are_refused_where_there_are_none(void **state)
{
	(void)state;
	for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
		struct trip t = trip_begin(&(struct video_encoder_config){
			.width = 320, .height = 180, .fps = 25,
			.bps = 250000, .codec = (enum video_codec)codec });

		assert_int_equal(video_encoder_set_layers(t.encoder, false),
		    0);
		assert_int_equal(video_encoder_set_layers(t.encoder, true),
		    -ENOTSUP);
		trip_end(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_codec_is_sharp_and_keeps_its_rate_and_its_key_frames),
		cmocka_unit_test(a_new_rate_is_followed_by_each),
		cmocka_unit_test(stills_are_key_frames_of_an_even_size),
		cmocka_unit_test(
		    layers_come_and_go_and_half_of_the_frames_is_enough),
		cmocka_unit_test(layers_are_refused_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
