/*
 * Fuzz target: packets of two legs into the sound of a room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Input: records of [leg and ticks][length][bytes of an RTP packet]. Nobody
 * listens: what is encoded is ours, and slow.
 */
#include <string.h>

#include "audio/audio_bridge.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
on_payload(void *to, unsigned leg, const uint8_t *payload, size_t len,
    uint32_t rtp_time, bool talk_start)
{
	*(volatile size_t *)to += leg + payload[0] + len + rtp_time +
	    talk_start;
}

static void
on_speaking(void *to, const unsigned *legs, unsigned count)
{
	*(volatile size_t *)to += count ? legs[count - 1] : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct audio_leg_config cfg = { true, false, 111, 1 };
	struct reader        r = reader_of(bytes, len);
	size_t               sum = 0;
	struct packet_pool  *pool;
	struct audio_bridge *b;

	if (packet_pool_new(&pool, 200) != 0 || audio_bridge_new(&b, 32000, 0,
	    &(struct audio_bridge_out){ on_payload, on_speaking, &sum }) != 0)
		return 0;
	for (unsigned leg = 0; leg < 2; leg++)
		(void)audio_bridge_add(b, leg, &cfg);
	for (int64_t now_us = 1000000; reader_left(&r);) {
		const uint8_t  how = reader_u8(&r), size = reader_u8(&r);
		const uint8_t *packet = reader_take(&r, size);
		struct packet *p = packet ? packet_new(pool) : NULL;

		if (p) {
			memcpy(p->bytes, packet, size);
			p->len = size;
			p->arrival_us = now_us;
			audio_bridge_push(b, how & 1, p);
		}
		for (int i = how >> 1 & 3; i > 0; i--, now_us += 20000)
			audio_bridge_tick(b, now_us);
	}
	audio_bridge_free(b);
	packet_pool_free(pool);
	return 0;
}
