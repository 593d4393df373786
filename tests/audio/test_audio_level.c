/*
 * Levels, the limiter and the mix.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/audio_level.h"
#include "audio/audio_mix.h"
#include "audio/limiter.h"
#include "sounds.h"

static void
levels_are_right_within_a_decibel(void **state)
{
	struct audio_frame f;

	(void)state;
	for (int db = 0; db <= 100; db += 5) {
		sound_tone(&f, 450, pow(10, -db / 20.0), 3);
		assert_true(fabs(audio_level_measure(&f) - (db + 3.01)) < 0.2);
	}
	for (size_t i = 0; i < AUDIO_FRAME_LEN; i++)
		f.samples[i] = i / 20 % 2 ? 1.0f : -1.0f;
	assert_int_equal(audio_level_dbov(&f), 0);
	sound_tone(&f, 450, 1, 0);
	assert_int_equal(audio_level_dbov(&f), 3);
	memset(&f, 0, sizeof(f));
	assert_int_equal(audio_level_dbov(&f), 127);
	f.samples[5] = NAN;
	assert_int_equal(audio_level_dbov(&f), 127);
}

static float
peak_of(const struct audio_frame *f)
{
	float peak = 0;

	for (size_t i = 0; i < AUDIO_FRAME_LEN; i++)
		peak = fmaxf(peak, fabsf(f->samples[i]));
	return peak;
}

static void
the_limiter_never_lets_a_peak_through(void **state)
{
	struct limiter     l;
	struct audio_frame f;
	uint32_t           chance = 3;

	(void)state;
	limiter_init(&l);
	for (unsigned i = 0; i < 2000; i++) {
		for (size_t k = 0; k < AUDIO_FRAME_LEN; k++) {
			chance = chance * 1664525u + 1013904223u;
			f.samples[k] = ((float)(chance >> 8) / 8388608 - 1) *
			    (float)(i * 7919 % 20);
		}
		if (i % 97 == 0)
			f.samples[i % AUDIO_FRAME_LEN] = 1e30f;
		limiter_run(&l, &f);
		assert_true(peak_of(&f) <= 1);
		for (size_t k = 0; k < AUDIO_FRAME_LEN; k++)
			assert_true(isfinite(f.samples[k]));
	}
}

static void
one_speaker_passes_unchanged(void **state)
{
	struct limiter     l;
	struct audio_frame f, before;

	(void)state;
	limiter_init(&l);
	for (unsigned i = 0; i < 50; i++) {
		sound_tone(&f, 210, 0.9, i);
		before = f;
		limiter_run(&l, &f);
		assert_memory_equal(f.samples + LIMITER_BLOCK,
		    before.samples,
		    (AUDIO_FRAME_LEN - LIMITER_BLOCK) * sizeof(float));
	}
}

static void
many_speakers_are_limited_without_distortion(void **state)
{
	static float       all[100 * AUDIO_FRAME_LEN];
	struct limiter     l;
	struct audio_frame f, one;
	const double       hz[] = { 310, 470, 730, 1010 };

	(void)state;
	limiter_init(&l);
	for (unsigned i = 0; i < 100; i++) {
		audio_mix_clear(&f);
		for (size_t k = 0; k < 4; k++) {
			sound_tone(&one, hz[k], 0.6, i);
			audio_mix_add(&f, &one);
		}
		limiter_run(&l, &f);
		memcpy(all + i * AUDIO_FRAME_LEN, f.samples,
		    sizeof(f.samples));
	}
	for (size_t k = 0; k < 4; k++)
		assert_true(sound_tone_db(all + 48000, 48000, hz[k]) > -14);
	/* What was not there is at least 35 dB below. */
	assert_true(sound_tone_db(all + 48000, 48000, 600) < -49);
	assert_true(sound_tone_db(all + 48000, 48000, 1500) < -49);
}

static void
the_limiter_comes_back_slowly(void **state)
{
	struct limiter     l;
	struct audio_frame f;
	float              last = 0;

	(void)state;
	limiter_init(&l);
	for (unsigned i = 0; i < 10; i++) {
		sound_tone(&f, 300, 3, i);
		limiter_run(&l, &f);
	}
	for (unsigned i = 10; i < 100; i++) {
		sound_tone(&f, 300, 0.5, i);
		limiter_run(&l, &f);
		if (i > 11) {
			assert_true(l.gain >= last);
			assert_true(l.gain - last < 0.1f);
		}
		last = l.gain;
	}
	assert_true(l.gain > 0.99f);
}

static void
ones_own_voice_goes_out_of_the_sum_without_a_trace(void **state)
{
	struct audio_frame sum, out, voices[16];

	(void)state;
	audio_mix_clear(&sum);
	for (unsigned i = 0; i < 16; i++) {
		sound_tone(&voices[i], 200 + 97 * i, i ? 0.01 : 0.9, 0);
		audio_mix_add(&sum, &voices[i]);
	}
	audio_mix_minus(&out, &sum, &voices[0]);
	for (unsigned i = 1; i < 16; i++)
		audio_mix_minus(&out, &out, &voices[i]);
	assert_true(sound_rms_db(out.samples, AUDIO_FRAME_LEN) < -120);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_right_within_a_decibel),
		cmocka_unit_test(the_limiter_never_lets_a_peak_through),
		cmocka_unit_test(one_speaker_passes_unchanged),
		cmocka_unit_test(many_speakers_are_limited_without_distortion),
		cmocka_unit_test(the_limiter_comes_back_slowly),
		cmocka_unit_test(
		    ones_own_voice_goes_out_of_the_sum_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
