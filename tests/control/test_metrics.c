/*
 * The text that Prometheus reads, and the sums in it; sessions that resume.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/metrics.h"
#include "control/resume.h"
#include "control/session.h"
#include "control/stats_sum.h"

static const struct ipc_stats one = {
	.participants = 5, .watchers = 1, .video_encoders = 1,
	.video_viewers = 5, .frames_encoded = 100, .cpu_net_us = 1500000,
	.video_pixels = 1209600, .video_pixels_decoded = 57600,
};
static const struct ipc_stats two = {
	.participants = 20, .video_encoders = 1, .video_viewers = 20,
	.video_pixels_decoded = 400,
	.frames_encoded = UINT64_C(1) << 40, .cpu_net_us = 500000,
	.rung_encoders = { [VIDEO_AV1] = { [3] = 1 } },
	.rung_viewers = { [VIDEO_VP8] = { 20 } },
};
static const struct ipc_stats ended = {
	.participants = 9, .frames_encoded = 7, .cpu_encode_us = 250000,
};

static char *
text_of_two_rooms(void)
{
	const struct metrics_room   rooms[] = { { "blue-fox", &one },
		{ "red", &two } };
	const struct metrics_server server = { .rooms = 2, .sessions = 25,
		.workers_wrong = 3, .cpu_s = 0.25 };
	struct strbuf               text;

	strbuf_init(&text, 1 << 20);
	metrics_write(&text, &server, rooms, 2, &ended);
	assert_non_null(strbuf_text(&text));
	return text.text;
}

static void
has_line(const char *text, const char *line)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (strstr(text, wanted) == NULL)
		fail_msg("missing: %s", line);
}

static void
sums_up_all_rooms(void **state)
{
	char *text = text_of_two_rooms();

	(void)state;
	has_line(text, "tessera_rooms 2");
	has_line(text, "tessera_sessions 25");
	has_line(text, "tessera_participants 25");
	has_line(text, "tessera_video_encoders 2");
	has_line(text, "tessera_video_viewers 25");
	has_line(text, "tessera_video_pixels 1209600");
	has_line(text, "tessera_video_pixels_decoded 58000");
	has_line(text, "tessera_room_video_viewers{room=\"blue-fox\"} 5");
	has_line(text, "tessera_room_video_viewers{room=\"red\"} 20");
	has_line(text, "tessera_room_rendition_encoders{room=\"red\","
	    "codec=\"AV1\",rung=\"3\"} 1");
	has_line(text, "tessera_room_rendition_viewers{room=\"red\","
	    "codec=\"VP8\",rung=\"0\"} 20");
	has_line(text, "tessera_frames_encoded_total 1099511627883");
	has_line(text, "tessera_worker_cpu_seconds_total{stage=\"net\"} "
	    "2.000000");
	has_line(text, "tessera_worker_cpu_seconds_total{stage=\"encode\"} "
	    "0.250000");
	has_line(text, "tessera_workers_killed_total{reason=\"wrong\"} 3");
	has_line(text, "process_cpu_seconds_total 0.250000");
	free(text);
}

/* Name, labels, value: and each name was announced before, once. */
static void
is_well_formed(void **state)
{
	char *text = text_of_two_rooms();
	char  type[256] = "";

	(void)state;
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (char *line = text, *end; *line; line = end + 1) {
		char announced[128];

		end = strchr(line, '\n');
		*end = '\0';
		if (strncmp(line, "# TYPE ", 7) == 0) {
			snprintf(type, sizeof(type), "%s", line + 7);
			snprintf(announced, sizeof(announced), "# TYPE %.*s ",
			    (int)strcspn(type, " "), type);
			assert_null(strstr(end + 1, announced));
		} else if (line[0] != '#') {
			const size_t name = strcspn(line, "{ ");

			assert_true(strncmp(line, type, name) == 0 &&
			    type[name] == ' ');
			if (strstr(type, " counter"))
				assert_true(strncmp(line + name - 6, "_total",
				    6) == 0);
			assert_true(isdigit((unsigned char)line[name] ?
			    (unsigned char)end[-1] : 'x'));
		}
	}
	free(text);
}

static void
has_a_row_for_each_field(void **state)
{
	struct ipc_stats ones, sum = { 0 };
	const uint8_t   *bytes = (const uint8_t *)&sum;

	(void)state;
	memset(&ones, 1, sizeof(ones));
	stats_add_gauges(&sum, &ones);
	stats_add_counters(&sum, &ones);
	for (size_t i = 0; i < sizeof(sum); i++)
		assert_int_equal(bytes[i], 1);
}

/* ---- sessions ----------------------------------------------------------- */

static void
finds_a_session_by_its_whole_id(void **state)
{
	struct session_table *table = calloc(1, sizeof(*table));
	struct session       *session, *other;
	char                  id[SESSION_ID_SIZE];

	(void)state;
	assert_non_null(table);
	session = session_new(table);
	other = session_new(table);
	assert_int_equal(strlen(session->id), 43);
	assert_string_not_equal(session->id, other->id);
	assert_string_not_equal(session->etag, other->etag);
	assert_ptr_equal(session_find(table, session->id), session);
	memcpy(id, session->id, sizeof(id));
	id[42] ^= 1;
	assert_null(session_find(table, id));
	id[42] = '\0';
	assert_null(session_find(table, id));
	assert_null(session_find(table, ""));
	session_free(table, &session);
	session_free(table, &other);
	assert_int_equal(table->count, 0);
	free(table);
}

static void
lets_the_lost_come_back_once_within_a_minute(void **state)
{
	const int64_t            s = 1000000;
	const struct resume_seat eleven = { 11, 3 }, other = { 22, 4 };
	struct resume_seat       seat = { 0 };
	struct resume           *resume;

	(void)state;
	assert_int_equal(resume_new(&resume), 0);
	resume_keep(resume, 0, "first", "blue", &eleven);
	resume_keep(resume, 10 * s, "second", "blue", &other);
	assert_int_equal(resume_take(resume, 20 * s, "first", "red", &seat),
	    -ENOENT);
	assert_int_equal(resume_take(resume, 20 * s, "firs", "blue", &seat),
	    -ENOENT);
	assert_true(resume_holds(resume, "blue", 11));
	assert_false(resume_holds(resume, "red", 11));
	assert_int_equal(resume_take(resume, 20 * s, "first", "blue", &seat),
	    0);
	assert_int_equal(seat.participant, 11);
	assert_int_equal(seat.place, 3);
	assert_int_equal(resume_take(resume, 20 * s, "first", "blue", &seat),
	    -ENOENT);
	assert_int_equal(resume_take(resume, 70 * s, "second", "blue", &seat),
	    -ENOENT);
	resume_free(&resume);
}

static void
forgets_the_oldest_of_too_many(void **state)
{
	struct resume     *resume;
	struct resume_seat seat = { 0 };
	char               id[16];

	(void)state;
	assert_int_equal(resume_new(&resume), 0);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "s%u", i);
		seat.participant = i;
		resume_keep(resume, 0, id, "blue", &seat);
	}
	assert_int_equal(resume_take(resume, 0, "s903", "blue", &seat),
	    -ENOENT);
	assert_int_equal(resume_take(resume, 0, "s904", "blue", &seat), 0);
	resume_free(&resume);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_up_all_rooms),
		cmocka_unit_test(is_well_formed),
		cmocka_unit_test(has_a_row_for_each_field),
		cmocka_unit_test(finds_a_session_by_its_whole_id),
		cmocka_unit_test(lets_the_lost_come_back_once_within_a_minute),
		cmocka_unit_test(forgets_the_oldest_of_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
