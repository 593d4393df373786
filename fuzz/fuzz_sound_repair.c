/*
 * Fuzzes the repair of sound as a state machine: sent, reported, asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "room/sound_repair.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* [ms later] and then [what] with what it needs. */
static void
step(struct sound_repair *r, struct sound_history *h, struct reader *in,
    uint16_t *sequence, int64_t *us)
{
	const struct sound_repeats *plan = &r->plan.repeats;
	const struct sound_sent    *s;
	struct rtcp_report          report;
	unsigned                    len, sent, missing;

	*us += reader_u8(in) * 1000;
	switch (reader_u8(in) % 4) {
	case 0:
		len = reader_u8(in) * 2u;
		if (len > reader_left(in))
			len = (unsigned)reader_left(in);
		sound_history_add(h, ++*sequence, in->p, len, *us);
		while ((s = sound_history_due(h, plan, *us)) != NULL)
			check(s->repeats <= plan->count);
		break;
	case 1:
		report.highest_sequence = reader_u32(in);
		report.lost = (int32_t)(reader_u32(in) << 8) / 256;
		sound_repair_report(r, &report);
		break;
	case 2:
		sent = reader_u8(in);
		missing = reader_u8(in);
		sound_repair_missing(r, sent, missing, reader_u8(in));
		sound_repair_update(r, reader_u16(in) * 10u, *us);
		check(plan->count <= SOUND_REPEATS_MAX);
		check(sound_repair_wire_bps(r) <= 3 * 44000);
		check(sound_repair_loss(r) >= 0 && sound_repair_loss(r) <= 1);
		break;
	case 3:
		s = sound_history_asked(h, reader_u16(in), plan,
		    reader_u16(in) * 10, *us);
		check(s == NULL || s->answers <= 3);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader         in = reader_of(bytes, len);
	struct sound_history *h;
	struct sound_repair   r;
	uint16_t              sequence = 65500;
	int64_t               us = 1000000;

	check(sound_history_new(&h) == 0);
	sound_repair_init(&r, 32000, 65501, us);
	while (reader_left(&in) > 0)
		step(&r, h, &in, &sequence, &us);
	sound_history_free(h);
	return 0;
}
