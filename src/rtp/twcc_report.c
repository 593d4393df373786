/*
 * Reading transport-wide feedback that a peer sends of our packets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>

#include "rtp/twcc_report.h"

#define TICK_US 250
#define REFERENCE_US 64000
#define VECTOR      0x8000u
#define VECTOR_2    0x4000u
#define RUN_MAX     0x1fffu
#define VECTOR_1_ROOM 14u
#define VECTOR_2_ROOM 7u

enum { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA, RESERVED };

static unsigned
chunk_room(unsigned chunk)
{
	if (!(chunk & VECTOR))
		return chunk & RUN_MAX;
	return chunk & VECTOR_2 ? VECTOR_2_ROOM : VECTOR_1_ROOM;
}

static unsigned
chunk_symbol(unsigned chunk, unsigned at)
{
	if (!(chunk & VECTOR))
		return chunk >> 13 & 3;
	if (chunk & VECTOR_2)
		return chunk >> (12 - 2 * at) & 3;
	return chunk >> (13 - at) & 1;
}

/*
 * The bytes of delta of all statuses; `chunks` ends where they begin. A run is
 * counted as one, so that the work is bound by the bytes that came.
 */
static size_t
deltas_len(struct reader *chunks, unsigned statuses)
{
	size_t len = 0;

	while (statuses > 0 && !chunks->bad) {
		const unsigned chunk = reader_u16(chunks);
		const unsigned room = chunk_room(chunk);
		const unsigned told = room < statuses ? room : statuses;
		const unsigned step = chunk & VECTOR ? 1 : told;

		if (room == 0)
			chunks->bad = true;
		for (unsigned i = 0; i < told; i += step) {
			const unsigned symbol = chunk_symbol(chunk, i);

			if (symbol == RESERVED)
				chunks->bad = true;
			len += (size_t)symbol * step;
		}
		statuses -= told;
	}
	return len;
}

int
twcc_report_begin(struct twcc_report *report, const uint8_t *body, size_t len)
{
	struct twcc_report begun = { .chunks = reader_of(body, len) };
	size_t             deltas;

	begun.sequence = reader_u16(&begun.chunks);
	begun.left = reader_u16(&begun.chunks);
	begun.at_us = (int64_t)reader_u24(&begun.chunks) * REFERENCE_US;
	reader_skip(&begun.chunks, 1);		/* feedback count */
	if (begun.left > TWCC_REPORT_STATUSES_MAX)
		return -EBADMSG;
	begun.deltas = begun.chunks;
	deltas = deltas_len(&begun.deltas, begun.left);
	if (begun.deltas.bad || reader_left(&begun.deltas) < deltas)
		return -EBADMSG;
	*report = begun;
	return 0;
}

bool
twcc_report_next(struct twcc_report *report, struct twcc_status *out)
{
	unsigned symbol;

	if (report->left == 0)
		return false;
	if (report->chunk_left == 0) {
		report->chunk = reader_u16(&report->chunks);
		report->chunk_left = chunk_room(report->chunk);
		report->chunk_at = 0;
	}
	symbol = chunk_symbol(report->chunk, report->chunk_at);
	report->chunk_at++;
	report->chunk_left--;
	report->left--;
	if (symbol == SMALL_DELTA)
		report->at_us += (int64_t)reader_u8(&report->deltas) * TICK_US;
	else if (symbol == LARGE_DELTA)
		report->at_us += (int64_t)(int16_t)reader_u16(
		    &report->deltas) * TICK_US;
	*out = (struct twcc_status){
		.sequence = report->sequence++,
		.received = symbol != NOT_RECEIVED,
		.arrival_us = report->at_us,
	};
	return true;
}
