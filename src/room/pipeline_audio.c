/*
 * The audio thread of a pipeline: one beat each 20 ms, never late for video.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "room/pipeline_internal.h"
#include "rtp/stream_sync.h"
#include "util/clock.h"
#include "util/xalloc.h"

#define LATE_US 10000

void
pipeline_audio_payload(void *to, unsigned leg,
    const struct audio_payload *payload)
{
	struct pipeline   *p = to;
	struct audio_tick *tick = p->tick;
	unsigned           i;

	if (payload->len > AUDIO_PAYLOAD_MAX)
		return;
	/* Shared payloads come again and again: the newest first. */
	for (i = tick->payload_count; i > 0; i--)
		if (p->tick_payloads[i - 1] == payload->bytes)
			break;
	if (i == 0) {
		if (tick->payload_count == AUDIO_PAYLOADS_MAX)
			return;
		i = ++tick->payload_count;
		p->tick_payloads[i - 1] = payload->bytes;
		tick->payloads[i - 1].rtp_time = payload->rtp_time;
		tick->payloads[i - 1].time_us = p->tick_due_us -
		    (int64_t)(payload->frames - 1) * AUDIO_FRAME_US -
		    AUDIO_LOOK_AHEAD_US;
		tick->payloads[i - 1].len = (uint16_t)payload->len;
		memcpy(tick->payloads[i - 1].bytes, payload->bytes,
		    payload->len);
	}
	tick->legs[tick->leg_count].slot = (uint16_t)leg;
	tick->legs[tick->leg_count].payload = (uint8_t)(i - 1);
	tick->legs[tick->leg_count].talk_start = payload->talk_start;
	tick->leg_count++;
}

void
pipeline_audio_speaking(void *to, const unsigned *legs, unsigned count)
{
	struct pipeline       *p = to;
	struct pipeline_event *event = xcalloc(1, sizeof(*event));

	event->kind = EVENT_SPEAKING;
	event->count = count < AUDIO_HEARD_MAX ? count : AUDIO_HEARD_MAX;
	memcpy(event->slots, legs, event->count * sizeof(legs[0]));
	pipeline_tell(p, event);
}

static void
audio_drop_waiting(struct pipeline *p, unsigned slot)
{
	struct packet *packet;

	while ((packet = queue_pull(p->audio_in[slot])) != NULL)
		packet_free(&packet);
}

/* Returns false when the thread is to end. */
static bool
audio_obey(struct pipeline *p, struct audio_command *command)
{
	const unsigned slot = command->slot;
	bool           go_on = true;

	switch (command->kind) {
	case AUDIO_ADD:
		/* A room that is short of memory ends, as in xcalloc. */
		if (audio_bridge_add(p->bridge, slot, &command->leg) != 0)
			abort();
		p->leg_on[slot] = true;
		if (p->leg_count++ == 0)
			ticker_restart(&p->audio_ticker);
		break;
	case AUDIO_REMOVE:
		if (p->leg_on[slot]) {
			audio_bridge_remove(p->bridge, slot);
			p->leg_on[slot] = false;
			p->leg_count--;
		}
		audio_drop_waiting(p, slot);
		p->sound_lags_us[slot] = STREAM_TIME_NONE;
		break;
	case AUDIO_HEARS:
		audio_bridge_set_quality(p->bridge, slot, command->quality);
		break;
	case AUDIO_WAITS:
		audio_bridge_set_wait(p->bridge, slot, command->wait_us);
		break;
	case AUDIO_QUIT:
		go_on = false;
		break;
	}
	free(command);
	return go_on;
}

static void
audio_beat(struct pipeline *p, int64_t due_us)
{
	const int64_t      now_us = clock_monotonic_us();
	struct audio_tick *back;
	const struct audio_bridge_stats *stats;

	if (now_us - due_us > LATE_US)
		p->audio_late_ticks++;
	for (unsigned slot = 0; slot < PIPELINE_SLOTS; slot++) {
		struct packet *packet;

		if (!p->leg_on[slot])
			continue;
		while ((packet = queue_pull(p->audio_in[slot])) != NULL)
			audio_bridge_push(p->bridge, slot, packet);
	}
	p->tick = queue_pull(p->audio_spare);
	if (p->tick == NULL)
		abort();	/* there are more than can be on their way */
	p->tick->payload_count = p->tick->leg_count = 0;
	p->tick_due_us = due_us;
	/* When it was due: late beats do not look like jitter of the line. */
	audio_bridge_tick(p->bridge, due_us);
	for (unsigned slot = 0; slot < PIPELINE_SLOTS; slot++)
		if (p->leg_on[slot])
			p->sound_lags_us[slot] = audio_bridge_lag_us(
			    p->bridge, slot, due_us);
	back = p->tick;
	if (p->tick->leg_count > 0)
		back = queue_push_drop_oldest(p->audio_out, p->tick);
	p->tick = NULL;
	if (back && back->leg_count > 0)
		p->dropped++;
	if (back)
		(void)queue_push(p->audio_spare, back);

	stats = audio_bridge_stats(p->bridge);
	/* What FEC gave back is the sender's own sound. */
	p->audio_concealed = stats->concealed - stats->recovered;
	p->audio_encoders = stats->encoders;
	p->cpu_audio_us = (uint64_t)clock_thread_cpu_us();
}

void *
pipeline_audio_run(void *arg)
{
	struct pipeline      *p = arg;
	struct audio_command *command;

	for (;;) {
		/* Nobody here: sleep until somebody comes. */
		if (p->leg_count == 0) {
			command = queue_pull_wait(p->audio_commands);
			if (command == NULL || !audio_obey(p, command))
				return NULL;
			continue;
		}
		const int64_t due_us = ticker_wait(&p->audio_ticker);

		while ((command = queue_pull(p->audio_commands)) != NULL)
			if (!audio_obey(p, command))
				return NULL;
		if (p->leg_count > 0)
			audio_beat(p, due_us);
		else
			p->audio_encoders = 0;
	}
}
