/*
 * What a receiver knows of one stream: RFC 3550, A.1, A.3 and A.8.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/rtp_packet.h"
#include "rtp/rtp_stats.h"

#define SEQUENCE_MOD 65536u
#define NO_SEQUENCE (SEQUENCE_MOD + 1)	/* equals no 16-bit number */
#define WINDOW 1024			/* sequences `seen` remembers */
#define TRANSIT_JUMP_S 10		/* a new time line, not jitter */
#define LOST_MAX 0x7fffff		/* 24 bit signed on the wire */
#define LOST_MIN (-0x800000)
#define RTT_ABSURD_US 30000000

static bool
seen_get(const struct rtp_stats *s, uint16_t sequence)
{
	const unsigned bit = sequence % WINDOW;

	return s->seen[bit / 64] >> (bit % 64) & 1;
}

static void
seen_set(struct rtp_stats *s, uint16_t sequence, bool value)
{
	const unsigned bit = sequence % WINDOW;
	const uint64_t mask = UINT64_C(1) << (bit % 64);

	if (value)
		s->seen[bit / 64] |= mask;
	else
		s->seen[bit / 64] &= ~mask;
}

void
rtp_stats_init(struct rtp_stats *s, uint32_t clock_rate)
{
	memset(s, 0, sizeof(*s));
	s->clock_rate = clock_rate;
}

static void
start_at(struct rtp_stats *s, uint16_t sequence)
{
	s->started = true;
	s->base_sequence = sequence;
	s->highest = sequence;
	s->cycles = 0;
	s->bad_sequence = NO_SEQUENCE;
	s->received = 0;
	s->received_prior = 0;
	s->expected_prior = 0;
	memset(s->seen, 0, sizeof(s->seen));
}

static void
advance_to(struct rtp_stats *s, uint16_t sequence)
{
	const unsigned ahead = (uint16_t)(sequence - s->highest);

	if (ahead >= WINDOW) {
		memset(s->seen, 0, sizeof(s->seen));
	} else {
		for (unsigned i = 1; i <= ahead; i++)
			seen_set(s, (uint16_t)(s->highest + i), false);
	}
	if (sequence < s->highest)
		s->cycles += SEQUENCE_MOD;
	s->highest = sequence;
}

/* A.8, on the line of arrival: resends would only measure the RTT. */
static void
measure_jitter(struct rtp_stats *s, uint32_t timestamp, int64_t arrival_us,
    bool first)
{
	const int64_t  rate = s->clock_rate;
	const uint32_t arrival = (uint32_t)(arrival_us / 1000000 * rate +
	    arrival_us % 1000000 * rate / 1000000);
	const uint32_t transit = arrival - timestamp;
	uint32_t       d = transit - s->transit;

	s->transit = transit;
	if (first)
		return;
	if (d > UINT32_MAX / 2)
		d = -d;
	if (d <= s->clock_rate * TRANSIT_JUMP_S)
		s->jitter_q4 += d - ((s->jitter_q4 + 8) >> 4);
}

enum rtp_arrival
rtp_stats_received(struct rtp_stats *s, uint16_t sequence,
    uint32_t timestamp, size_t bytes, int64_t arrival_us)
{
	enum rtp_arrival arrival = RTP_COUNTED;
	int              ahead;

	if (!s->started)
		start_at(s, sequence);
	ahead = rtp_sequence_diff(sequence, s->highest);
	if (ahead <= -WINDOW) {
		/* Old, or a sender that began anew: then the next follows. */
		if (sequence != s->bad_sequence) {
			s->bad_sequence = (uint16_t)(sequence + 1);
			return RTP_REFUSED;
		}
		start_at(s, sequence);
		arrival = RTP_ANEW;
	} else if (ahead > 0) {
		advance_to(s, sequence);
	} else if (seen_get(s, sequence)) {
		return RTP_REFUSED;
	}
	s->bad_sequence = NO_SEQUENCE;
	if (ahead > 0 || s->received == 0)
		measure_jitter(s, timestamp, arrival_us, s->received == 0);
	seen_set(s, sequence, true);
	s->received++;
	s->bytes += bytes;
	return arrival;
}

enum rtp_arrival
rtp_stats_repaired(struct rtp_stats *s, uint16_t sequence, size_t bytes)
{
	const int ahead = rtp_sequence_diff(sequence, s->highest);

	if (!s->started || ahead > 0 || ahead <= -WINDOW ||
	    seen_get(s, sequence))
		return RTP_REFUSED;
	seen_set(s, sequence, true);
	s->bytes += bytes;
	return RTP_COUNTED;
}

void
rtp_stats_sender_report(struct rtp_stats *s, uint64_t ntp,
    int64_t arrival_us)
{
	s->last_sr = (uint32_t)(ntp >> 16);
	s->last_sr_us = arrival_us;
}

/* A.3: of 256, of the interval since the last report. */
static uint8_t
fraction_lost(struct rtp_stats *s, uint32_t expected)
{
	const uint32_t expected_now = expected - (uint32_t)s->expected_prior;
	const uint32_t received_now = (uint32_t)(s->received -
	    s->received_prior);

	s->expected_prior = expected;
	s->received_prior = s->received;
	if (expected_now == 0 || received_now >= expected_now)
		return 0;
	/* All of them lost would be 256. */
	if (received_now == 0)
		return 255;
	return (uint8_t)(((uint64_t)(expected_now - received_now) << 8) /
	    expected_now);
}

static uint32_t
delay_since_sr(const struct rtp_stats *s, int64_t now_us)
{
	const int64_t delay_us = now_us - s->last_sr_us;

	if (s->last_sr_us == 0 || delay_us < 0)
		return 0;
	if (delay_us >= INT64_C(65536) * 1000000)
		return UINT32_MAX;
	return (uint32_t)(delay_us * 65536 / 1000000);
}

struct rtcp_report
rtp_stats_report(struct rtp_stats *s, uint32_t ssrc, int64_t now_us)
{
	struct rtcp_report report = { .ssrc = ssrc };
	uint32_t           expected;
	int32_t            lost;

	if (!s->started)
		return report;
	report.highest_sequence = s->cycles + s->highest;
	expected = report.highest_sequence - s->base_sequence + 1;
	lost = (int32_t)(expected - (uint32_t)s->received);
	if (lost > LOST_MAX)
		lost = LOST_MAX;
	else if (lost < LOST_MIN)
		lost = LOST_MIN;
	report.lost = lost;
	report.fraction_lost = fraction_lost(s, expected);
	report.jitter = s->jitter_q4 >> 4;
	report.last_sr = s->last_sr;
	report.delay_since_last_sr = delay_since_sr(s, now_us);
	return report;
}

int64_t
rtp_stats_rtt_us(const struct rtcp_report *report, uint64_t now_ntp)
{
	int64_t rtt_us;

	if (report->last_sr == 0)
		return -1;
	/* 1/65536 s, modulo 2^32. */
	rtt_us = (int64_t)(int32_t)((uint32_t)(now_ntp >> 16) -
	    report->last_sr - report->delay_since_last_sr) * 1000000 / 65536;
	if (rtt_us < -RTT_ABSURD_US || rtt_us > RTT_ABSURD_US)
		return -1;
	return rtt_us < 0 ? 0 : rtt_us;
}
