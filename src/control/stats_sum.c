/*
 * Adding up the counters of rooms.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "control/stats_sum.h"

#define ADD_ROW(field, help)    sum->field += one->field;
#define ADD_CPU_ROW(stage, field) sum->field += one->field;

void
stats_add_gauges(struct ipc_stats *sum, const struct ipc_stats *one)
{
	STATS_GAUGE_ROWS(ADD_ROW)
	for (unsigned c = 0; c < VIDEO_CODECS; c++) {
		for (unsigned i = 0; i < IPC_RUNGS; i++) {
			sum->rung_encoders[c][i] += one->rung_encoders[c][i];
			sum->rung_viewers[c][i] += one->rung_viewers[c][i];
		}
	}
}

void
stats_add_counters(struct ipc_stats *sum, const struct ipc_stats *one)
{
	STATS_COUNTER_ROWS(ADD_ROW)
	STATS_CPU_ROWS(ADD_CPU_ROW)
}
