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
#include "rtp/stream_sync.h"
#include "util/xalloc.h"
#include "video/layout.h"
#include "video/video_decoder.h"

#define RESULTS_MAX   1000
#define LAGS_MAX      64	/* of a stream between two prints of skew */
#define LATEST_US     1000000	/* what comes later is another one */
#define BRIGHT        128
#define SPOT          32	/* pixels looked at, each way */
#define BEEP_EACH     37	/* frames of 20 ms: no multiple of another beat */
#define BEEP_FRAMES   4
#define BEEP_HZ       1000
#define LOUD          0.02f
#define TURN          6.28318531

struct results {
	unsigned count, missed;
	int64_t  us[RESULTS_MAX];
};

/* How much later than captured something came. */
struct lags {
	unsigned count;
	int64_t  us[LAGS_MAX];
};

/* One of the two streams. */
struct probed {
	int64_t  sent_us;		/* 0: none waits */
	int64_t  captured_us;
	struct results results;
	struct lags    arrival;
	struct lags    played;		/* by the clock of the reports */
	struct stream_clock clock;
};

struct probe {
	unsigned              people;
	struct video_decoder *video;
	struct audio_decoder *audio;
	bool                  bright;
	unsigned              beat;
	unsigned              quiet;	/* frames since the last loud one */
	struct probed         pictures, sounds;
};

int
probe_new(struct probe **out, unsigned people)
{
	struct probe *probe = xcalloc(1, sizeof(*probe));
	int           err;

	probe->people = people;
	stream_clock_init(&probe->pictures.clock, 90000);
	stream_clock_init(&probe->sounds.clock, AUDIO_RATE_HZ);
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

static void
probed_sent(struct probed *p, int64_t due_us, int64_t now_us)
{
	p->results.missed += p->sent_us != 0;
	p->sent_us = now_us;
	p->captured_us = due_us;
}

void
probe_flash(struct probe *probe, int64_t due_us, int64_t now_us)
{
	probed_sent(&probe->pictures, due_us, now_us);
}

void
probe_voice(struct probe *probe, struct audio_frame *out, int64_t due_us,
    int64_t now_us)
{
	const unsigned at = probe->beat++ % BEEP_EACH;

	memset(out->samples, 0, sizeof(out->samples));
	if (at >= BEEP_FRAMES)
		return;
	for (int i = 0; i < AUDIO_FRAME_LEN; i++)
		out->samples[i] = (float)(0.25 * sin(TURN * BEEP_HZ * i /
		    AUDIO_RATE_HZ));
	if (at == 0)
		probed_sent(&probe->sounds, due_us, now_us);
}

/* ---- getting ------------------------------------------------------------- */

static void
lags_add(struct lags *lags, int64_t lag_us)
{
	if (lags->count < LAGS_MAX)
		lags->us[lags->count++] = lag_us;
}

/*
 * It came, `deep_us` in what arrived now; `ahead_us` of that are what the
 * sender's own encoder looks ahead, and not the room's delay.
 */
static void
probed_came(struct probed *p, uint32_t rtp_time, int64_t deep_us,
    int64_t ahead_us, int64_t arrival_us)
{
	const int64_t late_us = arrival_us + deep_us - ahead_us - p->sent_us;
	const int64_t wall_us = stream_clock_wall_us(&p->clock, rtp_time);
	struct results *r = &p->results;

	if (p->sent_us == 0)
		return;
	p->sent_us = 0;
	if (late_us < 0 || late_us > LATEST_US) {
		r->missed++;
		return;
	}
	if (r->count < RESULTS_MAX)
		r->us[r->count++] = late_us;
	lags_add(&p->arrival, arrival_us + deep_us - p->captured_us);
	if (wall_us != STREAM_TIME_NONE)
		lags_add(&p->played, wall_us + deep_us - p->captured_us);
}

void
probe_report(struct probe *probe, bool sound,
    const struct rtcp_sender_info *info)
{
	stream_clock_report(sound ? &probe->sounds.clock :
	    &probe->pictures.clock, info->ntp, info->rtp);
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
probe_picture(struct probe *probe, const struct rtp_frame *coded)
{
	struct video_frame *frame;
	bool                bright;

	if (video_decoder_decode(probe->video, VIDEO_VP8, coded->data,
	    coded->len, coded->key, &frame) != 0)
		return;
	bright = is_bright(probe, frame);
	if (bright && !probe->bright)
		probed_came(&probe->pictures, coded->timestamp, 0, 0,
		    coded->arrival_us);
	probe->bright = bright;
	video_frame_unref(&frame);
}

void
probe_sound(struct probe *probe, const struct rtp_packet *rtp,
    int64_t arrival_us)
{
	float samples[AUDIO_DECODED_MAX];
	int   count = audio_decoder_decode(probe->audio, rtp->payload,
	    rtp->payload_len, samples);

	for (int i = 0; i < count; i++) {
		if (fabsf(samples[i]) < LOUD)
			continue;
		if (probe->quiet > BEEP_FRAMES)
			probed_came(&probe->sounds, rtp->timestamp,
			    (int64_t)i * 1000000 / AUDIO_RATE_HZ,
			    AUDIO_LOOK_AHEAD_US, arrival_us);
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
	results_print(&probe->pictures.results, "video");
	printf(" ");
	results_print(&probe->sounds.results, "audio");
	printf("\n");
	fflush(stdout);
}

/*
 * Each beep against each flash of these seconds: what the sound is late by on
 * the way is the same for all of them, or nearly.
 */
static void
lags_print(const struct lags *sounds, const struct lags *pictures,
    const char *what)
{
	int64_t  skews[LAGS_MAX * LAGS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sounds->count; i++)
		for (unsigned j = 0; j < pictures->count; j++)
			skews[count++] = sounds->us[i] - pictures->us[j];
	qsort(skews, count, sizeof(skews[0]), compare);
	printf(" %s_pairs=%u", what, count);
	if (count > 0)
		printf(" %s_p5_ms=%.1f %s_p50_ms=%.1f %s_p95_ms=%.1f", what,
		    (double)skews[count * 5 / 100] / 1000, what,
		    (double)skews[count / 2] / 1000, what,
		    (double)skews[count * 95 / 100] / 1000);
}

static void
lag_print(struct lags *lags, const char *what)
{
	if (lags->count == 0)
		return;
	qsort(lags->us, lags->count, sizeof(lags->us[0]), compare);
	printf(" %s_p50_ms=%.1f", what,
	    (double)lags->us[lags->count / 2] / 1000);
}

void
probe_print_skew(struct probe *probe, int64_t t_us)
{
	struct probed *sounds = &probe->sounds, *pictures = &probe->pictures;

	printf("skew t_ms=%lld", (long long)t_us / 1000);
	lags_print(&sounds->played, &pictures->played, "played");
	lags_print(&sounds->arrival, &pictures->arrival, "arrival");
	lag_print(&sounds->arrival, "sound");
	lag_print(&pictures->arrival, "picture");
	printf("\n");
	sounds->played.count = pictures->played.count = 0;
	sounds->arrival.count = pictures->arrival.count = 0;
}
