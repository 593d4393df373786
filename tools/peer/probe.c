/*
 * Measures what a room adds in delay: flashes and beeps, there and back.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio_codec.h"
#include "peer/probe.h"
#include "util/xalloc.h"
#include "video/layout.h"
#include "video/video_decoder.h"

#define RESULTS_MAX   1000
#define LATEST_US     1000000	/* what comes later is another one */
#define BRIGHT        128
#define SPOT          32	/* pixels looked at, each way */
#define BEEP_EACH     37	/* frames of 20 ms: no multiple of another beat */
#define BEEP_FRAMES   4
#define BEEP_HZ       1000
#define LOUD          0.02f
#define TURN          6.28318531
/* What the sender's own encoder looks ahead: delay that is not the room's. */
#define LOOK_AHEAD_US 6500

struct results {
	unsigned count, missed;
	int64_t  us[RESULTS_MAX];
};

struct probe {
	unsigned              people;
	struct video_decoder *video;
	struct audio_decoder *audio;
	int64_t               flash_us, beep_us;	/* 0: none waits */
	bool                  bright;
	unsigned              beat;
	unsigned              quiet;	/* frames since the last loud one */
	struct results        pictures, sounds;
};

int
probe_new(struct probe **out, unsigned people)
{
	struct probe *probe = xcalloc(1, sizeof(*probe));
	int           err;

	probe->people = people;
	err = video_decoder_new(&probe->video);
	if (err == 0)
		err = audio_decoder_new(&probe->audio);
	if (err) {
		probe_free(probe);
		return err;
	}
	*out = probe;
	return 0;
}

void
probe_free(struct probe *probe)
{
	if (probe == NULL)
		return;
	video_decoder_free(probe->video);
	audio_decoder_free(probe->audio);
	free(probe);
}

/* ---- sending ------------------------------------------------------------- */

void
probe_flash(struct probe *probe, int64_t now_us)
{
	probe->pictures.missed += probe->flash_us != 0;
	probe->flash_us = now_us;
}

void
probe_voice(struct probe *probe, struct audio_frame *out, int64_t now_us)
{
	const unsigned at = probe->beat++ % BEEP_EACH;

	memset(out->samples, 0, sizeof(out->samples));
	if (at >= BEEP_FRAMES)
		return;
	for (int i = 0; i < AUDIO_FRAME_LEN; i++)
		out->samples[i] = (float)(0.25 * sin(TURN * BEEP_HZ * i /
		    AUDIO_RATE_HZ));
	if (at == 0) {
		probe->sounds.missed += probe->beep_us != 0;
		probe->beep_us = now_us;
	}
}

/* ---- getting ------------------------------------------------------------- */

static void
results_add(struct results *r, int64_t *sent_us, int64_t seen_us)
{
	const int64_t late_us = seen_us - *sent_us;

	if (*sent_us == 0)
		return;
	if (late_us < 0 || late_us > LATEST_US)
		r->missed++;
	else if (r->count < RESULTS_MAX)
		r->us[r->count++] = late_us;
	*sent_us = 0;
}

static bool
is_bright(const struct probe *probe, const struct video_frame *frame)
{
	struct layout_rect tiles[LAYOUT_TILES_MAX];
	long               sum = 0;
	int                x, y;

	layout_grid(tiles, probe->people, frame->width, frame->height);
	x = tiles[0].x + (tiles[0].w - SPOT) / 2;
	y = tiles[0].y + (tiles[0].h - SPOT) / 2;
	if (x < 0 || y < 0)
		return false;
	for (int j = 0; j < SPOT; j++)
		for (int i = 0; i < SPOT; i++)
			sum += frame->planes[0][(ptrdiff_t)(y + j) *
			    frame->strides[0] + x + i];
	return sum > BRIGHT * SPOT * SPOT;
}

void
probe_picture(struct probe *probe, const uint8_t *data, size_t len, bool key,
    int64_t arrival_us)
{
	struct video_frame *frame;
	bool                bright;

	if (video_decoder_decode(probe->video, VIDEO_VP8, data, len, key,
	    &frame) != 0)
		return;
	bright = is_bright(probe, frame);
	if (bright && !probe->bright)
		results_add(&probe->pictures, &probe->flash_us, arrival_us);
	probe->bright = bright;
	video_frame_unref(&frame);
}

void
probe_sound(struct probe *probe, const uint8_t *payload, size_t len,
    int64_t arrival_us)
{
	float samples[AUDIO_DECODED_MAX];
	int   count = audio_decoder_decode(probe->audio, payload, len,
	    samples);

	for (int i = 0; i < count; i++) {
		if (fabsf(samples[i]) < LOUD)
			continue;
		if (probe->quiet > BEEP_FRAMES)
			results_add(&probe->sounds, &probe->beep_us,
			    arrival_us + (int64_t)i * 1000000 /
			    AUDIO_RATE_HZ - LOOK_AHEAD_US);
		probe->quiet = 0;
		return;
	}
	probe->quiet++;
}

/* ---- figures ------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
results_print(struct results *r, const char *what)
{
	qsort(r->us, r->count, sizeof(r->us[0]), compare);
	printf("%s_count=%u %s_missed=%u", what, r->count, what, r->missed);
	if (r->count > 0)
		printf(" %s_p50_ms=%.1f %s_p95_ms=%.1f", what,
		    (double)r->us[r->count / 2] / 1000, what,
		    (double)r->us[r->count * 95 / 100] / 1000);
}

void
probe_print(struct probe *probe)
{
	printf("delay ");
	results_print(&probe->pictures, "video");
	printf(" ");
	results_print(&probe->sounds, "audio");
	printf("\n");
	fflush(stdout);
}
