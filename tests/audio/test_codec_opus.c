/*
 * Opus: what goes in comes out, and any bytes are survived.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/audio_codec.h"
#include "sounds.h"

#define FRAMES 50
#define BPS    32000

struct stream {
	uint8_t payload[FRAMES][AUDIO_PAYLOAD_MAX];
	int     len[FRAMES];
};

static struct stream *
tone_stream(double hz, double amplitude)
{
	struct stream        *s = test_malloc(sizeof(*s));
	struct audio_encoder *e;
	struct audio_frame    f;

	assert_int_equal(audio_encoder_new(&e, BPS, 5), 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		sound_tone(&f, hz, amplitude, i);
		s->len[i] = audio_encoder_encode(e, &f, s->payload[i]);
		assert_in_range(s->len[i], 1, AUDIO_PAYLOAD_MAX);
	}
	audio_encoder_free(e);
	return s;
}

static void
a_tone_keeps_its_pitch_and_level(void **state)
{
	struct stream        *s = tone_stream(700, 0.2);
	struct audio_decoder *d;
	float                 out[AUDIO_DECODED_MAX];
	float                *all =
	    test_malloc(FRAMES * AUDIO_FRAME_LEN * sizeof(float));
	size_t                bytes = 0;

	(void)state;
	assert_int_equal(audio_decoder_new(&d), 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		assert_int_equal(audio_decoder_decode(d, s->payload[i],
		    (size_t)s->len[i], out), AUDIO_FRAME_LEN);
		memcpy(all + i * AUDIO_FRAME_LEN, out,
		    AUDIO_FRAME_LEN * sizeof(float));
		bytes += (size_t)s->len[i];
	}
	assert_true(fabs(sound_tone_db(all + 9600, 28800, 700) + 13.98) < 1);
	assert_true(sound_tone_db(all + 9600, 28800, 1234) < -50);
	assert_in_range(bytes * 8 * 50 / FRAMES, 8000, 40000);
	audio_decoder_free(d);
	test_free(all);
	test_free(s);
}

static void
fec_brings_back_a_lost_frame(void **state)
{
	struct audio_encoder *e;
	struct audio_decoder *whole, *lossy;
	struct audio_frame    f;
	struct sound_voice    v = { 0 };
	uint8_t               last[AUDIO_PAYLOAD_MAX];
	float                 want[AUDIO_DECODED_MAX];
	float                 got[AUDIO_DECODED_MAX];
	int                   len;
	unsigned              with_fec = 0, alike = 0;

	(void)state;
	assert_int_equal(audio_encoder_new(&e, BPS, 5), 0);
	assert_int_equal(audio_decoder_new(&whole), 0);
	assert_int_equal(audio_decoder_new(&lossy), 0);
	/* Each fifth frame is lost; the one after brings it back. */
	for (unsigned i = 0; i < 200; i++) {
		sound_voice(&f, &v, 0.5);
		len = audio_encoder_encode(e, &f, last);
		assert_true(len > 0);
		if (i % 5 == 1 && audio_payload_has_fec(last,
		    (size_t)len)) {
			with_fec++;
			assert_int_equal(audio_decoder_recover(lossy, last,
			    (size_t)len, got, AUDIO_FRAME_LEN),
			    AUDIO_FRAME_LEN);
			alike += fabs(sound_rms_db(got, AUDIO_FRAME_LEN) -
			    sound_rms_db(want, AUDIO_FRAME_LEN)) < 3;
		}
		assert_int_equal(audio_decoder_decode(whole, last,
		    (size_t)len, want), AUDIO_FRAME_LEN);
		if (i % 5)
			(void)audio_decoder_decode(lossy, last,
			    (size_t)len, got);
	}
	print_message("# %u with FEC, %u of them alike\n", with_fec, alike);
	assert_true(with_fec >= 20);
	assert_true(alike * 10 >= with_fec * 9);
	audio_encoder_free(e);
	audio_decoder_free(whole);
	audio_decoder_free(lossy);
}

static void
what_is_made_up_goes_on_and_then_dies_down(void **state)
{
	struct stream        *s = tone_stream(400, 0.25);
	struct audio_decoder *d;
	float                 out[AUDIO_DECODED_MAX];

	(void)state;
	assert_int_equal(audio_decoder_new(&d), 0);
	for (unsigned i = 0; i < 30; i++)
		(void)audio_decoder_decode(d, s->payload[i],
		    (size_t)s->len[i], out);
	assert_int_equal(audio_decoder_conceal(d, out, 120), 120);
	assert_int_equal(audio_decoder_conceal(d, out, AUDIO_FRAME_LEN),
	    AUDIO_FRAME_LEN);
	assert_true(sound_rms_db(out, AUDIO_FRAME_LEN) > -30);
	assert_int_equal(audio_decoder_conceal(d, out, AUDIO_DECODED_MAX),
	    AUDIO_DECODED_MAX);
	/* No multiple of 2.5 ms: silence. */
	out[3] = 1;
	assert_int_equal(audio_decoder_conceal(d, out, 77), 77);
	assert_true(out[3] == 0);
	audio_decoder_free(d);
	test_free(s);
}

static void
bytes_that_are_no_opus_are_refused(void **state)
{
	/* Code 3 with no frame; 48 frames of 20 ms; nothing behind a size. */
	static const uint8_t bad[][4] = { { 0x03, 0x00 }, { 0x0b, 0x30 },
		{ 0xff, 0x3f }, { 0x02, 0xfc } };
	struct audio_decoder *d;
	float                 out[AUDIO_DECODED_MAX];

	(void)state;
	assert_int_equal(audio_decoder_new(&d), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(audio_decoder_decode(d, bad[i], 2, out),
		    -EBADMSG);
		assert_false(audio_payload_has_fec(bad[i], 2));
	}
	assert_int_equal(audio_decoder_decode(d, bad[0], 0, out), -EBADMSG);
	assert_int_equal(audio_decoder_recover(d, bad[0], 2, out, 961),
	    -EBADMSG);
	assert_int_equal(audio_decoder_recover(d, bad[0], 2, out, 999960),
	    -EBADMSG);
	audio_decoder_free(d);
}

static void
any_bytes_are_survived(void **state)
{
	struct stream        *s = tone_stream(300, 0.5);
	struct audio_decoder *d;
	float                 out[AUDIO_DECODED_MAX];
	uint32_t              chance = 7;

	(void)state;
	assert_int_equal(audio_decoder_new(&d), 0);
	for (int i = 0; i < 20000; i++) {
		const int len = (int)(chance >> 8) % 120;
		uint8_t  *bytes = malloc((size_t)len + 1);
		int       got;

		assert_non_null(bytes);
		for (int k = 0; k < len; k++) {
			chance = chance * 1664525u + 1013904223u;
			bytes[k] = (uint8_t)(chance >> 24);
		}
		if (i % 3 == 0 && len > 0)
			bytes[0] = s->payload[9][0];
		chance = chance * 1664525u + 1013904223u;
		(void)audio_payload_has_fec(bytes, (size_t)len);
		if (i % 5 == 0)
			got = audio_decoder_recover(d, bytes, (size_t)len,
			    out, AUDIO_FRAME_LEN);
		else
			got = audio_decoder_decode(d, bytes, (size_t)len,
			    out);
		assert_true(got == -EBADMSG || (got > 0 &&
		    got <= AUDIO_DECODED_MAX));
		if (got < 0)
			(void)audio_decoder_conceal(d, out, 480);
		free(bytes);
	}
	/* It still decodes. */
	for (unsigned i = 0; i < FRAMES; i++)
		assert_int_equal(audio_decoder_decode(d, s->payload[i],
		    (size_t)s->len[i], out), AUDIO_FRAME_LEN);
	assert_true(fabs(sound_rms_db(out, AUDIO_FRAME_LEN) + 9.03) < 1);
	audio_decoder_free(d);
	test_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_keeps_its_pitch_and_level),
		cmocka_unit_test(fec_brings_back_a_lost_frame),
		cmocka_unit_test(what_is_made_up_goes_on_and_then_dies_down),
		cmocka_unit_test(bytes_that_are_no_opus_are_refused),
		cmocka_unit_test(any_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
