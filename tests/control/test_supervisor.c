/*
 * The supervisor against real processes that behave well, badly, or not.
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

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "control/child.h"
#include "control/supervisor.h"
#include "util/clock.h"
#include "util/strbuf.h"

#define HEARTBEAT_MS 150	/* five are more than a busy machine is late */
#define LIMIT_MS     10000

/* One room and what came from it. */
struct heard {
	struct worker *worker;
	unsigned       answers, others, gone;
	char           text[512];
};

struct stage {
	struct event_base       *base;
	struct supervisor       *sup;
	struct supervisor_config config;
	struct log               log;
	struct strbuf            lines;
	unsigned                 readies;
	char                     program[PATH_MAX];
	char                     folder[64];
};

static void
keep_line(void *to, enum log_level level, const char *line)
{
	struct stage *stage = to;

	strbuf_printf(&stage->lines, "%s %s\n", log_level_name(level), line);
}

static void
count_ready(void *to)
{
	struct stage *stage = to;

	stage->readies++;
}

/* The fake worker, under the name that says how it starts. */
static void
choose_program(struct stage *stage, const char *name)
{
	char fake[PATH_MAX];

	assert_int_equal(child_find_program(fake, sizeof(fake),
	    "fake_worker", "/nowhere"), 0);
	snprintf(stage->program, sizeof(stage->program), "%s/%s",
	    stage->folder, name);
	(void)unlink(stage->program);
	assert_int_equal(symlink(fake, stage->program), 0);
}

static int
set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	if (stage == NULL)
		return -1;
	*state = stage;
	strbuf_init(&stage->lines, 1 << 20);
	stage->log = (struct log){
		.sink = { keep_line, stage }, .least = LOG_DEBUG,
	};
	snprintf(stage->folder, sizeof(stage->folder),
	    "/tmp/test_supervisor.XXXXXX");
	if (mkdtemp(stage->folder) == NULL)
		return -1;
	stage->base = event_base_new();
	stage->config = (struct supervisor_config){
		.program = stage->program, .rooms_max = 3, .spares = 2,
		.heartbeat_ms = HEARTBEAT_MS, .start_ms = 5000,
		.close_ms = 1000,
		.resources = { .udp_port_min = 41200,
		    .udp_port_max = 41239 },
		.room = {
			.participants_max = 50, .decode_threads = 2,
			.log_level = LOG_DEBUG, .video_width = 1280,
			.video_height = 720, .video_fps = 25,
			.video_bps = 1500000, .audio_bps = 32000,
		},
	};
	return setenv("TESSERA_SECRET", "x", 1);
}

static int
tear_down(void **state)
{
	struct stage *stage = *state;

	supervisor_free(&stage->sup);
	event_base_free(stage->base);
	strbuf_clear(&stage->lines);
	(void)unlink(stage->program);
	(void)rmdir(stage->folder);
	free(stage);
	return 0;
}

static void
begin_without_program(struct stage *stage)
{
	assert_int_equal(supervisor_new(&stage->sup, stage->base,
	    &stage->config, &stage->log), 0);
	supervisor_on_ready(stage->sup, count_ready, stage);
}

static void
begin(struct stage *stage, const char *name)
{
	choose_program(stage, name);
	begin_without_program(stage);
}

/* One turn of the loop; fails the test when it took LIMIT_MS in all. */
static void
turn(struct stage *stage, int64_t began_us, const char *what)
{
	const struct timeval soon = { 0, 20000 };

	if (clock_monotonic_us() - began_us > LIMIT_MS * 1000LL)
		fail_msg("%s did not come; log:\n%s", what,
		    strbuf_text(&stage->lines));
	event_base_loopexit(stage->base, &soon);
	event_base_dispatch(stage->base);
}

#define WAIT_FOR(stage, condition) do {					\
	const int64_t began_ = clock_monotonic_us();			\
	while (!(condition))						\
		turn(stage, began_, #condition);			\
} while (0)

static struct supervisor_counts
counts(const struct stage *stage)
{
	struct supervisor_counts out;

	supervisor_counts(stage->sup, &out);
	return out;
}

static bool
logged(const struct stage *stage, const char *text)
{
	return strstr(strbuf_text(&stage->lines), text) != NULL;
}

static int
hear_message(void *to, uint16_t type, const uint8_t *body, size_t len)
{
	struct heard       *heard = to;
	struct ipc_answer   answer;
	struct ipc_presence presence;

	if (type == IPC_PRESENCE)
		return ipc_presence_parse(&presence, body, len);
	if (type != IPC_ANSWER) {
		heard->others++;
		return 0;
	}
	if (ipc_answer_parse(&answer, body, len) != 0)
		return -EBADMSG;
	assert_true(answer.text_len < sizeof(heard->text));
	memcpy(heard->text, answer.text, answer.text_len);
	heard->text[answer.text_len] = '\0';
	heard->answers++;
	return 0;
}

static void
hear_end(void *to)
{
	struct heard *heard = to;

	heard->gone++;
	heard->worker = NULL;
}

static int
take(struct stage *stage, const char *room, struct heard *heard)
{
	const struct worker_handler handler = {
		hear_message, hear_end, heard,
	};

	return supervisor_take(stage->sup, room, &handler, &heard->worker);
}

static void
open_room(struct stage *stage, const char *room, struct heard *heard)
{
	WAIT_FOR(stage, supervisor_spares(stage->sup) > 0);
	assert_int_equal(take(stage, room, heard), 0);
}

static int
join(struct heard *heard, size_t sdp_len)
{
	char           *sdp = malloc(sdp_len);
	uint8_t        *body = malloc(sdp_len + 64);
	struct ipc_join message = {
		.request = 1, .participant = 2, .max_height = 720,
		.name = "Ada", .name_len = 3, .sdp = sdp, .sdp_len = sdp_len,
	};
	int             err;

	assert_non_null(sdp);
	assert_non_null(body);
	memset(sdp, 's', sdp_len);
	err = worker_send(heard->worker, IPC_JOIN, body,
	    ipc_join_write(body, sdp_len + 64, &message));
	free(sdp);
	free(body);
	return err;
}

/* A room still answers: the others' ends did not touch it. */
static void
still_answers(struct stage *stage, struct heard *heard)
{
	const unsigned before = heard->answers;

	assert_int_equal(join(heard, 100), 0);
	WAIT_FOR(stage, heard->answers > before);
}

static void
room_gets_its_sockets_and_nothing_else(void **state)
{
	struct stage *stage = *state;
	struct heard  heard = { 0 };
	uint8_t       fingerprint[32];

	begin(stage, "good");
	assert_int_equal(take(stage, "a", &heard), -EAGAIN);
	WAIT_FOR(stage, supervisor_spares(stage->sup) == 2);
	assert_int_equal(stage->readies, 2);
	open_room(stage, "a", &heard);
	memset(fingerprint, 0xf1, sizeof(fingerprint));
	assert_memory_equal(worker_fingerprint(heard.worker), fingerprint, 32);
	assert_int_equal(kill(worker_pid(heard.worker), 0), 0);
	still_answers(stage, &heard);
	/* 0 to 2, the channel, and the sockets (no v6 on some machines). */
	if (strncmp(heard.text, "fds=5 ", 6) != 0)
		assert_memory_equal(heard.text, "fds=6 ", 6);
	assert_string_not_equal(heard.text, "");
	assert_non_null(strstr(heard.text, "oom=500 session=1 stamps=1 "
	    "info=1 v6only=1 info6=1 env=clean port=412"));
	WAIT_FOR(stage, logged(stage, "room a: here "));
	assert_false(logged(stage, "\033"));
	WAIT_FOR(stage, supervisor_spares(stage->sup) == 2);
}

static void
hostile_room_is_killed_and_the_others_live(void **state)
{
	static const char *const ways[] = {
		"garbage", "version", "huge", "unknown", "down",
		"hello-again", "descriptor", "pong", "body", "flood",
		"chatters",
	};
	struct stage *stage = *state;
	struct heard  good = { 0 };

	begin(stage, "good");
	open_room(stage, "good", &good);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct heard bad = { 0 };

		open_room(stage, ways[i], &bad);
		WAIT_FOR(stage, bad.gone == 1);
		if (counts(stage).wrong != i + 1)
			fail_msg("%s was not found wrong; log:\n%s", ways[i],
			    strbuf_text(&stage->lines));
		still_answers(stage, &good);
	}
	assert_int_equal(good.gone, 0);
	assert_int_equal(counts(stage).rooms, 1);
	WAIT_FOR(stage, supervisor_spares(stage->sup) == 2);
}

/* A full room whose line breaks says much at once, and is no flood. */
static void
burst_of_events_is_let_through(void **state)
{
	struct stage *stage = *state;
	struct heard  heard = { 0 };

	begin(stage, "good");
	open_room(stage, "talks", &heard);
	WAIT_FOR(stage, heard.others >= 900);
	still_answers(stage, &heard);
	assert_int_equal(heard.gone, 0);
}

static void
ended_room_is_told_and_replaced(void **state)
{
	static const char *const ways[] = { "exits", "aborts", "empty" };
	struct stage            *stage = *state;

	begin(stage, "good");
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct heard bad = { 0 };

		open_room(stage, ways[i], &bad);
		WAIT_FOR(stage, bad.gone == 1);
		assert_int_equal(counts(stage).died, i + 1);
	}
	assert_true(logged(stage, "room exits: ended by itself: exit status 3"));
	assert_true(logged(stage, "room aborts: ended by itself: "
	    "signal 6 (ABRT)"));
	WAIT_FOR(stage, supervisor_spares(stage->sup) == 2);
}

static void
room_killed_from_outside_is_told(void **state)
{
	struct stage *stage = *state;
	struct heard  heard = { 0 }, other = { 0 };

	begin(stage, "good");
	open_room(stage, "a", &heard);
	open_room(stage, "b", &other);
	kill(worker_pid(heard.worker), SIGKILL);
	WAIT_FOR(stage, heard.gone == 1);
	still_answers(stage, &other);
	assert_int_equal(other.gone, 0);
}

static void
stopped_or_silent_room_is_killed_after_five_pings(void **state)
{
	struct stage *stage = *state;
	struct heard  stopped = { 0 }, silent = { 0 };
	int64_t       began_us;

	begin(stage, "good");
	open_room(stage, "a", &stopped);
	open_room(stage, "silent", &silent);
	began_us = clock_monotonic_us();
	kill(worker_pid(stopped.worker), SIGSTOP);
	WAIT_FOR(stage, stopped.gone == 1 && silent.gone == 1);
	assert_true(clock_monotonic_us() - began_us > HEARTBEAT_MS * 4000);
	assert_int_equal(counts(stage).silent, 2);
	assert_true(logged(stage, "it does not answer"));
}

static void
deaf_room_is_killed_when_its_queue_is_full(void **state)
{
	struct stage *stage = *state;
	struct heard  deaf = { 0 };
	unsigned      sent = 0;
	int           err = 0;

	stage->config.heartbeat_ms = 60000;
	begin(stage, "good");
	open_room(stage, "deaf", &deaf);
	while (err == 0 && sent < 1000) {
		err = join(&deaf, 60000);
		sent++;
	}
	assert_int_equal(err, -ENOBUFS);
	assert_true(sent > 60 && sent < 100);
	assert_int_equal(deaf.gone, 0);	/* never from inside a call */
	assert_int_equal(join(&deaf, 100), -EPIPE);
	WAIT_FOR(stage, deaf.gone == 1);
}

static void
full_socket_is_drained_in_order(void **state)
{
	struct stage *stage = *state;
	struct heard  heard = { 0 };

	begin(stage, "good");
	open_room(stage, "a", &heard);
	for (int i = 0; i < 50; i++)
		assert_int_equal(join(&heard, 60000), 0);
	WAIT_FOR(stage, heard.answers == 50);
	assert_int_equal(heard.gone, 0);
}

static void
closed_room_ends_and_says_nothing_more(void **state)
{
	struct stage *stage = *state;
	struct heard  good = { 0 }, stays = { 0 };
	pid_t         pids[2];

	begin(stage, "good");
	open_room(stage, "a", &good);
	open_room(stage, "stays", &stays);
	pids[0] = worker_pid(good.worker);
	pids[1] = worker_pid(stays.worker);
	worker_close(&good.worker);
	worker_close(&stays.worker);
	assert_null(good.worker);
	WAIT_FOR(stage, kill(pids[0], 0) != 0 && kill(pids[1], 0) != 0);
	assert_int_equal(good.gone + stays.gone, 0);
	assert_int_equal(counts(stage).died, 0);
	assert_int_equal(counts(stage).silent, 1);
	assert_true(logged(stage, "room stays: killed: it did not end"));
}

static void
no_more_rooms_than_allowed(void **state)
{
	struct stage *stage = *state;
	struct heard  heard[3] = { { 0 } }, more = { 0 };
	pid_t         pid;

	begin(stage, "good");
	for (int i = 0; i < 3; i++)
		open_room(stage, "a", &heard[i]);
	assert_int_equal(take(stage, "b", &more), -ENOSPC);
	pid = worker_pid(heard[0].worker);
	worker_close(&heard[0].worker);
	WAIT_FOR(stage, kill(pid, 0) != 0);
	open_room(stage, "b", &more);
	still_answers(stage, &more);
	assert_int_equal(take(stage, "", &heard[0]), -EINVAL);
	assert_int_equal(worker_send(more.worker, IPC_CLOSE, NULL, 0),
	    -EINVAL);
	assert_int_equal(worker_send(more.worker, IPC_JOIN, NULL, 0), -EINVAL);
}

static void
worker_that_cannot_start_is_tried_again_with_pauses(void **state)
{
	static const char *const ways[] = {
		"start-exits", "start-liar", "start-early", "start-mute",
	};
	struct stage *stage = *state;

	stage->config.start_ms = 100;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		begin(stage, ways[i]);
		WAIT_FOR(stage, counts(stage).started >= 4);
		assert_true(counts(stage).started <= 8);
		assert_int_equal(supervisor_spares(stage->sup), 0);
		supervisor_free(&stage->sup);
		(void)unlink(stage->program);
	}
	assert_int_equal(stage->readies, 0);
}

static void
missing_program_is_said_and_found_when_it_comes(void **state)
{
	struct stage *stage = *state;

	snprintf(stage->program, sizeof(stage->program), "%s/later",
	    stage->folder);
	begin_without_program(stage);
	WAIT_FOR(stage, logged(stage, "cannot run /tmp/test_supervisor."));
	assert_int_equal(supervisor_spares(stage->sup), 0);
	choose_program(stage, "later");
	WAIT_FOR(stage, supervisor_spares(stage->sup) == 2);
}

static void
full_port_range_is_said(void **state)
{
	struct stage *stage = *state;

	stage->config.resources.udp_port_max =
	    stage->config.resources.udp_port_min;
	begin(stage, "good");
	WAIT_FOR(stage, logged(stage, "no UDP port is free"));
	WAIT_FOR(stage, supervisor_spares(stage->sup) == 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(room_gets_its_sockets_and_nothing_else),
		TEST(hostile_room_is_killed_and_the_others_live),
		TEST(burst_of_events_is_let_through),
		TEST(ended_room_is_told_and_replaced),
		TEST(room_killed_from_outside_is_told),
		TEST(stopped_or_silent_room_is_killed_after_five_pings),
		TEST(deaf_room_is_killed_when_its_queue_is_full),
		TEST(full_socket_is_drained_in_order),
		TEST(closed_room_ends_and_says_nothing_more),
		TEST(no_more_rooms_than_allowed),
		TEST(worker_that_cannot_start_is_tried_again_with_pauses),
		TEST(missing_program_is_said_and_found_when_it_comes),
		TEST(full_port_range_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
