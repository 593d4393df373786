/*
 * A viewer who lies about what he gets, and lines that change under him.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/room_internal.h"
#include "rtp/rtcp_packet.h"
#include "viewer_model.h"

#define S    INT64_C(1000000)
#define MS   INT64_C(1000)
#define KBPS INT64_C(1000)
#define SEEDS 4

static void
hear_nack(struct participant *who, uint32_t ssrc, const uint16_t *sequences,
    unsigned count)
{
	struct packet *packet = packet_new(who->room->packets);

	assert_non_null(packet);
	packet->len = rtcp_write_nack(packet->bytes, sizeof(packet->bytes), 1,
	    ssrc, sequences, count);
	feedback_received(who, packet, who->down.tick_us);
}

/* A key frame of a thin line waits for a while: he asks for all of it. */
static void
what_was_not_sent_yet_is_not_sent_again(void **state)
{
	struct viewer_model *m = viewer_model_new(1, true);
	struct participant  *who = viewer_model_who(m);
	unsigned             waiting = 0, most = 0;

	(void)state;
	viewer_model_line(m)->capacity_bps = 300 * KBPS;
	viewer_model_run(m, 10 * S);
	who->video_out.packets += 100000;	/* the call is a long one */
	for (unsigned i = 0; i < 5000; i++) {
		const uint64_t before = who->room->resent;
		uint16_t       sequences[64];

		viewer_model_run(m, MS);
		waiting = pacer_waiting(who->down.pacer, PACER_VIDEO);
		most = waiting > most ? waiting : most;
		for (unsigned at = 0; at < waiting && at < 64; at++)
			sequences[at] = (uint16_t)
			    (who->video_out.next_sequence - 1 - at);
		if (waiting == 0)
			continue;
		hear_nack(who, who->video_out.ssrc, sequences,
		    waiting < 64 ? waiting : 64);
		assert_int_equal(who->room->resent, before);
	}
	assert_true(most > 0);
	viewer_model_free(m);
}

/*
 * Pictures that waited are thrown away at a fall, and are not counted as sent
 * any more. What is known of loss must not be diluted by that.
 */
static void
pictures_thrown_away_do_not_hide_loss(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct viewer_model *m = viewer_model_new(seed, true);
		struct participant  *who = viewer_model_who(m);
		struct viewer_line  *line = viewer_model_line(m);

		who->sound_nacks = who->agreed.video.nack = true;
		line->capacity_bps = 2000 * KBPS;
		viewer_model_run(m, 10 * S);
		if (seed % 2)
			line->capacity_bps = 40 * KBPS;
		else
			line->dead = true;
		for (unsigned i = 0; i < 20; i++) {
			viewer_model_run(m, S);
			/* No more than was sent in its window. */
			assert_true(who->repair.line_slow.all < 3000);
		}
		viewer_model_free(m);
	}
}

/* Nor by what was sent before he asked for the first time. */
static void
the_first_nack_is_not_the_first_second(void **state)
{
	struct viewer_model *m = viewer_model_new(1, true);
	struct participant  *who = viewer_model_who(m);

	(void)state;
	viewer_model_run(m, 100 * S);
	assert_true(who->audio_out.packets > 4000);
	hear_nack(who, who->audio_out.ssrc, &(uint16_t){ 0 }, 1);
	viewer_model_run(m, 2 * S);
	assert_true(who->repair.line_slow.all > 0);
	assert_true(who->repair.line_slow.all < 1000);
	viewer_model_free(m);
}

/* As many NACKs as fit into one packet, and as many packets as are let in. */
static void
a_flood_of_feedback_is_not_read_to_its_end(void **state)
{
	struct viewer_model *m = viewer_model_new(1, true);
	struct participant  *who = viewer_model_who(m);
	const unsigned       each = 15 * 17;
	uint64_t             before;

	(void)state;
	viewer_model_run(m, 5 * S);
	before = who->room->nacks_in;
	for (unsigned i = 0; i < 1000; i++) {
		struct packet *packet = packet_new(who->room->packets);
		uint16_t       sequences[RTCP_NACKS_MAX];

		assert_non_null(packet);
		for (unsigned at = 0; at < each; at++)
			sequences[at] = (uint16_t)
			    (who->video_out.next_sequence - each + at);
		packet->len = 0;
		for (unsigned part = 0; part < 15; part++)
			packet->len += rtcp_write_nack(packet->bytes +
			    packet->len, sizeof(packet->bytes) - packet->len,
			    1, who->video_out.ssrc, sequences, each);
		feedback_received(who, packet, who->down.tick_us + i * MS);
	}
	assert_in_range(who->room->nacks_in - before, 200 * each, 800 * each);
	viewer_model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_sent_yet_is_not_sent_again),
		cmocka_unit_test(pictures_thrown_away_do_not_hide_loss),
		cmocka_unit_test(the_first_nack_is_not_the_first_second),
		cmocka_unit_test(a_flood_of_feedback_is_not_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
