/*
 * A room and several clients on loopback, see stage.h.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "../net/loopback.h"
#include "ipc/channel.h"
#include "room/room.h"
#include "rtp/payload_vp8.h"
#include "rtp/rtcp_packet.h"
#include "rtp/rtp_packet.h"
#include "stage.h"
#include "util/log.h"
#include "util/clock.h"
#include "util/strbuf.h"

#define PART_MAX 1100

/* ---- tesserad's end ------------------------------------------------------ */

static void
take_answer(struct stage *stage, const struct ipc_message *m)
{
	struct ipc_answer answer;
	struct client    *c;

	assert_int_equal(ipc_answer_parse(&answer, m->body, m->body_len), 0);
	c = &stage->clients[answer.request];
	c->answers++;
	c->answer_ok = answer.status == IPC_ANSWER_OK;
	if (c->answer_ok)
		assert_int_equal(sdp_answer_read(&c->answered, answer.text,
		    answer.text_len), 0);
}

static void
on_channel(evutil_socket_t fd, short what, void *arg)
{
	struct stage             *stage = arg;
	const struct ipc_message *m = &stage->message;
	struct ipc_presence       presence;

	(void)what;
	while (channel_receive(fd, &stage->message) == 0) {
		stage->words += m->type == IPC_LOG;
		if (m->type == IPC_ANSWER) {
			take_answer(stage, m);
		} else if (m->type == IPC_STATS) {
			assert_int_equal(ipc_stats_parse(&stage->stats,
			    m->body, m->body_len), 0);
			stage->stats_told++;
		} else if (m->type == IPC_PRESENCE) {
			assert_int_equal(ipc_presence_parse(&presence,
			    m->body, m->body_len), 0);
			stage->gone += presence.state == IPC_GONE;
			stage->away += presence.state == IPC_AWAY;
			stage->here += presence.state == IPC_HERE;
		}
	}
}

static void
say(struct stage *stage, uint16_t type, const uint8_t *body, size_t len)
{
	assert_true(len > 0);
	assert_int_equal(channel_send(stage->channel, type, body, len, NULL,
	    0), 0);
}

/* ---- the line ------------------------------------------------------------ */

static void
send_to(int fd, uint16_t port, const uint8_t *bytes, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)sendto(fd, bytes, len, 0, (struct sockaddr *)&to, sizeof(to));
}

static void
on_from_room(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	uint8_t        bytes[2048];
	ssize_t        len;

	(void)what;
	while ((len = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		send_to(c->inner, c->port, bytes, (size_t)len);
}

static void
on_from_client(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	uint8_t        bytes[2048];
	ssize_t        len;

	(void)what;
	while ((len = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		send_to(c->outer, c->stage->port, bytes, (size_t)len);
		if (bytes[0] >> 6 != 2 || (size_t)len > sizeof(c->kept->bytes))
			continue;
		c->kept[c->kept_count % KEPT_MAX].len = (size_t)len;
		memcpy(c->kept[c->kept_count % KEPT_MAX].bytes, bytes,
		    (size_t)len);
		c->kept_count++;
	}
}

void
client_forge(struct client *c, const uint8_t *bytes, size_t len)
{
	send_to(c->outer, c->stage->port, bytes, len);
}

/* ---- the client's end ---------------------------------------------------- */

static void
on_datagram(void *to, struct packet *packet, int64_t now_us)
{
	struct client *c = to;

	transport_table_datagram(c->table, packet, now_us);
}

static void
on_connected(void *to)
{
	((struct client *)to)->connected++;
}

static void
on_ended(void *to, enum transport_end how)
{
	(void)how;
	((struct client *)to)->ended++;
}

static void
hear(struct heard *h, const struct rtp_packet *rtp, int64_t arrival_us)
{
	const uint16_t step = (uint16_t)(rtp->sequence - h->last);

	if (h->packets++ == 0) {
		h->first = rtp->sequence;
	} else {
		h->missing += (uint16_t)(step - 1);
		h->holes += rtp->timestamp - h->time !=
		    (uint32_t)step * AUDIO_FRAME_LEN;
		if (arrival_us - h->last_us > h->gap_us)
			h->gap_us = arrival_us - h->last_us;
	}
	h->last = rtp->sequence;
	h->time = rtp->timestamp;
	h->last_us = arrival_us;
	h->bytes += rtp->payload_len;
}

/* RFC 6386, 9.1: the width stands behind the start code. */
static void
hear_key(struct client *c, const struct rtp_packet *rtp,
    const struct payload_vp8 *vp8)
{
	if (!vp8->start || vp8->data_len < 10 ||
	    !payload_vp8_is_key(vp8->data, vp8->data_len))
		return;
	c->keys++;
	c->key_sequence = rtp->sequence;
	c->key_width = (vp8->data[6] | vp8->data[7] << 8) & 0x3fff;
}

static void
on_rtp(void *to, struct packet *packet)
{
	struct client    *c = to;
	struct payload_vp8 vp8;
	struct rtp_packet  rtp;
	bool               video;

	assert_int_equal(rtp_packet_parse(&rtp, packet->bytes, packet->len),
	    0);
	video = rtp.payload_type == SDP_OFFER_VP8_PT;
	if (video) {
		assert_int_equal(payload_vp8_parse(&vp8, rtp.payload,
		    rtp.payload_len), 0);
		c->droppable += vp8.temporal_id > 0;
		c->pictures += rtp.marker;
		hear_key(c, &rtp, &vp8);
	}
	hear(video ? &c->video : &c->sound, &rtp, packet->arrival_us);
	packet_free(&packet);
}

static void
on_rtcp(void *to, struct packet *packet)
{
	struct client       *c = to;
	struct rtcp_compound compound;

	assert_int_equal(rtcp_parse(&compound, packet->bytes, packet->len),
	    0);
	for (unsigned i = 0; i < compound.count; i++) {
		const struct rtcp_part *part = &compound.parts[i];

		if (part->type == RTCP_PLI) {
			c->plis++;
			c->plis_of[part->media_ssrc % 16]++;
		}
		c->nacks += part->type == RTCP_NACK;
		if (part->type == RTCP_REMB)
			c->remb_bps = part->remb_bps;
	}
	packet_free(&packet);
}

static void
client_turn(struct client *c, int64_t now_us)
{
	if (c->transport == NULL)
		return;
	if (transport_next_us(c->transport) <= now_us)
		transport_timeout(c->transport, now_us);
	client_talk(c, now_us);
	media_socket_flush(c->socket);
}

void
stage_pass(struct stage *stage, int64_t us)
{
	const struct timeval soon = { 0, 4000 };
	const int64_t        end_us = clock_monotonic_us() + us;
	int64_t              now_us;

	while ((now_us = clock_monotonic_us()) < end_us) {
		for (unsigned i = 0; i < CLIENTS_MAX; i++)
			client_turn(&stage->clients[i], now_us);
		event_base_loopexit(stage->base, &soon);
		event_base_dispatch(stage->base);
	}
}

/* ---- life ---------------------------------------------------------------- */

bool
stage_ask(struct stage *stage, unsigned i, enum ipc_direction direction,
    const char *sdp)
{
	struct client        *c = &stage->clients[i];
	const unsigned        before = c->answers;
	const struct ipc_join message = {
		.request = i, .participant = PERSON + i,
		.direction = direction, .loopback = 1, .max_height = 720,
		.name = "Ada", .name_len = 3, .sdp = sdp,
		.sdp_len = strlen(sdp),
	};
	uint8_t               body[8192];

	say(stage, IPC_JOIN, body, ipc_join_write(body, sizeof(body),
	    &message));
	STAGE_WAIT(stage, c->answers > before);
	return c->answer_ok;
}

void
stage_patch(struct stage *stage, unsigned i, bool mic, bool camera)
{
	const struct ipc_patch patch = { .participant = PERSON + i,
		.mic = mic, .camera = camera, .max_height = 720 };
	uint8_t                body[64];

	say(stage, IPC_PATCH, body, ipc_patch_write(body, sizeof(body),
	    &patch));
}

void
stage_dismiss(struct stage *stage, unsigned i)
{
	const struct ipc_leave leave = { .participant = PERSON + i,
	    .reason = IPC_GONE_LEFT };
	uint8_t                body[32];

	say(stage, IPC_LEAVE, body, ipc_leave_write(body, sizeof(body),
	    &leave));
}

void
stage_load(struct stage *stage, bool high)
{
	const struct ipc_load load = { high, IPC_IDLE_UNKNOWN };
	uint8_t               body[8];

	say(stage, IPC_LOAD, body, ipc_load_write(body, sizeof(body), &load));
}

static void
open_line(struct client *c)
{
	const struct media_socket_handler handler = {
		.datagram = on_datagram, .to = c };
	const int fd = loopback_socket(AF_INET);

	c->port = ntohs(loopback_addr(fd).v4.sin_port);
	c->outer = loopback_socket(AF_INET);
	c->inner = loopback_socket(AF_INET);
	c->kept = calloc(KEPT_MAX, sizeof(*c->kept));
	assert_non_null(c->kept);
	c->from_room = event_new(c->stage->base, c->outer,
	    EV_READ | EV_PERSIST, on_from_room, c);
	c->from_client = event_new(c->stage->base, c->inner,
	    EV_READ | EV_PERSIST, on_from_client, c);
	event_add(c->from_room, NULL);
	event_add(c->from_client, NULL);
	assert_int_equal(packet_pool_new(&c->pool, 4096), 0);
	assert_int_equal(media_socket_new(&c->socket, c->stage->base, fd, -1,
	    c->pool, &handler), 0);
	assert_int_equal(transport_table_new(&c->table, c->socket, c->pool),
	    0);
	assert_int_equal(audio_encoder_new(&c->voice, 32000, 5), 0);
}

/* All that the room reads, beside the VP8 that is offered already. */
static const char other_formats[] =
"a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;"
"packetization-mode=1;profile-level-id=42e01f\r\n"
"a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\n"
"a=rtpmap:45 AV1/90000\r\n";

static void
write_offer(struct client *c, enum ipc_direction direction,
    const char *without, const char *with, char *text, size_t size)
{
	struct sdp_offer_config offer = {
		.send = direction != IPC_JOIN_WATCH,
		.receive = direction != IPC_JOIN_SEND,
		.audio = !c->stage->silent, .video = true, .ufrag = "peer",
		.pwd = "peerpasswordpeerpassword", .cname = "peer",
		.audio_ssrc = STAGE_AUDIO_SSRC + c->id,
		.video_ssrc = STAGE_VIDEO_SSRC + c->id,
	};
	const bool    all = direction == IPC_JOIN_SEND;
	const char   *formats, *cut;
	struct strbuf sdp;

	dtls_identity_fingerprint(c->stage->identity, offer.fingerprint);
	strbuf_init(&sdp, size);
	assert_int_equal(sdp_offer_write(&sdp, &offer), 0);
	formats = strstr(strbuf_text(&sdp), "SAVPF 96");
	assert_non_null(formats);
	formats += strlen("SAVPF 96");
	cut = without ? strstr(formats, without) : formats;
	assert_non_null(cut);
	snprintf(text, size, "%.*s%s%.*s%s%s%s",
	    (int)(formats - strbuf_text(&sdp)), strbuf_text(&sdp),
	    all ? " 102 98 45" : "", (int)(cut - formats), formats,
	    without ? cut + strlen(without) : cut, all ? other_formats : "",
	    with);
	strbuf_clear(&sdp);
}

static struct client *
join(struct stage *stage, unsigned i, enum ipc_direction direction,
    const char *without, const char *with)
{
	struct client          *c = &stage->clients[i];
	struct transport_config cfg = {
		.controlling = true, .local_ufrag = "peer",
		.local_pwd = "peerpasswordpeerpassword",
		.identity = stage->identity,
		.handler = { on_connected, on_rtp, on_rtcp, NULL, on_ended, c },
	};
	union packet_addr       remote = { 0 };
	char                    text[4096];
	unsigned                before;

	c->stage = stage;
	c->id = i;
	c->part_max = PART_MAX;
	open_line(c);
	write_offer(c, direction, without, with, text, sizeof(text));
	assert_true(stage_ask(stage, i, direction, text));
	cfg.dtls_client = c->answered.dtls_active;
	cfg.remote_ufrag = c->answered.ufrag;
	cfg.remote_pwd = c->answered.pwd;
	memcpy(cfg.remote_fingerprint, c->answered.fingerprint,
	    sizeof(cfg.remote_fingerprint));
	assert_int_equal(transport_new(&c->transport, c->table, &cfg,
	    clock_monotonic_us()), 0);
	remote.v4 = loopback_addr(c->inner).v4;
	transport_add_candidate(c->transport, &remote, clock_monotonic_us());
	before = stage->here;
	STAGE_WAIT(stage, c->connected == 1 && stage->here > before);
	return c;
}

struct client *
stage_join_without(struct stage *stage, unsigned i,
    enum ipc_direction direction, const char *line)
{
	return join(stage, i, direction, line, "");
}

struct client *
stage_join_with(struct stage *stage, unsigned i, enum ipc_direction direction,
    const char *lines)
{
	return join(stage, i, direction, NULL, lines);
}

struct client *
stage_join(struct stage *stage, unsigned i, enum ipc_direction direction)
{
	return stage_join_without(stage, i, direction, NULL);
}

int
stage_set_up(void **state)
{
	return stage_set_up_at(state, ROOM_BPS);
}

int
stage_set_up_at(void **state, uint32_t bps)
{
	return stage_set_up_for(state, bps, 50);
}

int
stage_set_up_for(void **state, uint32_t bps, uint16_t participants)
{
	struct stage     *stage = calloc(1, sizeof(*stage));
	const int         fd = loopback_socket(AF_INET);
	struct ipc_config cfg = {
		.has_v4 = 1, .participants_max = participants, .decode_threads = 1,
		.log_level = LOG_INFO, .video_width = 320, .video_height = 180,
		.video_fps = ROOM_FPS, .video_bps = bps,
		.audio_bps = 32000, .address_count = 1,
		.addresses = { { 4, 1, { 127, 0, 0, 1 } } },
	};
	const struct ipc_open open = { "test", 4 };
	uint8_t               body[64];
	int                   ends[2];

	assert_non_null(stage);
	*state = stage;
	cfg.udp_port = stage->port = ntohs(loopback_addr(fd).v4.sin_port);
	stage->base = event_base_new();
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(room_prepare(), 0);
	assert_int_equal(room_new(&stage->room, stage->base, ends[1], &cfg,
	    fd, -1), 0);
	stage->channel = ends[0];
	stage->readable = event_new(stage->base, stage->channel,
	    EV_READ | EV_PERSIST, on_channel, stage);
	event_add(stage->readable, NULL);
	assert_int_equal(dtls_identity_new(&stage->identity), 0);
	room_ready(stage->room);
	say(stage, IPC_OPEN, body, ipc_open_write(body, sizeof(body), &open));
	return 0;
}

static void
close_client(struct client *c)
{
	if (c->stage == NULL)
		return;
	transport_free(c->transport);
	media_socket_flush(c->socket);
	event_free(c->from_room);
	event_free(c->from_client);
	close(c->outer);
	close(c->inner);
	transport_table_free(c->table);
	media_socket_free(c->socket);
	packet_pool_free(c->pool);
	audio_encoder_free(c->voice);
	video_encoder_free(c->encoder);
	video_frame_unref(&c->frame);
	free(c->kept);
}

int
stage_tear_down(void **state)
{
	struct stage *stage = *state;

	room_free(stage->room);
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		close_client(&stage->clients[i]);
	dtls_identity_free(stage->identity);
	event_free(stage->readable);
	close(stage->channel);
	event_base_free(stage->base);
	free(stage);
	return 0;
}

long
stage_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	char  line[128] = "";
	char *second;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	second = strchr(line, ' ');
	return second ? strtol(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}
