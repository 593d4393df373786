/*
 * The jitter buffer of one audio stream.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   media time   | played | next_ts . . . | head | ... | newest |
 *                          '-- missing --'   entries, by sequence
 *
 * The delay is how long after its ideal arrival (media time plus the base of
 * delay_target) the next frame is played. It is measured anew at each pull,
 * so it does not matter how long the caller really played: frames that he
 * made up while nothing came add to it, frames that he left out at JITTER_SKIP
 * take from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/delay_target.h"
#include "rtp/jitter.h"
#include "rtp/rtp_packet.h"

#define LEN_MAX 64
#define JUMP_S 10		/* of the time stamp: another time line */
#define STRAYS_MAX 32		/* in a row: the sender began anew */
#define STARVED_MAX_US 120000	/* after that the delay is chosen anew */
#define SLACK_US 10000		/* one step of the target */
#define ABOVE_US 20000		/* the target: frames are shortened */
#define BELOW_US 10000		/* … made longer; at once where there is little */
#define LITTLE_US 60000
#define SCALE_PART 5		/* one of so many frames may be scaled */

struct entry {
	struct packet *packet;
	int64_t        sequence;	/* both unwrapped */
	int64_t        timestamp;
	int64_t        duration;
};

struct jitter {
	struct delay_target delay;
	int64_t  wait_us;		/* over its target */
	int64_t  clock_rate;

	bool     started;		/* the newest two are known */
	int64_t  newest_sequence;
	int64_t  newest_timestamp;
	uint64_t seen;			/* the newest and 63 before it */
	unsigned strays;		/* refused in a row */

	bool     played;		/* next_sequence is known */
	bool     playing;		/* next_timestamp is, too */
	int64_t  next_sequence;
	int64_t  next_timestamp;
	int64_t  duration;		/* of the last packet played */
	bool     starved;		/* nothing came in time */
	int64_t  starved_us;		/* since when */
	int64_t  until_scale;		/* media time to play before the next */

	unsigned     len;
	struct entry entries[LEN_MAX];	/* ascending */
};

int
jitter_new(struct jitter **out, uint32_t clock_rate)
{
	struct jitter *j;

	if (clock_rate < 8000 || clock_rate > 192000)
		return -EINVAL;
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return -ENOMEM;
	j->clock_rate = clock_rate;
	delay_target_init(&j->delay, JITTER_DELAY_START_US);
	*out = j;
	return 0;
}

static void
drop_head(struct jitter *j)
{
	packet_free(&j->entries[0].packet);
	j->len--;
	memmove(&j->entries[0], &j->entries[1],
	    j->len * sizeof(j->entries[0]));
}

void
jitter_free(struct jitter *j)
{
	if (j == NULL)
		return;
	while (j->len > 0)
		drop_head(j);
	free(j);
}

static int64_t
media_us(const struct jitter *j, int64_t timestamp)
{
	return timestamp / j->clock_rate * 1000000 +
	    timestamp % j->clock_rate * 1000000 / j->clock_rate;
}

static int64_t
delay_of(const struct jitter *j, int64_t timestamp, int64_t now_us)
{
	return now_us - media_us(j, timestamp) - j->delay.base_us;
}

void
jitter_set_wait(struct jitter *j, int64_t wait_us)
{
	j->wait_us = wait_us;
}

int64_t
jitter_target_us(const struct jitter *j)
{
	const int64_t target_us = j->delay.target_us + j->wait_us;

	return target_us < DELAY_TARGET_MAX_US ? target_us :
	    DELAY_TARGET_MAX_US;
}

/* ---- what comes in ------------------------------------------------------- */

static void
begin_line(struct jitter *j, uint16_t sequence, uint32_t timestamp)
{
	while (j->len > 0)
		drop_head(j);
	delay_target_restart(&j->delay);
	j->started = true;
	j->newest_sequence = sequence;
	j->newest_timestamp = timestamp;
	j->seen = 0;
	j->strays = 0;
	j->played = false;
	j->playing = false;
	j->starved = false;
}

/*
 * Sets where a packet stands on the line, which it may begin anew. False for
 * one that contradicts the line.
 */
static bool
place(struct jitter *j, struct entry *e, uint16_t sequence, uint32_t timestamp)
{
	const int     ahead = rtp_sequence_diff(sequence,
	    (uint16_t)j->newest_sequence);
	const int64_t later = rtp_timestamp_diff(timestamp,
	    (uint32_t)j->newest_timestamp);
	const int64_t jump = JUMP_S * j->clock_rate;
	bool          anew = !j->started;

	if (ahead > 0)
		anew |= later < 0 || later > jump;
	else if (ahead <= -64 || later >= 0 || later < -jump)
		anew |= ahead != 0 && ++j->strays >= STRAYS_MAX;
	if (anew) {
		begin_line(j, sequence, timestamp);
		e->sequence = j->newest_sequence;
		e->timestamp = j->newest_timestamp;
		return true;
	}
	e->sequence = j->newest_sequence + ahead;
	e->timestamp = j->newest_timestamp + later;
	if (ahead > 0)
		return later > 0;
	return ahead > -64 && later < 0 && later >= -jump;
}

/* False for a duplicate. */
static bool
mark_seen(struct jitter *j, const struct entry *e)
{
	const int64_t ahead = e->sequence - j->newest_sequence;

	if (ahead > 0) {
		j->seen = ahead < 64 ? j->seen << ahead : 0;
		j->newest_sequence = e->sequence;
		j->newest_timestamp = e->timestamp;
		j->strays = 0;
	}
	if (j->seen >> (ahead < 0 ? -ahead : 0) & 1)
		return false;
	j->seen |= UINT64_C(1) << (ahead < 0 ? -ahead : 0);
	return true;
}

static void
insert(struct jitter *j, const struct entry *e)
{
	unsigned at = j->len;

	while (at > 0 && j->entries[at - 1].sequence > e->sequence)
		at--;
	memmove(&j->entries[at + 1], &j->entries[at],
	    (j->len - at) * sizeof(j->entries[0]));
	j->entries[at] = *e;
	j->len++;
}

bool
jitter_push(struct jitter *j, struct packet *packet, uint16_t sequence,
    uint32_t timestamp, uint32_t duration)
{
	struct entry e = { .packet = packet, .duration = duration };

	if (e.duration * 400 < j->clock_rate ||		/* 2.5 ms */
	    e.duration * 25 > j->clock_rate * 3)	/* 120 ms */
		return false;
	if (!place(j, &e, sequence, timestamp) || !mark_seen(j, &e))
		return false;
	delay_target_arrived(&j->delay, media_us(j, e.timestamp),
	    packet->arrival_us);
	if (j->played && e.sequence < j->next_sequence)
		return false;
	if (j->len == LEN_MAX) {
		if (e.sequence < j->entries[0].sequence)
			return false;
		drop_head(j);
		j->playing = false;	/* goes on at the next head */
	}
	insert(j, &e);
	return true;
}

/* ---- what goes out ------------------------------------------------------- */

static enum jitter_verdict
starve(struct jitter *j, int64_t now_us)
{
	if (!j->starved) {
		j->starved = true;
		j->starved_us = now_us;
	}
	if (now_us - j->starved_us >= STARVED_MAX_US)
		j->playing = false;
	return JITTER_EARLY;
}

static bool
is_too_late(const struct jitter *j, const struct entry *e, int64_t now_us)
{
	return delay_of(j, e->timestamp, now_us) > JITTER_DELAY_MAX_US ||
	    now_us - e->packet->arrival_us > JITTER_DELAY_MAX_US;
}

/* More than 400 ms: goes on at the target delay, without what was before. */
static void
enforce_maximum(struct jitter *j, int64_t now_us)
{
	const int64_t timestamp = j->playing ? j->next_timestamp :
	    j->entries[0].timestamp;

	if (!is_too_late(j, &j->entries[0], now_us) &&
	    delay_of(j, timestamp, now_us) <= JITTER_DELAY_MAX_US)
		return;
	j->playing = false;
	while (j->len > 0 && (is_too_late(j, &j->entries[0], now_us) ||
	    delay_of(j, j->entries[0].timestamp + j->entries[0].duration,
	    now_us) >= jitter_target_us(j))) {
		j->next_sequence = j->entries[0].sequence + 1;
		j->played = true;
		drop_head(j);
	}
}

/* What was made up while starved stands for what is missing. */
static void
credit_starved(struct jitter *j, int64_t now_us)
{
	const struct entry *head = &j->entries[0];
	/* Half a frame more: ticks are not exact. */
	int64_t             made_up = (now_us - j->starved_us) / 1000 *
	    j->clock_rate / 1000 + j->duration / 2;

	while (made_up >= j->duration && j->next_sequence < head->sequence &&
	    j->next_timestamp < head->timestamp) {
		made_up -= j->duration;
		j->next_sequence++;
		j->next_timestamp += j->duration;
	}
	j->starved = false;
}

static enum jitter_verdict
give_lost(struct jitter *j, const struct packet **out_next)
{
	const struct entry *head = &j->entries[0];

	j->next_sequence++;
	j->next_timestamp += j->duration;
	if (j->next_sequence == head->sequence)
		*out_next = head->packet;
	return JITTER_LOST;
}

/*
 * Clearly above the target a frame may be shortened, below it made longer:
 * when the sender's clock is the slower one, or the line got worse, the delay
 * grows before anything comes too late.
 */
static enum jitter_verdict
scale(struct jitter *j, int64_t duration, int64_t delay_us)
{
	const int64_t       target_us = jitter_target_us(j);
	enum jitter_verdict verdict = JITTER_PACKET;

	j->until_scale -= duration;
	if (j->until_scale > 0)
		return JITTER_PACKET;
	if (delay_us >= target_us + ABOVE_US)
		verdict = JITTER_SKIP;
	else if (delay_us < (target_us < LITTLE_US ? target_us :
	    target_us - BELOW_US))
		verdict = JITTER_STRETCH;
	if (verdict != JITTER_PACKET)
		j->until_scale = SCALE_PART * duration;
	return verdict;
}

static enum jitter_verdict
give_head(struct jitter *j, int64_t now_us, struct packet **out)
{
	const struct entry head = j->entries[0];
	const int64_t delay_us = delay_of(j, head.timestamp, now_us);

	*out = head.packet;
	j->entries[0].packet = NULL;
	drop_head(j);
	j->played = true;
	j->playing = true;
	j->starved = false;
	j->next_sequence = head.sequence + 1;
	j->next_timestamp = head.timestamp + head.duration;
	j->duration = head.duration;
	return scale(j, head.duration, delay_us);
}

/* At a start, and after a silence, the head waits for the target delay. */
static enum jitter_verdict
give_first(struct jitter *j, int64_t now_us, struct packet **out)
{
	if (delay_of(j, j->entries[0].timestamp, now_us) <
	    jitter_target_us(j) && j->len < LEN_MAX)
		return JITTER_EARLY;
	return give_head(j, now_us, out);
}

enum jitter_verdict
jitter_pull(struct jitter *j, int64_t now_us, struct packet **out,
    const struct packet **out_next)
{
	const struct entry *head = &j->entries[0];
	int64_t             delay_us;

	*out = NULL;
	*out_next = NULL;
	if (j->len > 0)
		enforce_maximum(j, now_us);
	if (j->len == 0)
		return starve(j, now_us);
	if (!j->playing)
		return give_first(j, now_us, out);
	delay_us = delay_of(j, j->next_timestamp, now_us);
	/* While nothing is heard anyway the delay grows to its target. */
	if ((j->starved || j->next_sequence < head->sequence) &&
	    delay_us + SLACK_US < jitter_target_us(j) && j->len < LEN_MAX)
		return starve(j, now_us);
	if (j->starved)
		credit_starved(j, now_us);
	if (head->timestamp < j->next_timestamp + j->duration)
		return give_head(j, now_us, out);
	if (j->next_sequence < head->sequence)
		return give_lost(j, out_next);
	/* A gap in time alone is silence (DTX). */
	j->playing = false;
	return give_first(j, now_us, out);
}

int64_t
jitter_delay_us(const struct jitter *j, int64_t now_us)
{
	int64_t delay_us;

	if (j->len == 0)
		return 0;
	delay_us = delay_of(j, j->playing ? j->next_timestamp :
	    j->entries[0].timestamp, now_us);
	return delay_us > 0 ? delay_us : 0;
}

unsigned
jitter_len(const struct jitter *j)
{
	return j->len;
}
