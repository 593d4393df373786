/*
 * How the sound to one listener is protected against the loss of his line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <math.h>
#include <string.h>

#include "room/sound_repair.h"

#define FAST_PACKETS   150
#define SLOW_PACKETS   500
#define FAST_LEAST     3	/* lost: fewer may be chance */
#define SLOW_LEAST     5
#define RUNS_LEAST     10	/* missing, to know bursts by */
#define BURSTS_FROM    1.5f	/* mean gap, of what chance would make it */
#define SCATTER_TO     1.2f
#define DESCEND_BELOW  0.7f
#define HOLD_MIN_US    10000000
#define HOLD_MAX_US    60000000
#define FORGIVE_US     120000000
#define PACKETS_LEAST  200	/* known of, to descend */
#define PAUSE_PACKETS  500	/* between two reports: not one interval */
#define AMPLE_BPS      400000	/* a line: sound has no want of room */
#define STILLS_BPS     15000	/* slow ones */
#define LOSSY_LEVEL    2	/* from here on it is repeated */
#define HEADERS_BPS    20000	/* 50 bytes of headers and tag, 50 a second */

static const float thresholds[SOUND_REPAIR_LEVELS] = { 0, .01f, .03f, .12f };

/* What may be sent at a level, best first; the last one is sent anyway. */
static const struct choice {
	enum audio_quality quality;
	unsigned           copies;
} choices[SOUND_REPAIR_LEVELS][5] = {
	{ { AUDIO_PLAIN, 1 }, { AUDIO_LEAN, 1 }, { AUDIO_THIN, 1 },
	  { AUDIO_LEAST, 1 }, { AUDIO_LEAST, 1 } },
	{ { AUDIO_FEC, 1 }, { AUDIO_LEAN, 1 }, { AUDIO_THIN, 1 },
	  { AUDIO_LEAST, 1 }, { AUDIO_LEAST, 1 } },
	{ { AUDIO_FEC, 2 }, { AUDIO_LEAN, 2 }, { AUDIO_THIN, 2 },
	  { AUDIO_THIN, 1 }, { AUDIO_LEAST, 1 } },
	{ { AUDIO_LEAN, 3 }, { AUDIO_THIN, 3 }, { AUDIO_THIN, 2 },
	  { AUDIO_THIN, 1 }, { AUDIO_LEAST, 1 } },
};

#define CHOICES (sizeof(choices[0]) / sizeof(choices[0][0]))

/* ---- what is known ------------------------------------------------------- */

static void
window_add(struct sound_window *w, float most, float all, float lost)
{
	const float keep = all < most ? 1 - all / most : 0;

	w->all = w->all * keep + all;
	w->lost = w->lost * keep + lost;
}

static float
window_part(const struct sound_window *w, float least)
{
	return w->lost >= least && w->all > 0 ? w->lost / w->all : 0;
}

/* The line's loss when `part` was lost for good of what was sent k times. */
static float
loss_before_repeats(const struct sound_repair *r, float part)
{
	switch (r->plan.repeats.count) {
	case 0:
		return part;
	case 1:
		return sqrtf(part);
	default:
		return cbrtf(part);
	}
}

static float
loss_fast(const struct sound_repair *r)
{
	return fmaxf(loss_before_repeats(r, window_part(&r->report_fast,
	    FAST_LEAST)), window_part(&r->line_fast, FAST_LEAST));
}

static float
loss_slow(const struct sound_repair *r, float least)
{
	return fmaxf(loss_before_repeats(r, window_part(&r->report_slow,
	    least)), window_part(&r->line_slow, least));
}

float
sound_repair_loss(const struct sound_repair *r)
{
	return fmaxf(loss_fast(r), loss_slow(r, SLOW_LEAST));
}

/*
 * The mean gap as a multiple of what it is when each packet is lost by itself,
 * 1 / (1 - loss); 0 when not known.
 */
static float
gap_excess(const struct sound_repair *r)
{
	if (r->runs.lost < 1 || r->runs.all < RUNS_LEAST ||
	    r->line_slow.all < 1)
		return 0;
	return r->runs.all / r->runs.lost *
	    (1 - r->line_slow.lost / r->line_slow.all);
}

void
sound_repair_report(struct sound_repair *r, const struct rtcp_report *report)
{
	const uint32_t all = report->highest_sequence - r->highest_sequence;
	int64_t        lost = (int64_t)report->lost - r->lost;

	r->highest_sequence = report->highest_sequence;
	r->lost = report->lost;
	/* After a pause, or a receiver that began anew: only a beginning. */
	if (all == 0 || all > PAUSE_PACKETS)
		return;
	lost = lost < 0 ? 0 : lost > all ? all : lost;
	window_add(&r->report_fast, FAST_PACKETS, (float)all, (float)lost);
	window_add(&r->report_slow, SLOW_PACKETS, (float)all, (float)lost);
}

void
sound_repair_missing(struct sound_repair *r, unsigned sent, unsigned missing,
    unsigned runs)
{
	if (missing > sent)
		missing = sent;
	if (runs > missing)
		runs = missing;
	if (sent == 0)
		return;
	window_add(&r->line_fast, FAST_PACKETS, (float)sent, (float)missing);
	window_add(&r->line_slow, SLOW_PACKETS, (float)sent, (float)missing);
	window_add(&r->runs, SLOW_PACKETS, (float)missing, (float)runs);
}

/* ---- what follows -------------------------------------------------------- */

static uint32_t
payload_bps(const struct sound_repair *r, enum audio_quality quality)
{
	static const uint32_t rates[AUDIO_QUALITIES] = {
		[AUDIO_LEAN] = AUDIO_LEAN_BPS,
		[AUDIO_THIN] = AUDIO_THIN_BPS,
		[AUDIO_LEAST] = AUDIO_LEAST_BPS,
	};
	const uint32_t most = rates[quality] ? rates[quality] : r->full_bps;

	return most < r->full_bps ? most : r->full_bps;
}

static uint32_t
wire_bps(const struct sound_repair *r, enum audio_quality quality,
    unsigned copies)
{
	const uint32_t headers = quality >= AUDIO_THIN ?
	    HEADERS_BPS / AUDIO_SPAN_MAX : HEADERS_BPS;

	return copies * (payload_bps(r, quality) + headers);
}

uint32_t
sound_repair_wire_bps(const struct sound_repair *r)
{
	return wire_bps(r, r->plan.quality, 1 + r->plan.repeats.count);
}

/* The least that keeps FEC, and the repeats of the level. */
static uint64_t
least_bps(const struct sound_repair *r)
{
	return wire_bps(r, AUDIO_THIN, choices[r->level][0].copies);
}

static uint64_t
part_bps(const struct sound_repair *r, uint64_t line_bps, bool pictures)
{
	const bool     lossy = r->level >= LOSSY_LEVEL;
	const uint64_t least = least_bps(r);
	const uint64_t part = line_bps / 4 > least ? line_bps / 4 : least;

	if (!lossy && line_bps >= AMPLE_BPS)
		return 0;
	if (pictures && line_bps / 10 * 9 >= part + STILLS_BPS)
		return part;
	return lossy ? line_bps : line_bps / 5 * 4;
}

/* Small changes of the line are none of the sound. */
uint64_t
sound_repair_room_bps(struct sound_repair *r, uint64_t line_bps,
    bool pictures)
{
	const uint64_t before = r->room_bps;
	const uint64_t part = line_bps > 0 ? part_bps(r, line_bps, pictures) :
	    0;

	if (part == 0) {
		if (line_bps == 0 || line_bps > AMPLE_BPS / 8 * 9)
			r->room_bps = 0;
	} else if (before == 0 || part < before || part > before / 4 * 5) {
		r->room_bps = part;
	}
	return r->room_bps;
}

static bool
choice_fits(const struct sound_repair *r, const struct choice *c,
    uint64_t room_bps)
{
	if (c->copies > 1 && c->copies * payload_bps(r, c->quality) >
	    SOUND_REPAIR_MAX_BPS)
		return false;
	return room_bps == 0 ||
	    wire_bps(r, c->quality, c->copies) <= room_bps;
}

/* How long after the first time; whole packets. */
static void
choose_delays(const struct sound_repair *r, struct sound_plan *plan)
{
	const float gap = gap_excess(r);

	if (plan->quality >= AUDIO_THIN) {
		plan->repeats.delay_us[0] = 60000;
		plan->repeats.delay_us[1] = 120000;
	} else if (gap >= BURSTS_FROM) {
		plan->repeats.delay_us[0] = 60000;
		plan->repeats.delay_us[1] = 160000;
	} else if (gap > 0 && gap <= SCATTER_TO) {
		plan->repeats.delay_us[0] = 20000;
		plan->repeats.delay_us[1] = 60000;
	} else {
		plan->repeats.delay_us[0] = 40000;
		plan->repeats.delay_us[1] = 100000;
	}
}

static struct sound_plan
choose(const struct sound_repair *r, uint64_t room_bps)
{
	const struct choice *c = choices[r->level];
	struct sound_plan    plan = { .quality = AUDIO_PLAIN };
	unsigned             i = 0;

	while (i + 1 < CHOICES && !choice_fits(r, &c[i], room_bps))
		i++;
	plan.quality = c[i].quality;
	plan.repeats.count = c[i].copies - 1;
	choose_delays(r, &plan);
	return plan;
}

static unsigned
level_of(float loss)
{
	unsigned level = SOUND_REPAIR_LEVELS - 1;

	while (loss < thresholds[level])
		level--;
	return level;
}

static void
move_to(struct sound_repair *r, unsigned level, int64_t now_us)
{
	if (level < r->level) {
		r->descended_us = now_us;
	} else if (r->descended_us != INT64_MIN &&
	    now_us - r->descended_us < HOLD_MIN_US) {
		r->hold_us = r->hold_us < HOLD_MAX_US / 2 ? 2 * r->hold_us :
		    HOLD_MAX_US;
	}
	r->level = level;
	r->changed_us = now_us;
}

static bool
knows_enough(const struct sound_repair *r)
{
	return r->report_slow.all >= PACKETS_LEAST ||
	    r->line_slow.all >= PACKETS_LEAST;
}

static void
choose_level(struct sound_repair *r, int64_t now_us)
{
	const unsigned needed = level_of(sound_repair_loss(r));

	if (now_us - r->changed_us >= FORGIVE_US)
		r->hold_us = HOLD_MIN_US;
	if (needed > r->level)
		move_to(r, needed, now_us);
	else if (r->level > 0 && now_us - r->changed_us >= r->hold_us &&
	    knows_enough(r) &&
	    loss_slow(r, 0) < DESCEND_BELOW * thresholds[r->level])
		move_to(r, r->level - 1, now_us);
}

void
sound_repair_init(struct sound_repair *r, uint32_t full_bps,
    uint16_t sequence, int64_t now_us)
{
	memset(r, 0, sizeof(*r));
	r->highest_sequence = (uint32_t)sequence - 1;
	r->full_bps = full_bps;
	r->changed_us = now_us;
	r->descended_us = INT64_MIN;
	r->hold_us = HOLD_MIN_US;
	r->plan = choose(r, 0);
}

bool
sound_repair_update(struct sound_repair *r, uint64_t room_bps, int64_t now_us)
{
	const struct sound_plan before = r->plan;

	choose_level(r, now_us);
	r->plan = choose(r, room_bps);
	/* What was lost of another number of copies says nothing of these. */
	if (r->plan.repeats.count != before.repeats.count) {
		memset(&r->report_fast, 0, sizeof(r->report_fast));
		memset(&r->report_slow, 0, sizeof(r->report_slow));
	}
	return r->plan.quality != before.quality ||
	    memcmp(&r->plan.repeats, &before.repeats,
	    sizeof(before.repeats)) != 0;
}
