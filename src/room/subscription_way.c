/*
 * The way of each viewer between the renditions.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/room_internal.h"

#define REMB_OLDEST_US    10000000
#define FIRST_BPS         80000
#define COUNT_US          1000000
#define MEASURE_US        700000
#define AGAIN_BYTES       2000		/* of fewer no share is taken */
#define AGAIN_MOST_Q8     128

static void
way_make(struct participant *who, int64_t now_us)
{
	struct subscription     *watch = &who->watch;
	const struct sdp_stream *video = &who->agreed.video;
	struct rendition_taker   taker = {
		.codec = video->codec,
		.single_nal = video->single_nal,
		.level_idc = video->level_idc,
		.max_height = who->max_height,
	};

	for (unsigned codec = 0; codec < VIDEO_CODECS; codec++)
		if (video->send_types[codec] != 0)
			taker.also |= 1U << codec;
	watch->way_short = now_us < who->room->short_until_us;
	rendition_menu_way(&watch->way, &who->room->menu, &taker,
	    watch->way_short);
}

/*
 * What the chosen rung stands for, as the target: the largest is not made
 * while processors are short. Returns whether that is new.
 */
static bool
way_aim(struct participant *who)
{
	struct subscription *watch = &who->watch;
	const unsigned       rung = watch->choice.rung == 0 &&
	    who->room->ladder.step >= LOAD_SMALL ? 1 : watch->choice.rung;
	const bool           sound = rung >= watch->way.rungs.count;
	const unsigned       target = sound ? RENDITION_NONE :
	    watch->way.of[rung].rendition;
	const bool           base = !sound && watch->way.of[rung].base;

	watch->rung = rung;
	if (target == watch->target && base == watch->target_base)
		return false;
	watch->target = target;
	watch->target_base = base;
	return true;
}

/* Whether his line is still to be measured before he gets anything. */
static bool
is_measuring(struct participant *who, int64_t now_us)
{
	struct subscription        *watch = &who->watch;
	const struct rendition_way *way = &watch->way;
	unsigned                    rung = way->largest;

	if (watch->measure_until_us == 0)
		return false;
	if (downlink_line(who) == NULL) {
		if (now_us < watch->measure_until_us)
			return true;
		/* He says nothing so far: what nearly every line carries. */
		while (rung + 1 < way->rungs.moving &&
		    way->rungs.bps[rung] > FIRST_BPS)
			rung++;
		watch->choice.rung = rung;
	}
	watch->measure_until_us = 0;
	sound_out_look(who, now_us);
	return false;
}

/*
 * What more the line should show that it carries, and the most of use: who
 * has what he wants is not probed.
 */
static void
way_ask(struct participant *who, const struct rendition_link *link)
{
	const struct rendition_way    *way = &who->watch.way;
	const struct rendition_choice *choice = &who->watch.choice;
	const uint64_t best = way->rungs.bps[way->largest];
	/* As the choice asks for the largest, and a little for the train. */
	const uint64_t useful = (best + best / 10 + link->reserve_bps) *
	    10 / 9 * 115 / 100;
	const bool     enough = choice->rung <= way->largest &&
	    link->estimate_bps > (best + link->reserve_bps) * 10 / 9;

	downlink_ask(who, enough ? 0 : useful,
	    rendition_choice_probe_bps(choice));
}

void
subscription_begin(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;

	watch->wanted = true;
	watch->counted_us = now_us;
	way_make(who, now_us);
	rendition_choice_init(&watch->choice, watch->way.largest, now_us);
	/* His line is measured first, which takes a moment. */
	if (who->down.estimate != NULL) {
		watch->measure_until_us = now_us + MEASURE_US;
		watch->choice.rung = watch->way.rungs.count;
		(void)way_aim(who);
		way_ask(who, &(struct rendition_link){ .reserve_bps =
		    sound_repair_wire_bps(&who->repair) });
		room_arm(who->room, now_us);
		return;
	}
	(void)way_aim(who);
	room_count_viewers(who->room, now_us);
	subscription_start(who, now_us);
}

void
subscription_resize(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;
	unsigned             rung;

	way_make(who, now_us);
	rung = watch->way.largest;
	/* More than he had is for a probe to show. */
	if (who->down.estimate != NULL && watch->choice.rung > rung)
		rung = watch->choice.rung;
	rendition_choice_init(&watch->choice, rung, now_us);
	subscription_look(who, now_us);
}

static void
way_log(const struct participant *who, const struct rendition_link *link)
{
	const struct subscription         *watch = &who->watch;
	const struct video_encoder_config *cfg;

	if (watch->target == RENDITION_NONE) {
		log_info(&who->log, "to sound alone: line %llu kbit/s",
		    (unsigned long long)link->estimate_bps / 1000);
		return;
	}
	cfg = &who->room->renditions[watch->target].cfg;
	log_info(&who->log, "to %s %dp%s: line %llu kbit/s, loss %u/256",
	    video_codec_name(cfg->codec), cfg->height,
	    cfg->stills ? " stills" : watch->target_base ? " half" : "",
	    (unsigned long long)link->estimate_bps / 1000, link->loss_q8);
}

/* What he is tied to goes on until a key frame of the target comes. */
static void
way_go(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;
	const bool           there = watch->started &&
	    watch->rendition == watch->target;

	/* Layers need no key frame. */
	if (there)
		watch->base = watch->target_base;
	if (watch->target == RENDITION_NONE) {
		watch->started = false;
		downlink_cut(who);
	}
	room_count_viewers(who->room, now_us);
	if (!there)
		subscription_start(who, now_us);
}

static uint64_t
bps_of(uint32_t bytes, int64_t span_us)
{
	return (uint64_t)bytes * 8 * 1000000 / (uint64_t)span_us;
}

/* What was sent of payload, over a second. */
static void
count_sent(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;
	const int64_t        span_us = now_us - watch->counted_us;
	uint32_t             again_q8;

	if (span_us < COUNT_US)
		return;
	watch->video_bps = bps_of(who->video_out.bytes - watch->bytes_before,
	    span_us);
	watch->sound_bps = bps_of(who->audio_out.bytes - watch->sound_before,
	    span_us);
	again_q8 = watch->again_bytes * 256 /
	    (who->video_out.bytes - watch->bytes_before + AGAIN_BYTES);
	if (again_q8 > AGAIN_MOST_Q8)
		again_q8 = AGAIN_MOST_Q8;
	watch->again_q8 = (3 * watch->again_q8 + again_q8 + 2) / 4;
	watch->bytes_before = who->video_out.bytes;
	watch->sound_before = who->audio_out.bytes;
	watch->again_bytes = 0;
	watch->counted_us = now_us;
}

void
subscription_look(struct participant *who, int64_t now_us)
{
	struct subscription        *watch = &who->watch;
	const struct room          *room = who->room;
	struct rendition_link       link = {
		.estimate_bps = now_us - watch->remb_us < REMB_OLDEST_US ?
		    watch->remb_bps : 0,
		.reserve_bps = who->agreed.audio.send ?
		    sound_repair_wire_bps(&who->repair) : 0,
		.loss_q8 = watch->loss_q8,
	};

	count_sent(who, now_us);
	link.sent_bps = watch->video_bps;
	link.sound_bps = watch->sound_bps;
	link.again_q8 = watch->again_q8;
	if (!watch->wanted || is_measuring(who, now_us))
		return;
	downlink_link(who, &link, now_us);
	if (watch->way_short != (now_us < room->short_until_us))
		way_make(who, now_us);
	(void)rendition_choice_update(&watch->choice, &link,
	    &watch->way.rungs, watch->way.largest, now_us);
	way_ask(who, &link);
	if (!way_aim(who))
		return;
	way_log(who, &link);
	way_go(who, now_us);
}

void
subscription_aim(struct participant *who, int64_t now_us)
{
	if (who->watch.wanted && way_aim(who))
		way_go(who, now_us);
}
