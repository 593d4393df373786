/*
 * The bodies of the messages: there and back, and each wrong one refused.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "ipc/catalogue.h"
#include "ipc/messages.h"

#define SIZE IPC_BODY_MAX

/* One field of two or four bytes and a value that must be refused. */
struct bad_field {
	size_t   at;
	size_t   len;
	uint32_t value;
};

/* The parsers behind one type, into room for the largest struct. */
union parsed {
	struct ipc_config config;
	struct ipc_open open;
	struct ipc_join join;
	struct ipc_patch patch;
	struct ipc_restart restart;
	struct ipc_leave leave;
	struct ipc_hello hello;
	struct ipc_ready ready;
	struct ipc_answer answer;
	struct ipc_presence presence;
	struct ipc_tilemap tilemap;
	struct ipc_speaking speaking;
	struct ipc_quality quality;
	struct ipc_stats stats;
	struct ipc_load load;
	struct ipc_log log;
	struct ipc_ping ping;
};

#define PARSER(name)							\
static int								\
parse_##name(union parsed *out, const uint8_t *p, size_t len)		\
{									\
	return ipc_##name##_parse(&out->name, p, len);			\
}

PARSER(config)
PARSER(open)
PARSER(join)
PARSER(patch)
PARSER(restart)
PARSER(leave)
PARSER(hello)
PARSER(ready)
PARSER(answer)
PARSER(presence)
PARSER(tilemap)
PARSER(speaking)
PARSER(quality)
PARSER(stats)
PARSER(load)
PARSER(log)
PARSER(ping)

typedef int parse_fn(union parsed *, const uint8_t *, size_t);

/* Parses from memory of the exact size, so that a sanitizer judges. */
static int
parse_exact(parse_fn *parse, union parsed *out, const uint8_t *p, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	int      err;

	assert_non_null(exact);
	memcpy(exact, p, len);
	err = parse(out, exact, len);
	free(exact);
	return err;
}

/* Every truncation, and one byte more, is refused and leaves *out alone. */
static void
refuses_other_lengths(parse_fn *parse, const uint8_t *body, size_t len)
{
	union parsed out, before;
	uint8_t     *longer = malloc(len + 1);

	assert_non_null(longer);
	memset(&out, 0x5a, sizeof(out));
	memset(&before, 0x5a, sizeof(before));
	for (size_t n = 0; n < len; n++)
		assert_int_equal(parse_exact(parse, &out, body, n), -EBADMSG);
	memcpy(longer, body, len);
	longer[len] = 'x';
	assert_int_equal(parse(&out, longer, len + 1), -EBADMSG);
	assert_memory_equal(&out, &before, sizeof(out));
	free(longer);
}

static void
refuses_fields(parse_fn *parse, const uint8_t *body, size_t len,
    const struct bad_field *bad, size_t count)
{
	uint8_t      copy[1024];
	union parsed out;

	assert_true(len <= sizeof(copy));
	assert_int_equal(parse(&out, body, len), 0);
	for (size_t i = 0; i < count; i++) {
		memcpy(copy, body, len);
		for (size_t b = 0; b < bad[i].len; b++)
			copy[bad[i].at + b] = (uint8_t)(bad[i].value >>
			    (8 * (bad[i].len - 1 - b)));
		if (parse(&out, copy, len) != -EBADMSG)
			fail_msg("value %u at byte %zu was taken",
			    bad[i].value, bad[i].at);
	}
}

#define REFUSES(parse, body, len, ...) do {				\
	const struct bad_field bad_[] = { __VA_ARGS__ };		\
	refuses_fields(parse, body, len, bad_,				\
	    sizeof(bad_) / sizeof(bad_[0]));				\
} while (0)

static struct ipc_config
a_config(void)
{
	return (struct ipc_config){
		.has_v4 = 1, .has_v6 = 1, .udp_port = 40000,
		.participants_max = 50, .decode_threads = 2, .log_level = 2,
		.video_width = 1280, .video_height = 720, .video_fps = 25,
		.video_bps = 1500000, .audio_bps = 32000, .address_count = 2,
		.addresses = {
			{ 4, 0, { 192, 0, 2, 1 } }, { 6, 1, { [15] = 1 } },
		},
	};
}

static void
config_goes_there_and_back(void **state)
{
	const struct ipc_config in = a_config();
	struct ipc_config       out;
	uint8_t                 body[512];
	size_t                  len;

	(void)state;
	len = ipc_config_write(body, sizeof(body), &in);
	assert_int_equal(len, 28 + 2 * 18);
	assert_int_equal(ipc_config_parse(&out, body, len), 0);
	assert_int_equal(out.udp_port, 40000);
	assert_int_equal(out.video_bps, 1500000);
	assert_int_equal(out.audio_bps, 32000);
	assert_int_equal(out.video_fps, 25);
	assert_int_equal(out.address_count, 2);
	assert_memory_equal(out.addresses, in.addresses,
	    sizeof(in.addresses));
	refuses_other_lengths(parse_config, body, len);
}

static void
config_refuses_what_is_out_of_range(void **state)
{
	const struct ipc_config in = a_config();
	uint8_t                 body[512];
	const size_t            len = ipc_config_write(body, sizeof(body),
	    &in);

	(void)state;
	REFUSES(parse_config, body, len,
	    { 0, 2, 2 }, { 2, 2, 2 }, { 0, 4, 0 }, { 4, 2, 0 }, { 6, 2, 0 },
	    { 6, 2, 257 }, { 8, 2, 0 }, { 8, 2, 9 }, { 10, 2, 4 },
	    { 12, 2, 0 }, { 12, 2, 1279 }, { 12, 2, 4098 }, { 14, 2, 14 },
	    { 14, 2, 721 }, { 16, 2, 0 }, { 16, 2, 61 }, { 18, 4, 49999 },
	    { 18, 4, 20000001 }, { 22, 4, 5999 }, { 22, 4, 510001 },
	    { 26, 2, 1 }, { 26, 2, 3 }, { 26, 2, 17 }, { 28, 1, 5 },
	    { 29, 1, 2 }, { 46, 1, 0 });
}

static void
config_writes_no_more_addresses_than_there_may_be(void **state)
{
	struct ipc_config c = a_config();
	uint8_t           body[512];

	(void)state;
	c.address_count = IPC_ADDRESSES_MAX;
	assert_int_equal(ipc_config_write(body, sizeof(body), &c), 316);
	assert_int_equal(ipc_config_write(body, 315, &c), 0);
	c.address_count++;
	assert_int_equal(ipc_config_write(body, sizeof(body), &c), 0);
}

static void
open_goes_there_and_back(void **state)
{
	struct ipc_open in = { "blue-fox", 8 }, out;
	uint8_t         body[128];
	char            name[IPC_ROOM_NAME_MAX + 1];
	const size_t    len = ipc_open_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 10);
	assert_int_equal(ipc_open_parse(&out, body, len), 0);
	assert_int_equal(out.room_len, 8);
	assert_memory_equal(out.room, "blue-fox", 8);
	refuses_other_lengths(parse_open, body, len);
	REFUSES(parse_open, body, len, { 0, 2, 0 }, { 0, 2, 65 },
	    { 4, 1, 0 });
	memset(name, 'a', sizeof(name));
	in.room = name;
	in.room_len = sizeof(name);
	assert_int_equal(ipc_open_write(body, sizeof(body), &in), 0);
	in.room_len = IPC_ROOM_NAME_MAX;
	assert_int_equal(ipc_open_write(body, sizeof(body), &in), 66);
	assert_int_equal(ipc_open_parse(&out, body, 66), 0);
	in.room_len = 0;
	assert_int_equal(ipc_open_write(body, sizeof(body), &in), 0);
}

static void
join_goes_there_and_back(void **state)
{
	const struct ipc_join in = {
		.request = 7, .participant = 0xfedcba98, .place = 3,
		.direction = IPC_JOIN_WATCH, .loopback = 1, .max_height = 360,
		.up_kbps = 40,
		.name = "Ada", .name_len = 3, .sdp = "v=0\r\n", .sdp_len = 5,
	};
	struct ipc_join out;
	uint8_t         body[128];
	const size_t    len = ipc_join_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 34);
	assert_int_equal(ipc_join_parse(&out, body, len), 0);
	assert_int_equal(out.request, 7);
	assert_int_equal(out.participant, 0xfedcba98);
	assert_int_equal(out.place, 3);
	assert_int_equal(out.direction, IPC_JOIN_WATCH);
	assert_int_equal(out.max_height, 360);
	assert_int_equal(out.up_kbps, 40);
	assert_memory_equal(out.name, "Ada", 3);
	assert_int_equal(out.sdp_len, 5);
	assert_memory_equal(out.sdp, "v=0\r\n", 5);
	refuses_other_lengths(parse_join, body, len);
	REFUSES(parse_join, body, len, { 12, 2, 3 }, { 14, 2, 2 },
	    { 16, 2, 0 }, { 16, 2, 719 }, { 20, 2, 257 }, { 20, 2, 4 },
	    { 22, 4, 0 }, { 22, 4, 6 }, { 22, 4, 0xffffffff },
	    { 26, 1, 0 }, { 30, 1, 0 });
}

static void
join_takes_the_longest_offer_and_no_longer_one(void **state)
{
	char           *sdp = malloc(IPC_SDP_MAX + 1);
	char            name[IPC_NAME_MAX + 1];
	uint8_t        *body = malloc(SIZE);
	struct ipc_join in = {
		.max_height = 720, .name = name, .name_len = IPC_NAME_MAX,
		.sdp = sdp, .sdp_len = IPC_SDP_MAX,
	}, out;
	size_t          len;

	(void)state;
	assert_non_null(sdp);
	assert_non_null(body);
	memset(sdp, 's', IPC_SDP_MAX + 1);
	memset(name, 'n', sizeof(name));
	len = ipc_join_write(body, SIZE, &in);
	assert_int_equal(len, 65818);
	assert_int_equal(ipc_join_parse(&out, body, len), 0);
	assert_true(ipc_down_allowed(IPC_JOIN, len, 0, IPC_IN_ROOM));
	in.sdp_len++;
	assert_int_equal(ipc_join_write(body, SIZE, &in), 0);
	in.sdp_len--;
	in.name_len++;
	assert_int_equal(ipc_join_write(body, SIZE, &in), 0);
	free(sdp);
	free(body);
}

static void
restart_goes_there_and_back(void **state)
{
	const struct ipc_restart in = { .request = 9, .participant = 0xabcdef,
		.loopback = 1, .fragment = "a=mid:0", .fragment_len = 7 };
	struct ipc_restart out, long_one = in;
	uint8_t            body[64];
	const size_t       len = ipc_restart_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 21);
	assert_int_equal(ipc_restart_parse(&out, body, len), 0);
	assert_int_equal(out.request, 9);
	assert_int_equal(out.participant, 0xabcdef);
	assert_int_equal(out.loopback, 1);
	assert_int_equal(out.fragment_len, 7);
	assert_memory_equal(out.fragment, "a=mid:0", 7);
	refuses_other_lengths(parse_restart, body, len);
	REFUSES(parse_restart, body, len, { 8, 2, 2 }, { 10, 4, 0 },
	    { 10, 4, 8 }, { 10, 4, 0xffffffff }, { 14, 1, 0 });
	long_one.fragment_len = IPC_SDP_MAX + 1;
	assert_int_equal(ipc_restart_write(body, sizeof(body), &long_one), 0);
	long_one.fragment_len = 0;
	assert_int_equal(ipc_restart_write(body, sizeof(body), &long_one), 0);
}

static void
patch_goes_there_and_back(void **state)
{
	struct ipc_patch in = {
		.participant = 9, .mic = 1, .camera = 0, .max_height = 180,
		.has_name = true, .name = "Eve", .name_len = 3,
	}, out;
	uint8_t          body[512];
	size_t           len = ipc_patch_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 15);
	assert_int_equal(ipc_patch_parse(&out, body, len), 0);
	assert_int_equal(out.participant, 9);
	assert_int_equal(out.mic, 1);
	assert_int_equal(out.camera, 0);
	assert_int_equal(out.max_height, 180);
	assert_true(out.has_name);
	assert_memory_equal(out.name, "Eve", 3);
	refuses_other_lengths(parse_patch, body, len);
	REFUSES(parse_patch, body, len, { 4, 1, 2 }, { 5, 1, 2 },
	    { 6, 2, 240 }, { 8, 2, 0 }, { 8, 2, 2 }, { 10, 2, 257 },
	    { 13, 1, 0 });
	in.has_name = false;
	len = ipc_patch_write(body, sizeof(body), &in);
	assert_int_equal(len, 12);
	assert_int_equal(ipc_patch_parse(&out, body, len), 0);
	assert_false(out.has_name);
	assert_int_equal(out.name_len, 0);
	in.has_name = true;
	in.name_len = IPC_NAME_MAX + 1;
	assert_int_equal(ipc_patch_write(body, sizeof(body), &in), 0);
}

static void
small_ones_go_there_and_back(void **state)
{
	const struct ipc_leave leave = { 3, IPC_GONE_REPLACED };
	const struct ipc_hello hello = { IPC_VERSION, 4711 };
	const struct ipc_ping  ping = { 0x0123456789abcdef };
	struct ipc_ready       ready;
	union parsed           out;
	uint8_t                body[64];

	(void)state;
	assert_int_equal(ipc_leave_write(body, sizeof(body), &leave), 8);
	assert_int_equal(ipc_leave_parse(&out.leave, body, 8), 0);
	assert_int_equal(out.leave.participant, 3);
	assert_int_equal(out.leave.reason, IPC_GONE_REPLACED);
	refuses_other_lengths(parse_leave, body, 8);
	REFUSES(parse_leave, body, 8, { 4, 4, 0 }, { 4, 4, 4 });

	assert_int_equal(ipc_hello_write(body, sizeof(body), &hello), 8);
	assert_int_equal(ipc_hello_parse(&out.hello, body, 8), 0);
	assert_int_equal(out.hello.pid, 4711);
	refuses_other_lengths(parse_hello, body, 8);
	REFUSES(parse_hello, body, 8, { 0, 4, IPC_VERSION + 1 },
	    { 4, 4, 0 });

	assert_int_equal(ipc_ping_write(body, sizeof(body), &ping), 8);
	assert_int_equal(ipc_ping_parse(&out.ping, body, 8), 0);
	assert_true(out.ping.token == ping.token);
	refuses_other_lengths(parse_ping, body, 8);

	memset(&ready, 0xa5, sizeof(ready));
	assert_int_equal(ipc_ready_write(body, sizeof(body), &ready), 32);
	assert_int_equal(ipc_ready_parse(&out.ready, body, 32), 0);
	assert_memory_equal(&out.ready, &ready, sizeof(ready));
	refuses_other_lengths(parse_ready, body, 32);
}

static void
answer_goes_there_and_back(void **state)
{
	struct ipc_answer in = { 1, 2, IPC_ANSWER_OK, "v=0", 3 }, out;
	uint8_t           body[64];
	size_t            len = ipc_answer_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 19);
	assert_int_equal(ipc_answer_parse(&out, body, len), 0);
	assert_int_equal(out.request, 1);
	assert_int_equal(out.participant, 2);
	assert_memory_equal(out.text, "v=0", 3);
	refuses_other_lengths(parse_answer, body, len);
	REFUSES(parse_answer, body, len, { 8, 4, 5 }, { 12, 4, 4 },
	    { 12, 4, 0xffffffff }, { 16, 1, 0 });
	in.status = IPC_ANSWER_FULL;
	in.text_len = 0;
	len = ipc_answer_write(body, sizeof(body), &in);
	assert_int_equal(ipc_answer_parse(&out, body, len), 0);
	body[11] = IPC_ANSWER_OK;	/* and an answer without an answer */
	assert_int_equal(ipc_answer_parse(&out, body, len), -EBADMSG);
	in.text_len = IPC_SDP_MAX + 1;
	assert_int_equal(ipc_answer_write(body, sizeof(body), &in), 0);
}

static void
presence_has_a_reason_only_when_gone(void **state)
{
	struct ipc_presence in = { 5, IPC_GONE, IPC_GONE_LOST }, out;
	uint8_t             body[8];

	(void)state;
	assert_int_equal(ipc_presence_write(body, sizeof(body), &in), 8);
	assert_int_equal(ipc_presence_parse(&out, body, 8), 0);
	assert_int_equal(out.reason, IPC_GONE_LOST);
	refuses_other_lengths(parse_presence, body, 8);
	REFUSES(parse_presence, body, 8, { 4, 2, 5 }, { 4, 2, IPC_AWAY },
	    { 4, 2, IPC_HERE },
	    { 6, 2, 0 }, { 6, 2, 4 });
	in.state = IPC_WEAK;
	in.reason = 0;
	assert_int_equal(ipc_presence_write(body, sizeof(body), &in), 8);
	assert_int_equal(ipc_presence_parse(&out, body, 8), 0);
	assert_int_equal(out.state, IPC_WEAK);
	assert_int_equal(ipc_presence_write(body, 7, &in), 0);
}

static void
tiles_stay_inside_the_canvas(void **state)
{
	struct ipc_tilemap in = {
		.version = 7, .rtp = 123456, .width = 1280, .height = 720,
		.tile_count = 2, .tiles = {
			{ 1, 0, 0, 640, 720 }, { 2, 640, 0, 640, 720 },
		},
	}, out;
	uint8_t            body[1024];
	size_t             len = ipc_tilemap_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 14 + 2 * 12);
	assert_int_equal(ipc_tilemap_parse(&out, body, len), 0);
	assert_int_equal(out.version, 7);
	assert_int_equal(out.rtp, 123456);
	assert_memory_equal(out.tiles, in.tiles, sizeof(in.tiles));
	refuses_other_lengths(parse_tilemap, body, len);
	REFUSES(parse_tilemap, body, len, { 8, 2, 0 }, { 8, 2, 4097 },
	    { 10, 2, 719 }, { 10, 2, 0 }, { 12, 2, 1 }, { 12, 2, 3 },
	    { 12, 2, 50 }, { 18, 2, 641 }, { 20, 2, 1 }, { 22, 2, 0 },
	    { 24, 2, 0 }, { 30, 2, 0xffff }, { 34, 2, 0xffff });
	in.tile_count = IPC_TILES_MAX;
	assert_int_equal(ipc_tilemap_write(body, sizeof(body), &in), 602);
	in.tile_count++;
	assert_int_equal(ipc_tilemap_write(body, sizeof(body), &in), 0);
}

static void
speaking_goes_there_and_back(void **state)
{
	struct ipc_speaking in = { 2, { 11, 12 } }, out;
	uint8_t             body[128];
	size_t              len = ipc_speaking_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 12);
	assert_int_equal(ipc_speaking_parse(&out, body, len), 0);
	assert_int_equal(out.participants[1], 12);
	refuses_other_lengths(parse_speaking, body, len);
	REFUSES(parse_speaking, body, len, { 0, 4, 1 }, { 0, 4, 3 },
	    { 0, 4, 17 }, { 0, 4, 0x40000002 });
	in.count = 0;
	len = ipc_speaking_write(body, sizeof(body), &in);
	assert_int_equal(ipc_speaking_parse(&out, body, len), 0);
	in.count = IPC_SPEAKERS_MAX + 1;
	assert_int_equal(ipc_speaking_write(body, sizeof(body), &in), 0);
}

static void
quality_goes_there_and_back(void **state)
{
	struct ipc_quality in = { 2, { { 11, IPC_QUALITY_UP_LOSS, 25, 1, 25, 720,
	    90, 700, 1600, 2000, 150, 0 }, { 12, IPC_QUALITY_DELAY, 0, 255, 0, 0, 65535,
	    0, 40, 0, 0, 64 } } }, out;
	static uint8_t     body[9216];
	size_t             len = ipc_quality_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 4 + 2 * 32);
	assert_int_equal(ipc_quality_parse(&out, body, len), 0);
	assert_memory_equal(&out, &in, sizeof(in));
	refuses_other_lengths(parse_quality, body, len);
	REFUSES(parse_quality, body, len, { 0, 4, 1 }, { 0, 4, 3 },
	    { 0, 4, 257 }, { 0, 4, 0x40000002 }, { 8, 1, 7 }, { 40, 1, 255 });
	in.count = IPC_LINES_MAX;
	assert_int_equal(ipc_quality_write(body, sizeof(body), &in), 8196);
	in.count++;
	assert_int_equal(ipc_quality_write(body, sizeof(body), &in), 0);
}

static void
stats_keep_each_figure_in_its_place(void **state)
{
	struct ipc_stats in, out;
	uint8_t          body[512], *bytes = (uint8_t *)&in;
	size_t           len;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	len = ipc_stats_write(body, sizeof(body), &in);
	assert_int_equal(len, 432);
	assert_int_equal(ipc_stats_parse(&out, body, len), 0);
	assert_memory_equal(&out, &in, sizeof(in));
	refuses_other_lengths(parse_stats, body, len);
}

static void
load_goes_there_and_back(void **state)
{
	struct ipc_load in = { 1, 100 }, out;
	uint8_t         body[8];
	size_t          len = ipc_load_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(ipc_load_parse(&out, body, len), 0);
	assert_memory_equal(&out, &in, sizeof(in));
	refuses_other_lengths(parse_load, body, len);
	REFUSES(parse_load, body, len, { 0, 1, 2 }, { 1, 1, 101 },
	    { 1, 1, 254 }, { 2, 2, 1 });
	in.idle_percent = IPC_IDLE_UNKNOWN;
	len = ipc_load_write(body, sizeof(body), &in);
	assert_int_equal(ipc_load_parse(&out, body, len), 0);
	assert_int_equal(out.idle_percent, IPC_IDLE_UNKNOWN);
}

static void
log_line_goes_there_and_back(void **state)
{
	struct ipc_log in = { 1, "no key frame", 12 }, out;
	uint8_t        body[64];
	const size_t   len = ipc_log_write(body, sizeof(body), &in);

	(void)state;
	assert_int_equal(len, 20);
	assert_int_equal(ipc_log_parse(&out, body, len), 0);
	assert_int_equal(out.level, 1);
	assert_memory_equal(out.text, "no key frame", 12);
	refuses_other_lengths(parse_log, body, len);
	REFUSES(parse_log, body, len, { 0, 4, 4 }, { 4, 4, 13 },
	    { 4, 4, 0x8000000c }, { 8, 1, 0 });
	in.text_len = IPC_LOG_MAX + 1;
	assert_int_equal(ipc_log_write(body, sizeof(body), &in), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_goes_there_and_back),
		cmocka_unit_test(config_refuses_what_is_out_of_range),
		cmocka_unit_test(
		    config_writes_no_more_addresses_than_there_may_be),
		cmocka_unit_test(open_goes_there_and_back),
		cmocka_unit_test(join_goes_there_and_back),
		cmocka_unit_test(
		    join_takes_the_longest_offer_and_no_longer_one),
		cmocka_unit_test(restart_goes_there_and_back),
		cmocka_unit_test(patch_goes_there_and_back),
		cmocka_unit_test(small_ones_go_there_and_back),
		cmocka_unit_test(answer_goes_there_and_back),
		cmocka_unit_test(presence_has_a_reason_only_when_gone),
		cmocka_unit_test(tiles_stay_inside_the_canvas),
		cmocka_unit_test(speaking_goes_there_and_back),
		cmocka_unit_test(quality_goes_there_and_back),
		cmocka_unit_test(load_goes_there_and_back),
		cmocka_unit_test(stats_keep_each_figure_in_its_place),
		cmocka_unit_test(log_line_goes_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
