/*
 * The mosaic: who is where, in which colour.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pictures.h"
#include "video/compositor.h"
#include "video/paint.h"

#define PEOPLE  49
#define BRIGHT  180	/* luma that only letters have on an empty tile */
#define SECOND  1000000

struct stage {
	struct compositor       *c;
	struct mailbox           boxes[PEOPLE];
	struct compositor_person people[PEOPLE];
};

static void
stage_open(struct stage *s, unsigned count)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(compositor_new(&s->c, 1280, 720), 0);
	for (unsigned i = 0; i < count; i++) {
		s->people[i].id = 0x1000 + i;
		s->people[i].pictures = &s->boxes[i];
		s->people[i].camera = true;
		s->people[i].initials[0] = (char)('A' + i % 26);
		s->people[i].initials[1] = (char)('Z' - i % 26);
		s->people[i].colour = compositor_colour(0x1000 + i);
	}
	compositor_set_people(s->c, s->people, count);
}

static void
stage_close(struct stage *s)
{
	compositor_free(s->c);
	for (unsigned i = 0; i < PEOPLE; i++) {
		struct video_frame *f = mailbox_take(&s->boxes[i]);

		video_frame_unref(&f);
	}
}

/* A colour that only this person has. */
static void
colour_of(unsigned i, uint8_t yuv[3])
{
	yuv[0] = (uint8_t)(40 + i * 4);
	yuv[1] = (uint8_t)(60 + i * 3);
	yuv[2] = (uint8_t)(220 - i * 3);
}

static void
show(struct stage *s, unsigned i, int width, int height)
{
	struct video_frame *f = picture_new(width, height);
	uint8_t             yuv[3];

	colour_of(i, yuv);
	picture_fill(f, yuv[0], yuv[1], yuv[2]);
	f = mailbox_put(&s->boxes[i], f);
	video_frame_unref(&f);
}

static bool
has_colour(const struct stage *s, int x, int y, const uint8_t yuv[3])
{
	const struct video_frame *f = compositor_canvas(s->c);

	for (int p = 0; p < 3; p++) {
		const int px = p ? x / 2 : x, py = p ? y / 2 : y;

		if (abs(f->planes[p][py * f->strides[p] + px] - yuv[p]) > 1)
			return false;
	}
	return true;
}

static struct layout_rect
tile_of(const struct stage *s, uint32_t id)
{
	struct compositor_tile   tiles[LAYOUT_TILES_MAX];
	const struct layout_rect none = { 0, 0, 0, 0 };
	uint32_t                 version;
	const unsigned           count =
	    compositor_tiles(s->c, tiles, &version);

	for (unsigned i = 0; i < count; i++) {
		if (tiles[i].id == id)
			return tiles[i].rect;
	}
	return none;
}

/* Middle and the corners (inside of the edges) of a picture's rectangle. */
static void
check_picture(const struct stage *s, unsigned i, int width, int height)
{
	const struct layout_rect tile = tile_of(s, s->people[i].id);
	const struct layout_rect f = layout_fit(&tile, width, height);
	uint8_t                  yuv[3];

	assert_true(tile.w > 0);
	colour_of(i, yuv);
	assert_true(has_colour(s, f.x + f.w / 2, f.y + f.h / 2, yuv));
	assert_true(has_colour(s, f.x + 4, f.y + 4, yuv));
	assert_true(has_colour(s, f.x + f.w - 5, f.y + f.h - 5, yuv));
}

static unsigned
bright_pixels(const struct stage *s, const struct layout_rect *r)
{
	const struct video_frame *f = compositor_canvas(s->c);
	unsigned                  count = 0;

	for (int y = r->y; y < r->y + r->h; y++) {
		for (int x = r->x; x < r->x + r->w; x++)
			count += f->planes[0][y * f->strides[0] + x] > BRIGHT;
	}
	return count;
}

static void
everybody_is_in_his_tile(void **state)
{
	static const int sizes[][2] = { { 640, 360 }, { 320, 240 },
		{ 1280, 720 }, { 360, 640 }, { 176, 144 } };

	(void)state;
	for (unsigned n = 1; n <= PEOPLE; n += n < 10 ? 1 : 6) {
		struct stage s;

		stage_open(&s, n);
		for (unsigned i = 0; i < n; i++)
			show(&s, i, sizes[i % 5][0], sizes[i % 5][1]);
		assert_true(compositor_tick(s.c, 1));
		for (unsigned i = 0; i < n; i++)
			check_picture(&s, i, sizes[i % 5][0],
			    sizes[i % 5][1]);
		stage_close(&s);
	}
}

static void
nothing_new_draws_nothing(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, 3);
	show(&s, 0, 320, 180);
	assert_true(compositor_tick(s.c, 1));
	assert_false(compositor_tick(s.c, 2));
	compositor_set_people(s.c, s.people, 3);
	assert_false(compositor_tick(s.c, 3));
	show(&s, 1, 320, 180);
	assert_true(compositor_tick(s.c, 4));
	assert_false(compositor_tick(s.c, 5));
	check_picture(&s, 0, 320, 180);
	check_picture(&s, 1, 320, 180);
	stage_close(&s);
}

static void
a_tile_without_a_picture_has_colour_and_initials(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, 4);
	s.people[2].initials[0] = '\0';
	compositor_set_people(s.c, s.people, 4);
	assert_true(compositor_tick(s.c, 1));
	for (unsigned i = 0; i < 4; i++) {
		const struct layout_rect  t = tile_of(&s, s.people[i].id);
		const struct paint_colour want =
		    paint_colour_of(s.people[i].colour);
		const struct layout_rect  middle = { t.x + t.w / 4,
			 t.y + t.h / 4, t.w / 2, t.h / 2 };
		const unsigned all = bright_pixels(&s, &t);

		assert_true(has_colour(&s, t.x + 8, t.y + 8, want.yuv));
		assert_true(has_colour(&s, t.x + t.w - 8, t.y + t.h - 8,
		    want.yuv));
		/* At least a hundredth of the tile, all in its middle. */
		assert_true(all > (unsigned)(t.w * t.h / 100));
		assert_int_equal(bright_pixels(&s, &middle), all);
	}
	stage_close(&s);
}

static void
every_letter_is_drawn_at_every_size(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned          least = 100000;

	(void)state;
	for (unsigned i = 0; letters[i]; i++) {
		struct stage s;

		stage_open(&s, 49);
		memset(s.people[0].initials, 0, 3);
		s.people[0].initials[0] = letters[i];
		compositor_set_people(s.c, s.people, 49);
		compositor_tick(s.c, 1);
		if (letters[i] != 'I') {
			const struct layout_rect t =
			    tile_of(&s, s.people[0].id);
			const unsigned n = bright_pixels(&s, &t);

			least = n < least ? n : least;
		}
		stage_close(&s);
	}
	assert_true(least >= 40);
}

static void
a_picture_is_kept_when_others_come_and_go(void **state)
{
	struct stage             s;
	struct compositor_person two[2];

	(void)state;
	stage_open(&s, 5);
	for (unsigned i = 0; i < 5; i++)
		show(&s, i, 320, 240);
	compositor_tick(s.c, 1);
	two[0] = s.people[4];
	two[1] = s.people[1];
	compositor_set_people(s.c, two, 2);
	assert_true(compositor_tick(s.c, 2));
	check_picture(&s, 4, 320, 240);
	check_picture(&s, 1, 320, 240);
	assert_true(tile_of(&s, s.people[4].id).x <
	    tile_of(&s, s.people[1].id).x);
	/* He who left and came back starts anew. */
	compositor_set_people(s.c, s.people, 5);
	compositor_tick(s.c, 3);
	check_picture(&s, 4, 320, 240);
	assert_true(bright_pixels(&s,
	    &(struct layout_rect){ 0, 0, 1280, 720 }) > 0);
	stage_close(&s);
}

static void
the_version_grows_with_the_tiles_only(void **state)
{
	struct stage           s;
	struct compositor_tile tiles[LAYOUT_TILES_MAX];
	uint32_t               first, next;

	(void)state;
	stage_open(&s, 3);
	assert_int_equal(compositor_tiles(s.c, tiles, &first), 3);
	s.people[1].camera = false;
	compositor_set_people(s.c, s.people, 3);
	compositor_tiles(s.c, tiles, &next);
	assert_int_equal(next, first);
	compositor_set_people(s.c, s.people, 4);
	assert_int_equal(compositor_tiles(s.c, tiles, &next), 4);
	assert_true(next > first);
	first = next;
	s.people[0] = s.people[3];
	compositor_set_people(s.c, s.people, 3);
	assert_int_equal(compositor_tiles(s.c, tiles, &next), 3);
	assert_true(next > first);
	assert_int_equal(tiles[0].id, s.people[3].id);
	compositor_set_people(s.c, s.people, 0);
	assert_int_equal(compositor_tiles(s.c, tiles, &next), 0);
	assert_true(compositor_tick(s.c, 1));
	stage_close(&s);
}

static void
a_picture_too_old_or_a_camera_off_gives_initials(void **state)
{
	struct stage       s;
	struct layout_rect t;

	(void)state;
	stage_open(&s, 2);
	show(&s, 0, 320, 180);
	compositor_tick(s.c, SECOND);
	t = tile_of(&s, s.people[0].id);
	assert_int_equal(bright_pixels(&s, &t), 0);
	assert_false(compositor_tick(s.c, 3 * SECOND - 1));
	assert_true(compositor_tick(s.c, 3 * SECOND));
	assert_true(bright_pixels(&s, &t) > 0);
	show(&s, 0, 320, 180);
	assert_true(compositor_tick(s.c, 4 * SECOND));
	check_picture(&s, 0, 320, 180);
	s.people[0].camera = false;
	compositor_set_people(s.c, s.people, 2);
	assert_true(compositor_tick(s.c, 4 * SECOND + 1));
	assert_true(bright_pixels(&s, &t) > 0);
	show(&s, 0, 320, 180);
	assert_false(compositor_tick(s.c, 4 * SECOND + 2));
	stage_close(&s);
}

static void
the_stage_shows_beside_an_upright_picture(void **state)
{
	const struct paint_colour stage = paint_colour_of(0x0e1116);
	struct stage              s;

	(void)state;
	stage_open(&s, 1);
	compositor_tick(s.c, 1);
	show(&s, 0, 360, 640);
	compositor_tick(s.c, 2);
	check_picture(&s, 0, 360, 640);
	assert_true(has_colour(&s, 100, 300, stage.yuv));
	assert_true(has_colour(&s, 1200, 300, stage.yuv));
	stage_close(&s);
}

static void
references_balance(void **state)
{
	struct stage        s;
	struct video_pool  *pool;
	struct video_frame *f[8];

	(void)state;
	assert_int_equal(video_pool_new(&pool, 64, 36, 8), 0);
	stage_open(&s, 8);
	for (int round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 8; i++) {
			struct video_frame *one = video_pool_get(pool);

			if (one)
				one = mailbox_put(&s.boxes[i], one);
			video_frame_unref(&one);
		}
		compositor_set_people(s.c, s.people,
		    (unsigned)(round * 5 % 9));
		compositor_tick(s.c, round * SECOND);
	}
	stage_close(&s);
	for (int i = 0; i < 8; i++) {
		f[i] = video_pool_get(pool);
		assert_non_null(f[i]);
	}
	for (int i = 0; i < 8; i++)
		video_frame_unref(&f[i]);
	video_pool_free(pool);
}

static void
a_snapshot_is_the_canvas(void **state)
{
	struct stage        s;
	struct video_pool  *pool, *other;
	struct video_frame *copy;

	(void)state;
	stage_open(&s, 2);
	show(&s, 0, 640, 360);
	compositor_tick(s.c, 77);
	assert_int_equal(video_pool_new(&pool, 1280, 720, 1), 0);
	copy = compositor_snapshot(s.c, pool);
	assert_non_null(copy);
	assert_int_equal(copy->time_us, 77);
	assert_true(picture_psnr(copy,
	    &(struct layout_rect){ 0, 0, 1280, 720 },
	    compositor_canvas(s.c)) >= 99);
	assert_null(compositor_snapshot(s.c, pool));
	assert_int_equal(video_pool_new(&other, 640, 360, 1), 0);
	assert_null(compositor_snapshot(s.c, other));
	video_frame_unref(&copy);
	video_pool_free(pool);
	video_pool_free(other);
	stage_close(&s);
}

/* By the formula that the page uses: FNV-1a, then HSL(hue, 45 %, 34 %). */
static void
colours_are_those_of_the_page(void **state)
{
	(void)state;
	assert_int_equal(compositor_colour(0), 0x7e3034);
	assert_int_equal(compositor_colour(1), 0x307e7b);
	assert_int_equal(compositor_colour(2), 0x7e3031);
	assert_int_equal(compositor_colour(0x12345678), 0x307e55);
	assert_int_equal(compositor_colour(0xdeadbeef), 0x4b307e);
	assert_int_equal(compositor_colour(0xffffffff), 0x307e6a);
}

static void
video_levels_are_those_of_bt601(void **state)
{
	static const struct {
		uint32_t rgb;
		uint8_t  yuv[3];
	} known[] = { { 0x000000, { 16, 128, 128 } },
		{ 0xffffff, { 235, 128, 128 } }, { 0xff0000, { 81, 90, 240 } },
		{ 0x00ff00, { 145, 54, 34 } }, { 0x0000ff, { 41, 240, 110 } } };

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct paint_colour c = paint_colour_of(known[i].rgb);

		for (int p = 0; p < 3; p++)
			assert_in_range(c.yuv[p], known[i].yuv[p] - 1,
			    known[i].yuv[p] + 1);
	}
}

static void
initials_are_the_first_letters_of_first_and_last_word(void **state)
{
	static const char *const known[][2] = {
		{ "Ada Lovelace", "AL" }, { "ada", "A" }, { "", "" },
		{ "  grace   brewster hopper ", "GH" }, { "R2 D2", "RD" },
		{ "42", "4" }, { "(guest) \"x\"", "GX" },
		{ "\xc3\x89mile Zola", "EZ" }, { "\xc5\x81ukasz", "L" },
		{ "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99", "" },
		{ "\xe6\x9d\x8e Ming", "M" }, { "-- --", "" },
		{ "\xff\xfe\x80", "" }, { "A \xc3", "A" },
		{ "Bo\xc2\xa0Li", "BL" }, { "\xf0\x9f\x98\x80 Max", "M" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char out[3] = "??";

		compositor_initials(out, known[i][0], strlen(known[i][0]));
		assert_string_equal(out, known[i][1]);
	}
}

/* A slot has a new owner while a picture of the old one was on its way. */
static void
a_picture_of_who_had_the_place_before_is_not_shown(void **state)
{
	struct stage s;
	uint8_t      yuv[3];

	(void)state;
	stage_open(&s, 1);
	s.people[0].generation = 8;
	compositor_set_people(s.c, s.people, 1);
	show(&s, 0, 1280, 720);
	compositor_tick(s.c, SECOND);
	colour_of(0, yuv);
	assert_false(has_colour(&s, 100, 100, yuv));
	s.people[0].generation = 0;
	compositor_set_people(s.c, s.people, 1);
	show(&s, 0, 1280, 720);
	compositor_tick(s.c, 2 * SECOND);
	assert_true(has_colour(&s, 100, 100, yuv));
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_picture_of_who_had_the_place_before_is_not_shown),
		cmocka_unit_test(everybody_is_in_his_tile),
		cmocka_unit_test(nothing_new_draws_nothing),
		cmocka_unit_test(
		    a_tile_without_a_picture_has_colour_and_initials),
		cmocka_unit_test(every_letter_is_drawn_at_every_size),
		cmocka_unit_test(a_picture_is_kept_when_others_come_and_go),
		cmocka_unit_test(the_version_grows_with_the_tiles_only),
		cmocka_unit_test(
		    a_picture_too_old_or_a_camera_off_gives_initials),
		cmocka_unit_test(the_stage_shows_beside_an_upright_picture),
		cmocka_unit_test(references_balance),
		cmocka_unit_test(a_snapshot_is_the_canvas),
		cmocka_unit_test(colours_are_those_of_the_page),
		cmocka_unit_test(video_levels_are_those_of_bt601),
		cmocka_unit_test(
		    initials_are_the_first_letters_of_first_and_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
