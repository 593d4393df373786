/*
 * Fuzzes the estimate as a state machine: sends, feedback, time, probes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "rtp/pacer.h"
#include "rtp/send_estimate.h"
#include "util/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct send_estimate_config config = { 300000, 30000, 5000000,
    5000000, 65500 };

/* [ms later][what][its operands] */
static void
step(struct send_estimate *e, struct pacer *pacer, struct reader *r,
    int64_t *us)
{
	struct send_estimate_packet packet = { .ssrc = 1 };
	struct reader     body;
	struct pacer_item item = { *us, 1, 1000 };
	enum pacer_class  class;
	struct probe      probe;

	*us += reader_u8(r) * 1000;
	switch (reader_u8(r) % 9) {
	case 0:
		packet.bytes = reader_u16(r);
		packet.again = packet.bytes & 1;
		packet.probe = pacer_probe_id(pacer);
		for (unsigned n = reader_u8(r); n > 0; n--, *us += 300)
			packet.rtp_sequence = send_estimate_sent(e, &packet,
			    *us);
		break;
	case 1:
		body = reader_sub(r, reader_u8(r));
		send_estimate_twcc(e, body.p, reader_left(&body), *us);
		break;
	case 2:
		body = reader_sub(r, reader_u8(r));
		send_estimate_ccfb(e, body.p, reader_left(&body), *us);
		break;
	case 3:
		send_estimate_remb(e, (int64_t)reader_u32(r) << 20, *us);
		break;
	case 4:
		send_estimate_report(e, reader_u8(r),
		    (int32_t)reader_u32(r), *us);
		break;
	case 5:
		send_estimate_ask(e, (int64_t)reader_u32(r) << 4);
		break;
	case 6:
		*us += (int64_t)reader_u32(r) * 100;
		break;
	case 8:
		send_estimate_beside(e, reader_u16(r), *us);
		break;
	default:
		(void)pacer_push(pacer, reader_u8(r) % 2, &item);
		break;
	}
	send_estimate_tick(e, *us);
	if (send_estimate_probe(e, &probe, *us))
		pacer_begin_probe(pacer, &probe, *us);
	pacer_set_target(pacer, send_estimate_line(e)->target_bps, *us);
	while (pacer_pull(pacer, &class, &item, *us))
		continue;
	for (unsigned n = 0; pacer_padding(pacer, *us) > 0; n++) {
		if (n > 50000)
			abort();	/* a probe without end */
		pacer_padded(pacer, pacer_padding(pacer, *us), *us);
	}
	if (send_estimate_line(e)->target_bps < 0 ||
	    send_estimate_line(e)->target_bps > config.most_bps ||
	    send_estimate_line(e)->queue_us < 0 ||
	    pacer_next_us(pacer, *us) <= *us)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader         r = reader_of(bytes, len);
	struct send_estimate *e;
	struct pacer         *pacer = malloc(sizeof(*pacer));
	int64_t               us = 1000000;

	if (pacer == NULL || send_estimate_new(&e, &config) != 0)
		abort();
	pacer_init(pacer, config.start_bps, us);
	while (reader_left(&r) > 0)
		step(e, pacer, &r, &us);
	send_estimate_free(e);
	free(pacer);
	return 0;
}
