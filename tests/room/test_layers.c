/*
 * A sender of simulcast in a whole room: which of his layers is decoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/frame_cutter.h"
#include "stage.h"

#define LAYERS     3
#define LAYER_SSRC 0x7800	/* + the layer */
#define RID_ID     10
#define BEAT_US    60000
#define PROOF      3		/* pictures of one layer alone: no pause yet */
#define LARGE      0
#define MIDDLE     1
#define SMALL      2
#define ALL        7

static const char offered[] =
"a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
"a=rid:h send\r\na=rid:m send\r\na=rid:l send\r\na=simulcast:send h;m;l\r\n";

/* What he sends; the canvas has 320x180 pixels. */
static const struct {
	const char *rid;
	int         width, height;
} layers[LAYERS] = { { "h", 320, 180 }, { "m", 160, 90 }, { "l", 80, 44 } };

struct source {
	struct video_encoder *encoder;
	struct video_frame   *frame;
	uint32_t ssrc, timestamp;
	uint16_t sequence, picture_id;
	uint8_t  tl0_index;
	unsigned answered;		/* PLIs */
	bool     started;
};

struct scene {
	struct stage  *stage;
	struct client *sender;
	struct source  sources[LAYERS];
	bool           deaf;		/* answers no PLI */
};

/* ---- sending -------------------------------------------------------------- */

static void
source_open(struct source *source, unsigned i)
{
	const struct video_encoder_config cfg = { .width = layers[i].width,
		.height = layers[i].height, .fps = 15, .bps = 100000 };
	struct video_pool *pool;

	assert_int_equal(video_encoder_new(&source->encoder, &cfg), 0);
	assert_int_equal(video_pool_new(&pool, cfg.width, cfg.height, 1), 0);
	source->frame = video_pool_get(pool);
	video_pool_free(pool);
	for (int p = 0; p < 3; p++)
		memset(source->frame->planes[p], 128,
		    (size_t)source->frame->strides[p] *
		    (size_t)(p ? (cfg.height + 1) / 2 : cfg.height));
	source->ssrc = LAYER_SSRC + i;
}

static void
send_named(struct client *c, struct source *source, const char *rid,
    const uint8_t *payload, size_t len, bool last)
{
	const uint8_t name[4] = { RID_ID << 4, (uint8_t)rid[0] };

	client_send_rtp(c, &(struct rtp_packet){
		.payload_type = SDP_OFFER_VP8_PT, .marker = last,
		.sequence = source->sequence++,
		.timestamp = source->timestamp, .ssrc = source->ssrc,
		.extension_profile = 0xbede,
		.extension = name, .extension_len = sizeof(name),
	}, payload, len);
}

/* The next picture of a layer: a key frame when it was asked for. */
static void
send_layer(struct scene *s, unsigned i)
{
	struct source       *source = &s->sources[i];
	const unsigned       asked = s->sender->plis_of[source->ssrc % 16];
	const bool           key = !source->started ||
	    (!s->deaf && asked != source->answered);
	struct frame_cutter_config cfg = { .codec = VIDEO_VP8,
		.payload_max = 1100 };
	struct frame_cutter  cutter;
	struct video_encoded coded;
	uint8_t              payload[1200];
	size_t               len;
	bool                 last = false;

	if (source->encoder == NULL)
		source_open(source, i);
	if (key)
		source->answered = asked;
	source->started = true;
	source->timestamp += 90 * BEAT_US / 1000;
	source->frame->planes[0][0] ^= 0xff;
	assert_int_equal(video_encoder_encode(source->encoder, source->frame,
	    source->timestamp * INT64_C(100) / 9, key, &coded), 0);
	cfg.width = (uint16_t)layers[i].width;
	cfg.height = (uint16_t)layers[i].height;
	frame_cutter_begin(&cutter, &cfg, &(struct frame_cutter_frame){
	    .data = coded.data, .len = coded.len, .key = key,
	    .picture_id = ++source->picture_id,
	    .tl0_index = ++source->tl0_index });
	while (!last && (len = frame_cutter_next(&cutter, payload,
	    sizeof(payload), &last)) > 0)
		send_named(s->sender, source, layers[i].rid, payload, len,
		    last);
	media_socket_flush(s->sender->socket);
}

static void
beat(struct scene *s, unsigned which)
{
	for (unsigned i = 0; i < LAYERS; i++)
		if (which & 1U << i)
			send_layer(s, i);
	stage_pass(s->stage, BEAT_US);
}

#define BEAT_UNTIL(s, which, condition) do {				\
	for (int turns_ = 0; !(condition) && turns_ < 400; turns_++)	\
		beat(s, which);						\
	assert_true(condition);						\
} while (0)

/* ---- what is decoded ------------------------------------------------------ */

static unsigned
pixels_of(unsigned i)
{
	return (unsigned)(layers[i].width * layers[i].height);
}

/* Until what is told is of now. */
static void
settle(struct stage *stage)
{
	const unsigned told = stage->stats_told;

	STAGE_WAIT(stage, stage->stats_told >= told + 2);
}

/* That of all that is sent this layer alone is decoded. */
static void
decodes(struct scene *s, unsigned which, unsigned layer)
{
	const struct ipc_stats *stats = &s->stage->stats;
	uint64_t                before;

	settle(s->stage);
	before = stats->frames_decoded;
	for (unsigned i = 0; i < LAYERS; i++)
		for (int n = 0; (which & 1U << i) && i != layer && n < PROOF;
		    n++)
			beat(s, 1U << i);
	for (int n = 0; n < PROOF; n++)
		beat(s, 1U << layer);
	STAGE_WAIT(s->stage, stats->frames_decoded >= before + PROOF);
	settle(s->stage);
	assert_int_equal(stats->frames_decoded, before + PROOF);
}

/* A sender of layers, and one who watches. */
static struct scene *
open_scene(struct stage *stage)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->stage = stage;
	(void)stage_join(stage, 1, IPC_JOIN_WATCH);
	s->sender = stage_join_with(stage, 0, IPC_JOIN_SEND, offered);
	BEAT_UNTIL(s, ALL, stage->stats.video_streams == 3 &&
	    stage->stats.video_streams_decoded == 1 &&
	    stage->stats.frames_decoded > 15);
	return s;
}

static void
close_scene(struct scene *s)
{
	for (unsigned i = 0; i < LAYERS; i++) {
		video_encoder_free(s->sources[i].encoder);
		video_frame_unref(&s->sources[i].frame);
	}
	free(s);
}

/* ---- the tests ------------------------------------------------------------ */

static void
one_layer_of_three_is_decoded(void **state)
{
	struct scene *s = open_scene(*state);

	decodes(s, ALL, LARGE);
	assert_int_equal(s->sender->nacks, 0);
	BEAT_UNTIL(s, ALL, s->stage->stats.video_pixels == pixels_of(LARGE) +
	    pixels_of(MIDDLE) + pixels_of(SMALL) &&
	    s->stage->stats.video_pixels_decoded == pixels_of(LARGE));
	close_scene(s);
}

static void
the_layer_follows_the_tile(void **state)
{
	struct stage *stage = *state;
	struct scene *s = open_scene(stage);
	uint64_t      alone_bps, decoded;
	unsigned      asked;

	/* Smaller layers are sent first, so they are allowed for. */
	BEAT_UNTIL(s, ALL, s->sender->remb_bps > 150000);
	alone_bps = s->sender->remb_bps;
	/* A grid of four: the middle one fills its tile. */
	s->deaf = true;
	asked = s->sender->plis_of[MIDDLE];
	for (unsigned i = 2; i < 5; i++)
		(void)stage_join(stage, i, IPC_JOIN_SEND);
	BEAT_UNTIL(s, ALL, s->sender->plis_of[MIDDLE] > asked);
	assert_int_equal(stage->stats.video_streams_decoded, 1);
	/* What was decoded goes on until the other has its key frame. */
	decoded = stage->stats.frames_decoded;
	BEAT_UNTIL(s, ALL, stage->stats.frames_decoded > decoded + 15);
	decodes(s, ALL, LARGE);
	s->deaf = false;
	BEAT_UNTIL(s, ALL, s->sources[MIDDLE].answered > asked);
	decodes(s, ALL, MIDDLE);
	BEAT_UNTIL(s, ALL, s->sender->remb_bps < alone_bps &&
	    stage->stats.video_pixels_decoded == pixels_of(MIDDLE));
	/* And back. */
	asked = s->sender->plis_of[LARGE];
	for (unsigned i = 2; i < 5; i++)
		stage_dismiss(stage, i);
	BEAT_UNTIL(s, ALL, s->sources[LARGE].answered > asked);
	decodes(s, ALL, LARGE);
	assert_int_equal(s->sender->plis_of[SMALL], 0);
	close_scene(s);
}

static void
a_layer_that_stops_is_replaced_and_comes_back(void **state)
{
	struct scene  *s = open_scene(*state);
	const unsigned others = 1U << MIDDLE | 1U << SMALL;
	unsigned       asked = s->sender->plis_of[MIDDLE];

	BEAT_UNTIL(s, others, s->sources[MIDDLE].answered > asked);
	decodes(s, others, MIDDLE);
	/* It is not trusted at once. */
	asked = s->sources[LARGE].answered;
	s->deaf = true;
	for (int i = 0; i < 10; i++)
		beat(s, ALL);
	decodes(s, ALL, MIDDLE);
	s->deaf = false;
	BEAT_UNTIL(s, ALL, s->sources[LARGE].answered > asked);
	decodes(s, ALL, LARGE);
	close_scene(s);
}

static void
a_camera_that_is_off_has_no_layers_to_choose(void **state)
{
	struct stage *stage = *state;
	struct scene *s = open_scene(stage);
	uint64_t      decoded;

	stage_patch(stage, 0, true, false);
	settle(stage);
	decoded = stage->stats.frames_decoded;
	for (int i = 0; i < 20; i++)
		beat(s, ALL);
	settle(stage);
	assert_int_equal(stage->stats.frames_decoded, decoded);
	assert_int_equal(stage->stats.video_streams_decoded, 0);
	stage_patch(stage, 0, true, true);
	BEAT_UNTIL(s, ALL, stage->stats.frames_decoded > decoded + 5);
	decodes(s, ALL, LARGE);
	close_scene(s);
}

static void
a_layer_may_begin_anew_with_another_ssrc(void **state)
{
	struct scene *s = open_scene(*state);

	s->sources[LARGE].ssrc = LAYER_SSRC + 7;
	s->sources[LARGE].sequence = 999;
	s->sources[LARGE].started = false;
	for (int i = 0; i < 10; i++)
		beat(s, ALL);
	decodes(s, ALL, LARGE);
	for (int i = 0; i < 40; i++)
		beat(s, ALL);
	assert_int_equal(s->stage->stats.video_streams, 3);
	close_scene(s);
}

/* More names and streams than were agreed. */
static void
strange_names_and_streams_are_nobody(void **state)
{
	struct stage *stage = *state;
	struct scene *s = open_scene(stage);
	struct source strange = { .sequence = 1 };
	const uint8_t payload[20] = { 0x10 };
	const long    before = stage_memory();

	for (unsigned i = 0; i < 1000; i++) {
		strange.ssrc = 0x9000 + i % 20;
		send_named(s->sender, &strange, i % 2 ? "x" : "y", payload,
		    sizeof(payload), true);
		if (i % 100 == 99)
			beat(s, ALL);
	}
	decodes(s, ALL, LARGE);
	for (int i = 0; i < 40; i++)
		beat(s, ALL);
	assert_int_equal(stage->stats.video_streams, 3);
	assert_true(stage_memory() - before < 16 << 20);
	close_scene(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_set_up,	\
    stage_tear_down)
		TEST(one_layer_of_three_is_decoded),
		TEST(the_layer_follows_the_tile),
		TEST(a_layer_that_stops_is_replaced_and_comes_back),
		TEST(a_camera_that_is_off_has_no_layers_to_choose),
		TEST(a_layer_may_begin_anew_with_another_ssrc),
		TEST(strange_names_and_streams_are_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
