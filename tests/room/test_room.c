/*
 * A whole room and a client of it on loopback: joining, gaps, new lines of
 * sequence numbers, silence and leaving.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/room_internal.h"
#include "stage.h"

/* So small that each frame is several packets. */
#define SMALL_PART 60

static struct client *
join(struct stage *stage, enum ipc_direction direction, const char *without)
{
	struct client *c = stage_join_without(stage, 0, direction, without);

	c->part_max = SMALL_PART;
	return c;
}

/* Sends pictures until `condition`, or too long. */
#define SEND_UNTIL(c, condition) do {					\
	for (int turns_ = 0; !(condition) && turns_ < 250; turns_++) {	\
		client_send_picture(c, false, -1);			\
		stage_pass((c)->stage, 60000);				\
	}								\
	assert_true(condition);						\
} while (0)

static void
who_sends_is_decoded_and_gets_the_mosaic(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_BOTH, NULL);

	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 5);
	assert_true(c->pictures > 0);
	assert_int_equal(c->plis + c->nacks, 0);
	assert_int_equal(stage->stats.packets_bad, 0);
}

/* Early in a stream SRTP takes 40 000 ahead; in 16 bits that is back. */
static void
a_stream_that_jumps_is_shown_again(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_BOTH, NULL);
	uint64_t       before;

	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 3);
	before = stage->stats.frames_decoded;
	c->sequence = (uint16_t)(c->sequence + 30000);
	SEND_UNTIL(c, c->plis > 0);
	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > before + 5);
}

static void
a_lost_packet_is_asked_for(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_BOTH, NULL);

	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 0);
	client_send_picture(c, false, 1);
	client_send_picture(c, false, -1);
	STAGE_WAIT(stage, c->nacks > 0);
	assert_int_equal(c->plis, 0);
}

/* Who does not know NACK is asked for a key frame, and at once. */
static void
without_nack_a_lost_packet_costs_a_key_frame(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_BOTH,
	    "a=rtcp-fb:96 nack\r\n");

	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 0);
	client_send_picture(c, false, 1);
	client_send_picture(c, false, -1);
	STAGE_WAIT(stage, c->plis > 0);
	assert_int_equal(c->nacks, 0);
}

static void
who_only_watches_gets_the_mosaic(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_WATCH, NULL);

	STAGE_WAIT(stage, c->pictures > 3 && stage->stats.watchers == 1);
	assert_int_equal(stage->stats.frames_decoded, 0);
}

/* Also the very first packet, as soon as it was lost. */
static void
sends_again_what_was_sent_and_nothing_else(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_WATCH, NULL);

	STAGE_WAIT(stage, c->video.packets > 0);
	client_ask_again(c, (uint16_t)(c->video.first - 1));
	client_ask_again(c, (uint16_t)(c->video.first + 30000));
	client_ask_again(c, 0);
	client_ask_again(c, c->video.first);
	STAGE_WAIT(stage, stage->stats.nacks_in == 4);
	assert_int_equal(stage->stats.resent, 1);
	/* It was not lost, so SRTP knows it for what it is. */
	assert_int_equal(transport_stats(c->transport)->replayed, 1);
}

/* Of the key frame that all hangs on, until it cannot be sent again. */
static void
a_key_frame_that_does_not_come_is_made_anew(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_WATCH, NULL);

	STAGE_WAIT(stage, c->video.packets > 0);
	for (int i = 0; i < 150 && stage->stats.keyframes_asked == 0; i++) {
		client_ask_again(c, c->video.first);
		stage_pass(stage, 100000);
	}
	assert_int_equal(stage->stats.keyframes_asked, 1);
	assert_in_range(stage->stats.resent, 1, 3);
	STAGE_WAIT(stage, stage->stats.keyframes_encoded >= 2);
}

#define REPORT_UNTIL(c, lossy, remb_bps, condition) do {		\
	for (int turns_ = 0; !(condition) && turns_ < 500; turns_++) {	\
		client_report(c, lossy, remb_bps);			\
		client_send_picture(c, false, -1);			\
		stage_pass((c)->stage, 60000);				\
	}								\
	assert_true(condition);						\
} while (0)

/*
 * The rungs of a canvas of 300 kbit/s are 300, 100, 60, 30, 16 and, of
 * stills, 6 kbit/s, or a third of it; without sound they have the line to
 * themselves.
 */
static void
a_bad_line_goes_down_to_sound_and_comes_back_by_stills(void **state)
{
	struct stage  *stage = *state;
	struct client *c;
	uint32_t     (*viewers)[IPC_RUNGS] = stage->stats.rung_viewers;
	unsigned       before;

	stage->silent = true;
	c = join(stage, IPC_JOIN_BOTH, NULL);
	client_send_picture(c, true, -1);
	REPORT_UNTIL(c, false, 1000000, viewers[VIDEO_VP8][0] == 1 &&
	    c->pictures > 0);
	/* Loss takes rung by rung, but never what moves. */
	REPORT_UNTIL(c, true, 1000000, viewers[VIDEO_VP8][4] == 1);
	REPORT_UNTIL(c, true, 1000000, stage->stats.rung_encoders[
	    VIDEO_VP8][3] == 1);
	/* Every other frame, while that is what he is tied to. */
	before = c->pictures;
	REPORT_UNTIL(c, true, 1000000, c->pictures > before + 10);
	c->droppable = 0;
	before = c->pictures;
	REPORT_UNTIL(c, true, 1000000, c->pictures > before + 10);
	assert_int_equal(c->droppable, 0);
	/* Too little for any picture; and then one rung after another. */
	REPORT_UNTIL(c, false, 1500, viewers[VIDEO_VP8][4] == 0 &&
	    viewers[VIDEO_VP8][5] == 0);
	for (unsigned i = 0; i < IPC_RUNGS; i++)
		assert_int_equal(viewers[VIDEO_VP8][i], 0);
	REPORT_UNTIL(c, false, 1000000, viewers[VIDEO_VP8][5] == 1);
	REPORT_UNTIL(c, false, 1000000, viewers[VIDEO_VP8][3] == 1);
	before = c->pictures;
	REPORT_UNTIL(c, false, 1000000, c->pictures > before + 10);
	assert_int_equal(stage->stats.packets_bad, 0);
}

/*
 * He says by NACK alone that the key frame of a switch is missing: his PLI
 * would come three seconds later.
 */
static void
the_key_frame_of_a_switch_comes_again_or_anew(void **state)
{
	struct stage  *stage = *state;
	struct client *c;
	uint64_t       resent, asked;
	uint16_t       sequence;
	unsigned       keys;
	int            width;

	stage->silent = true;
	c = join(stage, IPC_JOIN_BOTH, NULL);
	client_send_picture(c, true, -1);
	REPORT_UNTIL(c, false, 1000000, c->keys > 0);
	width = c->key_width;
	REPORT_UNTIL(c, true, 1000000, c->key_width != width);
	sequence = c->key_sequence;
	keys = c->keys;
	resent = stage->stats.resent;
	asked = stage->stats.keyframes_asked;
	for (int i = 0; i < 150 && stage->stats.keyframes_asked == asked;
	    i++) {
		client_ask_again(c, sequence);
		stage_pass(stage, 100000);
	}
	assert_int_equal(stage->stats.keyframes_asked, asked + 1);
	assert_true(stage->stats.resent > resent);
	STAGE_WAIT(stage, c->keys > keys);
}

static void
nothing_is_decoded_when_nobody_watches(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_SEND, NULL);

	client_send_picture(c, true, -1);
	for (int i = 0; i < 20; i++) {
		client_send_picture(c, false, -1);
		stage_pass(stage, 60000);
	}
	STAGE_WAIT(stage, stage->stats.packets_in > 20);
	assert_int_equal(stage->stats.frames_decoded, 0);
	assert_int_equal(stage->stats.video_encoders, 0);
	assert_int_equal(c->pictures, 0);
}

/* Sound that lags by 300 ms more holds pictures back, and none is lost. */
static void
pictures_wait_for_their_sound(void **state)
{
	struct stage             *stage = *state;
	struct client            *c = join(stage, IPC_JOIN_BOTH, NULL);
	const struct participant *who = room_find(stage->room, PERSON);
	unsigned                  sent = 0;

	c->talks = true;
	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 3);
	for (; sent < 250 && who->pictures.count < 3; sent++) {
		client_send_clocks(c, 300000);
		client_send_picture(c, false, -1);
		stage_pass(stage, 60000);
	}
	assert_in_range(who->pictures.count, 3, 32);
	STAGE_WAIT(stage, who->pictures.count == 0);
	STAGE_WAIT(stage, stage->stats.frames_decoded >= sent);
	assert_int_equal(c->plis, 0);
	/* He goes with some that wait. */
	while (sent-- > 0 && who->pictures.count == 0) {
		client_send_clocks(c, 300000);
		client_send_picture(c, false, -1);
		stage_pass(stage, 60000);
	}
}

/*
 * A burst of them that are all to wait: the oldest are decoded at once. By the
 * clocks they are so early that they would wait longer than they may; and the
 * second pair of reports is believed, however strange. A machine that stands
 * still in the midst of a burst may let some go before the last comes.
 */
static void
no_more_than_32_pictures_wait(void **state)
{
	struct stage             *stage = *state;
	struct client            *c = join(stage, IPC_JOIN_BOTH, NULL);
	const struct participant *who = room_find(stage->room, PERSON);
	unsigned                  most = 0;
	uint64_t                  before;
	uint8_t                   key[1 << 12];
	const size_t              len = client_code_key(key, sizeof(key),
	    VIDEO_VP8, 160, 90);

	c->talks = true;
	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 3);
	for (int turns = 0; turns < 100 && most < 32; turns++) {
		client_send_clocks(c, 1000000);
		client_send_clocks(c, 1000000);
		for (int i = 0; i < 60; i++)
			client_send_coded(c, VIDEO_VP8, key, len, -1);
		for (int i = 0; i < 10; i++) {
			stage_pass(stage, 2000);
			assert_in_range(who->pictures.count, 0, 32);
			if (who->pictures.count > most)
				most = who->pictures.count;
		}
		stage_pass(stage, 500000);
	}
	assert_int_equal(most, 32);
	STAGE_WAIT(stage, who->pictures.count == 0);
	before = stage->stats.frames_decoded;
	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > before + 5);
}

static void
who_says_goodbye_is_gone_at_once(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_BOTH, NULL);

	transport_free(c->transport);
	c->transport = NULL;
	STAGE_WAIT(stage, stage->gone == 1);
}

/* Killed in the middle of it, by tesserad's word, with media under way. */
static void
who_is_made_to_leave_hears_of_it(void **state)
{
	struct stage  *stage = *state;
	struct client *c = join(stage, IPC_JOIN_BOTH, NULL);

	client_send_picture(c, true, -1);
	stage_dismiss(stage, 0);
	STAGE_WAIT(stage, stage->gone == 1 && c->ended == 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_set_up,	\
	stage_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(who_sends_is_decoded_and_gets_the_mosaic),
		TEST(a_stream_that_jumps_is_shown_again),
		TEST(a_lost_packet_is_asked_for),
		TEST(without_nack_a_lost_packet_costs_a_key_frame),
		TEST(who_only_watches_gets_the_mosaic),
		TEST(sends_again_what_was_sent_and_nothing_else),
		TEST(a_key_frame_that_does_not_come_is_made_anew),
		TEST(a_bad_line_goes_down_to_sound_and_comes_back_by_stills),
		TEST(the_key_frame_of_a_switch_comes_again_or_anew),
		TEST(nothing_is_decoded_when_nobody_watches),
		TEST(pictures_wait_for_their_sound),
		TEST(no_more_than_32_pictures_wait),
		TEST(who_says_goodbye_is_gone_at_once),
		TEST(who_is_made_to_leave_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
