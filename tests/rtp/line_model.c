/*
 * A line that does not exist, with a sender and a receiver at its ends.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "line_model.h"
#include "rtp/rtcp_packet.h"

#define STEP_US      1000
#define FRAME_US     33333
#define AUDIO_US     20000
#define FEEDBACK_US  100000
#define PACKET_BYTES 1100
#define TCP_BYTES    1440
#define JITTER_HOLD_US 20000	/* packets of so long share it */
#define SSRC         0x1234
#define IP_UDP       28

struct line_model *
line_model_new(const struct send_estimate_config *cfg, uint64_t seed)
{
	struct line_model *m = calloc(1, sizeof(*m));

	if (m == NULL || send_estimate_new(&m->estimate, cfg) != 0)
		abort();
	m->capacity_bps = 500000;
	m->delay_us = 50000;
	m->queue_us = 300000;
	m->loss_run = 1;
	m->follows = true;
	m->video_bps = cfg->most_bps;
	m->chance.state = seed;
	m->now_us = 1000000;
	m->frame_us = m->audio_us = m->feedback_us = m->now_us;
	twcc_feedback_init(&m->receiver);
	pacer_init(&m->pacer, cfg->start_bps, m->now_us);
	return m;
}

void
line_model_free(struct line_model *m)
{
	send_estimate_free(m->estimate);
	free(m);
}

/* ---- the line ------------------------------------------------------------ */

/* False: it fell out of the queue, or was lost. */
static bool
line_send(struct line_model *m, uint16_t sequence, size_t bytes, bool cross)
{
	struct line_flight *f;
	int64_t             arrival_us;

	if (m->busy_until_us < m->now_us)
		m->busy_until_us = m->now_us;
	if (m->dead || m->busy_until_us - m->now_us > m->queue_us)
		return false;
	m->busy_until_us += (int64_t)bytes * 8000000 / m->capacity_bps;
	if (!cross && chance_loses(&m->chance, &m->losing, m->loss_permille,
	    m->loss_run))
		return false;
	arrival_us = m->busy_until_us + m->delay_us;
	if (m->jitter_us > 0 && m->now_us >= m->jitter_until_us) {
		m->jitter_now_us = chance_below(&m->chance,
		    (uint32_t)m->jitter_us);
		m->jitter_until_us = m->now_us + JITTER_HOLD_US;
	}
	arrival_us += m->jitter_now_us;
	if (arrival_us < m->last_arrival_us)
		arrival_us = m->last_arrival_us;
	m->last_arrival_us = arrival_us;
	if (m->flight_count == LINE_FLIGHT_MAX)
		abort();
	f = &m->flight[(m->flight_first + m->flight_count++) %
	    LINE_FLIGHT_MAX];
	*f = (struct line_flight){ arrival_us, sequence, cross,
	    (uint16_t)bytes };
	if (!cross && arrival_us - m->now_us > m->line_delay_most_us)
		m->line_delay_most_us = arrival_us - m->now_us;
	return true;
}

/* ---- a TCP stream beside: Reno, as far as it matters here ---------------- */

static void
tcp_lost(struct line_model *m)
{
	struct line_tcp *tcp = &m->tcp;

	if (m->now_us - tcp->halved_us < 4 * m->delay_us)
		return;
	tcp->halved_us = m->now_us;
	tcp->threshold = tcp->window / 2 > 2 ? tcp->window / 2 : 2;
	tcp->window = tcp->threshold;
}

static void
tcp_step(struct line_model *m)
{
	struct line_tcp *tcp = &m->tcp;

	while (tcp->on && tcp->in_flight < (unsigned)tcp->window + 1) {
		if (!line_send(m, 0, TCP_BYTES, true)) {
			tcp_lost(m);
			return;
		}
		tcp->in_flight++;
	}
}

static void
tcp_acked(struct line_tcp *tcp)
{
	if (tcp->in_flight > 0)
		tcp->in_flight--;
	tcp->window += tcp->window < tcp->threshold ? 1 : 1 / tcp->window;
}

/* ---- the sender ---------------------------------------------------------- */

static void
send_packet(struct line_model *m, size_t bytes, uint16_t probe)
{
	const struct send_estimate_packet packet = {
		.ssrc = SSRC, .rtp_sequence = m->rtp_sequence++,
		.bytes = (uint16_t)(bytes + IP_UDP), .probe = probe,
	};
	const uint16_t sequence = send_estimate_sent(m->estimate, &packet,
	    m->now_us);

	(void)line_send(m, sequence, bytes + IP_UDP, false);
}

static void
make_media(struct line_model *m)
{
	const struct send_line *line = send_estimate_line(m->estimate);
	const int64_t sound_bps = m->audio_bps > 0 ? m->audio_bps +
	    IP_UDP * 8 * 50 : 0;
	int64_t bps = m->video_bps;

	/* What is estimated counts IP and UDP, also those of sound. */
	if (m->follows && line->target_bps - sound_bps < bps)
		bps = line->target_bps - sound_bps;
	for (; m->now_us >= m->frame_us; m->frame_us += FRAME_US) {
		int64_t left = bps * FRAME_US / 8000000;

		/* Nothing more while the sender's own queue is long. */
		if (pacer_delay_us(&m->pacer, m->now_us) > 500000)
			continue;
		while (left > 0) {
			const int64_t bytes = left < PACKET_BYTES ? left :
			    PACKET_BYTES;
			const struct pacer_item item = { m->now_us, 0,
			    (uint16_t)bytes };

			pacer_push(&m->pacer, PACER_VIDEO, &item);
			left -= bytes + IP_UDP;
		}
	}
	for (; m->audio_bps > 0 && m->now_us >= m->audio_us;
	    m->audio_us += AUDIO_US) {
		const size_t bytes = (size_t)(m->audio_bps / 50 / 8);

		send_packet(m, bytes, pacer_probe_id(&m->pacer));
		pacer_count(&m->pacer, bytes, m->now_us);
	}
}

static void
send_media(struct line_model *m)
{
	struct pacer_item item;
	enum pacer_class  class;
	struct probe      probe;
	uint16_t          id = pacer_probe_id(&m->pacer);
	size_t            bytes;

	if (m->now_us % 5000 == 0) {
		send_estimate_tick(m->estimate, m->now_us);
		if (send_estimate_probe(m->estimate, &probe, m->now_us)) {
			pacer_begin_probe(&m->pacer, &probe, m->now_us);
			m->probes++;
		}
		pacer_set_target(&m->pacer,
		    send_estimate_line(m->estimate)->target_bps, m->now_us);
	}
	if (pacer_delay_us(&m->pacer, m->now_us) > m->pacer_delay_most_us)
		m->pacer_delay_most_us = pacer_delay_us(&m->pacer,
		    m->now_us);
	for (id = pacer_probe_id(&m->pacer); pacer_pull(&m->pacer, &class,
	    &item, m->now_us); id = pacer_probe_id(&m->pacer))
		send_packet(m, item.bytes, id);
	for (id = pacer_probe_id(&m->pacer);
	    (bytes = pacer_padding(&m->pacer, m->now_us)) > 0;
	    id = pacer_probe_id(&m->pacer)) {
		send_packet(m, bytes, id);
		pacer_padded(&m->pacer, bytes, m->now_us);
	}
}

/* ---- the receiver, and back ---------------------------------------------- */

static void
receive(struct line_model *m)
{
	while (m->flight_count > 0) {
		const struct line_flight *f = &m->flight[m->flight_first];

		if (f->arrival_us > m->now_us)
			return;
		if (f->cross) {
			tcp_acked(&m->tcp);
		} else {
			m->received_bytes += f->bytes;
			/* His clock is another one. */
			twcc_feedback_received(&m->receiver, f->sequence,
			    f->arrival_us + 7777777);
		}
		m->flight_first = (m->flight_first + 1) % LINE_FLIGHT_MAX;
		m->flight_count--;
	}
}

static void
report(struct line_model *m)
{
	if (m->now_us < m->feedback_us)
		return;
	m->feedback_us += FEEDBACK_US;
	while (!m->dead && !m->no_feedback &&
	    twcc_feedback_pending(&m->receiver)) {
		struct line_feedback *f = &m->feedback[(m->feedback_first +
		    m->feedback_count) % LINE_FEEDBACK_MAX];

		if (m->feedback_count == LINE_FEEDBACK_MAX)
			return;
		f->due_us = m->now_us + m->delay_us + m->feedback_late_us;
		f->len = twcc_feedback_write(&m->receiver, f->bytes,
		    sizeof(f->bytes), 1, SSRC);
		m->feedback_count++;
	}
}

static void
feed(struct line_model *m)
{
	struct rtcp_compound c;

	while (m->feedback_count > 0) {
		const struct line_feedback *f =
		    &m->feedback[m->feedback_first];

		if (f->due_us > m->now_us)
			return;
		if (rtcp_parse(&c, f->bytes, f->len) != 0 ||
		    c.parts[0].type != RTCP_TWCC)
			abort();
		send_estimate_twcc(m->estimate, c.parts[0].body,
		    c.parts[0].body_len, m->now_us);
		m->feedback_first = (m->feedback_first + 1) %
		    LINE_FEEDBACK_MAX;
		m->feedback_count--;
	}
}

void
line_model_run(struct line_model *m, int64_t us)
{
	const int64_t end_us = m->now_us + us;

	while (m->now_us < end_us) {
		m->now_us += STEP_US;
		make_media(m);
		send_media(m);
		tcp_step(m);
		receive(m);
		report(m);
		feed(m);
	}
}

int64_t
line_model_mean_bps(struct line_model *m, int64_t us)
{
	const int64_t end_us = m->now_us + us;
	int64_t       sum = 0, count = 0;

	while (m->now_us < end_us) {
		line_model_run(m, 10 * STEP_US);
		sum += send_estimate_line(m->estimate)->target_bps;
		count++;
	}
	return sum / count;
}
