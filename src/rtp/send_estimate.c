/*
 * What the line to a peer carries, by what he reports of our packets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>

#include "rtp/acked_rate.h"
#include "rtp/aimd_rate.h"
#include "rtp/alr_detector.h"
#include "rtp/bunch_meter.h"
#include "rtp/ccfb_report.h"
#include "rtp/circuit_breaker.h"
#include "rtp/inter_arrival.h"
#include "rtp/loss_control.h"
#include "rtp/loss_meter.h"
#include "rtp/overuse_detector.h"
#include "rtp/peer_clock.h"
#include "rtp/probe_plan.h"
#include "rtp/queue_meter.h"
#include "rtp/rtp_packet.h"
#include "rtp/send_estimate.h"
#include "rtp/send_log.h"
#include "rtp/trendline.h"
#include "rtp/twcc_report.h"

#define BATCH           128	/* packets sorted by arrival at a time */
#define STREAM_PAUSE_US 2000000	/* after it the trend is another one */
#define REMB_US         10000000
#define RTT_MOST_US     5000000
#define RTT_WEIGHT      16	/* of the smoothed one to the newest */
#define LEAST_RTT_WEIGHT 256	/* it may have become longer */
#define DROP_Q8         192	/* 75 %: below, it was a sudden drop */
#define FALL_US         3000000
#define BEGIN_US        5000000
#define DELTA_MOST_US   10000000
#define LIMITED_LATELY_US 1000000	/* what arrives is known again */
#define SHORT_QUEUE_US  100000
#define RANDOM_LOSS_MOST 0.5
#define PROBE_QUEUE_US  300000
#define PROBE_SETTLE_US 500000
#define COLLAPSED_US    150000
#define STANDING_US     100000	/* a queue that is to go away */
#define STANDING_SPACE_US 1000000	/* between two tries */
#define STANDING_TRIES  4	/* in vain: it is no queue of ours */
#define OVERTAKEN_US    15000	/* by what was sent so much later */
#define TOGETHER_US     2000

/* A packet that has just been reported to have arrived. */
struct acked {
	int64_t  sent_us, arrival_us;
	uint16_t bytes, probe;
	bool     again;
};

struct send_estimate {
	struct send_estimate_config cfg;
	struct send_line     line;
	struct send_log      log;
	struct acked_rate    acked;
	struct inter_arrival groups;
	struct trendline     trend;
	struct overuse_detector detector;
	struct aimd_rate     aimd;
	struct loss_meter    loss;
	struct loss_control  loss_control;
	struct probe_meter   probes;
	struct probe_plan    plan;
	struct alr_detector  alr;
	struct circuit_breaker circuit;
	struct queue_meter   queue;
	struct bunch_meter   bunches;
	struct peer_clock    twcc_clock, ccfb_clock;
	bool     limited;		/* by what the application sends */
	int64_t  limited_us;		/* since */
	int64_t  begun_us;		/* first packet; 0: none */
	int64_t  fell_from_bps, fell_us;	/* lately */
	int64_t  standing_us;		/* last try to drain a queue */
	unsigned standing_tries;
	enum line_usage usage;		/* the detector's, if it holds */
	int64_t  resumed_us;		/* after a silence; 0: never */
	int64_t  fed_us;		/* last feedback by packet; 0: never */
	uint16_t fed_next;		/* sequence after the last that it told */
	int64_t  arrived_sent_us;	/* newest of what arrived */
	int64_t  beside_bytes;		/* since the last packet with a number */
	int64_t  feedback_rtt_us;	/* with the peer's wait in it … */
	int64_t  least_rtt_us;		/* … its least of late, 0: unknown */
	int64_t  report_rtt_us;		/* of RR; 0: not known */
	unsigned report_loss_q8;
	int64_t  remb_bps, remb_us;
	/* Of the feedback under way. */
	unsigned     batch_count;
	struct acked batch[BATCH];
	int64_t      probed_bps;
	int64_t      probing_until_us;	/* a train and what it stirs up */
};

int
send_estimate_new(struct send_estimate **out,
    const struct send_estimate_config *cfg)
{
	struct send_estimate *e;

	if (cfg->least_bps < 1000 || cfg->start_bps < cfg->least_bps ||
	    cfg->most_bps < cfg->start_bps)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	e->cfg = *cfg;
	send_log_init(&e->log, cfg->first_sequence);
	acked_rate_init(&e->acked);
	overuse_detector_init(&e->detector);
	aimd_rate_init(&e->aimd, cfg->start_bps, cfg->least_bps,
	    cfg->most_bps);
	loss_control_init(&e->loss_control, cfg->start_bps);
	probe_plan_init(&e->plan, cfg->start_bps, cfg->useful_bps);
	circuit_breaker_init(&e->circuit);
	e->line.target_bps = cfg->start_bps;
	e->line.burst_q4 = 16;
	*out = e;
	return 0;
}

void
send_estimate_free(struct send_estimate *e)
{
	free(e);
}

const struct send_line *
send_estimate_line(const struct send_estimate *e)
{
	return &e->line;
}

/* ---- the target ---------------------------------------------------------- */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
remb_holds(const struct send_estimate *e, int64_t now_us)
{
	return e->remb_bps > 0 && now_us - e->remb_us < REMB_US;
}

/* What is known by packets, or by REMB alone. */
static int64_t
carried_bps(const struct send_estimate *e, int64_t now_us)
{
	const bool remb = remb_holds(e, now_us);
	int64_t    bps = least(e->aimd.bps,
	    loss_control_bps(&e->loss_control));

	if (remb && !e->line.transport_feedback)
		return e->remb_bps;
	return remb ? least(bps, e->remb_bps) : bps;
}

/* A line that jitters holds packets back without any queue. */
static int64_t
above_jitter_us(const struct send_estimate *e, int64_t wait_us)
{
	const int64_t us = wait_us - bunch_meter_us(&e->bunches);

	return us > 0 ? us : 0;
}

static int64_t
queue_us(const struct send_estimate *e)
{
	return above_jitter_us(e, queue_meter_us(&e->queue));
}

static void
decide(struct send_estimate *e, int64_t now_us)
{
	struct send_line        *line = &e->line;
	const enum circuit_state circuit = circuit_breaker_state(&e->circuit,
	    now_us);
	int64_t                  bps = carried_bps(e, now_us);

	bps = least(bps, e->cfg.most_bps);
	if (bps < e->cfg.least_bps)
		bps = e->cfg.least_bps;
	line->known_bps = bps;
	line->silent = circuit != CIRCUIT_GOOD;
	line->broken = circuit == CIRCUIT_BROKEN;
	line->target_bps = bps * circuit_breaker_left_q8(&e->circuit,
	    now_us) / 256;
	line->overused = e->usage == LINE_OVERUSED;
	line->application_limited = e->limited;
	line->loss_q8 = line->transport_feedback ? loss_meter_q8(&e->loss) :
	    e->report_loss_q8;
	line->burst_q4 = loss_meter_burst_q4(&e->loss);
	line->rtt_us = e->report_rtt_us > 0 ? e->report_rtt_us :
	    e->feedback_rtt_us;
	line->queue_us = queue_us(e);
	line->jitter_us = bunch_meter_us(&e->bunches);
	line->acked_bps = acked_rate_bps(&e->acked);
	line->newest_bps = acked_rate_newest_bps(&e->acked);
}

/* ---- what is sent -------------------------------------------------------- */

static void
sent(struct send_estimate *e, int64_t bytes, int64_t now_us)
{
	if (alr_detector_sent(&e->alr, bytes, e->line.target_bps, now_us) &&
	    !e->alr.limited)
		acked_rate_expect_change(&e->acked);
}

uint16_t
send_estimate_sent(struct send_estimate *e,
    const struct send_estimate_packet *packet, int64_t now_us)
{
	const struct send_log_packet noted = {
		.sent_us = now_us,
		.ssrc = packet->ssrc,
		.rtp_sequence = packet->rtp_sequence,
		.bytes = packet->bytes,
		.probe = packet->probe,
		.beside = (uint16_t)least(e->beside_bytes, UINT16_MAX),
		.again = packet->again,
	};

	if (e->begun_us == 0)
		e->begun_us = now_us;
	e->beside_bytes = 0;
	/* A probe is not what the application has to say. */
	sent(e, packet->probe ? 0 : packet->bytes, now_us);
	circuit_breaker_sent(&e->circuit, now_us);
	return send_log_add(&e->log, &noted);
}

void
send_estimate_beside(struct send_estimate *e, size_t bytes, int64_t now_us)
{
	sent(e, (int64_t)bytes, now_us);
	e->beside_bytes += (int64_t)bytes;
}

/* ---- feedback by packet -------------------------------------------------- */

static bool
usable(int64_t delta_us)
{
	return delta_us > -DELTA_MOST_US && delta_us < DELTA_MOST_US;
}

static void
arrived(struct send_estimate *e, const struct acked *a, int64_t now_us)
{
	struct group_delta delta;
	int64_t            probed_bps;

	if (a->sent_us > e->arrived_sent_us)
		e->arrived_sent_us = a->sent_us;
	acked_rate_add(&e->acked, a->bytes, a->arrival_us);
	queue_meter_add(&e->queue, a->arrival_us - a->sent_us, now_us);
	bunch_meter_add(&e->bunches, a->bytes, a->sent_us, a->arrival_us,
	    e->aimd.bps, now_us);
	probed_bps = probe_meter_add(&e->probes, a->probe, a->bytes,
	    a->sent_us, a->arrival_us, loss_meter_q8(&e->loss) / 256.0);
	if (probed_bps > 0)
		e->probed_bps = probed_bps;
	if (!inter_arrival_add(&e->groups, a->sent_us, a->arrival_us, now_us,
	    &delta) || !usable(delta.arrival_us) || !usable(delta.sent_us))
		return;
	trendline_add(&e->trend, delta.sent_us, delta.arrival_us,
	    a->arrival_us);
	overuse_detector_update(&e->detector, e->trend.slope,
	    trendline_signal(&e->trend), delta.sent_us, now_us);
}

/*
 * Whether what arrived is the second copy: what was sent clearly later came
 * before it, or with it. A line seldom changes the order by so much.
 */
static bool
was_lost(const struct send_estimate *e, unsigned at)
{
	const struct acked *a = &e->batch[at];

	if (!a->again)
		return false;
	if (a->sent_us < e->arrived_sent_us - OVERTAKEN_US)
		return true;
	for (unsigned i = at + 1; i < e->batch_count &&
	    e->batch[i].arrival_us < a->arrival_us + TOGETHER_US; i++)
		if (e->batch[i].sent_us > a->sent_us + OVERTAKEN_US)
			return true;
	return false;
}

/* In order of arrival: reported in that of sending, which is nearly it. */
static void
batch_done(struct send_estimate *e, int64_t now_us)
{
	for (unsigned i = 1; i < e->batch_count; i++) {
		const struct acked a = e->batch[i];
		unsigned           at = i;

		for (; at > 0 && e->batch[at - 1].arrival_us > a.arrival_us;
		    at--)
			e->batch[at] = e->batch[at - 1];
		e->batch[at] = a;
	}
	for (unsigned i = 0; i < e->batch_count; i++) {
		if (was_lost(e, i)) {
			loss_meter_late(&e->loss);
			loss_control_late(&e->loss_control);
		} else {
			arrived(e, &e->batch[i], now_us);
		}
	}
	e->batch_count = 0;
}

/* `timed`: arrival_us is known. */
static void
status(struct send_estimate *e, struct send_log_packet *packet, bool received,
    bool timed, int64_t arrival_us, int64_t now_us)
{
	const enum send_log_fate before = packet->fate;

	if (before == SEND_RECEIVED || (before == SEND_LOST && !received))
		return;
	/* What came at last is what was sent again. */
	if (before == SEND_LOST && packet->again)
		return;
	packet->fate = received ? SEND_RECEIVED : SEND_LOST;
	/* What was lost in a silence says nothing of the line now. */
	if (packet->sent_us < e->resumed_us)
		return;
	if (before == SEND_LOST) {
		loss_meter_found(&e->loss);
		loss_control_found(&e->loss_control);
	} else {
		loss_meter_add(&e->loss, !received);
		loss_control_add(&e->loss_control, packet->bytes, !received,
		    packet->sent_us);
	}
	if (!received)
		return;
	e->feedback_rtt_us = now_us - packet->sent_us < RTT_MOST_US ?
	    now_us - packet->sent_us : RTT_MOST_US;
	if (!timed)
		return;
	e->batch[e->batch_count++] = (struct acked){
		.sent_us = packet->sent_us, .arrival_us = arrival_us,
		.bytes = (uint16_t)least(packet->bytes + packet->beside,
		    UINT16_MAX),
		.probe = packet->probe, .again = packet->again,
	};
	if (e->batch_count == BATCH)
		batch_done(e, now_us);
}

static void
heard(struct send_estimate *e, int64_t now_us)
{
	const int64_t waited_us = circuit_breaker_heard(&e->circuit, now_us);

	if (waited_us < CIRCUIT_SILENT_US)
		return;
	/* Back after a silence: half of what was, and a look at the rest. */
	e->resumed_us = now_us;
	probe_plan_restart(&e->plan, e->aimd.bps / 2);
	aimd_rate_set(&e->aimd, e->aimd.bps / 2, now_us);
}

static void
feedback_begin(struct send_estimate *e, int64_t now_us)
{
	heard(e, now_us);
	e->line.transport_feedback = true;
	e->probed_bps = 0;
	if (now_us - e->fed_us > STREAM_PAUSE_US) {
		e->groups = (struct inter_arrival){ .reordered = 0 };
		e->trend = (struct trendline){ .count = 0 };
		overuse_detector_init(&e->detector);
	}
	e->fed_us = now_us;
}

/*
 * At the beginning there are but probes to know by, and a later, longer one
 * knows better than the first. What arrives is carried all the same.
 */
static bool
came_apart(const struct send_estimate *e, int64_t now_us)
{
	return now_us - e->begun_us < BEGIN_US &&
	    e->probed_bps < e->plan.probed_bps / 4 * 3 &&
	    e->probed_bps > acked_rate_bps(&e->acked);
}

/* What the probe has shown, unless the queue grows at this moment. */
static void
take_probe(struct send_estimate *e, int64_t now_us)
{
	if (e->probed_bps == 0 || e->usage == LINE_OVERUSED)
		return;
	probe_plan_result(&e->plan, e->probed_bps);
	/* The start rate is no more than a guess. */
	if (e->probed_bps > e->aimd.bps || !e->aimd.proven ||
	    came_apart(e, now_us)) {
		aimd_rate_set(&e->aimd, e->probed_bps, now_us);
		link_capacity_probed(&e->aimd.capacity, e->probed_bps);
	}
	loss_control_probed(&e->loss_control, e->probed_bps);
}

/*
 * Less than half of what it was arrives, and what does was sent long ago: the
 * trend of so few packets would show it half a second later.
 */
static bool
collapsed(const struct send_estimate *e)
{
	return e->line.behind_us > COLLAPSED_US &&
	    acked_rate_newest_bps(&e->acked) < acked_rate_bps(&e->acked) / 2;
}

/*
 * Overuse is believed when packets do wait. And a queue that stands full does
 * not grow: some seconds of it are overuse, too. Where giving way does not
 * help, the line has become longer. The short queue that a train of ours makes
 * is what it was sent for: its result tells, and not the little that arrived
 * before it.
 */
static enum line_usage
usage(struct send_estimate *e, int64_t now_us)
{
	const bool waits = queue_meter_look(&e->queue) &&
	    queue_meter_us(&e->queue) >= bunch_meter_us(&e->bunches);

	if (collapsed(e))
		return LINE_OVERUSED;
	if (e->detector.usage == LINE_OVERUSED && (!waits ||
	    (now_us < e->probing_until_us && (e->line.jitter_us > 0 ||
	    e->aimd.bps < AIMD_THIN_BPS) && queue_us(e) < PROBE_QUEUE_US)))
		return LINE_NORMAL;
	if (queue_meter_standing_us(&e->queue) < STANDING_US) {
		e->standing_tries = 0;
		e->standing_us = now_us;
		return e->detector.usage;
	}
	if (e->detector.usage != LINE_NORMAL ||
	    now_us - e->standing_us < STANDING_SPACE_US)
		return e->detector.usage;
	e->standing_us = now_us;
	if (e->standing_tries++ < STANDING_TRIES)
		return LINE_OVERUSED;
	e->standing_tries = 0;
	queue_meter_accept(&e->queue);
	return LINE_NORMAL;
}

/*
 * What a line without a queue loses at random has passed its bottleneck, as
 * what arrived has.
 */
static int64_t
with_lost(const struct send_estimate *e, int64_t acked_bps)
{
	const double acked = (double)acked_bps;
	double       lost = e->loss_control.inherent;

	if (queue_meter_us(&e->queue) > SHORT_QUEUE_US)
		return (int64_t)acked;
	if (lost > RANDOM_LOSS_MOST)
		lost = RANDOM_LOSS_MOST;
	return (int64_t)(acked / (1 - lost));
}

/*
 * How far the newest packet that arrived is behind what is sent now: of a
 * queue that fills at once it tells before the packets in it do.
 */
static void
measure_behind(struct send_estimate *e)
{
	if (e->feedback_rtt_us == 0)
		return;
	if (e->least_rtt_us == 0 || e->feedback_rtt_us < e->least_rtt_us)
		e->least_rtt_us = e->feedback_rtt_us;
	e->line.behind_us = above_jitter_us(e, e->feedback_rtt_us -
	    e->least_rtt_us);
	e->least_rtt_us += (e->feedback_rtt_us - e->least_rtt_us) /
	    LEAST_RTT_WEIGHT;
}

/* A burst may have looked like a thin line: what was is tried again. */
static void
note_fall(struct send_estimate *e, int64_t before_bps, int64_t now_us)
{
	if (e->aimd.bps >= before_bps)
		return;
	if (before_bps > e->fell_from_bps || now_us - e->fell_us > FALL_US)
		e->fell_from_bps = before_bps;
	e->fell_us = now_us;
	if (e->aimd.bps < e->fell_from_bps * DROP_Q8 / 256)
		probe_plan_dropped(&e->plan, e->fell_from_bps, now_us);
}

static void
feedback_end(struct send_estimate *e, int64_t now_us)
{
	const int64_t     before_bps = e->aimd.bps;
	struct aimd_input in = {
		.rtt_us = e->feedback_rtt_us,
		.application_limited = e->alr.limited ||
		    now_us - e->alr.since_us < LIMITED_LATELY_US,
	};
	struct loss_input loss = {
		.least_bps = e->cfg.least_bps,
		.application_limited = e->alr.limited,
	};

	batch_done(e, now_us);
	measure_behind(e);
	in.usage = e->usage = usage(e, now_us);
	in.queue_us = queue_us(e);
	in.acked_bps = with_lost(e, acked_rate_bps(&e->acked));
	in.acked_most_bps = with_lost(e, acked_rate_most_bps(&e->acked));
	loss.acked_bps = in.acked_bps;
	loss_meter_fade(&e->loss, now_us);
	aimd_rate_update(&e->aimd, &in, now_us);
	note_fall(e, before_bps, now_us);
	take_probe(e, now_us);
	loss.delay_bps = e->aimd.bps;
	loss_control_update(&e->loss_control, &loss, now_us);
	if (e->aimd.proven || e->loss_control.limits)
		e->line.measured = true;
	if (!e->limited && (e->alr.limited || e->aimd.at_limit))
		e->limited_us = now_us;
	e->limited = e->alr.limited || e->aimd.at_limit;
	decide(e, now_us);
}

void
send_estimate_twcc(struct send_estimate *e, const uint8_t *body, size_t len,
    int64_t now_us)
{
	struct twcc_report report;
	struct twcc_status s;
	int64_t            shift_us;

	if (twcc_report_begin(&report, body, len) != 0)
		return;
	feedback_begin(e, now_us);
	shift_us = peer_clock_unwrap(&e->twcc_clock, report.at_us,
	    TWCC_CLOCK_US) - report.at_us;
	if (rtp_sequence_diff(report.sequence, e->fed_next) > 0)
		acked_rate_gap(&e->acked);
	e->fed_next = (uint16_t)(report.sequence + report.left);
	while (twcc_report_next(&report, &s)) {
		struct send_log_packet *packet = send_log_find(&e->log,
		    s.sequence);

		if (packet)
			status(e, packet, s.received, true,
			    s.arrival_us + shift_us, now_us);
	}
	feedback_end(e, now_us);
}

void
send_estimate_ccfb(struct send_estimate *e, const uint8_t *body, size_t len,
    int64_t now_us)
{
	struct ccfb_report report;
	struct ccfb_status s;
	int64_t            shift_us;

	if (ccfb_report_begin(&report, body, len) != 0)
		return;
	feedback_begin(e, now_us);
	shift_us = peer_clock_unwrap(&e->ccfb_clock, report.made_us,
	    CCFB_CLOCK_US) - report.made_us;
	while (ccfb_report_next(&report, &s)) {
		struct send_log_packet *packet = send_log_find_rtp(&e->log,
		    s.ssrc, s.sequence);

		if (packet)
			status(e, packet, s.received, s.timed,
			    s.arrival_us + shift_us, now_us);
	}
	feedback_end(e, now_us);
}

/* ---- other feedback ------------------------------------------------------ */

void
send_estimate_report(struct send_estimate *e, unsigned loss_q8,
    int64_t rtt_us, int64_t now_us)
{
	heard(e, now_us);
	e->report_loss_q8 = loss_q8 < 256 ? loss_q8 : 255;
	if (rtt_us >= 0 && rtt_us < RTT_MOST_US)
		e->report_rtt_us = e->report_rtt_us == 0 ? rtt_us :
		    e->report_rtt_us + (rtt_us - e->report_rtt_us) /
		    RTT_WEIGHT;
	decide(e, now_us);
}

void
send_estimate_remb(struct send_estimate *e, int64_t bps, int64_t now_us)
{
	const int64_t before_bps = e->remb_bps;

	heard(e, now_us);
	e->remb_bps = bps < e->cfg.least_bps ? e->cfg.least_bps :
	    least(bps, e->cfg.most_bps);
	e->remb_us = now_us;
	if (!e->line.transport_feedback)
		e->line.measured = true;
	decide(e, now_us);
	if (before_bps > 0 && e->remb_bps > 2 * before_bps)
		probe_plan_lifted(&e->plan, e->line.target_bps);
}

void
send_estimate_useful(struct send_estimate *e, int64_t bps)
{
	e->plan.useful_bps = bps;
}

void
send_estimate_ask(struct send_estimate *e, int64_t bps)
{
	probe_plan_ask(&e->plan, bps);
}

void
send_estimate_tick(struct send_estimate *e, int64_t now_us)
{
	loss_meter_fade(&e->loss, now_us);
	sent(e, 0, now_us);
	decide(e, now_us);
}

bool
send_estimate_probe(struct send_estimate *e, struct probe *probe,
    int64_t now_us)
{
	const struct probe_input in = {
		.estimate_bps = e->line.target_bps,
		.overused = e->line.overused || e->line.silent ||
		    e->line.queue_us > SHORT_QUEUE_US,
		.limited = e->limited && !(remb_holds(e, now_us) &&
		    e->remb_bps <= e->line.target_bps),
		.limited_since_us = e->limited_us,
		.jitter_us = e->line.jitter_us,
	};

	if (!probe_plan_due(&e->plan, &in, probe, now_us))
		return false;
	probe_meter_begin(&e->probes, probe);
	e->probing_until_us = now_us + probe->bytes * 8000000 / probe->bps +
	    e->feedback_rtt_us + PROBE_SETTLE_US;
	return true;
}
