/*
 * The line to a participant: what it carries, and in which order things leave.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include "room/room_internal.h"
#include "util/random.h"

#define START_BPS      300000
#define LEAST_BPS      30000
#define MOST_BPS       10000000
#define USEFUL_BPS     2500000	/* until renditions say it */
#define PACKET_OVERHEAD 58	/* IPv4, UDP, RTP, its extension, SRTP's tag */
#define SEALED_OVERHEAD 28	/* IPv4, UDP */
#define TICK_US        50000	/* all together, for one wake-up */
#define LOOK_US        200000
#define PATIENCE_US    2000000	/* for the first report by packet */
#define STILL_MOST_US  8000000
#define STILL_LEAST_BPS 8000
#define FULL_US        150000
#define DRAIN_US       4000000
#define TURN_US        5000
#define PROBE_TURN_US  1000
#define STALE_US       100000	/* of another rendition: not worth the line */
#define QUEUE_MOST_US  4000000	/* a still takes two seconds */
#define ONE_BYTE_IDS   14	/* RFC 8285, 4.2 */

int
downlink_begin(struct participant *who, int64_t now_us)
{
	const struct send_estimate_config cfg = {
		.start_bps = START_BPS, .least_bps = LEAST_BPS,
		.most_bps = MOST_BPS, .useful_bps = USEFUL_BPS,
		.first_sequence = random_u32() & 0xffff,
	};
	struct downlink *down = &who->down;
	int              err;

	if (!who->agreed.video.send || who->agreed.video.twcc_id == 0)
		return 0;
	down->pacer = calloc(1, sizeof(*down->pacer));
	if (down->pacer == NULL)
		return -ENOMEM;
	err = send_estimate_new(&down->estimate, &cfg);
	if (err) {
		downlink_clear(who);
		return err;
	}
	pacer_init(down->pacer, cfg.start_bps, now_us);
	down->tick_us = now_us;
	down->look_us = now_us;
	down->begun_us = now_us;
	return 0;
}

void
downlink_clear(struct participant *who)
{
	send_estimate_free(who->down.estimate);
	free(who->down.pacer);
	who->down = (struct downlink){ .estimate = NULL };
}

const struct send_line *
downlink_line(const struct participant *who)
{
	const struct send_line *line;

	if (who->down.estimate == NULL)
		return NULL;
	line = send_estimate_line(who->down.estimate);
	return line->transport_feedback && line->measured ? line : NULL;
}

/* ---- sequence numbers ---------------------------------------------------- */

void
downlink_stamp(struct participant *who, struct rtp_packet *header,
    uint8_t extension[DOWNLINK_EXTENSION], uint8_t id, size_t payload_len,
    bool again, int64_t now_us)
{
	struct send_estimate_packet packet = {
		.ssrc = header->ssrc,
		.rtp_sequence = header->sequence,
		.bytes = (uint16_t)(payload_len + PACKET_OVERHEAD),
		.again = again,
	};
	uint16_t sequence;

	if (who->down.estimate == NULL || id == 0)
		return;
	packet.probe = who->down.probe ? who->down.probe :
	    pacer_probe_id(who->down.pacer);
	sequence = send_estimate_sent(who->down.estimate, &packet, now_us);
	if (id <= ONE_BYTE_IDS) {
		header->extension_profile = 0xbede;
		extension[0] = (uint8_t)(id << 4 | 1);
		extension[1] = (uint8_t)(sequence >> 8);
		extension[2] = (uint8_t)sequence;
		extension[3] = 0;
	} else {
		header->extension_profile = 0x1000;
		extension[0] = id;
		extension[1] = 2;
		extension[2] = (uint8_t)(sequence >> 8);
		extension[3] = (uint8_t)sequence;
	}
	header->extension = extension;
	header->extension_len = DOWNLINK_EXTENSION;
}

/* ---- what leaves --------------------------------------------------------- */

/* Padding is video of its own, and must not stand within a frame. */
static bool
may_pad(const struct participant *who)
{
	return !who->down.in_frame;
}

static void
pump(struct participant *who, int64_t now_us)
{
	struct downlink  *down = &who->down;
	struct pacer     *pacer = down->pacer;
	struct pacer_item item;
	enum pacer_class  class;
	size_t            bytes;

	down->probe = pacer_probe_id(pacer);
	while (pacer_pull(pacer, &class, &item, now_us)) {
		subscription_emit(who, item.sequence, now_us);
		down->probe = pacer_probe_id(pacer);
	}
	while (may_pad(who) && (bytes = pacer_padding(pacer, now_us)) > 0) {
		subscription_pad(who, bytes, now_us);
		pacer_padded(pacer, bytes + PACKET_OVERHEAD, now_us);
		down->probe = pacer_probe_id(pacer);
	}
	down->probe = 0;
}

/* On a grid, so that all who wait wake up together. */
static int64_t
turn_after(const struct downlink *down, int64_t now_us)
{
	const int64_t next_us = pacer_next_us(down->pacer, now_us);
	const int64_t grid_us = pacer_probe_id(down->pacer) ? PROBE_TURN_US :
	    TURN_US;

	if (next_us >= down->tick_us)
		return down->tick_us;
	return (next_us + grid_us - 1) / grid_us * grid_us;
}

void
downlink_video(struct participant *who, enum pacer_class class,
    uint16_t sequence, size_t payload_len, int64_t now_us)
{
	const struct pacer_item item = { .queued_us = now_us,
	    .sequence = sequence,
	    .bytes = (uint16_t)(payload_len + PACKET_OVERHEAD) };

	if (who->down.pacer == NULL) {
		subscription_emit(who, sequence, now_us);
		return;
	}
	if (!pacer_push(who->down.pacer, class, &item))
		return;		/* the next look drops all that waits */
	pump(who, now_us);
	room_arm(who->room, turn_after(&who->down, now_us));
}

void
downlink_sound(struct participant *who, size_t payload_len, int64_t now_us)
{
	if (who->down.pacer)
		pacer_count(who->down.pacer, payload_len + PACKET_OVERHEAD,
		    now_us);
}

void
downlink_again(struct participant *who, size_t len, int64_t now_us)
{
	if (who->down.estimate == NULL)
		return;
	send_estimate_beside(who->down.estimate, len + SEALED_OVERHEAD,
	    now_us);
	pacer_count(who->down.pacer, len + SEALED_OVERHEAD, now_us);
}

unsigned
downlink_waiting(const struct participant *who)
{
	return who->down.pacer ? pacer_waiting(who->down.pacer, PACER_VIDEO) :
	    0;
}

/*
 * What waits has the newest sequence numbers, as padding is sent only when
 * nothing waits: they are given to what comes next, so that nobody misses
 * them.
 */
static void
drop_video(struct participant *who)
{
	const unsigned waiting = pacer_waiting(who->down.pacer, PACER_VIDEO);

	pacer_drop(who->down.pacer, PACER_VIDEO);
	who->video_out.next_sequence = (uint16_t)(
	    who->video_out.next_sequence - waiting);
	who->video_out.packets -= waiting;
	/* What has begun will have no end, so nothing is torn any more. */
	who->down.in_frame = false;
}

void
downlink_cut(struct participant *who)
{
	if (who->down.pacer)
		drop_video(who);
}

void
downlink_switch(struct participant *who, int64_t now_us)
{
	if (who->down.pacer &&
	    pacer_delay_us(who->down.pacer, now_us) > STALE_US)
		drop_video(who);
}

bool
downlink_stopped(const struct participant *who)
{
	return who->down.stopped;
}

/*
 * The line's queue was too much, and is not gone yet: after the key frame of
 * a smaller rendition, which is under way, it has nothing but sound to carry.
 */
static bool
is_draining(const struct participant *who, int64_t now_us)
{
	const struct send_line *line = send_estimate_line(who->down.estimate);
	const int64_t           fell_us = who->watch.choice.fell_us;
	const int64_t           queue_us = line->queue_us < line->behind_us ?
	    line->queue_us : line->behind_us;

	if (fell_us == INT64_MIN || now_us - fell_us > DRAIN_US ||
	    queue_us < FULL_US)
		return false;
	return who->down.stopped || (who->watch.started &&
	    who->watch.rendition == who->watch.target &&
	    !who->down.in_frame &&
	    pacer_waiting(who->down.pacer, PACER_VIDEO) == 0);
}

/* Stops video when the circuit breaks or the queue stands still; or begins. */
static void
look_at_queue(struct participant *who, int64_t now_us)
{
	struct downlink *down = &who->down;
	const bool       broken = send_estimate_line(down->estimate)->broken;
	const bool       stop = broken || is_draining(who, now_us);

	if (stop == down->stopped && !(who->watch.started &&
	    pacer_delay_us(down->pacer, now_us) > QUEUE_MOST_US))
		return;
	if (broken != down->broken)
		log_info(&who->log, broken ? "reports nothing: no video" :
		    "reports again");
	down->stopped = stop;
	down->broken = broken;
	drop_video(who);
	pacer_drop(down->pacer, PACER_RESEND);
	who->watch.started = false;
	if (!stop && who->watch.wanted)
		subscription_start(who, now_us);
}

/* While nothing is known he gets what he is to get. */
static int64_t
target_of(const struct participant *who)
{
	const struct send_line *line = send_estimate_line(who->down.estimate);
	int64_t                 bps = line->target_bps;

	if (!line->transport_feedback && who->watch.started &&
	    who->room->renditions[who->watch.rendition].cfg.bps > bps)
		bps = who->room->renditions[who->watch.rendition].cfg.bps;
	return bps;
}

int64_t
downlink_due(struct participant *who, int64_t now_us)
{
	struct downlink *down = &who->down;
	struct probe     probe;

	if (down->estimate == NULL)
		return INT64_MAX;
	if (now_us >= down->tick_us) {
		send_estimate_tick(down->estimate, now_us);
		if (may_pad(who) && send_estimate_probe(down->estimate,
		    &probe, now_us)) {
			pacer_begin_probe(down->pacer, &probe, now_us);
			who->room->probes++;
		}
		pacer_set_target(down->pacer, target_of(who), now_us);
		look_at_queue(who, now_us);
		if (now_us >= down->look_us ||
		    send_estimate_line(down->estimate)->overused) {
			subscription_look(who, now_us);
			down->look_us = now_us + (who->watch.measure_until_us ?
			    TICK_US : LOOK_US);
		}
		down->tick_us = (now_us / TICK_US + 1) * TICK_US;
	}
	pump(who, now_us);
	return turn_after(down, now_us);
}

/* ---- for the choice of rendition ----------------------------------------- */

void
downlink_link(const struct participant *who, struct rendition_link *link,
    int64_t now_us)
{
	const struct send_line *line;
	int64_t                 own_us;

	if (who->down.estimate == NULL)
		return;
	line = send_estimate_line(who->down.estimate);
	if (!line->transport_feedback &&
	    now_us - who->down.begun_us > PATIENCE_US)
		return;
	own_us = pacer_delay_us(who->down.pacer, now_us);
	link->probes = true;
	link->estimate_bps = (uint64_t)line->known_bps;
	link->arrives_bps = (uint64_t)(line->newest_bps < line->acked_bps ?
	    line->newest_bps : line->acked_bps);
	link->loss_q8 = line->transport_feedback ? line->loss_q8 : 0;
	/* While he is silent nothing is known to be worse than it was. */
	if (line->silent)
		return;
	link->queue_us = line->queue_us > line->behind_us ? line->queue_us :
	    line->behind_us;
	if (link->queue_us < own_us)
		link->queue_us = own_us;
	link->overused = line->overused || own_us > TICK_US * 10;
}

int64_t
downlink_still_us(const struct participant *who, size_t bytes,
    int64_t least_us)
{
	const struct send_line *line = downlink_line(who);
	int64_t                 left_bps, us;

	if (line == NULL)
		return least_us;
	left_bps = line->target_bps / 10 * 9 -
	    (int64_t)sound_repair_wire_bps(&who->repair);
	if (left_bps < STILL_LEAST_BPS)
		left_bps = STILL_LEAST_BPS;
	us = (int64_t)bytes * 8000000 / left_bps;
	us = us < least_us ? least_us : us;
	return us < STILL_MOST_US ? us : STILL_MOST_US;
}

int64_t
downlink_repair_bps(const struct participant *who)
{
	const struct send_line *line = downlink_line(who);
	const int64_t rung_bps =
	    who->room->renditions[who->watch.rendition].cfg.bps;

	return (line && line->target_bps > rung_bps ? line->target_bps :
	    rung_bps) / 4;
}

static int64_t
most(uint64_t bps)
{
	return bps < MOST_BPS ? (int64_t)bps : MOST_BPS;
}

void
downlink_ask(struct participant *who, uint64_t useful_bps,
    uint64_t probe_bps)
{
	if (who->down.estimate == NULL)
		return;
	send_estimate_useful(who->down.estimate, most(useful_bps));
	if (probe_bps > 0)
		send_estimate_ask(who->down.estimate, most(probe_bps));
}
