/*
 * Whether the rooms use more of the processors than they should.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fed with what each room says it has used, once a second each. High when
 * each of the last seconds, for three of them, was above the limit: the rooms
 * alone, or all programs of the machine together when two fifths of it or more
 * are the rooms'. When nothing is told for three seconds it is not high. Pure:
 * time is an argument.
 */
#ifndef CONTROL_CPU_LOAD_H
#define CONTROL_CPU_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_load {
	unsigned percent, processors;	/* the limit; 0 or 100: none */
	int64_t  from_us;		/* of the second that is counted */
	uint64_t used_us;		/* in it */
	int64_t  above_us;		/* how long it was above the limit */
};

void cpu_load_init(struct cpu_load *load, unsigned percent,
    unsigned processors);

/*
 * A room has used `used_us` of processor time in the last `span_us`; more than
 * all processors have had is not believed. `idle_percent` of them lay idle in
 * the last second; CPU_IDLE_UNKNOWN: not known.
 */
void cpu_load_used(struct cpu_load *load, int64_t now_us, int64_t span_us,
    uint64_t used_us, unsigned idle_percent);

/* Whether there is any limit. */
bool cpu_load_has_limit(const struct cpu_load *load);

bool cpu_load_is_high(const struct cpu_load *load, int64_t now_us);

#endif
