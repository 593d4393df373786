/*
 * Frames put together from packets in any order, and with loss.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "rtp/frame_assembler.h"

#define PART 10				/* data bytes of one packet */

/* Packet `part` of `parts` of frame `frame`. */
static void
push(struct frame_assembler *a, uint16_t sequence, unsigned frame,
    unsigned part, unsigned parts, bool key)
{
	uint8_t payload[1 + PART] = { part == 0 ? 0x10 : 0 };
	const struct rtp_packet p = {
		.sequence = sequence,
		.timestamp = frame * 3000,
		.marker = part + 1 == parts,
		.payload = payload,
		.payload_len = sizeof(payload),
	};

	memset(payload + 1, (int)frame, PART);
	payload[1] = key ? 0x10 : 0x11;
	frame_assembler_push(a, VIDEO_VP8, &p, 1000 + sequence);
}

static void
push_empty(struct frame_assembler *a, uint16_t sequence, uint32_t timestamp)
{
	const struct rtp_packet p = { .sequence = sequence,
	    .timestamp = timestamp, .padding_len = 100 };

	frame_assembler_push(a, VIDEO_VP8, &p, 1);
}

static void
expect_frame(struct frame_assembler *a, unsigned frame, unsigned parts, bool key)
{
	struct rtp_frame f = { 0 };

	assert_int_equal(frame_assembler_pull(a, &f), FRAME_READY);
	assert_int_equal(f.timestamp, frame * 3000);
	assert_int_equal(f.len, parts * PART);
	assert_int_equal(f.key, key);
	assert_int_equal(f.data[PART - 1], frame & 0xff);
	assert_int_equal(f.data[f.len - 1], frame & 0xff);
}

static void
expect(struct frame_assembler *a, enum frame_verdict verdict)
{
	struct rtp_frame f;

	assert_int_equal(frame_assembler_pull(a, &f), verdict);
}

static int
make(void **state)
{
	return frame_assembler_new((struct frame_assembler **)state);
}

static int
unmake(void **state)
{
	frame_assembler_free(*state);
	return 0;
}

static void
gives_frames_out_as_they_complete(void **state)
{
	struct frame_assembler *a = *state;
	struct rtp_frame        f;

	expect(a, FRAME_MORE);
	push(a, 100, 1, 0, 3, true);
	push(a, 101, 1, 1, 3, true);
	expect(a, FRAME_MORE);
	push(a, 102, 1, 2, 3, true);
	assert_int_equal(frame_assembler_pull(a, &f), FRAME_READY);
	assert_int_equal(f.first_sequence, 100);
	assert_int_equal(f.arrival_us, 1102);
	assert_int_equal(f.len, 30);
	assert_true(f.key);
	expect(a, FRAME_MORE);
	push(a, 103, 2, 0, 1, false);
	push(a, 104, 3, 0, 1, false);
	expect_frame(a, 2, 1, false);
	expect_frame(a, 3, 1, false);
	expect(a, FRAME_MORE);
}

static void
puts_reordered_packets_in_order_over_the_wrap(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 1, 2, 0, 1, false);	/* the very first is late already */
	expect(a, FRAME_NEED_KEY);
	push(a, 65535, 1, 1, 3, true);
	push(a, 0, 1, 2, 3, true);
	push(a, 2, 3, 0, 1, false);
	push(a, 65534, 1, 0, 3, true);
	expect_frame(a, 1, 3, true);
	expect_frame(a, 2, 1, false);
	expect_frame(a, 3, 1, false);
	expect(a, FRAME_MORE);
}

static void
waits_for_what_is_missing(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 1, true);
	push(a, 11, 2, 0, 2, false);
	push(a, 13, 3, 0, 1, false);
	expect_frame(a, 1, 1, true);
	expect(a, FRAME_MORE);
	push(a, 12, 2, 1, 2, false);
	expect_frame(a, 2, 2, false);
	expect_frame(a, 3, 1, false);
	push(a, 12, 2, 1, 2, false);	/* resent twice */
	push(a, 13, 3, 0, 1, false);
	expect(a, FRAME_MORE);
}

static void
asks_for_a_key_frame_at_each_frame_without_one(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 2, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 11, 1, 1, 2, false);
	expect(a, FRAME_MORE);
	push(a, 12, 2, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	expect(a, FRAME_MORE);
	push(a, 13, 3, 0, 1, true);
	expect_frame(a, 3, 1, true);
	expect(a, FRAME_MORE);
}

static void
a_key_frame_makes_what_waits_moot(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	push(a, 12, 2, 1, 2, false);	/* 11 is missing */
	push(a, 13, 3, 0, 2, true);
	expect(a, FRAME_MORE);
	push(a, 14, 3, 1, 2, true);
	expect_frame(a, 3, 2, true);
	push(a, 11, 2, 0, 2, false);	/* too late */
	push(a, 15, 4, 0, 1, false);
	expect_frame(a, 4, 1, false);
	expect(a, FRAME_MORE);
}

static void
gives_up_until_the_next_key_frame(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	push(a, 12, 3, 0, 1, false);
	expect(a, FRAME_MORE);
	frame_assembler_give_up(a);
	expect(a, FRAME_NEED_KEY);
	expect(a, FRAME_MORE);
	push(a, 13, 4, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 11, 2, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 14, 5, 0, 1, true);
	expect_frame(a, 5, 1, true);
	expect(a, FRAME_MORE);
}

static void
padding_packets_keep_continuity(void **state)
{
	struct frame_assembler *a = *state;

	push_empty(a, 8, 0);
	push_empty(a, 9, 0);
	push(a, 10, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	push_empty(a, 11, 3000);
	push_empty(a, 12, 3000);
	push(a, 13, 2, 0, 1, false);
	push_empty(a, 14, 6000);
	expect_frame(a, 2, 1, false);
	expect(a, FRAME_MORE);
}

static void
a_frame_without_marker_ends_at_the_next_time_stamp(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 99, true);
	push(a, 11, 1, 1, 99, true);
	expect(a, FRAME_MORE);
	push(a, 12, 2, 0, 1, false);
	expect_frame(a, 1, 2, true);
	expect_frame(a, 2, 1, false);
}

static void
a_packet_that_is_no_vp8_breaks_continuity(void **state)
{
	struct frame_assembler   *a = *state;
	const uint8_t           short_of_fields[] = { 0x90, 0x80 };
	const struct rtp_packet p = { .sequence = 11, .timestamp = 6000,
	    .payload = short_of_fields, .payload_len = 2 };

	push(a, 10, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	frame_assembler_push(a, VIDEO_VP8, &p, 1);
	expect(a, FRAME_NEED_KEY);
	push(a, 12, 3, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 13, 4, 0, 1, true);
	expect_frame(a, 4, 1, true);
}

static void
a_frame_that_does_not_begin_breaks_continuity(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	push(a, 11, 2, 1, 2, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 12, 3, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
}

static void
holds_no_more_than_512_packets(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 0, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	for (unsigned i = 2; i < 513; i++)	/* 1 is missing */
		push(a, (uint16_t)i, i, 0, 1, false);
	expect(a, FRAME_MORE);
	push(a, 513, 513, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 514, 514, 0, 1, true);
	expect_frame(a, 514, 1, true);
	push(a, 1, 1, 0, 1, false);
	expect(a, FRAME_MORE);
}

static void
a_frame_of_too_many_packets_is_never_given_out(void **state)
{
	struct frame_assembler *a = *state;

	for (unsigned i = 0; i < 600; i++)
		push(a, (uint16_t)i, 1, i, 600, true);
	expect(a, FRAME_MORE);
	push(a, 600, 2, 0, 1, true);
	expect_frame(a, 2, 1, true);
}

static void
survives_a_jump_of_the_sequence(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 0, 1, 0, 1, true);
	expect_frame(a, 1, 1, true);
	push(a, 30000, 2, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 30001, 3, 0, 1, true);
	expect_frame(a, 3, 1, true);
	push(a, 0, 1, 0, 1, true);
	expect(a, FRAME_MORE);
}

/* ---- codecs ---------------------------------------------------------------- */

static void
push_vp9(struct frame_assembler *a, uint16_t sequence, unsigned frame,
    bool key)
{
	const uint8_t           payload[] = { 0x0c, key ? 0x82 : 0x86, 7 };
	const struct rtp_packet p = { .sequence = sequence,
	    .timestamp = frame * 3000, .marker = true, .payload = payload,
	    .payload_len = sizeof(payload) };

	frame_assembler_push(a, VIDEO_VP9, &p, 1);
}

static void
a_stream_may_change_its_codec(void **state)
{
	struct frame_assembler *a = *state;
	struct rtp_frame        f;

	push(a, 10, 1, 0, 1, true);
	push_vp9(a, 11, 2, true);
	push_vp9(a, 12, 3, false);
	push(a, 13, 4, 0, 1, true);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(frame_assembler_pull(a, &f), FRAME_READY);
		assert_int_equal(f.codec, i == 1 || i == 2 ? VIDEO_VP9 :
		    VIDEO_VP8);
		assert_int_equal(f.key, i != 2);
	}
	expect(a, FRAME_MORE);
}

static void
a_frame_of_two_codecs_is_none(void **state)
{
	struct frame_assembler *a = *state;

	push(a, 10, 1, 0, 2, true);
	push_vp9(a, 11, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 12, 2, 0, 1, false);
	expect(a, FRAME_NEED_KEY);
	push(a, 13, 3, 0, 1, true);
	expect_frame(a, 3, 1, true);
}

/* 5 % loss repaired late, reordering, a key frame each 50. */
static void
gives_out_every_frame_when_losses_are_repaired(void **state)
{
	struct frame_assembler *a = *state;
	struct chance         chance = { 12345 };
	uint16_t              sequence = 65000;
	unsigned              given = 0;

	for (unsigned frame = 1; frame <= 3000; frame++) {
		const unsigned   parts = 1 + chance_below(&chance, 9);
		const bool       key = frame % 50 == 1;
		struct rtp_frame f;
		unsigned         late[9], late_count = 0;

		for (unsigned i = 0; i < parts; i++) {
			if (chance_below(&chance, 100) < 5)
				late[late_count++] = i;
			else
				push(a, (uint16_t)(sequence + i), frame, i,
				    parts, key);
		}
		while (late_count > 0) {
			const unsigned i = late[--late_count];

			expect(a, FRAME_MORE);
			push(a, (uint16_t)(sequence + i), frame, i, parts, key);
		}
		sequence = (uint16_t)(sequence + parts);
		while (frame_assembler_pull(a, &f) == FRAME_READY) {
			given++;
			assert_int_equal(f.timestamp, frame * 3000);
		}
	}
	assert_int_equal(given, 3000);
}

/* Whatever comes, frames go out in order and begin with a key frame. */
static void
keeps_order_and_continuity_under_loss(void **state)
{
	struct frame_assembler *a = *state;
	struct chance         chance = { 99 };
	unsigned              last = 0, keys = 0, asked = 0;

	for (unsigned i = 0; i < 60000; i++) {
		const unsigned   frame = 1 + i / 3;
		const bool       key = frame % 20 == 0;
		struct rtp_frame f;
		enum frame_verdict verdict;

		if (chance_below(&chance, 100) < 8)
			continue;
		push(a, (uint16_t)i, frame, i % 3, 3, key);
		if (chance_below(&chance, 1000) == 0)
			frame_assembler_give_up(a);
		while ((verdict = frame_assembler_pull(a, &f)) != FRAME_MORE) {
			const unsigned now = f.timestamp / 3000;

			if (verdict == FRAME_NEED_KEY) {
				asked++;
				continue;
			}
			assert_int_equal(f.len, 3 * PART);
			assert_true(f.key ? now > last : now == last + 1);
			keys += f.key;
			last = now;
		}
	}
	assert_true(keys > 500);
	assert_true(asked > 0);
	assert_true(last > 19900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
		TEST(gives_frames_out_as_they_complete),
		TEST(puts_reordered_packets_in_order_over_the_wrap),
		TEST(waits_for_what_is_missing),
		TEST(asks_for_a_key_frame_at_each_frame_without_one),
		TEST(a_key_frame_makes_what_waits_moot),
		TEST(gives_up_until_the_next_key_frame),
		TEST(padding_packets_keep_continuity),
		TEST(a_frame_without_marker_ends_at_the_next_time_stamp),
		TEST(a_packet_that_is_no_vp8_breaks_continuity),
		TEST(a_frame_that_does_not_begin_breaks_continuity),
		TEST(holds_no_more_than_512_packets),
		TEST(a_frame_of_too_many_packets_is_never_given_out),
		TEST(survives_a_jump_of_the_sequence),
		TEST(a_stream_may_change_its_codec),
		TEST(a_frame_of_two_codecs_is_none),
		TEST(gives_out_every_frame_when_losses_are_repaired),
		TEST(keeps_order_and_continuity_under_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
