/*
 * Sound made shorter and longer: its spectrum stays, and nothing clicks.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/time_scale.h"
#include "sounds.h"

#define FRAME   AUDIO_FRAME_LEN
#define FRAMES  150
#define ROOM    (FRAMES * (FRAME + TIME_SCALE_PERIOD_MAX))
#define ALIKE   0.8f
#define PIECE   4800

static float in[FRAMES * FRAME], out[ROOM];

/* Scales each `nth` frame; returns how many samples came out. */
static int
scale(int nth, bool longer, float alike)
{
	int len = 0;

	for (int f = 0; f < FRAMES; f++) {
		int count = FRAME;

		memcpy(out + len, in + f * FRAME, FRAME * sizeof(*in));
		if (f % nth == 0)
			count = longer ?
			    time_scale_lengthen(out + len, FRAME, alike) :
			    time_scale_shorten(out + len, FRAME, alike);
		assert_true(longer ? count >= FRAME : count <= FRAME);
		assert_true(count >= FRAME - TIME_SCALE_PERIOD_MAX &&
		    count <= FRAME + TIME_SCALE_PERIOD_MAX);
		len += count;
	}
	return len;
}

/* The largest bend of the wave, which a click has much of. */
static float
largest_bend(const float *x, int count)
{
	float most = 0;

	for (int i = 2; i < count; i++)
		most = fmaxf(most, fabsf(x[i] - 2 * x[i - 1] + x[i - 2]));
	return most;
}

static void
tone(double hz)
{
	struct audio_frame f;

	for (unsigned i = 0; i < FRAMES; i++) {
		sound_tone(&f, hz, 0.3, i);
		memcpy(in + i * FRAME, f.samples, sizeof(f.samples));
	}
}

static void
voice(void)
{
	struct sound_voice v = { 0 };
	struct audio_frame f;

	for (unsigned i = 0; i < FRAMES; i++) {
		sound_voice(&f, &v, 0.3);
		memcpy(in + i * FRAME, f.samples, sizeof(f.samples));
	}
}

/*
 * The part of the power that is not the tone, in dB of all; over pieces, as
 * each cut leaves the phase by a fraction of a sample.
 */
static double
rest_db(const float *x, int count, double hz)
{
	double rest = 0, all = 0;

	for (int at = 0; at + PIECE <= count; at += PIECE) {
		const double power = pow(10,
		    sound_rms_db(x + at, PIECE) / 10);

		all += power;
		rest += fmax(0, power -
		    pow(10, sound_tone_db(x + at, PIECE, hz) / 10) / 2);
	}
	return 10 * log10(rest / all + 1e-9);
}

static void
a_tone_stays_pure_and_does_not_click(void **state)
{
	static const double tones[] = { 110, 200, 440, 1000, 2517, 3900 };

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(tones) / sizeof(tones[0]); i++) {
		const double hz = tones[i / 2];
		int          len;
		double       rest;

		tone(hz);
		len = scale(2, i % 2, ALIKE);
		assert_true(i % 2 ? len > FRAMES * (FRAME + 60) :
		    len < FRAMES * (FRAME - 60));
		rest = rest_db(out, len, hz);
		print_message("# %.0f Hz %s: the rest is at %.1f dB\n", hz,
		    i % 2 ? "longer" : "shorter", rest);
		assert_true(rest < -18);
		assert_true(largest_bend(out, len) <
		    1.25f * largest_bend(in, FRAMES * FRAME) + 1e-4f);
	}
}

/* Power in bands of a third of the range of a voice. */
static void
bands(double db[4], const float *x, int count)
{
	static const double edges[] = { 100, 400, 1000, 2500, 5000 };

	for (int b = 0; b < 4; b++) {
		double power = 0;
		int    n = 0;

		for (double hz = edges[b]; hz < edges[b + 1]; hz += 23, n++)
			power += pow(10, sound_tone_db(x, (size_t)count, hz) /
			    10);
		db[b] = 10 * log10(power / n);
	}
}

static void
a_voice_keeps_its_spectrum(void **state)
{
	double before[4], after[4];

	(void)state;
	for (int longer = 0; longer < 2; longer++) {
		int len;

		voice();
		len = scale(8, longer, ALIKE);
		bands(before, in, FRAMES * FRAME);
		bands(after, out, len);
		print_message("# %d samples of %d\n", len, FRAMES * FRAME);
		for (int b = 0; b < 4; b++) {
			print_message("# band %d: %.1f, was %.1f dB\n", b,
			    after[b], before[b]);
			assert_true(fabs(after[b] - before[b]) < 3);
		}
		assert_true(largest_bend(out, len) <
		    1.1f * largest_bend(in, FRAMES * FRAME));
		assert_true(longer ? len > FRAMES * FRAME + 10 * 120 :
		    len < FRAMES * FRAME - 10 * 120);
	}
}

static void
noise_is_left_alone_unless_it_must_be(void **state)
{
	uint32_t chance = 1;

	(void)state;
	for (int i = 0; i < FRAMES * FRAME; i++) {
		chance = chance * 1664525u + 1013904223u;
		in[i] = (float)(chance >> 8) / (1 << 24) - 0.5f;
	}
	assert_int_equal(scale(1, false, ALIKE), FRAMES * FRAME);
	assert_int_equal(scale(1, true, ALIKE), FRAMES * FRAME);
	assert_memory_equal(in, out, sizeof(in));
	assert_true(scale(1, false, -1) < FRAMES * FRAME);
	assert_true(scale(1, true, -1) > FRAMES * FRAME);
}

static void
silence_and_short_pieces_are_no_trouble(void **state)
{
	float few[2 * TIME_SCALE_PERIOD_MAX] = { 0 };

	(void)state;
	memset(in, 0, sizeof(in));
	assert_true(scale(1, false, ALIKE) < FRAMES * FRAME);
	assert_true(scale(1, true, ALIKE) > FRAMES * FRAME);
	for (int i = 0; i < 2 * TIME_SCALE_PERIOD_MAX; i++)
		assert_true(few[i] == 0);
	assert_int_equal(time_scale_shorten(few,
	    2 * TIME_SCALE_PERIOD_MAX - 1, -1), 2 * TIME_SCALE_PERIOD_MAX - 1);
	assert_int_equal(time_scale_lengthen(few, 480, -1), 480);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_stays_pure_and_does_not_click),
		cmocka_unit_test(a_voice_keeps_its_spectrum),
		cmocka_unit_test(noise_is_left_alone_unless_it_must_be),
		cmocka_unit_test(silence_and_short_pieces_are_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
