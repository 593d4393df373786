/*
 * What a relay does to one direction of a line, and the words that say so.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plain value. The words are pairs of a key and a number, such as
 * "loss 20 burst 3 delay 50"; keys that are not named keep their value. Pure.
 */
#ifndef RELAY_RELAY_SETTINGS_H
#define RELAY_RELAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay_settings {
	double   loss;		/* of packets, 0..1 */
	double   burst;		/* packets lost in a row, mean; 1: each packet
				 * by itself (Bernoulli) */
	double   duplicate, corrupt, reorder;	/* of packets, 0..1 */
	int64_t  delay_us;
	int64_t  jitter_us;	/* on top of the delay */
	bool     jitter_normal;	/* half a bell, 95 % under jitter_us and none
				 * above twice that; else 0..jitter_us evenly */
	int64_t  reorder_us;	/* how long a reordered packet is held */
	uint64_t rate_bps;	/* 0: no bound */
	size_t   bucket_bytes;	/* that may pass at once after a pause */
	int64_t  queue_us;	/* what waits is no more than this at the rate
				 * of now; 0: queue_bytes holds */
	size_t   queue_bytes;
	size_t   mtu;		/* IP bytes; 0: any */
	int64_t  blackout_us;	/* nothing gets through for so long from now
				 * on; -1: the words did not say */
};

/* A line that does nothing: 500 ms of queue, should it get a rate. */
void relay_settings_init(struct relay_settings *s);

/*
 * Takes the words into *s. False when they are wrong: then *s is as before and
 * `why` says what is, in words for people.
 */
bool relay_settings_take(struct relay_settings *s, const char *words,
    char *why, size_t why_len);

/* One line of a script. */
enum relay_deed { RELAY_SET, RELAY_REBIND, RELAY_REPORT, RELAY_RESET };

struct relay_step {
	int64_t         at_us;		/* since the start; 0: at once */
	enum relay_deed deed;
	bool            up, down;	/* whom the words are for */
	char            words[160];
};

/*
 * "[t=SECONDS] up|down|both KEY NUMBER…", "[t=SECONDS] rebind", report or
 * reset. Returns 1 for a step, 0 for an empty line or a comment (#), -1 when
 * it is wrong and `why` says what is.
 */
int relay_step_parse(struct relay_step *out, const char *line, char *why,
    size_t why_len);

#endif
