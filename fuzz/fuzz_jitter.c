/*
 * Fuzzes the jitter buffer as a state machine: pushes and pulls in time.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/jitter.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* [ms later][late ms][sequence, 16 bits][frames, 16 bits][duration][pulls] */
static void
step(struct jitter *j, struct packet_pool *pool, struct reader *r, int64_t *us)
{
	struct packet       *p = packet_new(pool);
	const struct packet *next;
	int64_t              late_us;
	uint16_t             sequence;
	uint32_t             time;

	if (p == NULL)
		abort();		/* one was kept that should not be */
	*us += reader_u8(r) * 1000;
	late_us = reader_u8(r) * 2000;
	p->arrival_us = *us - late_us;
	sequence = reader_u16(r);
	time = (uint32_t)reader_u16(r) * 960;
	if (!jitter_push(j, p, sequence, time, reader_u8(r) * 120u))
		packet_free(&p);
	jitter_set_wait(j, late_us % 90000);	/* for pictures: up to 80 ms */
	for (unsigned n = reader_u8(r) % 4; n > 0; n--, *us += 20000) {
		jitter_pull(j, *us, &p, &next);
		if ((p && *us - p->arrival_us > JITTER_DELAY_MAX_US) ||
		    jitter_delay_us(j, *us) > JITTER_DELAY_MAX_US)
			abort();
		packet_free(&p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader       r = reader_of(bytes, len);
	struct packet_pool *pool;
	struct jitter      *j;
	int64_t             us = 1000000;

	if (packet_pool_new(&pool, 65) != 0 || jitter_new(&j, 48000) != 0)
		abort();
	while (reader_left(&r) > 0)
		step(j, pool, &r, &us);
	jitter_free(j);
	packet_pool_free(pool);
	return 0;
}
