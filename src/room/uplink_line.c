/*
 * What the line from a sender carries, where that is so little that his sound
 * is in need.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/uplink_line.h"

#include "rtp/rtp_packet.h"

#define CLOCK_RATE     48000
#define JUMP           (10 * CLOCK_RATE)	/* another time line */
#define SLOT_US        5000000
#define BASES          12
#define WIRE_BYTES     38	/* IPv4, UDP and the tag of SRTP */
#define PACKETS_LEAST  4	/* of sound in a look, to say anything */
#define QUEUED_US      150000
#define CLEAR_US       80000
#define SHRINKS_US     50000	/* in a second */
#define GROWS_US       20000
#define RTT_FRESH_US   2500000
#define RTT_QUEUED_US  100000
#define QUEUED_S       2
#define SETTLE_US      4000000	/* until a change is obeyed and a queue gone */
#define THIN_BPS       110000
#define SOUND_BPS      30000	/* lean, with some RTCP */
#define VIDEO_LEAST_BPS 40000	/* what browsers can keep to */
#define VIDEO_STEP_US  5000000
#define TRY_FAILED_US  15000000
#define WAIT_LEAST_US  20000000
#define WAIT_VOICE_US  60000000	/* where the least of video is far too much */
#define VOICE_BPS      66000
#define WAIT_MOST_US   600000000
#define BLIND_US       60000000
#define FORGIVE_US     120000000

void
uplink_line_packet(struct uplink_line *l, size_t bytes)
{
	l->bytes += bytes + WIRE_BYTES;
}

static void
begin_sound(struct uplink_line *l, uint32_t timestamp, int64_t arrival_us)
{
	least_window_init(&l->bases, SLOT_US, BASES, arrival_us);
	l->heard = true;
	l->timestamp = timestamp;
	l->media_us = 0;
	l->packets = 0;
	l->transit_us = INT64_MAX;
}

void
uplink_line_sound(struct uplink_line *l, uint32_t timestamp,
    int64_t arrival_us)
{
	int32_t later;
	int64_t transit_us;

	later = l->heard ? rtp_timestamp_diff(timestamp, l->timestamp) : 0;
	if (!l->heard || later > JUMP || later < -JUMP)
		begin_sound(l, timestamp, arrival_us);
	else
		l->media_us += (int64_t)later * 1000 / (CLOCK_RATE / 1000);
	l->timestamp = timestamp;
	transit_us = arrival_us - l->media_us;
	least_window_add(&l->bases, transit_us, arrival_us);
	if (transit_us < l->transit_us)
		l->transit_us = transit_us;
	l->packets++;
}

/* The queue that all stood in since the last look; -1: not known. */
static int64_t
queue_us(const struct uplink_line *l)
{
	if (l->packets < PACKETS_LEAST)
		return -1;
	return l->transit_us - least_window_get(&l->bases);
}

void
uplink_line_rtt(struct uplink_line *l, int64_t rtt_us, int64_t now_us)
{
	l->rtt_us = rtt_us;
	l->rtt_at_us = now_us;
}

/* A queue that becomes shorter needs no help, and a full one loses. */
static bool
is_queue(const struct uplink_line *l, int64_t queue, bool lost,
    int64_t now_us)
{
	if (now_us - l->rtt_at_us < RTT_FRESH_US && l->rtt_us < RTT_QUEUED_US)
		return false;
	return queue >= QUEUED_US && queue > l->queue_us - SHRINKS_US &&
	    (lost || queue > l->queue_us + GROWS_US);
}

static void
count_seconds(struct uplink_line *l, bool lost, int64_t now_us)
{
	const int64_t queue = queue_us(l);

	l->queued_s = is_queue(l, queue, lost, now_us) ? l->queued_s + 1 : 0;
	if (queue >= 0)
		l->clear_s = queue < CLEAR_US ? l->clear_s + 1 : 0;
	l->queue_us = queue;
}

static void
change(struct uplink_line *l, enum uplink_plan plan, uint32_t video_bps,
    int64_t now_us)
{
	l->plan = plan;
	l->video_bps = video_bps;
	l->used = false;
	l->queued_s = l->clear_s = 0;
	l->changed_us = now_us;
}

/* What is left for video by the line's rate; less than before if there was. */
static uint32_t
video_left(const struct uplink_line *l)
{
	const uint32_t most = l->line_bps / 10 * 9;
	const uint32_t left = most > SOUND_BPS ? most - SOUND_BPS : 0;
	uint32_t       less = l->video_bps / 4 * 3;

	if (l->plan != UPLINK_LEAN)
		return left;
	if (less < VIDEO_LEAST_BPS && l->video_bps > VIDEO_LEAST_BPS)
		less = VIDEO_LEAST_BPS;
	return left < less ? left : less;
}

static void
plan_for(struct uplink_line *l, uint32_t line_bps, int64_t now_us)
{
	uint32_t left;

	l->line_bps = line_bps;
	left = video_left(l);
	if (line_bps < VOICE_BPS && l->wait_us < WAIT_VOICE_US)
		l->wait_us = WAIT_VOICE_US;
	if (left >= VIDEO_LEAST_BPS)
		change(l, UPLINK_LEAN, left, now_us);
	else
		change(l, UPLINK_VOICE, 0, now_us);
}

void
uplink_line_init(struct uplink_line *l, uint32_t line_bps, int64_t now_us)
{
	*l = (struct uplink_line){
		.transit_us = INT64_MAX,
		.looked_us = now_us,
		.changed_us = now_us,
		.rtt_at_us = INT64_MIN / 2,
		.climbed_us = INT64_MIN,
		.wait_us = WAIT_LEAST_US,
	};
	if (line_bps > 0 && line_bps < THIN_BPS)
		plan_for(l, line_bps, now_us);
}

static bool
is_trying(const struct uplink_line *l, int64_t now_us)
{
	return l->climbed_us != INT64_MIN &&
	    now_us - l->climbed_us < TRY_FAILED_US;
}

/* Whether the queue has been there for long enough. */
static bool
is_queued(const struct uplink_line *l, int64_t now_us)
{
	if (is_trying(l, now_us))
		return l->queued_s > 0;
	return l->queued_s >= QUEUED_S && (l->plan == UPLINK_FREE ||
	    now_us - l->changed_us >= SETTLE_US);
}

/* There is a queue: `bps` is what the line carries. */
static bool
fall(struct uplink_line *l, uint64_t bps, int64_t now_us)
{
	if (bps >= THIN_BPS || l->plan == UPLINK_VOICE)
		return false;
	if (is_trying(l, now_us))
		l->wait_us = l->wait_us < WAIT_MOST_US / 2 ? 2 * l->wait_us :
		    WAIT_MOST_US;
	l->climbed_us = INT64_MIN;
	plan_for(l, (uint32_t)bps, now_us);
	return true;
}

static bool
set_free(struct uplink_line *l, int64_t now_us)
{
	change(l, UPLINK_FREE, 0, now_us);
	l->line_bps = 0;
	l->climbed_us = now_us;
	return true;
}

static bool
climb(struct uplink_line *l, int64_t now_us)
{
	const int64_t clear_us = (int64_t)l->clear_s * 1000000;
	/* Where tries have failed, more slowly. */
	const int64_t step_us = l->wait_us > WAIT_VOICE_US ?
	    l->wait_us / 4 : VIDEO_STEP_US;

	if (l->plan == UPLINK_VOICE) {
		if (clear_us < l->wait_us)
			return false;
		change(l, UPLINK_LEAN, VIDEO_LEAST_BPS, now_us);
		l->climbed_us = now_us;
		return true;
	}
	if (l->used && clear_us >= step_us) {
		const uint32_t more_bps = l->video_bps + l->video_bps / 4;

		if (more_bps + SOUND_BPS >= THIN_BPS)
			return set_free(l, now_us);
		change(l, UPLINK_LEAN, more_bps, now_us);
		l->climbed_us = now_us;
		return true;
	}
	if (clear_us < BLIND_US || clear_us < l->wait_us)
		return false;
	return set_free(l, now_us);
}

bool
uplink_line_look(struct uplink_line *l, bool lost, int64_t now_us)
{
	const int64_t  span_us = now_us - l->looked_us;
	const uint64_t bps = span_us > 0 ?
	    l->bytes * 8000000 / (uint64_t)span_us : 0;
	bool           changed = false;

	count_seconds(l, lost, now_us);
	if (l->queued_s == 0 && l->plan == UPLINK_LEAN &&
	    bps >= (uint64_t)(l->video_bps + SOUND_BPS) * 3 / 4)
		l->used = true;
	if (l->climbed_us != INT64_MIN && now_us - l->climbed_us >= FORGIVE_US)
		l->wait_us = WAIT_LEAST_US;
	if (is_queued(l, now_us))
		changed = fall(l, bps, now_us);
	else if (l->queued_s == 0 && l->plan != UPLINK_FREE)
		changed = climb(l, now_us);
	l->bytes = 0;
	l->packets = 0;
	l->transit_us = INT64_MAX;
	l->looked_us = now_us;
	return changed;
}
