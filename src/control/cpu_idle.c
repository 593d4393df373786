/*
 * How much of the processors lies idle, all programs of the machine counted.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/cpu_idle.h"

#define LOOK_US    900000	/* about once a second, whoever asks */
#define TEXT_MAX   65536
#define FIELDS     8		/* user nice system idle iowait irq softirq
				 * steal; the guests' are in user */
#define FIELD_IDLE 3
#define FIELD_WAIT 4

void
cpu_idle_init(struct cpu_idle *cpu)
{
	*cpu = (struct cpu_idle){ .percent = CPU_IDLE_UNKNOWN };
	cpu->fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
}

void
cpu_idle_clear(struct cpu_idle *cpu)
{
	if (cpu->fd >= 0)
		close(cpu->fd);
	cpu->fd = -1;
}

int
cpu_idle_parse(uint64_t *idle, uint64_t *all, const char *text,
    int (*mine)(unsigned number, const void *of), const void *of)
{
	uint64_t idle_sum = 0, sum = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char         *end;
		unsigned long number;

		line += *line == '\n';
		/* The first line, "cpu ", is the sum of all. */
		if (strncmp(line, "cpu", 3) != 0 || line[3] < '0' ||
		    line[3] > '9')
			continue;
		number = strtoul(line + 3, &end, 10);
		if (number > CPU_SETSIZE || !mine((unsigned)number, of))
			continue;
		for (unsigned i = 0; i < FIELDS && *end == ' '; i++) {
			const uint64_t ticks = strtoull(end, &end, 10);

			sum += ticks;
			if (i == FIELD_IDLE || i == FIELD_WAIT)
				idle_sum += ticks;
		}
	}
	if (sum == 0)
		return -EBADMSG;
	*idle = idle_sum;
	*all = sum;
	return 0;
}

static int
in_set(unsigned number, const void *of)
{
	return CPU_ISSET(number, (const cpu_set_t *)of) != 0;
}

static int
cpu_idle_read(const struct cpu_idle *cpu, uint64_t *idle, uint64_t *all)
{
	cpu_set_t set;
	char     *text;
	ssize_t   n;
	int       err = -EIO;

	if (cpu->fd < 0 || sched_getaffinity(0, sizeof(set), &set) != 0)
		return -ENOENT;
	text = malloc(TEXT_MAX);
	if (text == NULL)
		return -ENOMEM;
	n = pread(cpu->fd, text, TEXT_MAX - 1, 0);
	if (n > 0) {
		text[n] = '\0';
		err = cpu_idle_parse(idle, all, text, in_set, &set);
	}
	free(text);
	return err;
}

unsigned
cpu_idle_look(struct cpu_idle *cpu, int64_t now_us)
{
	const bool first = cpu->all == 0;
	uint64_t   idle, all;

	if (!first && now_us - cpu->looked_us < LOOK_US)
		return cpu->percent;
	cpu->looked_us = now_us;
	cpu->percent = CPU_IDLE_UNKNOWN;
	if (cpu_idle_read(cpu, &idle, &all) != 0)
		return cpu->percent;
	/* The kernel's idle time may go back a little. */
	if (!first && all > cpu->all)
		cpu->percent = idle <= cpu->idle ? 0 :
		    idle - cpu->idle >= all - cpu->all ? 100 : (unsigned)
		    ((idle - cpu->idle) * 100 / (all - cpu->all));
	cpu->idle = idle;
	cpu->all = all;
	return cpu->percent;
}
