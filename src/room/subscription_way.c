/*
 * The way of each viewer between the renditions.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/room_internal.h"

#define REMB_OLDEST_US    10000000

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

void
subscription_begin(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;

	watch->wanted = true;
	watch->looked_us = now_us;
	way_make(who, now_us);
	rendition_choice_init(&watch->choice, watch->way.largest, now_us);
	(void)way_aim(who);
	room_count_viewers(who->room, now_us);
	subscription_start(who, now_us);
}

void
subscription_resize(struct participant *who, int64_t now_us)
{
	way_make(who, now_us);
	rendition_choice_init(&who->watch.choice, who->watch.way.largest,
	    now_us);
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
	if (watch->target == RENDITION_NONE)
		watch->started = false;
	room_count_viewers(who->room, now_us);
	if (!there)
		subscription_start(who, now_us);
}

/* Of payload, since it was `*before` bytes. */
static uint64_t
sent_bps(const struct rtp_sender *out, uint32_t *before, int64_t span_us)
{
	const uint32_t bytes = out->bytes - *before;

	*before = out->bytes;
	return span_us > 0 ? (uint64_t)bytes * 8 * 1000000 /
	    (uint64_t)span_us : 0;
}

/* What more the line should show that it carries, and the most of use. */
static void
way_ask(struct participant *who, const struct rendition_link *link)
{
	const struct rendition_way *way = &who->watch.way;
	const uint64_t              best = way->largest < way->rungs.count ?
	    way->rungs.bps[way->largest] : 0;

	downlink_ask(who, (best + link->reserve_bps) * 2,
	    rendition_choice_probe_bps(&who->watch.choice));
}

void
subscription_look(struct participant *who, int64_t now_us)
{
	struct subscription        *watch = &who->watch;
	const struct room          *room = who->room;
	const int64_t               span_us = now_us - watch->looked_us;
	struct rendition_link       link = {
		.estimate_bps = now_us - watch->remb_us < REMB_OLDEST_US ?
		    watch->remb_bps : 0,
		.reserve_bps = who->agreed.audio.send ?
		    sound_repair_wire_bps(&who->repair) : 0,
		.sent_bps = sent_bps(&who->video_out, &watch->bytes_before,
		    span_us),
		.sound_bps = sent_bps(&who->audio_out, &watch->sound_before,
		    span_us),
		.loss_q8 = watch->loss_q8,
	};

	watch->looked_us = now_us;
	if (!watch->wanted)
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
