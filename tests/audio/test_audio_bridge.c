/*
 * A room's sound: everybody hears all others, and not himself.
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

#include "audio/audio_bridge.h"
#include "sounds.h"

#define LEGS      20
#define EARS      5	/* what these legs and the last hear is decoded */
#define TICKS_MAX 250
#define BASE      0xfffffc00u
#define SILENT    (-1.0)

struct person {
	struct audio_encoder *encoder;
	struct audio_decoder *decoder;
	struct sound_header   header;
	double                hz, amplitude;	/* SILENT: sends nothing */
	const uint8_t        *payload;		/* of this tick */
	uint32_t              next_time;	/* of the next packet */
	size_t                payload_bytes;
	unsigned              payloads, starts;
	float                 heard[TICKS_MAX * AUDIO_FRAME_LEN];
};

struct room {
	struct packet_pool  *pool;
	struct audio_bridge *bridge;
	unsigned             count, tick, most_encoders;
	unsigned             speakers[LEGS], speaker_count, changes;
	struct person        people[LEGS];
};

static void
on_payload(void *to, unsigned leg, const struct audio_payload *payload)
{
	struct room   *room = to;
	struct person *p = &room->people[leg];
	const unsigned before = payload->frames - 1;
	const int      count = (int)payload->frames * AUDIO_FRAME_LEN;
	float          out[AUDIO_DECODED_MAX];

	assert_true(leg < room->count);
	assert_true(payload->len > 0 && payload->len <= AUDIO_PAYLOAD_MAX);
	assert_true(payload->frames == 1 || payload->frames == 3);
	assert_int_equal(payload->rtp_time,
	    (uint32_t)(BASE + (room->tick - before) * 960));
	/* Nothing is sent twice, and nothing left out but silence. */
	if (p->payloads > 0 && !payload->talk_start)
		assert_int_equal(payload->rtp_time, p->next_time);
	if (p->payloads > 0)
		assert_true((int32_t)(payload->rtp_time - p->next_time) >= 0);
	p->next_time = payload->rtp_time + (uint32_t)count;
	p->payload = payload->bytes;
	p->payload_bytes += payload->len;
	p->payloads++;
	p->starts += payload->talk_start;
	if (leg >= EARS && leg + 1 < room->count)
		return;
	assert_int_equal(audio_decoder_decode(p->decoder, payload->bytes,
	    payload->len, out), count);
	memcpy(p->heard + (size_t)(room->tick - before) * AUDIO_FRAME_LEN,
	    out, (size_t)count * sizeof(float));
}

static void
on_speaking(void *to, const unsigned *legs, unsigned count)
{
	struct room *room = to;

	assert_true(count <= LEGS);
	memcpy(room->speakers, legs, count * sizeof(*legs));
	room->speaker_count = count;
	room->changes++;
}

static struct room *
room_open(unsigned count, uint8_t level_id)
{
	struct room                  *room = test_calloc(1, sizeof(*room));
	const struct audio_bridge_out sink = { on_payload, on_speaking,
		room };
	const struct audio_leg_config leg = { .sends = true, .listens = true,
		.payload_type = 111, .level_id = level_id };

	room->count = count;
	assert_int_equal(packet_pool_new(&room->pool, 4000), 0);
	assert_int_equal(audio_bridge_new(&room->bridge, 32000, BASE, &sink),
	    0);
	for (unsigned i = 0; i < count; i++) {
		struct person *p = &room->people[i];

		p->hz = 350 + 153.0 * i;
		p->amplitude = SILENT;
		p->header.payload_type = 111;
		p->header.ssrc = i;
		p->header.level = level_id ? 20 : -1;
		assert_int_equal(audio_encoder_new(&p->encoder, 32000, 5), 0);
		assert_int_equal(audio_decoder_new(&p->decoder), 0);
		assert_int_equal(audio_bridge_add(room->bridge, i, &leg), 0);
	}
	return room;
}

static void
room_close(struct room *room)
{
	audio_bridge_free(room->bridge);
	for (unsigned i = 0; i < room->count; i++) {
		audio_encoder_free(room->people[i].encoder);
		audio_decoder_free(room->people[i].decoder);
	}
	packet_pool_free(room->pool);
	test_free(room);
}

static void
room_run(struct room *room, unsigned ticks)
{
	for (unsigned t = 0; t < ticks; t++) {
		const int64_t now_us = 5000000 + room->tick * 20000LL;

		assert_true(room->tick < TICKS_MAX);
		for (unsigned i = 0; i < room->count; i++) {
			struct person     *p = &room->people[i];
			struct audio_frame f;
			uint8_t            payload[AUDIO_PAYLOAD_MAX];
			int                len;

			if (p->amplitude < 0)
				continue;
			sound_tone(&f, p->hz, p->amplitude, room->tick);
			len = audio_encoder_encode(p->encoder, &f, payload);
			assert_true(len > 0);
			audio_bridge_push(room->bridge, i, sound_packet(
			    room->pool, &p->header, payload, (size_t)len,
			    now_us));
			p->header.sequence++;
			p->header.timestamp += AUDIO_FRAME_LEN;
		}
		audio_bridge_tick(room->bridge, now_us);
		if (audio_bridge_stats(room->bridge)->encoders >
		    room->most_encoders)
			room->most_encoders =
			    audio_bridge_stats(room->bridge)->encoders;
		room->tick++;
	}
}

/* How loud leg `who` hears the tone of `of` in the last second. */
static double
hears(const struct room *room, unsigned who, unsigned of)
{
	return sound_tone_db(room->people[who].heard +
	    (size_t)(room->tick - 50) * AUDIO_FRAME_LEN,
	    50 * AUDIO_FRAME_LEN, room->people[of].hz);
}

static void
everybody_hears_all_others_and_not_himself(void **state)
{
	struct room *room = room_open(5, 1);
	double       least = 0, own = -100;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		room->people[i].amplitude = 0.1;
	room_run(room, 150);
	for (unsigned who = 0; who < 5; who++) {
		for (unsigned of = 0; of < 4; of++) {
			const double db = hears(room, who, of);

			if (who == of)
				own = db > own ? db : own;
			else
				least = db < least ? db : least;
		}
	}
	print_message("# others at least %.1f dB, own at most %.1f dB\n",
	    least, own);
	assert_true(least > -23);
	assert_true(own < least - 30);
	for (unsigned who = 0; who < 5; who++) {
		assert_int_equal(room->people[who].payloads, 150);
		assert_int_equal(room->people[who].starts, 1);
	}
	room_close(room);
}

/* The limiter's gain must not leave a rest of one's own voice. */
static void
one_does_not_hear_himself_when_all_shout(void **state)
{
	struct room *room = room_open(4, 0);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		room->people[i].amplitude = 0.9;
	room_run(room, 150);
	for (unsigned who = 0; who < 4; who++) {
		double least = 0;

		for (unsigned of = 0; of < 4; of++) {
			if (of != who && hears(room, who, of) < least)
				least = hears(room, who, of);
		}
		print_message("# others at least %.1f dB, own %.1f dB\n",
		    least, hears(room, who, who));
		assert_true(least > -20);
		assert_true(hears(room, who, who) < least - 30);
		for (size_t i = 0; i < (size_t)room->tick * AUDIO_FRAME_LEN;
		    i++)
			assert_true(fabsf(room->people[who].heard[i]) < 1.2f);
	}
	room_close(room);
}

static void
all_who_are_silent_share_one_encoder(void **state)
{
	struct room *room = room_open(LEGS, 1);

	(void)state;
	room->people[0].amplitude = 0.2;
	room_run(room, 50);
	/* His own mix, and that of all others. */
	assert_int_equal(audio_bridge_stats(room->bridge)->encoders, 2);
	for (unsigned i = 2; i < LEGS; i++)
		assert_ptr_equal(room->people[i].payload,
		    room->people[1].payload);
	assert_ptr_not_equal(room->people[0].payload,
	    room->people[1].payload);
	/* Silent by his level; a second later he is one of them. */
	room->people[0].amplitude = 0;
	room->people[0].header.level = 127;
	room_run(room, 40);
	assert_int_equal(audio_bridge_stats(room->bridge)->encoders, 2);
	room_run(room, 50);
	assert_int_equal(audio_bridge_stats(room->bridge)->encoders, 1);
	assert_ptr_equal(room->people[0].payload, room->people[1].payload);
	assert_int_equal(room->most_encoders, 2);
	room_close(room);
}

static void
silent_levels_cost_no_decoding(void **state)
{
	struct room *room = room_open(10, 1);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		room->people[i].amplitude = 0.1;
		room->people[i].header.level = i < 2 ? 20 : 90;
	}
	room_run(room, 100);
	assert_in_range(audio_bridge_stats(room->bridge)->decoded, 150, 200);
	assert_int_equal(audio_bridge_stats(room->bridge)->encoders, 3);
	room_close(room);
}

static void
a_level_that_lies_is_measured_again(void **state)
{
	struct room *room = room_open(3, 1);

	(void)state;
	room->people[0].amplitude = 0;		/* and says he is loud */
	room->people[0].header.level = 0;
	room->people[1].amplitude = 0.1;
	room_run(room, 100);
	assert_int_equal(room->speaker_count, 1);
	assert_int_equal(room->speakers[0], 1);
	assert_int_equal(audio_bridge_stats(room->bridge)->encoders, 2);
	room_close(room);
}

static void
speakers_are_told_loudest_first(void **state)
{
	struct room *room = room_open(5, 1);

	(void)state;
	room->people[3].amplitude = 0.02;
	room->people[1].amplitude = 0.5;
	room->people[4].amplitude = 0.1;
	room_run(room, 100);
	assert_int_equal(room->speaker_count, 3);
	assert_int_equal(room->speakers[0], 1);
	assert_int_equal(room->speakers[1], 4);
	assert_int_equal(room->speakers[2], 3);
	audio_bridge_remove(room->bridge, 1);
	room_run(room, 1);
	assert_int_equal(room->speaker_count, 2);
	assert_int_equal(room->speakers[0], 4);
	room_close(room);
}

static void
at_most_sixteen_are_heard(void **state)
{
	struct room *room = room_open(LEGS, 1);
	unsigned     heard = 0;

	(void)state;
	for (unsigned i = 0; i < LEGS; i++)
		room->people[i].amplitude = 0.02;
	room_run(room, 60);
	assert_int_equal(room->most_encoders, AUDIO_HEARD_MAX + 1);
	for (unsigned i = 0; i < LEGS - 1; i++)
		heard += hears(room, LEGS - 1, i) > -45;
	assert_int_equal(heard, AUDIO_HEARD_MAX);
	room_close(room);
}

static void
legs_come_and_go_and_only_listen_or_send(void **state)
{
	struct room                  *room = room_open(4, 1);
	const struct audio_leg_config watch = { .listens = true };
	const struct audio_leg_config send = { .sends = true,
		.payload_type = 111, .level_id = 1 };

	(void)state;
	assert_int_equal(audio_bridge_add(room->bridge, 1, &watch), -EBUSY);
	assert_int_equal(audio_bridge_add(room->bridge, AUDIO_LEGS_MAX,
	    &watch), -EINVAL);
	audio_bridge_remove(room->bridge, 1);
	audio_bridge_remove(room->bridge, 2);
	audio_bridge_remove(room->bridge, 2);
	assert_int_equal(audio_bridge_add(room->bridge, 1, &watch), 0);
	assert_int_equal(audio_bridge_add(room->bridge, 2, &send), 0);
	room->people[2].amplitude = 0.1;
	room_run(room, 100);
	assert_true(hears(room, 1, 2) > -23);
	assert_true(hears(room, 0, 2) > -23);
	assert_int_equal(room->people[2].payloads, 0);
	assert_int_equal(room->people[1].payloads, 100);
	/* He only sends: nobody needs a mix without him. */
	assert_int_equal(audio_bridge_stats(room->bridge)->encoders, 1);
	/* A packet for a leg that is not there, or does not send. */
	for (unsigned leg = 1; leg < 300; leg += 255)
		audio_bridge_push(room->bridge, leg, sound_packet(room->pool,
		    &room->people[1].header, (const uint8_t *)"x", 1, 1));
	room_run(room, 1);
	assert_int_equal(audio_bridge_stats(room->bridge)->dropped, 2);
	room_close(room);
}

/* A voice that all but one hear, each in another quality. */
static void
each_quality_is_encoded_once_and_heard(void **state)
{
	struct room *room = room_open(11, 1);
	size_t       before[11];

	(void)state;
	room->people[0].amplitude = 0.1;
	for (unsigned i = 1; i < 11; i++)
		audio_bridge_set_quality(room->bridge, i,
		    (enum audio_quality)(i % AUDIO_QUALITIES));
	audio_bridge_set_quality(room->bridge, AUDIO_LEGS_MAX, AUDIO_THIN);
	room_run(room, 100);
	for (unsigned i = 0; i < 11; i++)
		before[i] = room->people[i].payload_bytes;
	room_run(room, 60);
	/* His own, and one of each quality. */
	assert_int_equal(room->most_encoders, 1 + AUDIO_QUALITIES);
	for (unsigned i = 1; i < 11; i++) {
		const struct person *p = &room->people[i];
		const bool           thin = i % AUDIO_QUALITIES >= AUDIO_THIN;
		const size_t         bytes = p->payload_bytes - before[i];

		assert_ptr_equal(p->payload,
		    room->people[i > 5 ? i - 5 : i + 5].payload);
		/* Three bytes a tick are 1.2 kbit/s. */
		assert_in_range(bytes, 30 * 60, (thin ? 62 : 90) * 60);
		if (thin)
			assert_int_equal(p->payloads, room->tick / 3);
		if (i < EARS)
			assert_true(hears(room, i, 0) > -23);
	}
	room_close(room);
}

/* With packets of 60 ms as with others, whatever changes when. */
static void
a_quality_changes_without_a_seam(void **state)
{
	struct room *room = room_open(4, 1);

	(void)state;
	room->people[0].amplitude = 0.1;
	room->people[1].amplitude = 0.1;
	for (unsigned i = 0; i < 60; i++) {
		for (unsigned who = 0; who < 4; who++)
			audio_bridge_set_quality(room->bridge, who,
			    (enum audio_quality)((i * 7 + who) / 3 %
			    AUDIO_QUALITIES));
		/* He falls silent, and is heard again, at any tick. */
		room->people[1].header.level = i / 23 % 2 ? 127 : 20;
		room_run(room, 4);	/* on_payload looks */
	}
	for (unsigned who = 1; who < 4; who++)
		assert_true(hears(room, who, 0) > -23);
	assert_true(hears(room, 0, 0) < -45);
	room_close(room);
}

/* And the voice after it is heard from its first word on. */
static void
on_thin_lines_silence_is_not_sent(void **state)
{
	static const enum audio_quality thin[] = { AUDIO_THIN, AUDIO_LEAST };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct room         *room = room_open(3, 1);
		const struct person *p = &room->people[2];
		unsigned             payloads, starts;

		audio_bridge_set_quality(room->bridge, 2, thin[i]);
		room->people[0].amplitude = 0.1;
		room_run(room, 60);
		room->people[0].header.level = 127;
		room_run(room, 60);
		payloads = p->payloads;
		starts = p->starts;
		/* 400 ms apart at the most, lest it look like a dead line. */
		room_run(room, 60);
		print_message("# %u payloads in 1.2 s of silence\n",
		    p->payloads - payloads);
		assert_in_range(p->payloads - payloads, 1, 8);
		room->people[0].header.level = 20;
		room_run(room, 60);
		assert_true(p->payloads - payloads >= 17);
		assert_true(p->starts > starts);
		assert_true(hears(room, 2, 0) > -23);
		/* Who has a better line gets each of them. */
		assert_int_equal(room->people[1].payloads, room->tick);
		room_close(room);
	}
}

static void
an_empty_room_ticks_on(void **state)
{
	struct room *room = room_open(0, 0);

	(void)state;
	room_run(room, 10);
	assert_int_equal(room->most_encoders, 0);
	assert_int_equal(room->changes, 0);
	room_close(room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_hears_all_others_and_not_himself),
		cmocka_unit_test(one_does_not_hear_himself_when_all_shout),
		cmocka_unit_test(all_who_are_silent_share_one_encoder),
		cmocka_unit_test(silent_levels_cost_no_decoding),
		cmocka_unit_test(a_level_that_lies_is_measured_again),
		cmocka_unit_test(speakers_are_told_loudest_first),
		cmocka_unit_test(at_most_sixteen_are_heard),
		cmocka_unit_test(legs_come_and_go_and_only_listen_or_send),
		cmocka_unit_test(each_quality_is_encoded_once_and_heard),
		cmocka_unit_test(a_quality_changes_without_a_seam),
		cmocka_unit_test(on_thin_lines_silence_is_not_sent),
		cmocka_unit_test(an_empty_room_ticks_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
