/*
 * Packets, frames and history while memory is short: less is kept, no more.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtp/frame_assembler.h"
#include "rtp/jitter.h"
#include "rtp/send_history.h"
#include "short_memory.h"
#include "util/packet.h"
#include "util/queue.h"

/* One whole VP8 key frame in each packet (RFC 7741, 4.2 and 4.3). */
static bool
puts_frames_together(void *to)
{
	static const uint8_t    vp8[] = { 0x10, 0x50, 0x01, 0x00, 0x9d, 0x01,
		0x2a, 0x40, 0x01, 0xf0, 0x00 };
	struct rtp_packet       p = { .payload_type = 96, .marker = true,
		.payload = vp8, .payload_len = sizeof(vp8) };
	struct frame_assembler *a;
	struct rtp_frame        frame;
	unsigned                frames = 0;

	(void)to;
	if (frame_assembler_new(&a) < 0)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		p.sequence = (uint16_t)i;
		p.timestamp = i * 3600;
		frame_assembler_push(a, VIDEO_VP8, &p, i + 1);
		while (frame_assembler_pull(a, &frame) == FRAME_READY)
			frames++;
	}
	frame_assembler_free(a);
	return frames == 4;
}

static bool
plays_packets(void *to)
{
	struct packet_pool  *pool;
	struct jitter       *j = NULL;
	struct packet       *p;
	const struct packet *next;
	unsigned             played = 0;

	(void)to;
	if (packet_pool_new(&pool, 8) < 0)
		return false;
	if (jitter_new(&j, 48000) == 0) {
		for (unsigned i = 0; i < 4; i++) {
			p = packet_new(pool);
			if (p && !jitter_push(j, p, (uint16_t)i, i * 960, 960))
				packet_free(&p);
		}
		for (unsigned i = 0; i < 40; i++) {
			(void)jitter_pull(j, i * 20000, &p, &next);
			played += p != NULL;
			packet_free(&p);
		}
	}
	jitter_free(j);
	packet_pool_free(pool);
	return played == 4;
}

static bool
keeps_what_was_sent(void *to)
{
	struct send_history *h;

	(void)to;
	if (send_history_new(&h, 16) < 0)
		return false;
	(void)send_history_add(h);
	send_history_free(h);
	return true;
}

static bool
queues(void *to)
{
	struct queue *q;
	bool          good;

	if (queue_new(&q, 4, -1) < 0)
		return false;
	good = queue_push(q, to) && queue_pull(q) == to;
	queue_free(q);
	return good;
}

static void
survives_each_allocation_that_fails(void **state)
{
	int item;

	(void)state;
	assert_true(short_memory_each(puts_frames_together, NULL) > 3);
	assert_true(short_memory_each(plays_packets, NULL) > 4);
	assert_true(short_memory_each(keeps_what_was_sent, NULL) > 0);
	assert_true(short_memory_each(queues, &item) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_each_allocation_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
