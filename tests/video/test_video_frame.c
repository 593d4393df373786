/*
 * The pool of pictures: bounded, and nothing is lost.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/mailbox.h"
#include "video/video_frame.h"

#define ROUNDS 20000

static void
gives_out_as_many_as_it_may(void **state)
{
	struct video_pool  *pool;
	struct video_frame *f[3], *again;

	(void)state;
	assert_int_equal(video_pool_new(&pool, 64, 48, 3), 0);
	for (int i = 0; i < 3; i++) {
		f[i] = video_pool_get(pool);
		assert_non_null(f[i]);
		memset(f[i]->planes[0], i, (size_t)f[i]->strides[0] * 48);
		memset(f[i]->planes[1], i, (size_t)f[i]->strides[1] * 24);
		memset(f[i]->planes[2], i, (size_t)f[i]->strides[2] * 24);
	}
	assert_null(video_pool_get(pool));
	assert_int_equal(f[0]->planes[2][0], 0);
	again = video_frame_ref(f[1]);
	video_frame_unref(&f[1]);
	assert_null(f[1]);
	assert_null(video_pool_get(pool));
	video_frame_unref(&again);
	f[1] = video_pool_get(pool);
	assert_non_null(f[1]);
	for (int i = 0; i < 3; i++)
		video_frame_unref(&f[i]);
	video_pool_free(pool);
}

static void
pictures_outlive_their_pool(void **state)
{
	struct video_pool  *pool;
	struct video_frame *f;

	(void)state;
	assert_int_equal(video_pool_new(&pool, 33, 17, 2), 0);
	f = video_pool_get(pool);
	assert_non_null(f);
	video_pool_free(pool);
	memset(f->planes[2], 9, (size_t)f->strides[2] * 9);
	assert_int_equal(f->planes[2][8], 9);
	video_frame_unref(&f);
	video_frame_unref(&f);
}

static void
refuses_sizes_that_are_none(void **state)
{
	struct video_pool *pool;

	(void)state;
	assert_int_equal(video_pool_new(&pool, 0, 16, 1), -EINVAL);
	assert_int_equal(video_pool_new(&pool, 16, 100000, 1), -EINVAL);
	assert_int_equal(video_pool_new(&pool, 16, 16, 0), -EINVAL);
}

struct reader_job {
	struct mailbox *box;
	atomic_bool     stop;
};

static void *
read_pictures(void *arg)
{
	struct reader_job *job = arg;

	while (!atomic_load(&job->stop)) {
		struct video_frame *f = mailbox_take(job->box);

		video_frame_unref(&f);
	}
	return NULL;
}

static void
references_balance_between_threads(void **state)
{
	struct mailbox      box = { NULL };
	struct reader_job   job = { .box = &box };
	struct video_pool  *pool;
	struct video_frame *f, *all[4];
	pthread_t           thread;

	(void)state;
	assert_int_equal(video_pool_new(&pool, 16, 16, 4), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_pictures, &job),
	    0);
	for (int i = 0; i < ROUNDS; i++) {
		f = video_pool_get(pool);
		if (f == NULL)
			continue;
		f = mailbox_put(&box, f);
		video_frame_unref(&f);
	}
	atomic_store(&job.stop, true);
	pthread_join(thread, NULL);
	f = mailbox_take(&box);
	video_frame_unref(&f);
	for (int i = 0; i < 4; i++) {
		all[i] = video_pool_get(pool);
		assert_non_null(all[i]);
	}
	for (int i = 0; i < 4; i++)
		video_frame_unref(&all[i]);
	video_pool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_out_as_many_as_it_may),
		cmocka_unit_test(pictures_outlive_their_pool),
		cmocka_unit_test(refuses_sizes_that_are_none),
		cmocka_unit_test(references_balance_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
