/*
 * Lips in sync: which picture of a sender belongs to which of his sounds.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/rtp_packet.h"
#include "rtp/stream_sync.h"

#define SMOOTH     4		/* a report counts for one in so many */
#define STRAY_US   100000	/* off by more: another clock, or a mistake */
#define STRAYS_MAX 2		/* in a row: it is another clock */
#define ABSURD_US  2000000	/* no two streams of one sender are so apart */
/* From complete to shown: decoded, and half a beat of the mosaic. */
#define SHOWN_US   20000
#define LOOK_US    2000000
#define WAIT_STEP_US 10000	/* a look */
#define WAIT_LESS_US 20000	/* later than this keeps the wait that there is */

/* ---- one clock ----------------------------------------------------------- */

void
stream_clock_init(struct stream_clock *c, uint32_t rate_hz)
{
	memset(c, 0, sizeof(*c));
	c->rate_hz = rate_hz;
}

/* From whatever era, as only differences count. */
static int64_t
ntp_us(uint64_t ntp)
{
	return (int64_t)(ntp >> 32) * 1000000 +
	    (int64_t)((ntp & UINT32_MAX) * 1000000 >> 32);
}

int64_t
stream_clock_wall_us(const struct stream_clock *c, uint32_t rtp_time)
{
	if (!c->known)
		return STREAM_TIME_NONE;
	return c->wall_us + (int64_t)rtp_timestamp_diff(rtp_time,
	    c->rtp_time) * 1000000 / c->rate_hz;
}

void
stream_clock_report(struct stream_clock *c, uint64_t ntp, uint32_t rtp_time)
{
	const int64_t wall_us = ntp_us(ntp);
	int64_t       expected_us, off_us;

	if (ntp == 0)
		return;
	expected_us = stream_clock_wall_us(c, rtp_time);
	off_us = c->known ? wall_us - expected_us : 0;
	if (off_us > STRAY_US || off_us < -STRAY_US) {
		if (++c->strays < STRAYS_MAX)
			return;
		c->known = false;
	}
	c->wall_us = c->known ? expected_us + off_us / SMOOTH : wall_us;
	c->rtp_time = rtp_time;
	c->known = true;
	c->strays = 0;
}

/* ---- two streams --------------------------------------------------------- */

void
stream_sync_init(struct stream_sync *s, int64_t now_us)
{
	memset(s, 0, sizeof(*s));
	stream_clock_init(&s->sound, 48000);
	s->looked_us = now_us;
}

/*
 * How much later than its sound a picture is shown that goes on at ready_us;
 * false when that is not known.
 */
static bool
lateness(int64_t *late_us, int64_t captured_us, int64_t ready_us,
    int64_t sound_lag_us)
{
	int64_t late;

	if (captured_us == STREAM_TIME_NONE ||
	    sound_lag_us == STREAM_TIME_NONE)
		return false;
	late = ready_us + SHOWN_US - captured_us - sound_lag_us;
	if (late > ABSURD_US || late < -ABSURD_US)
		return false;
	*late_us = late;
	return true;
}

int64_t
stream_sync_show_us(int64_t captured_us, int64_t ready_us,
    int64_t sound_lag_us)
{
	int64_t late_us, hold_us;

	if (!lateness(&late_us, captured_us, ready_us, sound_lag_us))
		return ready_us;
	hold_us = -late_us - STREAM_SYNC_EARLY_US;
	if (hold_us <= 0)
		return ready_us;
	return ready_us + (hold_us < STREAM_SYNC_HOLD_MAX_US ? hold_us :
	    STREAM_SYNC_HOLD_MAX_US);
}

void
stream_sync_picture(struct stream_sync *s, int64_t captured_us,
    int64_t ready_us, int64_t sound_lag_us)
{
	int64_t late_us;

	if (!lateness(&late_us, captured_us, ready_us, sound_lag_us))
		return;
	s->late_us += late_us;
	s->pictures++;
}

bool
stream_sync_look(struct stream_sync *s, int64_t now_us)
{
	const int64_t before_us = s->wait_us;
	int64_t       late_us = 0;

	if (now_us - s->looked_us < LOOK_US)
		return false;
	s->looked_us = now_us;
	if (s->pictures > 0)
		late_us = s->late_us / s->pictures;
	s->late_us = 0;
	s->pictures = 0;
	if (late_us > STREAM_SYNC_LATE_US &&
	    s->wait_us < STREAM_SYNC_WAIT_MAX_US)
		s->wait_us += WAIT_STEP_US;
	else if (late_us < WAIT_LESS_US && s->wait_us > 0)
		s->wait_us -= WAIT_STEP_US;
	return s->wait_us != before_us;
}
