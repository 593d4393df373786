/*
 * Whether the rooms use more of the processors than they should.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "control/cpu_load.h"

#define WINDOW_US 1000000
#define HIGH_US   2900000	/* three seconds that are never quite even */
#define QUIET_US  3000000
#define SHARE_PERCENT 40	/* the rooms', of what is used */

void
cpu_load_init(struct cpu_load *load, unsigned percent, unsigned processors)
{
	*load = (struct cpu_load){ .percent = percent,
		.processors = processors };
}

bool
cpu_load_has_limit(const struct cpu_load *load)
{
	return load->percent > 0 && load->percent < 100;
}

/* Of what all processors had in the window. */
static bool
is_above(const struct cpu_load *load, int64_t window_us,
    unsigned idle_percent)
{
	const uint64_t rooms_percent = load->used_us * 100 /
	    ((uint64_t)window_us * load->processors);

	if (rooms_percent > load->percent)
		return true;
	return idle_percent <= 100 && 100 - idle_percent > load->percent &&
	    rooms_percent * 100 >= (100 - idle_percent) * SHARE_PERCENT;
}

void
cpu_load_used(struct cpu_load *load, int64_t now_us, int64_t span_us,
    uint64_t used_us, unsigned idle_percent)
{
	const uint64_t most_us = span_us > 0 ?
	    (uint64_t)span_us * load->processors : 0;
	int64_t        window_us = now_us - load->from_us;

	if (window_us >= QUIET_US) {	/* the first in a while */
		load->from_us = now_us;
		load->used_us = 0;
		load->above_us = 0;
		return;
	}
	load->used_us += used_us < most_us ? used_us : most_us;
	if (window_us < WINDOW_US)
		return;
	if (cpu_load_has_limit(load) &&
	    is_above(load, window_us, idle_percent))
		load->above_us += window_us;
	else
		load->above_us = 0;
	load->from_us = now_us;
	load->used_us = 0;
}

bool
cpu_load_is_high(const struct cpu_load *load, int64_t now_us)
{
	return cpu_load_has_limit(load) &&
	    load->above_us >= HIGH_US && now_us - load->from_us < QUIET_US;
}
