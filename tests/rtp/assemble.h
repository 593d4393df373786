/*
 * A few payloads put together as one frame, for the tests of each codec.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_RTP_ASSEMBLE_H
#define TESTS_RTP_ASSEMBLE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "rtp/frame_assembler.h"
#include "rtp/payload_format.h"

struct bytes {
	const uint8_t *p;
	size_t         len;
};

#define BYTES(...) { (const uint8_t[]) { __VA_ARGS__ }, \
    sizeof((const uint8_t[]) { __VA_ARGS__ }) }

/* What came of it; `data` is a copy. */
struct assembled {
	enum frame_verdict verdict;
	bool     key;
	size_t   len;
	uint8_t  data[4096];
};

/* Pushes them as the packets of one frame, the last with the marker. */
static inline struct assembled
assemble_next(struct frame_assembler *a, enum video_codec codec,
    const struct bytes *payloads, unsigned count, uint16_t sequence,
    uint32_t timestamp)
{
	struct assembled out = { .key = false };
	struct rtp_frame frame;

	for (unsigned i = 0; i < count; i++) {
		uint8_t *exact = exact_copy(payloads[i].p, payloads[i].len);
		const struct rtp_packet packet = {
			.sequence = (uint16_t)(sequence + i),
			.timestamp = timestamp,
			.marker = i + 1 == count,
			.payload = exact,
			.payload_len = payloads[i].len,
		};

		frame_assembler_push(a, codec, &packet, 1);
		free(exact);
	}
	out.verdict = frame_assembler_pull(a, &frame);
	if (out.verdict == FRAME_READY) {
		if (frame.len > sizeof(out.data) || frame.codec != codec)
			abort();
		out.key = frame.key;
		out.len = frame.len;
		memcpy(out.data, frame.data, frame.len);
	}
	return out;
}

/* The same with an assembler of its own. */
static inline struct assembled
assemble(enum video_codec codec, const struct bytes *payloads, unsigned count)
{
	struct frame_assembler *a;
	struct assembled        out;

	if (frame_assembler_new(&a) != 0)
		abort();
	out = assemble_next(a, codec, payloads, count, 0, 0);
	frame_assembler_free(a);
	return out;
}

static inline int
look_at(const struct payload_format *format, struct payload_sight *out,
    const struct bytes *payload)
{
	uint8_t  *exact = exact_copy(payload->p, payload->len);
	const int err = format->look(out, exact, payload->len);

	free(exact);
	return err;
}

/*
 * Each prefix and each flipped bit: what the look lets through is appended
 * in bounds, or refused.
 */
static inline void
spoil(const struct payload_format *format, const struct bytes *payload)
{
	static uint8_t space[4096];

	for (size_t i = 0; i < 9 * payload->len; i++) {
		const size_t len = i < payload->len ? i : payload->len;
		uint8_t     *exact = exact_copy(payload->p, len);
		struct payload_sight sight;
		struct frame_builder b = { .out = writer_of(space,
		    sizeof(space)) };

		if (i >= payload->len)
			exact[(i - payload->len) / 8] ^=
			    (uint8_t)(1 << (i - payload->len) % 8);
		if (format->look(&sight, exact, len) == 0) {
			(void)format->append(&b, exact, len);
			if (writer_len(&b.out) > len +
			    PAYLOAD_UNIT_GROWTH * (sight.units + 1))
				abort();
		}
		free(exact);
	}
}

#endif
