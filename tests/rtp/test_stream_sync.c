/*
 * Which picture belongs to which sound: reports, clocks that drift, lies.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chance.h"
#include "rtp/rtcp_packet.h"
#include "rtp/stream_sync.h"

#define MS 1000
#define SECOND INT64_C(1000000)
#define SHOWN (20 * MS)		/* what the module takes for decode and beat */
#define NOW (1000 * SECOND)

#define assert_near(a, b, by) assert_in_range((a) - (b) + (by), 0, 2 * (by))

static int64_t
wall_of(uint64_t ntp)
{
	struct stream_clock c;

	stream_clock_init(&c, 48000);
	stream_clock_report(&c, ntp, 7);
	return stream_clock_wall_us(&c, 7);
}

static void
a_report_ties_rtp_time_to_the_wall(void **state)
{
	struct stream_clock c;
	int64_t             at;

	(void)state;
	stream_clock_init(&c, 90000);
	assert_true(stream_clock_wall_us(&c, 5) == STREAM_TIME_NONE);
	stream_clock_report(&c, 0, 5);		/* no wall clock there */
	assert_true(stream_clock_wall_us(&c, 5) == STREAM_TIME_NONE);
	/* RFC 3550: seconds and 2^-32 of them. */
	stream_clock_report(&c, UINT64_C(0xe1234567c0000000), 0xfffffff0);
	at = stream_clock_wall_us(&c, 0xfffffff0);
	assert_true(at == INT64_C(0xe1234567) * SECOND + 750000);
	assert_true(stream_clock_wall_us(&c, 0xfffffff0 + 90000) ==
	    at + SECOND);
	assert_true(stream_clock_wall_us(&c, 0xfffffff0 - 45000) ==
	    at - SECOND / 2);
	assert_true(wall_of(rtcp_ntp_from_us(5 * SECOND)) -
	    wall_of(rtcp_ntp_from_us(3 * SECOND)) == 2 * SECOND);
}

static void
report(struct stream_clock *c, int64_t wall_us, int64_t media_us)
{
	stream_clock_report(c, rtcp_ntp_from_us(wall_us),
	    (uint32_t)(media_us * c->rate_hz / SECOND));
}

/* What the clock says of `media_us`, over what it is. */
static int64_t
error_us(const struct stream_clock *c, int64_t wall_us, int64_t media_us)
{
	return stream_clock_wall_us(c, (uint32_t)(media_us * c->rate_hz /
	    SECOND)) - wall_of(rtcp_ntp_from_us(wall_us));
}

static void
noise_of_reports_is_smoothed(void **state)
{
	struct stream_clock c;
	struct chance       chance = { 4711 };
	int64_t             worst = 0;

	(void)state;
	stream_clock_init(&c, 90000);
	for (int64_t t = 0; t < 1000 * SECOND; t += SECOND) {
		int64_t off = (int64_t)chance_below(&chance, 20 * MS) -
		    10 * MS;

		report(&c, NOW + t + off, t);
		off = llabs(error_us(&c, NOW + t, t));
		if (t > 20 * SECOND && off > worst)
			worst = off;
	}
	assert_in_range(worst, 1, 8 * MS);
}

static void
one_report_that_does_not_fit_is_a_mistake_and_two_are_a_clock(void **state)
{
	struct stream_clock c;

	(void)state;
	stream_clock_init(&c, 48000);
	report(&c, NOW, 0);
	report(&c, NOW + 60 * SECOND, SECOND);
	assert_near(error_us(&c, NOW, 0), 0, 100);
	report(&c, NOW + 2 * SECOND, 2 * SECOND);
	report(&c, NOW + 60 * SECOND, 3 * SECOND);
	assert_near(error_us(&c, NOW, 0), 0, 100);
	report(&c, NOW + 61 * SECOND, 4 * SECOND);
	assert_near(error_us(&c, NOW + 61 * SECOND, 4 * SECOND), 0, 100);
}

/* ---- pictures ------------------------------------------------------------- */

static void
without_reports_or_sound_nothing_waits(void **state)
{
	(void)state;
	assert_true(stream_sync_show_us(STREAM_TIME_NONE, NOW, 0) == NOW);
	assert_true(stream_sync_show_us(NOW, NOW, STREAM_TIME_NONE) == NOW);
	assert_true(stream_sync_show_us(STREAM_TIME_NONE, NOW,
	    STREAM_TIME_NONE) == NOW);
}

static void
a_picture_waits_for_its_sound_but_for_10_ms(void **state)
{
	const int64_t captured = NOW - 50 * MS;

	(void)state;
	/* Sound is mixed 200 ms after its capture: the picture has 150. */
	assert_true(stream_sync_show_us(captured, NOW, 200 * MS) ==
	    NOW + 150 * MS - SHOWN - STREAM_SYNC_EARLY_US);
	/* On a clean line none waits. */
	assert_true(stream_sync_show_us(captured, NOW, 50 * MS) == NOW);
	assert_true(stream_sync_show_us(captured, NOW, 80 * MS) == NOW);
	assert_true(stream_sync_show_us(captured, NOW, 0) == NOW);
}

static void
none_waits_longer_than_400_ms_or_for_what_cannot_be(void **state)
{
	(void)state;
	assert_true(stream_sync_show_us(NOW, NOW, 900 * MS) ==
	    NOW + STREAM_SYNC_HOLD_MAX_US);
	assert_true(stream_sync_show_us(NOW, NOW, 5 * SECOND) == NOW);
	assert_true(stream_sync_show_us(NOW, NOW, -5 * SECOND) == NOW);
}

/* ---- sound that waits ------------------------------------------------------ */

/* Two seconds of pictures that are later than their sound. */
static bool
look(struct stream_sync *s, int64_t *now_us, int64_t late_us)
{
	for (unsigned i = 0; i < 50; i++) {
		*now_us += 40 * MS;
		stream_sync_picture(s, *now_us - late_us + SHOWN, *now_us, 0);
	}
	return stream_sync_look(s, *now_us);
}

static void
sound_waits_for_late_pictures_by_80_ms_at_most(void **state)
{
	struct stream_sync s;
	int64_t            now_us = NOW;

	(void)state;
	stream_sync_init(&s, now_us);
	assert_false(look(&s, &now_us, 40 * MS));
	assert_true(look(&s, &now_us, 75 * MS));
	assert_true(s.wait_us == 10 * MS);
	/* Neither late nor early: as it is. */
	assert_false(look(&s, &now_us, 30 * MS));
	assert_true(s.wait_us == 10 * MS);
	for (unsigned i = 0; i < 20; i++)
		look(&s, &now_us, 300 * MS);
	assert_true(s.wait_us == STREAM_SYNC_WAIT_MAX_US);
	/* No picture comes any more, or none of known time. */
	for (unsigned i = 0; i < 20; i++) {
		now_us += 2 * SECOND;
		stream_sync_picture(&s, STREAM_TIME_NONE, now_us, 0);
		stream_sync_look(&s, now_us);
	}
	assert_true(s.wait_us == 0);
}

static void
looks_too_often_are_ignored(void **state)
{
	struct stream_sync s;

	(void)state;
	stream_sync_init(&s, NOW);
	stream_sync_picture(&s, NOW - SECOND, NOW, 0);
	for (unsigned i = 0; i < 1000; i++)
		assert_false(stream_sync_look(&s, NOW + i * MS));
	assert_true(stream_sync_look(&s, NOW + 2 * SECOND));
}

/* ---- a meeting ------------------------------------------------------------ */

/* A sender with three clocks of his own: the wall, the sound card, ours. */
struct sender {
	double wall_ppm, card_ppm;
};

static int64_t
wall(const struct sender *s, int64_t t)
{
	return 77 * SECOND + t + (int64_t)((double)t * s->wall_ppm / 1e6);
}

static uint32_t
rtp_at(int64_t t, double ppm, uint32_t rate)
{
	return (uint32_t)(int64_t)((double)t * (1 + ppm / 1e6) *
	    rate / 1e6);
}

/*
 * So many seconds with reports each five, whose NTP times are off by up to
 * 3 ms, and sound that is mixed 40 to 390 ms after its capture; how far apart
 * picture and sound of one moment were at most.
 */
static int64_t
worst_skew(const struct sender *s, int64_t seconds)
{
	struct stream_clock pictures;
	struct stream_sync  sync;
	struct chance       chance = { 99 };
	int64_t             worst = 0;

	stream_sync_init(&sync, NOW);
	stream_clock_init(&pictures, 90000);
	for (int64_t t = 0; t < seconds * SECOND; t += 40 * MS) {
		const uint32_t sound = rtp_at(t, s->card_ppm, 48000);
		const uint32_t picture = rtp_at(t, s->wall_ppm, 90000);
		/* A triangle of ten minutes. */
		const int64_t  phase = t / MS % 600000;
		const int64_t  delay = 40 * MS + 350 * MS * (phase < 300000 ?
		    phase : 600000 - phase) / 300000;
		int64_t        lag, shown, skew;

		if (t % (5 * SECOND) == 0) {
			stream_clock_report(&sync.sound, rtcp_ntp_from_us(
			    wall(s, t) + chance_below(&chance, 6 * MS)), sound);
			stream_clock_report(&pictures, rtcp_ntp_from_us(
			    wall(s, t) + chance_below(&chance, 6 * MS)),
			    picture);
		}
		lag = NOW + t + delay - stream_clock_wall_us(&sync.sound,
		    sound);
		shown = SHOWN + stream_sync_show_us(stream_clock_wall_us(
		    &pictures, picture), NOW + t + 30 * MS, lag);
		skew = llabs(NOW + t + delay - shown);
		if (skew > worst)
			worst = skew;
	}
	return worst;
}

static void
lips_are_in_sync_for_eight_hours_of_drifting_clocks(void **state)
{
	static const struct sender senders[] = {
		{ 0, 0 }, { 100, -100 }, { -200, 200 }, { 200, 200 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		assert_in_range(worst_skew(&senders[i], 8 * 3600), 0, 25 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_ties_rtp_time_to_the_wall),
		cmocka_unit_test(noise_of_reports_is_smoothed),
		cmocka_unit_test(
		    one_report_that_does_not_fit_is_a_mistake_and_two_are_a_clock),
		cmocka_unit_test(without_reports_or_sound_nothing_waits),
		cmocka_unit_test(a_picture_waits_for_its_sound_but_for_10_ms),
		cmocka_unit_test(
		    none_waits_longer_than_400_ms_or_for_what_cannot_be),
		cmocka_unit_test(
		    sound_waits_for_late_pictures_by_80_ms_at_most),
		cmocka_unit_test(looks_too_often_are_ignored),
		cmocka_unit_test(
		    lips_are_in_sync_for_eight_hours_of_drifting_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
