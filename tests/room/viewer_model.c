/*
 * A viewer of a room at the end of a line that does not exist.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rtp/chance.h"
#include "room/room_internal.h"
#include "rtp/rtp_extension.h"
#include "viewer_model.h"

#define STEP_US       1000
#define SOUND_US      20000
#define NACK_US       10000
#define FEEDBACK_US   100000
#define REPORT_US     1000000
#define PLI_AFTER_US  3000000	/* without a picture, as libwebrtc does */
#define LATE_US       400000	/* sound later than this is lost */
#define WEAK_US       5000000	/* unheard so long: participant_again */
#define IP_UDP        28
#define BUCKET        1500
#define TAG           10
#define TWCC_ID       3
#define AUDIO_TYPE    111
#define VIDEO_TYPE    96
#define FLIGHT        8192
#define BACK          256
#define SOUNDS        4096
#define QUEUE_MS      4000
#define JITTER_HOLD_US 20000
#define REORDER_US    40000
#define AUDIO_BPS     32000

/* What our encoders do: see ENCODER_BUFFER_GOAL_MS of video/. */
#define KEY_MS        300
#define REPAY         0.75	/* of a mean frame, while a key frame is paid */

struct flight {
	int64_t arrival_us;
	bool    rtcp;
	size_t  len;
	uint8_t bytes[PACKET_CAPACITY];
};

struct back {
	int64_t due_us;
	size_t  len;
	uint8_t bytes[1200];
};

struct model_encoder {
	bool    open, key, even;
	int64_t due_us, key_us;
	double  debt_bytes;
};

struct model_receiver {
	struct twcc_feedback twcc;
	struct rtp_stats     audio, video;
	struct nack          nack;
	struct frame_assembler *assembler;
	int64_t feedback_us, report_us, nack_us;
	int64_t picture_us, pli_us, video_us;
	struct rtp_unwrap sound;
	int64_t sound_us;		/* last arrival */
};

struct transport {
	struct viewer_model *model;
};

struct viewer_model {
	struct viewer_line line;
	struct chance      chance;
	struct room        room;
	struct participant who;
	struct transport   transport;
	struct model_encoder encoders[RENDITION_MENU_MAX];
	struct model_receiver receiver;
	int64_t  now_us, armed_us, sound_us, told_us;
	uint32_t sound_ticks;
	bool     tells;
	/* The line. */
	int64_t  busy_until_us;
	bool     losing;
	int64_t  jitter_us, jitter_until_us;	/* of the last draw */
	int64_t  last_arrival_us;
	unsigned flight_first, flight_count;
	struct flight flight[FLIGHT];
	unsigned back_first, back_count;
	struct back back[BACK];
	int64_t  heard_us;
	/* Figures. */
	int64_t  from_us;
	int64_t  rung_us[VIEWER_RUNGS];
	unsigned moves, rung_before, probes_before;
	unsigned sounds_sent, sounds_came, pictures;
	int64_t  sound_gap_us, pause_us, counted_picture_us, picture_late_us;
	uint64_t line_bytes;
	unsigned queue_ms[QUEUE_MS];
	int64_t  sound_sent_us[SOUNDS];
	bool     sound_there[SOUNDS];
};

/* ---- the line ------------------------------------------------------------ */

/* About half a bell, by a sum of twelve; 95 % of it are below `jitter_us`. */
static int64_t
draw_jitter(struct viewer_model *m, int64_t leaves_us)
{
	int32_t sum = -6000;

	if (leaves_us < m->jitter_until_us)
		return m->jitter_us;
	for (unsigned i = 0; i < 12; i++)
		sum += (int32_t)chance_below(&m->chance, 1000);
	m->jitter_us = m->line.jitter_us * (sum < 0 ? -sum : sum) / 1960;
	m->jitter_until_us = leaves_us + JITTER_HOLD_US;
	return m->jitter_us;
}

/* As tools/udprelay has it: jitter keeps the order, reordering does not. */
static int64_t
arrival_of(struct viewer_model *m)
{
	const int64_t leaves_us = m->busy_until_us > m->now_us ?
	    m->busy_until_us : m->now_us;
	int64_t us = leaves_us + m->line.delay_us;

	if (m->line.jitter_us > 0)
		us += draw_jitter(m, leaves_us);
	if (us < m->last_arrival_us)
		us = m->last_arrival_us;
	if (m->line.reorder_permille > 0 && chance_below(&m->chance, 1000) <
	    m->line.reorder_permille)
		return us + REORDER_US;
	m->last_arrival_us = us;
	return us;
}

/* A place in the order of arrival. */
static struct flight *
flight_at(struct viewer_model *m, int64_t arrival_us)
{
	unsigned at = m->flight_count++;

	if (at == FLIGHT)
		abort();
	for (; at > 0; at--) {
		struct flight *f = &m->flight[(m->flight_first + at) % FLIGHT];
		const struct flight *before =
		    &m->flight[(m->flight_first + at - 1) % FLIGHT];

		if (before->arrival_us <= arrival_us)
			break;
		*f = *before;
	}
	return &m->flight[(m->flight_first + at) % FLIGHT];
}

static void
line_send(struct viewer_model *m, const struct packet *packet, bool rtcp)
{
	const size_t   bytes = packet->len + IP_UDP;
	int64_t        arrival_us;
	struct flight *f;

	/* So much may pass at once after a pause. */
	if (m->line.capacity_bps == 0)
		m->busy_until_us = m->now_us;
	else if (m->busy_until_us < m->now_us - BUCKET * INT64_C(8000000) /
	    m->line.capacity_bps)
		m->busy_until_us = m->now_us - BUCKET * INT64_C(8000000) /
		    m->line.capacity_bps;
	if (m->line.dead || (m->line.capacity_bps > 0 &&
	    m->busy_until_us - m->now_us > m->line.queue_us))
		return;
	if (m->line.capacity_bps > 0)
		m->busy_until_us += (int64_t)bytes * 8000000 /
		    m->line.capacity_bps;
	m->line_bytes += bytes;
	if (m->line.loss_permille > 0 && chance_loses(&m->chance, &m->losing,
	    m->line.loss_permille, m->line.loss_run))
		return;
	arrival_us = arrival_of(m);
	f = flight_at(m, arrival_us);
	f->arrival_us = arrival_us;
	f->rtcp = rtcp;
	f->len = packet->len;
	memcpy(f->bytes, packet->bytes, packet->len);
}

/* ---- in the place of net/ ------------------------------------------------ */

bool
transport_seal_rtp(struct transport *t, struct packet *packet)
{
	(void)t;
	memset(packet->bytes + packet->len, 0, TAG);
	packet->len += TAG;
	return true;
}

void
transport_send_sealed(struct transport *t, struct packet *packet,
    int64_t now_us)
{
	(void)now_us;
	line_send(t->model, packet, false);
	packet_free(&packet);
}

void
transport_send_rtp(struct transport *t, struct packet *packet, int64_t now_us)
{
	if (transport_seal_rtp(t, packet))
		transport_send_sealed(t, packet, now_us);
}

void
transport_send_rtcp(struct transport *t, struct packet *packet,
    int64_t now_us)
{
	(void)now_us;
	line_send(t->model, packet, true);
	packet_free(&packet);
}

void
media_socket_flush(struct media_socket *s)
{
	(void)s;
}

/* ---- in the place of the rest of room/ ----------------------------------- */

static struct viewer_model *
model_of(struct room *room)
{
	return TAILQ_FIRST(&room->participants)->transport->model;
}

void
room_arm(struct room *room, int64_t when_us)
{
	struct viewer_model *m = model_of(room);

	if (when_us < m->armed_us)
		m->armed_us = when_us;
}

void
room_count_viewers(struct room *room, int64_t now_us)
{
	(void)room;
	(void)now_us;
}

/* He sends nothing himself. */
void
picture_in_clear(struct participant *who)
{
	(void)who;
}

void
picture_in_take(struct participant *who, const struct rtp_frame *frame,
    int64_t captured_us, int64_t now_us)
{
	(void)who;
	(void)frame;
	(void)captured_us;
	(void)now_us;
}

bool
room_load_is_still(const struct participant *who)
{
	(void)who;
	return false;
}

/* The room stands in the place of its pipeline. */
void
pipeline_want_key(struct pipeline *p, unsigned rendition)
{
	struct viewer_model *m = (struct viewer_model *)p;

	m->encoders[rendition].key = true;
}

void
pipeline_drain_audio(struct pipeline *p)
{
	(void)p;
}

void
pipeline_audio_quality(struct pipeline *p, unsigned slot,
    enum audio_quality quality)
{
	(void)p;
	(void)slot;
	(void)quality;
}

/* ---- encoders ------------------------------------------------------------ */

static bool
is_watched(const struct viewer_model *m, unsigned i)
{
	const struct subscription *watch = &m->who.watch;

	return watch->wanted && (watch->target == i ||
	    (watch->started && watch->rendition == i));
}

static bool
in_layers(const struct viewer_model *m, unsigned i)
{
	const struct subscription *watch = &m->who.watch;

	return (watch->target == i && watch->target_base) ||
	    (watch->started && watch->rendition == i && watch->base);
}

/* Bytes of the next frame. */
static double
frame_bytes(struct viewer_model *m, unsigned i, bool *key, bool *droppable)
{
	const struct video_encoder_config *cfg = &m->room.renditions[i].cfg;
	struct model_encoder *e = &m->encoders[i];
	const double noise = 0.7 + 0.6 * chance_below(&m->chance, 1000) /
	    1000.0;
	double mean = cfg->bps / 8.0 / cfg->fps;

	*droppable = false;
	*key = cfg->stills || !e->open ||
	    (e->key && m->now_us - e->key_us >= RENDITION_KEY_INTERVAL_US);
	if (cfg->stills)
		return cfg->bps / 8.0 * STILL_INTERVAL_US / 1e6 * noise;
	if (*key) {
		e->open = true;
		e->key = e->even = false;
		e->key_us = m->now_us;
		e->debt_bytes = cfg->bps / 8e3 * KEY_MS - mean;
		return e->debt_bytes + mean;
	}
	if (in_layers(m, i)) {
		e->even = !e->even;
		*droppable = e->even;
		mean = 2 * (e->even ? cfg->bps - cfg->base_bps :
		    cfg->base_bps) / 8.0 / cfg->fps;
	}
	if (e->debt_bytes > 0) {
		e->debt_bytes -= mean * (1 - REPAY);
		mean *= REPAY;
	}
	return mean * noise;
}

static void
encode(struct viewer_model *m, unsigned i)
{
	const struct video_encoder_config *cfg = &m->room.renditions[i].cfg;
	const int64_t step_us = cfg->stills ? STILL_INTERVAL_US :
	    1000000 / cfg->fps;
	bool          key, droppable;
	const double  bytes = frame_bytes(m, i, &key, &droppable);
	const size_t  len = bytes < 60 ? 60 : (size_t)bytes;
	struct coded_frame *frame = calloc(1, sizeof(*frame) + len);

	if (frame == NULL)
		abort();
	frame->rtp_time = (uint32_t)(m->now_us * 9 / 100);
	frame->time_us = m->now_us;
	frame->key = key;
	frame->droppable = droppable;
	frame->len = len;
	frame->data[0] = !key;		/* RFC 6386, 9.1 */
	m->encoders[i].due_us = (m->now_us / step_us + 1) * step_us;
	subscription_frame(&m->room, i, frame, m->now_us);
	free(frame);
}

static void
encode_all(struct viewer_model *m)
{
	for (unsigned i = 0; i < m->room.menu.count; i++)
		if (is_watched(m, i) && m->now_us >= m->encoders[i].due_us)
			encode(m, i);
}

static void
make_sound(struct viewer_model *m)
{
	const enum audio_quality quality = m->who.repair.plan.quality;
	const unsigned span = quality < AUDIO_THIN ? 1 : AUDIO_SPAN_MAX;
	const uint32_t bps = quality < AUDIO_LEAN ? AUDIO_BPS :
	    quality == AUDIO_LEAN ? AUDIO_LEAN_BPS : quality == AUDIO_THIN ?
	    AUDIO_THIN_BPS : AUDIO_LEAST_BPS;
	struct audio_tick *tick;
	uint16_t           sequence;

	if (m->now_us < m->sound_us)
		return;
	m->sound_us += SOUND_US;
	if (m->sound_ticks++ % span != 0)
		return;
	tick = calloc(1, sizeof(*tick));
	if (tick == NULL)
		abort();
	tick->payload_count = tick->leg_count = 1;
	tick->payloads[0].rtp_time = (uint32_t)(m->now_us * 48 / 1000);
	tick->payloads[0].time_us = m->now_us;
	tick->payloads[0].len = (uint16_t)(bps / 8 / 50 * span);
	sequence = m->who.audio_out.next_sequence;
	m->sound_sent_us[sequence % SOUNDS] = m->now_us;
	m->sound_there[sequence % SOUNDS] = false;
	m->sounds_sent++;
	subscription_audio(&m->room, tick, m->now_us);
	free(tick);
}

/* ---- the browser --------------------------------------------------------- */

static void
see_sound(struct viewer_model *m, uint16_t sequence, int64_t now_us)
{
	struct model_receiver *r = &m->receiver;
	const unsigned at = sequence % SOUNDS;
	const int64_t late_us = now_us - m->sound_sent_us[at] -
	    m->line.delay_us;

	if (m->sound_there[at] || late_us > LATE_US)
		return;
	m->sound_there[at] = true;
	m->sounds_came++;
	if (r->sound_us > 0 && now_us - r->sound_us > m->sound_gap_us)
		m->sound_gap_us = now_us - r->sound_us;
	r->sound_us = now_us;
}

static void
see_pause(struct viewer_model *m, int64_t now_us)
{
	if (now_us - m->counted_picture_us > m->pause_us)
		m->pause_us = now_us - m->counted_picture_us;
}

/* After the time that its RTP time stands for. */
static void
see_late(struct viewer_model *m, const struct rtp_frame *frame, int64_t now_us)
{
	const int64_t late_us = (int64_t)rtp_timestamp_diff(
	    (uint32_t)(now_us * 9 / 100), frame->timestamp) * 100 / 9;

	if (late_us > m->picture_late_us)
		m->picture_late_us = late_us;
}

static void
see_video(struct viewer_model *m, const struct rtp_packet *rtp,
    int64_t now_us)
{
	struct model_receiver *r = &m->receiver;
	struct rtp_frame       frame;
	enum frame_verdict     verdict;

	r->video_us = now_us;
	if (nack_received(&r->nack, rtp->sequence, now_us))
		frame_assembler_give_up(r->assembler);
	frame_assembler_push(r->assembler, VIDEO_VP8, rtp, now_us);
	do {
		verdict = frame_assembler_pull(r->assembler, &frame);
		if (verdict != FRAME_READY)
			continue;
		m->pictures++;
		see_late(m, &frame, now_us);
		see_pause(m, now_us);
		m->counted_picture_us = now_us;
		r->picture_us = now_us;
		if (frame.key)
			nack_forget_before(&r->nack, frame.first_sequence);
	} while (verdict != FRAME_MORE);
}

static void
see_rtcp(struct viewer_model *m, const struct flight *f, int64_t now_us)
{
	struct rtcp_compound c;

	if (rtcp_parse(&c, f->bytes, f->len) != 0)
		abort();
	for (unsigned i = 0; i < c.count; i++) {
		if (c.parts[i].type != RTCP_SENDER_REPORT)
			continue;
		rtp_stats_sender_report(c.parts[i].sender_ssrc ==
		    m->who.audio_out.ssrc ? &m->receiver.audio :
		    &m->receiver.video, c.parts[i].sender.ntp, now_us);
	}
}

static void
see_packet(struct viewer_model *m, const struct flight *f)
{
	struct model_receiver *r = &m->receiver;
	const int64_t     now_us = f->arrival_us;
	struct rtp_packet rtp;
	struct rtp_stats *stats;
	uint16_t          sequence;

	if (f->rtcp) {
		see_rtcp(m, f, now_us);
		return;
	}
	if (rtp_packet_parse(&rtp, f->bytes, f->len - TAG) != 0)
		abort();
	stats = rtp.ssrc == m->who.audio_out.ssrc ? &r->audio : &r->video;
	/* What came before is dropped by the replay protection. */
	if (rtp_stats_received(stats, rtp.sequence, rtp.timestamp,
	    rtp.payload_len, now_us) == RTP_REFUSED)
		return;
	if (rtp_extension_transport_sequence(&rtp, TWCC_ID, &sequence))
		twcc_feedback_received(&r->twcc, sequence,
		    now_us + 7777777);
	if (stats == &r->audio)
		see_sound(m, rtp.sequence, now_us);
	else
		see_video(m, &rtp, now_us);
}

static void
arrive(struct viewer_model *m)
{
	while (m->flight_count > 0) {
		const struct flight *f = &m->flight[m->flight_first];

		if (f->arrival_us > m->now_us)
			return;
		m->flight_first = (m->flight_first + 1) % FLIGHT;
		m->flight_count--;
		see_packet(m, f);
	}
}

static struct back *
answer(struct viewer_model *m)
{
	struct back *b = &m->back[(m->back_first + m->back_count) % BACK];

	if (m->back_count == BACK)
		abort();
	b->due_us = m->now_us + m->line.delay_us;
	return b;
}

static void
answer_sent(struct viewer_model *m, struct back *b, size_t len)
{
	b->len = len;
	if (len > 0 && !m->line.dead &&
	    chance_below(&m->chance, 1000) >= m->line.up_loss_permille)
		m->back_count++;
}

static void
answer_report(struct viewer_model *m)
{
	struct model_receiver *r = &m->receiver;
	struct back       *b;
	struct rtcp_report reports[2];
	unsigned           count = 0;

	if (m->now_us < r->report_us)
		return;
	r->report_us += REPORT_US;
	if (r->audio.started)
		reports[count++] = rtp_stats_report(&r->audio,
		    m->who.audio_out.ssrc, m->now_us);
	if (r->video.started)
		reports[count++] = rtp_stats_report(&r->video,
		    m->who.video_out.ssrc, m->now_us);
	b = answer(m);
	answer_sent(m, b, rtcp_write_rr(b->bytes, sizeof(b->bytes), 1,
	    reports, count));
}

static void
answer_nacks(struct viewer_model *m)
{
	struct model_receiver *r = &m->receiver;
	uint16_t     sequences[NACK_MISSING_MAX];
	bool         gave_up = false;
	unsigned     count;
	struct back *b;

	if (m->now_us < r->nack_us)
		return;
	r->nack_us += NACK_US;
	count = nack_due(&r->nack, m->now_us, 2 * m->line.delay_us, sequences,
	    &gave_up);
	if (gave_up)
		frame_assembler_give_up(r->assembler);
	if (count > 0) {
		b = answer(m);
		answer_sent(m, b, rtcp_write_nack(b->bytes, sizeof(b->bytes),
		    1, m->who.video_out.ssrc, sequences, count));
	}
	if (m->now_us - r->picture_us > PLI_AFTER_US &&
	    m->now_us - r->pli_us > REPORT_US &&
	    m->now_us - r->video_us < PLI_AFTER_US) {
		r->pli_us = m->now_us;
		b = answer(m);
		answer_sent(m, b, rtcp_write_pli(b->bytes, sizeof(b->bytes),
		    1, m->who.video_out.ssrc));
	}
}

static void
answer_all(struct viewer_model *m)
{
	struct model_receiver *r = &m->receiver;
	struct back *b;

	answer_report(m);
	answer_nacks(m);
	if (m->now_us < r->feedback_us)
		return;
	r->feedback_us += FEEDBACK_US;
	while (twcc_feedback_pending(&r->twcc)) {
		b = answer(m);
		answer_sent(m, b, twcc_feedback_write(&r->twcc, b->bytes,
		    sizeof(b->bytes), 1, m->who.video_out.ssrc));
	}
}

/* What participant.c does when somebody is back. */
static void
heard(struct viewer_model *m)
{
	const bool again = m->now_us - m->heard_us > WEAK_US;

	m->heard_us = m->now_us;
	if (!again || !m->who.watch.wanted)
		return;
	m->who.watch.started = false;
	subscription_start(&m->who, m->now_us);
}

static void
come_back(struct viewer_model *m)
{
	while (m->back_count > 0) {
		const struct back *b = &m->back[m->back_first];
		struct packet     *packet;

		if (b->due_us > m->now_us)
			return;
		m->back_first = (m->back_first + 1) % BACK;
		m->back_count--;
		heard(m);
		packet = packet_new(m->room.packets);
		if (packet == NULL)
			abort();
		packet->len = b->len;
		packet->arrival_us = m->now_us;
		memcpy(packet->bytes, b->bytes, b->len);
		feedback_received(&m->who, packet, m->now_us);
	}
}

/* ---- time ---------------------------------------------------------------- */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What participant_due does for a viewer. */
static void
due(struct viewer_model *m)
{
	struct participant *who = &m->who;

	if (m->now_us < m->armed_us)
		return;
	if (who->report_due_us <= m->now_us) {
		feedback_send_reports(who, m->now_us);
		subscription_look(who, m->now_us);
		sound_out_look(who, m->now_us);
		who->report_due_us = m->now_us + REPORT_US;
	}
	m->armed_us = who->report_due_us;
	m->armed_us = least(m->armed_us, subscription_due(who, m->now_us));
	m->armed_us = least(m->armed_us, downlink_due(who, m->now_us));
}

static unsigned
rung_of(const struct viewer_model *m)
{
	const unsigned rung = m->who.watch.choice.rung;

	return rung < VIEWER_RUNGS ? rung : VIEWER_RUNGS - 1;
}

static void
tell(struct viewer_model *m)
{
	const struct send_line *line = m->who.down.estimate ?
	    send_estimate_line(m->who.down.estimate) : NULL;

	if (!m->tells || m->now_us < m->told_us)
		return;
	m->told_us += 500000;
	fprintf(stderr, "%5.1f rung %u%s queue %4" PRId64 " ms own %4" PRId64
	    " ms pictures %u sound q%d x%u",
	    (double)(m->now_us - 100000000) / 1e6, rung_of(m),
	    m->who.watch.started ? "" : "-",
	    m->busy_until_us > m->now_us ?
	    (m->busy_until_us - m->now_us) / 1000 : 0,
	    m->who.down.pacer ? pacer_delay_us(m->who.down.pacer, m->now_us) /
	    1000 : 0, m->pictures, (int)m->who.repair.plan.quality,
	    m->who.repair.plan.repeats.count);
	if (line)
		fprintf(stderr, " target %" PRId64 " acked %" PRId64
		    " queue %" PRId64 " loss %u %s%s%s probes %u",
		    line->target_bps / 1000, line->acked_bps / 1000,
		    line->queue_us / 1000, line->loss_q8,
		    line->measured ? "m" : "", line->overused ? "o" : "",
		    line->application_limited ? "a" : "",
		    (unsigned)m->room.probes);
	fputc('\n', stderr);
}

static void
count(struct viewer_model *m)
{
	const unsigned rung = rung_of(m);
	const int64_t  queue_ms = m->busy_until_us > m->now_us ?
	    (m->busy_until_us - m->now_us) / 1000 : 0;

	m->rung_us[rung] += STEP_US;
	m->moves += rung != m->rung_before;
	m->rung_before = rung;
	m->queue_ms[queue_ms < QUEUE_MS ? queue_ms : QUEUE_MS - 1]++;
}

void
viewer_model_run(struct viewer_model *m, int64_t us)
{
	const int64_t end_us = m->now_us + us;

	while (m->now_us < end_us) {
		m->now_us += STEP_US;
		encode_all(m);
		make_sound(m);
		due(m);
		arrive(m);
		answer_all(m);
		come_back(m);
		count(m);
		tell(m);
	}
}

/* ---- figures ------------------------------------------------------------- */

struct viewer_line *
viewer_model_line(struct viewer_model *m)
{
	return &m->line;
}

struct participant *
viewer_model_who(struct viewer_model *m)
{
	return &m->who;
}

void
viewer_model_tell(struct viewer_model *m)
{
	m->tells = true;
	m->told_us = m->now_us;
	m->room.log = m->who.log = log_to_stderr(LOG_INFO);
}

void
viewer_model_measure(struct viewer_model *m)
{
	m->from_us = m->counted_picture_us = m->now_us;
	m->receiver.sound_us = 0;
	memset(m->rung_us, 0, sizeof(m->rung_us));
	memset(m->queue_ms, 0, sizeof(m->queue_ms));
	m->moves = m->sounds_sent = m->sounds_came = m->pictures = 0;
	m->picture_late_us = 0;
	m->sound_gap_us = m->pause_us = 0;
	m->line_bytes = 0;
	m->probes_before = (unsigned)m->room.probes;
	m->rung_before = rung_of(m);
}

struct viewer_figures
viewer_model_figures(const struct viewer_model *m)
{
	struct viewer_figures f = {
		.seconds = (double)(m->now_us - m->from_us) / 1e6,
		.moves = m->moves,
		.rung = rung_of(m),
		.sound_gap_us = m->sound_gap_us,
		.pause_us = m->pause_us,
		.probes = (unsigned)m->room.probes - m->probes_before,
	};
	unsigned all = 0, above = 0;

	if (m->now_us - m->counted_picture_us > f.pause_us)
		f.pause_us = m->now_us - m->counted_picture_us;
	for (unsigned i = 0; i < VIEWER_RUNGS; i++)
		f.rung_share[i] = (double)m->rung_us[i] / 1e6 / f.seconds;
	/* The last few are on their way. */
	f.sound_lost = m->sounds_sent > m->sounds_came ?
	    (m->sounds_sent - m->sounds_came) / (double)m->sounds_sent : 0;
	f.pictures_per_s = m->pictures / f.seconds;
	f.picture_late_us = m->picture_late_us;
	for (unsigned i = 0; i < QUEUE_MS; i++) {
		all += m->queue_ms[i];
		if (m->queue_ms[i] > 0)
			f.queue_most_us = (int64_t)i * 1000;
	}
	for (unsigned i = QUEUE_MS; i-- > 0 && above <= all / 20;) {
		above += m->queue_ms[i];
		f.queue_p95_us = (int64_t)i * 1000;
	}
	if (m->line.capacity_bps > 0)
		f.used = (double)m->line_bytes * 8 / f.seconds /
		    (double)m->line.capacity_bps;
	if (m->who.down.estimate)
		f.target_bps =
		    send_estimate_line(m->who.down.estimate)->target_bps;
	return f;
}

/* ---- the whole ----------------------------------------------------------- */

static void
make_room(struct viewer_model *m)
{
	const struct rendition_canvas canvas = {
		.width = 1280, .height = 720, .fps = 25, .bps = 1500000,
		.nal_max = ROOM_PAYLOAD_MAX,
	};
	struct room *room = &m->room;

	TAILQ_INIT(&room->participants);
	room->cfg.audio_bps = AUDIO_BPS;
	room->cfg.video_fps = (uint16_t)canvas.fps;
	room->pipeline = (struct pipeline *)m;
	snprintf(room->cname, sizeof(room->cname), "model");
	if (packet_pool_new(&room->packets, 256) != 0)
		abort();
	rendition_menu_fill(&room->menu, &canvas);
	for (unsigned i = 0; i < room->menu.count; i++) {
		room->renditions[i].cfg = room->menu.made[i];
		if (send_history_new(&room->renditions[i].history,
		    ROOM_HISTORY) != 0)
			abort();
	}
}

static void
make_viewer(struct viewer_model *m, bool feedback)
{
	struct participant *who = &m->who;

	who->room = &m->room;
	who->transport = &m->transport;
	m->transport.model = m;
	who->connected = true;
	who->max_height = 720;
	who->agreed.audio = (struct sdp_stream){
		.active = true, .send = true, .payload_type = AUDIO_TYPE,
		.twcc_id = (uint8_t)(feedback ? TWCC_ID : 0),
	};
	who->agreed.video = who->agreed.audio;
	who->agreed.video.payload_type = VIDEO_TYPE;
	who->agreed.video.send_types[VIDEO_VP8] = VIDEO_TYPE;
	who->agreed.video.nack = true;
	who->rtt_us = 50000;
	who->audio_out.clock_rate = 48000;
	who->video_out.clock_rate = 90000;
	who->audio_out.next_sequence = who->video_out.next_sequence = 1000;
	who->audio_out.ssrc = 0xa0d10;
	who->video_out.ssrc = 0x71de0;
	sound_repair_init(&who->repair, AUDIO_BPS,
	    who->audio_out.next_sequence, m->now_us);
	who->report_due_us = m->now_us + 200000;
	TAILQ_INSERT_TAIL(&m->room.participants, who, entry);
	m->room.by_slot[0] = who;
	if (downlink_begin(who, m->now_us) != 0)
		abort();
	subscription_begin(who, m->now_us);
}

static void
make_receiver(struct viewer_model *m)
{
	struct model_receiver *r = &m->receiver;

	twcc_feedback_init(&r->twcc);
	rtp_stats_init(&r->audio, 48000);
	rtp_stats_init(&r->video, 90000);
	nack_init(&r->nack);
	if (frame_assembler_new(&r->assembler) != 0)
		abort();
	r->feedback_us = r->report_us = r->nack_us = m->now_us;
	r->picture_us = m->now_us;
}

struct viewer_model *
viewer_model_new(uint64_t seed, bool feedback)
{
	struct viewer_model *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->chance.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	m->now_us = m->sound_us = m->heard_us = 100000000;
	m->armed_us = m->now_us;
	m->line = (struct viewer_line){
		.delay_us = 20000, .queue_us = 1000000, .loss_run = 1,
	};
	make_receiver(m);
	make_room(m);
	make_viewer(m, feedback);
	viewer_model_measure(m);
	return m;
}

void
viewer_model_free(struct viewer_model *m)
{
	downlink_clear(&m->who);
	sound_history_free(m->who.sound);
	frame_assembler_free(m->receiver.assembler);
	for (unsigned i = 0; i < m->room.menu.count; i++)
		send_history_free(m->room.renditions[i].history);
	packet_pool_free(m->room.packets);
	free(m);
}
