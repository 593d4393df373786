/*
 * What was sent to a peer, by transport-wide sequence number.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/rtp_packet.h"
#include "rtp/send_log.h"

void
send_log_init(struct send_log *log, uint16_t first)
{
	memset(log, 0, sizeof(*log));
	/* Not at 0, which an empty place of the ring would be taken for. */
	log->next = 0x10000 + (int64_t)first;
}

static int64_t *
place_of(struct send_log *log, uint32_t ssrc, uint16_t rtp_sequence)
{
	return &log->by_rtp[(ssrc * UINT32_C(2654435761) + rtp_sequence) %
	    SEND_LOG_PACKETS];
}

uint16_t
send_log_add(struct send_log *log, const struct send_log_packet *packet)
{
	struct send_log_packet *kept =
	    &log->packets[log->next % SEND_LOG_PACKETS];

	*kept = *packet;
	kept->number = log->next++;
	kept->fate = SEND_IN_FLIGHT;
	*place_of(log, packet->ssrc, packet->rtp_sequence) = kept->number;
	return (uint16_t)kept->number;
}

static struct send_log_packet *
find_number(struct send_log *log, int64_t number)
{
	struct send_log_packet *packet;

	if (number < 0)
		return NULL;
	packet = &log->packets[number % SEND_LOG_PACKETS];
	return packet->number == number ? packet : NULL;
}

struct send_log_packet *
send_log_find(struct send_log *log, uint16_t sequence)
{
	const int64_t newest = log->next - 1;

	return find_number(log, newest + rtp_sequence_diff(sequence,
	    (uint16_t)newest));
}

struct send_log_packet *
send_log_find_rtp(struct send_log *log, uint32_t ssrc, uint16_t rtp_sequence)
{
	struct send_log_packet *packet = find_number(log,
	    *place_of(log, ssrc, rtp_sequence));

	if (packet == NULL || packet->ssrc != ssrc ||
	    packet->rtp_sequence != rtp_sequence)
		return NULL;
	return packet;
}
