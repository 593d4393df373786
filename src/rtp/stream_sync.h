/*
 * Lips in sync: which picture of a sender belongs to which of his sounds.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sender report says where the RTP clock of a stream stands on the sender's
 * wall clock (RFC 3550, 6.4.1); by those of both streams each picture and each
 * packet of sound has a time of capture. The lag of sound is the time when it
 * is mixed minus that of its capture; the wall clock of the sender is not ours,
 * so a lag means nothing by itself, but two of one sender can be compared.
 *
 * Sound waits for its jitter buffer. A picture that would be shown more than
 * STREAM_SYNC_EARLY_US before its sound is held back until it is not, by
 * STREAM_SYNC_HOLD_MAX_US at most. Where pictures come later than their sound
 * by more than STREAM_SYNC_LATE_US on average, sound waits for them, by
 * STREAM_SYNC_WAIT_MAX_US at most, a little more each second. Where the reports
 * are absent, or say what cannot be, nothing waits.
 *
 * All values of reports are the peer's and may be anything. Pure: time is an
 * argument, in us. Owner: net thread.
 */
#ifndef RTP_STREAM_SYNC_H
#define RTP_STREAM_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#define STREAM_TIME_NONE        INT64_MIN
#define STREAM_SYNC_EARLY_US    10000
#define STREAM_SYNC_LATE_US     40000
#define STREAM_SYNC_HOLD_MAX_US 400000
#define STREAM_SYNC_WAIT_MAX_US 80000

/* Where a sender's RTP clock stands on his wall clock. */
struct stream_clock {
	int64_t  rate_hz;
	bool     known;
	uint32_t rtp_time;		/* is … */
	int64_t  wall_us;		/* … this, smoothed over reports */
	unsigned strays;		/* reports in a row that do not fit */
};

void stream_clock_init(struct stream_clock *c, uint32_t rate_hz);

/* What a sender report says; an NTP time of 0 is none. */
void stream_clock_report(struct stream_clock *c, uint64_t ntp,
    uint32_t rtp_time);

/* STREAM_TIME_NONE when there was no report. */
int64_t stream_clock_wall_us(const struct stream_clock *c, uint32_t rtp_time);

struct stream_sync {
	struct stream_clock sound;	/* pictures may have several */
	int64_t  late_us;		/* sum over pictures … */
	unsigned pictures;		/* … since the last look */
	int64_t  looked_us;
	int64_t  wait_us;		/* of sound for pictures */
};

void stream_sync_init(struct stream_sync *s, int64_t now_us);

/*
 * When a picture, captured and complete at these times, is to be decoded, so
 * that it is shown with its sound: `ready_us`, or later.
 */
int64_t stream_sync_show_us(int64_t captured_us, int64_t ready_us,
    int64_t sound_lag_us);

/* A picture is complete; notes how it stands to its sound. */
void stream_sync_picture(struct stream_sync *s, int64_t captured_us,
    int64_t ready_us, int64_t sound_lag_us);

/* Call about once a second. Whether s->wait_us is another one now. */
bool stream_sync_look(struct stream_sync *s, int64_t now_us);

#endif
