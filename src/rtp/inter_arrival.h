/*
 * How much further apart packets arrive than they were sent, by groups.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets sent within 5 ms are one group, and so is what came out of a queue
 * in a burst: within 5 ms of each other, closer than it was sent, and not more
 * than 100 ms in all. Two finished groups give one difference. Sent and
 * arrival times are of two clocks. Pure.
 */
#ifndef RTP_INTER_ARRIVAL_H
#define RTP_INTER_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

struct packet_group {
	bool    any;
	int64_t first_sent_us, last_sent_us;
	int64_t first_arrival_us, last_arrival_us;
	int64_t heard_us;	/* when we learnt of the last */
};

/* Zero-initialise. */
struct inter_arrival {
	struct packet_group current, before;
	unsigned            reordered;	/* in a row */
};

struct group_delta {
	int64_t sent_us, arrival_us;	/* of this group to the one before */
};

/*
 * A packet that arrived, in order of arrival; now_us is when we learnt of it.
 * True, with *out, when it begins a new group after two others. One older
 * than its group is left out. Three groups that arrived before the ones
 * before them, or a jump of 3 s of the peer's clock, begin anew.
 */
bool inter_arrival_add(struct inter_arrival *a, int64_t sent_us,
    int64_t arrival_us, int64_t now_us, struct group_delta *out);

#endif
