/*
 * How much of the processors lies idle, all programs of the machine counted.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From /proc/stat, proc(5): only those processors that we may run on. Where
 * it cannot be read nothing is known. In a container it tells of the machine,
 * also when the container may use less; so it only ever says that a load has
 * ended, never that there is one.
 */
#ifndef CONTROL_CPU_IDLE_H
#define CONTROL_CPU_IDLE_H

#include <stdint.h>

#define CPU_IDLE_UNKNOWN 255

struct cpu_idle {
	int      fd;		/* -1: not there */
	uint64_t idle, all;	/* ticks so far, as last read */
	int64_t  looked_us;
	unsigned percent;	/* idle in the last second, or unknown */
};

void cpu_idle_init(struct cpu_idle *cpu);
void cpu_idle_clear(struct cpu_idle *cpu);

/* Percent of the last second or more, or CPU_IDLE_UNKNOWN. */
unsigned cpu_idle_look(struct cpu_idle *cpu, int64_t now_us);

/*
 * Ticks of the processors for which mine(number) holds, in `text`, which is
 * what /proc/stat says. Returns 0, or -EBADMSG when there is none. Pure.
 */
int cpu_idle_parse(uint64_t *idle, uint64_t *all, const char *text,
    int (*mine)(unsigned number, const void *of), const void *of);

#endif
