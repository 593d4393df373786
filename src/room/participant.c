/*
 * One participant: joining, what comes from him, and what is due for him.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "room/room_internal.h"
#include "rtp/rtp_extension.h"
#include "rtp/rtp_packet.h"
#include "sdp/fragment.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/xalloc.h"

#define CONNECT_MAX_US     15000000	/* from JOIN to the DTLS keys */
#define QUIET_US           2000000	/* presence: perhaps a goodbye */
#define WEAK_US            5000000	/* presence: greyed */
#define AWAY_US            12000000	/* presence: tile gone */
#define LOST_US            60000000	/* presence: forgotten */
#define REPORT_INTERVAL_US 1000000
#define REPORT_FIRST_US    200000
#define TWCC_GRID_US       20000	/* feedback at times that all share */
#define PLI_GAP_MAX_US     3000000
/* What one may send: 2000 packets a second of RTP, 1000 of RTCP. */
#define RTP_SPACING_US     500
#define RTP_BURST          1000
#define RTCP_SPACING_US    1000
#define RTCP_BURST         200
#define UP_LOSS_Q8         5		/* 2 %: a full queue, perhaps */
#define UFRAG_CHARS        8		/* 48 bits */
#define PWD_CHARS          24		/* 144 bits */

bool
participant_is_shown(const struct participant *who)
{
	return who->direction != IPC_JOIN_WATCH && who->connected &&
	    who->presence != IPC_AWAY && !who->ended;
}

/* ---- what comes ---------------------------------------------------------- */

static void
participant_add_leg(struct participant *who)
{
	const struct audio_leg_config leg = {
		.sends = who->agreed.audio.receive,
		.listens = who->agreed.audio.send,
		.payload_type = who->agreed.audio.payload_type,
		.level_id = who->agreed.audio.level_id,
	};

	pipeline_add(who->room->pipeline, who->slot, &leg);
}

static void
participant_connected(void *to)
{
	struct participant *who = to;
	const int64_t       now_us = clock_monotonic_us();

	who->connected = true;
	line_quality_init(&who->line, now_us);
	who->line_us = who->measured_us = who->watch.counted_us = now_us;
	who->report_due_us = now_us + REPORT_FIRST_US;
	log_info(&who->log, "connected after %d ms",
	    (int)((now_us - who->joined_us) / 1000));
	participant_add_leg(who);
	room_tell_presence(who->room, who->id, IPC_HERE, 0);
	room_show_people(who->room);
	if (downlink_begin(who, now_us) != 0)
		log_warn(&who->log, "no memory for an estimate of the line");
	if (who->agreed.video.send)
		subscription_begin(who, now_us);
	room_arm(who->room, who->report_due_us);
}

/* His sound, by SSRC, else by payload type. */
static bool
participant_is_sound(struct participant *who, const struct rtp_packet *rtp)
{
	const struct sdp_stream *audio = &who->agreed.audio;
	struct inbound          *in = &who->audio_in;

	if (in->known && in->ssrc == rtp->ssrc)
		return true;
	if (!audio->receive || rtp->payload_type != audio->payload_type)
		return false;
	/* A new SSRC: the first, or the sender began anew. */
	in->known = true;
	in->ssrc = rtp->ssrc;
	rtp_stats_init(&in->stats, 48000);
	stream_clock_init(&who->pictures.sync.sound, 48000);
	nack_init_sound(&who->sound_nack);
	return true;
}

/* Counts a packet of sound, and notes what is missing before it. */
static enum rtp_arrival
participant_sound(struct participant *who, const struct rtp_packet *rtp,
    const struct packet *packet, int64_t now_us)
{
	struct rtp_stats *stats = &who->audio_in.stats;
	const bool        asked = nack_asked(&who->sound_nack, rtp->sequence);
	enum rtp_arrival  arrival;

	arrival = asked ?
	    rtp_stats_repaired(stats, rtp->sequence, packet->len) :
	    rtp_stats_received(stats, rtp->sequence, rtp->timestamp,
	    packet->len, packet->arrival_us);
	if (arrival == RTP_ANEW)
		nack_init_sound(&who->sound_nack);
	if (arrival != RTP_REFUSED && !asked)
		uplink_line_sound(&who->uplink, rtp->timestamp,
		    packet->arrival_us);
	if (arrival == RTP_REFUSED || !who->agreed.audio.resends || !who->mic)
		return arrival;
	(void)nack_received(&who->sound_nack, rtp->sequence, now_us);
	room_arm(who->room, nack_next_us(&who->sound_nack,
	    feedback_sound_rtt_us(who)));
	return arrival;
}

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
participant_twcc(struct participant *who, const struct rtp_packet *rtp,
    uint8_t id, int64_t arrival_us)
{
	uint16_t sequence;

	if (!rtp_extension_transport_sequence(rtp, id, &sequence))
		return;
	twcc_feedback_received(&who->twcc, sequence, arrival_us);
	if (who->twcc_due_us == INT64_MAX) {
		who->twcc_due_us = (arrival_us + twcc_feedback_interval_us(
		    greater(layers_bps(who),
		    who->watch.video_bps + who->watch.sound_bps))) /
		    TWCC_GRID_US * TWCC_GRID_US;
		room_arm(who->room, who->twcc_due_us);
	}
}

/* Who was silent is back now, not when the clock looks next. */
static void
participant_heard(struct participant *who, int64_t now_us)
{
	if (who->presence != IPC_HERE)
		room_arm(who->room, now_us);
}

/* Counts a packet of pictures, and puts them together. */
static void
participant_video(struct participant *who, const struct rtp_packet *rtp,
    const struct packet *packet, int64_t now_us)
{
	struct layer    *layer = layers_find(who, rtp);
	enum rtp_arrival arrival;

	if (layer == NULL)
		return;
	arrival = rtp_stats_received(&layer->in.stats, rtp->sequence,
	    rtp->timestamp, packet->len, packet->arrival_us);
	if (arrival == RTP_ANEW)
		layers_begin(who, layer);
	if (arrival != RTP_REFUSED)
		layers_received(who, layer, rtp, packet->arrival_us, now_us);
}

static void
participant_rtp(void *to, struct packet *packet)
{
	struct participant *who = to;
	struct rtp_packet   rtp;
	const int64_t       now_us = clock_monotonic_us();
	bool                sound;

	participant_heard(who, now_us);
	if (!rate_limit_pass(&who->rtp_rate, packet->arrival_us,
	    RTP_SPACING_US, RTP_BURST)) {
		who->room->packets_over++;
		packet_free(&packet);
		return;
	}
	if (rtp_packet_parse(&rtp, packet->bytes, packet->len) != 0) {
		who->room->packets_bad++;
		packet_free(&packet);
		return;
	}
	uplink_line_packet(&who->uplink, packet->len);
	sound = participant_is_sound(who, &rtp);
	participant_twcc(who, &rtp, sound ? who->agreed.audio.twcc_id :
	    who->agreed.video.twcc_id, packet->arrival_us);
	if (!sound)
		participant_video(who, &rtp, packet, now_us);
	else if (participant_sound(who, &rtp, packet, now_us) !=
	    RTP_REFUSED && who->mic) {
		packet->captured_us = stream_clock_wall_us(
		    &who->pictures.sync.sound, rtp.timestamp);
		pipeline_audio(who->room->pipeline, who->slot, packet);
		return;
	}
	packet_free(&packet);
}

static void
participant_rtcp(void *to, struct packet *packet)
{
	struct participant *who = to;
	const int64_t       now_us = clock_monotonic_us();

	participant_heard(who, now_us);
	if (rate_limit_pass(&who->rtcp_rate, packet->arrival_us,
	    RTCP_SPACING_US, RTCP_BURST)) {
		feedback_received(who, packet, now_us);
		return;
	}
	who->room->packets_over++;
	packet_free(&packet);
}

static void
participant_ended(void *to, enum transport_end how)
{
	struct participant *who = to;

	who->ended = how == TRANSPORT_CLOSED ? IPC_GONE_LEFT : IPC_GONE_LOST;
	room_arm(who->room, 0);		/* swept outside of the transport */
}

/* ---- what is due --------------------------------------------------------- */

/*
 * Who went away is not seen nor heard, and holds no more than it takes to come
 * back.
 */
static void
participant_show(struct participant *who, int64_t now_us)
{
	const bool away = who->presence == IPC_AWAY;

	log_info(&who->log, away ? "away" : "back");
	if (away) {
		pipeline_remove(who->room->pipeline, who->slot);
		layers_clear(who);
		picture_in_clear(who);
		picture_in_init(who, now_us);
	} else {
		participant_add_leg(who);
	}
	room_show_people(who->room);
	if (who->agreed.video.send) {
		who->watch.wanted = !away;
		room_count_viewers(who->room, now_us);
	}
}

/*
 * Heard again after seconds: what was sent meanwhile is lost in both
 * directions, and browsers ask for a key frame only after three more.
 */
static void
participant_again(struct participant *who, int64_t now_us)
{
	if (who->watch.wanted) {
		who->watch.started = false;
		subscription_start(who, now_us);
	}
	who->need_key = true;
	layers_want_key(who, now_us);
}

/*
 * What went to the address before is lost, and much of what came from the new
 * one. Repair may do; a key frame each way is certain.
 */
static void
participant_moved(void *to)
{
	struct participant *who = to;
	const int64_t       now_us = clock_monotonic_us();

	log_info(&who->log, "moved to another address");
	subscription_want_key(who, now_us);
	layers_want_key(who, now_us);
}

static enum ipc_presence_state
presence_after(int64_t silent_us)
{
	if (silent_us >= AWAY_US)
		return IPC_AWAY;
	if (silent_us >= WEAK_US)
		return IPC_WEAK;
	return silent_us >= QUIET_US ? IPC_QUIET : IPC_HERE;
}

static int64_t
participant_presence(struct participant *who, int64_t now_us)
{
	static const int64_t until_us[] = {
		[IPC_HERE] = QUIET_US, [IPC_QUIET] = WEAK_US,
		[IPC_WEAK] = AWAY_US, [IPC_AWAY] = LOST_US,
	};
	const enum ipc_presence_state before = who->presence;
	int64_t heard_us = transport_heard_us(who->transport);
	int64_t silent_us;
	enum ipc_presence_state state;

	if (!who->connected) {
		if (now_us - who->joined_us >= CONNECT_MAX_US)
			who->ended = IPC_GONE_LOST;
		return who->joined_us + CONNECT_MAX_US;
	}
	silent_us = now_us - heard_us;
	if (silent_us >= LOST_US) {
		who->ended = IPC_GONE_LOST;
		return now_us;
	}
	state = presence_after(silent_us);
	if (before != state) {
		who->presence = state;
		room_tell_presence(who->room, who->id, state, 0);
		if (before == IPC_AWAY || state == IPC_AWAY)
			participant_show(who, now_us);
		if (state == IPC_HERE)
			participant_again(who, now_us);
	}
	return heard_us + until_us[state];
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Sound first: who has little room for it is told by the event `quality`. */
static void
participant_uplink(struct participant *who, int64_t now_us)
{
	static const char *const plans[] = { "free", "lean", "voice" };
	const struct uplink_line *line = &who->uplink;

	if (uplink_line_look(&who->uplink,
	    who->up_loss_q8 >= UP_LOSS_Q8, now_us))
		log_info(&who->log, "line up: %u kbit/s, %s, video %u",
		    line->line_bps / 1000, plans[line->plan],
		    line->video_bps / 1000);
}

static void
participant_measure(struct participant *who, int64_t now_us)
{
	layers_measure(who, now_us - who->measured_us);
	who->measured_us = now_us;
}

int64_t
participant_due(struct participant *who, int64_t now_us)
{
	int64_t next_us;

	if (transport_next_us(who->transport) <= now_us)
		transport_timeout(who->transport, now_us);
	next_us = transport_next_us(who->transport);
	next_us = least(next_us, participant_presence(who, now_us));
	if (!who->connected || who->ended)
		return next_us;
	/* They come back by being heard, without a timer of theirs. */
	if (who->presence != IPC_HERE)
		next_us = least(next_us, now_us + 500000);
	if (who->report_due_us <= now_us) {
		participant_uplink(who, now_us);
		participant_measure(who, now_us);
		feedback_send_reports(who, now_us);
		subscription_look(who, now_us);
		sound_out_look(who, now_us);
		picture_in_look(who, now_us);
		who->report_due_us = now_us + REPORT_INTERVAL_US;
	}
	if (who->twcc_due_us <= now_us) {
		feedback_send_twcc(who, now_us);
		who->twcc_due_us = INT64_MAX;
	}
	feedback_send_nacks(who, now_us);
	feedback_send_sound_nacks(who, now_us);
	if (who->pli_due_us <= now_us) {
		feedback_send_pli(who, now_us);
		who->pli_last_us = now_us;
		who->pli_due_us = INT64_MAX;
		who->pli_gap_us = least(2 * who->pli_gap_us, PLI_GAP_MAX_US);
		/* Until the key frame comes; its arrival cancels this. */
		layers_want_key(who, now_us);
	}
	next_us = least(next_us, picture_in_due(who, now_us));
	next_us = least(next_us, layers_due(who, now_us));
	next_us = least(next_us, subscription_due(who, now_us));
	next_us = least(next_us, downlink_due(who, now_us));
	next_us = least(next_us, who->report_due_us);
	next_us = least(next_us, who->twcc_due_us);
	next_us = least(next_us, who->pli_due_us);
	for (unsigned i = 0; i < who->layer_count; i++) {
		if (who->layers[i].assembler)
			next_us = least(next_us, nack_next_us(
			    &who->layers[i].nack, who->rtt_us));
	}
	return least(next_us, nack_next_us(&who->sound_nack,
	    feedback_sound_rtt_us(who)));
}

/* ---- joining and leaving ------------------------------------------------- */

static void
participant_free(struct participant *who)
{
	if (who == NULL)
		return;
	transport_free(who->transport);
	layers_clear(who);
	picture_in_clear(who);
	sound_history_free(who->sound);
	downlink_clear(who);
	free(who);
}

static void
answer_candidates(struct sdp_answer_config *cfg, const struct room *room,
    bool loopback)
{
	cfg->port = room->cfg.udp_port;
	for (unsigned i = 0; i < room->cfg.address_count; i++) {
		const struct ipc_address *a = &room->cfg.addresses[i];
		struct sdp_candidate     *c;

		if ((a->loopback && !loopback) ||
		    (a->family == 6 ? !room->cfg.has_v6 : !room->cfg.has_v4))
			continue;
		c = &cfg->candidates[cfg->candidate_count++];
		c->v6 = a->family == 6;
		inet_ntop(c->v6 ? AF_INET6 : AF_INET, a->bytes, c->address,
		    sizeof(c->address));
	}
}

static void
answer_config(struct sdp_answer_config *cfg, const struct room *room,
    const struct ipc_join *join, const struct participant *who)
{
	static const enum sdp_policy policies[] = {
		[IPC_JOIN_BOTH] = SDP_BOTH,
		[IPC_JOIN_SEND] = SDP_RECEIVE,
		[IPC_JOIN_WATCH] = SDP_SEND,
	};

	*cfg = (struct sdp_answer_config){
		.policy = policies[join->direction],
		.audio_ssrc = who->audio_out.ssrc,
		.video_ssrc = who->video_out.ssrc,
		.cname = room->cname,
		.session_id = random_u32(),
		.video_max_bps = (uint32_t)feedback_remb_bps(who),
		.thin_sound = who->uplink.plan != UPLINK_FREE,
	};
	dtls_identity_fingerprint(room->identity, cfg->fingerprint);
	answer_candidates(cfg, room, join->loopback);
}

static struct participant *
participant_new(struct room *room, const struct ipc_join *join,
    int64_t now_us)
{
	struct participant *who = xcalloc(1, sizeof(*who));

	who->room = room;
	who->id = join->participant;
	who->place = join->place;
	who->log = log_for(&room->log, "participant %08x", (unsigned)who->id);
	who->direction = (enum ipc_direction)join->direction;
	who->max_height = join->max_height;
	who->mic = who->camera = who->seen = true;
	who->name_len = join->name_len;
	memcpy(who->name, join->name, join->name_len);
	who->joined_us = now_us;
	who->twcc_due_us = who->pli_due_us = who->tile_less_us = INT64_MAX;
	who->pli_last_us = now_us - PLI_GAP_MIN_US;
	who->pli_gap_us = PLI_GAP_MIN_US;
	who->rtt_us = 50000;
	/* Below 2^15, so that a lost first packet cannot hide a wrap. */
	who->audio_out.clock_rate = 48000;
	who->video_out.clock_rate = 90000;
	who->audio_out.next_sequence = random_u32() & 0x7fff;
	who->video_out.next_sequence = random_u32() & 0x7fff;
	who->watch.picture_id = random_u32() & 0x7fff;
	who->watch.tl0_index = random_u32() & 0xff;
	who->need_key = true;
	do {
		who->audio_out.ssrc = random_u32();
		who->video_out.ssrc = random_u32();
	} while (who->audio_out.ssrc == who->video_out.ssrc ||
	    who->audio_out.ssrc == 0 || who->video_out.ssrc == 0);
	nack_init_sound(&who->sound_nack);
	uplink_line_init(&who->uplink, 1000U * join->up_kbps, now_us);
	twcc_feedback_init(&who->twcc);
	picture_in_init(who, now_us);
	sound_repair_init(&who->repair, room->cfg.audio_bps,
	    who->audio_out.next_sequence, now_us);
	return who;
}

static int
participant_connect(struct participant *who, const char *ufrag,
    const char *pwd, int64_t now_us)
{
	struct transport_config cfg = {
		.controlling = false,
		.dtls_client = who->agreed.dtls_active,
		.local_ufrag = ufrag,
		.local_pwd = pwd,
		.remote_ufrag = who->agreed.ufrag,
		.remote_pwd = who->agreed.pwd,
		.identity = who->room->identity,
		.handler = {
			participant_connected, participant_rtp,
			participant_rtcp, participant_moved,
			participant_ended, who,
		},
	};

	memcpy(cfg.remote_fingerprint, who->agreed.fingerprint,
	    sizeof(cfg.remote_fingerprint));
	return transport_new(&who->transport, who->room->table, &cfg, now_us);
}

static void
participant_seat(struct participant *who)
{
	struct room        *room = who->room;
	struct participant *after = TAILQ_LAST(&room->participants,
	    participant_list);

	/* Round and round, so that a slot rests before it is used again. */
	while (room->by_slot[room->next_slot])
		room->next_slot = (room->next_slot + 1) % PIPELINE_SLOTS;
	who->slot = room->next_slot;
	room->next_slot = (room->next_slot + 1) % PIPELINE_SLOTS;
	room->by_slot[who->slot] = who;
	room->count++;
	/* Who comes back has the tile that he had. */
	while (after && after->place > who->place)
		after = TAILQ_PREV(after, participant_list, entry);
	if (after)
		TAILQ_INSERT_AFTER(&room->participants, after, who, entry);
	else
		TAILQ_INSERT_HEAD(&room->participants, who, entry);
}

/*
 * In a full room who has been away the longest gives way; `old` (or NULL) is
 * going to.
 */
static bool
room_has_seat(struct room *room, const struct participant *old)
{
	const unsigned      most = room->cfg.participants_max <
	    PIPELINE_SLOTS ? room->cfg.participants_max : PIPELINE_SLOTS;
	struct participant *who, *oldest = NULL;

	if (room->count - (old != NULL) < most)
		return true;
	TAILQ_FOREACH(who, &room->participants, entry) {
		if (who != old && who->presence == IPC_AWAY &&
		    (oldest == NULL ||
		    transport_heard_us(who->transport) <
		    transport_heard_us(oldest->transport)))
			oldest = who;
	}
	if (oldest)
		participant_leave(oldest, IPC_GONE_LOST);
	return room->count - (old != NULL) < most;
}

enum ipc_answer_status
participant_join(struct room *room, const struct ipc_join *join,
    struct strbuf *answer, const char **why)
{
	const int64_t            now_us = clock_monotonic_us();
	struct participant      *old = room_find(room, join->participant);
	struct participant      *who;
	struct sdp_answer_config cfg;
	char                     ufrag[UFRAG_CHARS + 1], pwd[PWD_CHARS + 1];

	who = participant_new(room, join, now_us);
	random_ice_chars(ufrag, UFRAG_CHARS);
	random_ice_chars(pwd, PWD_CHARS);
	answer_config(&cfg, room, join, who);
	cfg.ufrag = ufrag;
	cfg.pwd = pwd;
	if (sdp_answer(&who->agreed, answer, join->sdp, join->sdp_len, &cfg,
	    why) != 0) {
		participant_free(who);
		return IPC_ANSWER_BAD_OFFER;
	}
	/* Nobody gives way to who cannot come in. */
	if (!room_has_seat(room, old)) {
		participant_free(who);
		*why = "This room is full.";
		return IPC_ANSWER_FULL;
	}
	layers_init(who);
	if (participant_connect(who, ufrag, pwd, now_us) != 0) {
		participant_free(who);
		*why = "This room is out of memory.";
		return IPC_ANSWER_FULL;
	}
	/* Only now: who cannot come back stays as he is. */
	if (old)
		participant_leave(old, IPC_GONE_REPLACED);
	participant_seat(who);
	room_arm(room, now_us + CONNECT_MAX_US);
	log_info(&who->log, "joins: audio %s%s, video %s%s",
	    who->agreed.audio.receive ? "in " : "",
	    who->agreed.audio.send ? "out" : "",
	    who->agreed.video.receive ? "in " : "",
	    who->agreed.video.send ? "out" : "");
	if (who->agreed.note)
		log_info(&who->log, "no video: %s", who->agreed.note);
	return IPC_ANSWER_OK;
}

static enum ipc_answer_status
restart_ice(struct participant *who, const struct sdp_fragment *asked,
    bool loopback, struct strbuf *answer, const char **why)
{
	char                     ufrag[UFRAG_CHARS + 1], pwd[PWD_CHARS + 1];
	struct sdp_answer_config cfg = { .ufrag = ufrag, .pwd = pwd };
	struct sdp_negotiated   *agreed = &who->agreed;

	random_ice_chars(ufrag, UFRAG_CHARS);
	random_ice_chars(pwd, PWD_CHARS);
	answer_candidates(&cfg, who->room, loopback);
	/* The parser lets no longer text through. */
	memcpy(agreed->ufrag, asked->ufrag.p, asked->ufrag.len);
	agreed->ufrag[asked->ufrag.len] = '\0';
	memcpy(agreed->pwd, asked->pwd.p, asked->pwd.len);
	agreed->pwd[asked->pwd.len] = '\0';
	if (transport_restart(who->transport, ufrag, pwd, agreed->ufrag,
	    agreed->pwd) != 0 ||
	    sdp_fragment_answer(answer, asked, &cfg) != 0) {
		*why = "This room is out of memory.";
		return IPC_ANSWER_FULL;
	}
	log_debug(&who->log, "restarts ICE");
	return IPC_ANSWER_OK;
}

enum ipc_answer_status
participant_restart(struct participant *who,
    const struct ipc_restart *restart, struct strbuf *answer,
    const char **why)
{
	enum ipc_answer_status status = IPC_ANSWER_NOTHING;
	struct sdp_fragment    asked;

	if (sdp_fragment_read(&asked, restart->fragment,
	    restart->fragment_len, why) != 0)
		return IPC_ANSWER_BAD_OFFER;
	if (sdp_fragment_restarts(&asked, &who->agreed))
		status = restart_ice(who, &asked, restart->loopback, answer,
		    why);
	sdp_fragment_clear(&asked);
	return status;
}

uint64_t
participant_bad(const struct participant *who)
{
	const struct transport_stats *t = transport_stats(who->transport);

	return t->not_authentic + t->replayed + t->not_validated +
	    t->malformed;
}

void
participant_leave(struct participant *who, enum ipc_gone reason)
{
	struct room *room = who->room;
	const bool   shown = who->connected &&
	    who->direction != IPC_JOIN_WATCH;

	log_info(&who->log, "gone: %s", reason == IPC_GONE_LEFT ? "left" :
	    reason == IPC_GONE_LOST ? "lost" : "replaced");
	room->departed_bad += participant_bad(who);
	TAILQ_REMOVE(&room->participants, who, entry);
	room->by_slot[who->slot] = NULL;
	room->count--;
	if (who->connected && who->presence != IPC_AWAY)
		pipeline_remove(room->pipeline, who->slot);
	room_tell_presence(room, who->id, IPC_GONE, reason);
	participant_free(who);
	room_trim_later(room);
	if (shown)
		room_show_people(room);
	room_count_viewers(room, clock_monotonic_us());
}
