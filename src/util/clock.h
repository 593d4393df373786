/*
 * The two clocks, in microseconds.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Logic takes `now_us` as an argument; only the edges (event loops, tickers,
 * media_socket, logs) call these. Monotonic time is the only media time.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_us(void);
int64_t clock_realtime_us(void);	/* logs and tokens only */
int64_t clock_thread_cpu_us(void);	/* CPU time of the calling thread */

#endif
