/*
 * Fuzzes lip-sync as a state machine: reports and pictures of a liar.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/stream_sync.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* [ms later][what] and then a report, or what was captured when. */
static void
step(struct stream_sync *s, struct stream_clock *pictures, struct reader *r,
    int64_t *us)
{
	struct stream_clock *clock;
	int64_t              captured_us, lag_us, late_us;
	uint64_t             ntp;

	*us += reader_u8(r) * 20000;
	clock = reader_u8(r) & 1 ? &s->sound : pictures;
	ntp = reader_u64(r);
	stream_clock_report(clock, ntp, reader_u32(r));
	captured_us = stream_clock_wall_us(pictures, reader_u32(r));
	lag_us = stream_clock_wall_us(&s->sound, reader_u32(r));
	if (lag_us != STREAM_TIME_NONE)
		lag_us = *us - lag_us;
	late_us = stream_sync_show_us(captured_us, *us, lag_us) - *us;
	stream_sync_picture(s, captured_us, *us, lag_us);
	stream_sync_look(s, *us);
	if (late_us < 0 || late_us > STREAM_SYNC_HOLD_MAX_US ||
	    s->wait_us < 0 || s->wait_us > STREAM_SYNC_WAIT_MAX_US)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader       r = reader_of(bytes, len);
	struct stream_clock pictures;
	struct stream_sync  s;
	int64_t             us = 1000000;

	stream_sync_init(&s, us);
	stream_clock_init(&pictures, 90000);
	while (reader_left(&r) > 0)
		step(&s, &pictures, &r, &us);
	return 0;
}
