/*
 * The jitter buffer against simulated lines, for minutes of their time.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "chance.h"
#include "rtp/jitter.h"

#define RATE 48000
#define FRAME 960
#define FRAME_US 20000
#define MINUTES(m) ((m) * 60 * 50)	/* packets */
#define PACKETS_MAX MINUTES(480)
#define HOURS_MAX 8
#define PERIOD_US 5000			/* of a voice: what is cut, put in */

/* One packet on its way. */
struct flight {
	unsigned number;
	int64_t  arrival_us;
};

struct line {
	unsigned packets;
	double   drift_ppm;		/* the sender's clock over ours */
	int64_t (*late_us)(unsigned number, struct chance *c);	/* -1: lost */
};

struct outcome {
	unsigned played, lost, early, skipped, stretched, refused;
	unsigned missed[HOURS_MAX];	/* lost and early, by time */
	unsigned recoverable;		/* lost, with the next one there */
	unsigned delays[50];		/* played, by delay in 10 ms */
	int64_t  longest_us;
	int64_t  target_us;		/* at the end */
};

static struct flight flights[PACKETS_MAX];

static int
by_arrival(const void *a, const void *b)
{
	const struct flight *x = a, *y = b;

	if (x->arrival_us != y->arrival_us)
		return x->arrival_us < y->arrival_us ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static unsigned
launch(const struct line *line)
{
	struct chance chance = { 20260731 };
	unsigned      count = 0;

	for (unsigned i = 0; i < line->packets; i++) {
		const int64_t late_us = line->late_us(i, &chance);
		const double  sent_us = (double)i * FRAME_US *
		    (1 - line->drift_ppm / 1e6);

		if (late_us < 0)
			continue;
		flights[count++] = (struct flight) { i,
		    1000000 + (int64_t)sent_us + late_us };
	}
	qsort(flights, count, sizeof(flights[0]), by_arrival);
	return count;
}

static void
play(struct outcome *o, struct packet *packet, int64_t now_us)
{
	const int64_t delay_us = now_us - packet->arrival_us;
	size_t        number, late;

	memcpy(&number, packet->bytes, sizeof(number));
	memcpy(&late, packet->bytes + sizeof(number), sizeof(late));
	o->played++;
	o->delays[(delay_us + (int64_t)late) / 10000 < 50 ?
	    (delay_us + (int64_t)late) / 10000 : 49]++;
	if (delay_us > o->longest_us)
		o->longest_us = delay_us;
	packet_free(&packet);
}

/* As the receiver of a person does: a tick of 20 ms each, cut when told. */
static void
tick(struct jitter *j, struct outcome *o, int64_t now_us, int64_t *have_us)
{
	while (*have_us < FRAME_US) {
		const struct packet *next;
		struct packet       *packet;
		const int64_t        at_us = now_us + *have_us;
		const enum jitter_verdict verdict = jitter_pull(j, at_us,
		    &packet, &next);

		assert_in_range(jitter_delay_us(j, at_us), 0,
		    JITTER_DELAY_MAX_US);
		assert_in_range(jitter_target_us(j), JITTER_DELAY_MIN_US,
		    JITTER_DELAY_MAX_US);
		assert_in_range(jitter_len(j), 0, 64);
		switch (verdict) {
		case JITTER_PACKET:
			play(o, packet, at_us);
			*have_us += FRAME_US;
			break;
		case JITTER_SKIP:
			play(o, packet, at_us);
			*have_us += FRAME_US - PERIOD_US;
			o->skipped++;
			break;
		case JITTER_STRETCH:
			play(o, packet, at_us);
			*have_us += FRAME_US + PERIOD_US;
			o->stretched++;
			break;
		case JITTER_LOST:
			o->lost++;
			o->recoverable += next != NULL;
			*have_us += FRAME_US;
			break;
		case JITTER_EARLY:
			o->early++;
			*have_us = FRAME_US;
			break;
		}
	}
	*have_us -= FRAME_US;
}

static struct outcome
run(const struct line *line)
{
	struct outcome      o = { 0 };
	const unsigned      count = launch(line);
	const int64_t       end_us = flights[count - 1].arrival_us;
	struct packet_pool *pool;
	struct jitter      *j;
	int64_t             have_us = 0;
	unsigned            at = 0, before;

	assert_int_equal(packet_pool_new(&pool, 80), 0);
	assert_int_equal(jitter_new(&j, RATE), 0);
	for (int64_t now_us = 1007000; now_us < end_us; now_us += FRAME_US) {
		for (; at < count && flights[at].arrival_us <= now_us; at++) {
			const size_t   number = flights[at].number;
			const double   sent_us = (double)number * FRAME_US *
			    (1 - line->drift_ppm / 1e6);
			const size_t   late = (size_t)(flights[at].arrival_us -
			    1000000 - (int64_t)sent_us);
			struct packet *p = packet_new(pool);

			assert_non_null(p);
			p->arrival_us = flights[at].arrival_us;
			memcpy(p->bytes, &number, sizeof(number));
			memcpy(p->bytes + sizeof(number), &late, sizeof(late));
			if (jitter_push(j, p, (uint16_t)(number + 65000),
			    (uint32_t)(number * FRAME + 4294000000u), FRAME))
				continue;
			o.refused++;
			packet_free(&p);
		}
		before = o.early + o.lost;
		tick(j, &o, now_us, &have_us);
		o.missed[(now_us - 1000000) * HOURS_MAX /
		    (end_us - 1000000)] += o.early + o.lost - before;
	}
	o.target_us = jitter_target_us(j);
	jitter_free(j);
	packet_pool_free(pool);
	return o;
}

/* The delay that `percent` of the packets played stayed below. */
static unsigned
delay_ms(const struct outcome *o, unsigned percent)
{
	unsigned sum = 0, i = 0;

	while (i < 49 && (sum += o->delays[i]) * 100 < o->played * percent)
		i++;
	return (i + 1) * 10;
}

static void
tell(const char *name, const struct outcome *o)
{
	print_message("# %s: played %u lost %u early %u skipped %u "
	    "stretched %u refused %u "
	    "p50 %u ms p95 %u ms target %u ms\n", name, o->played, o->lost,
	    o->early, o->skipped, o->stretched, o->refused, delay_ms(o, 50),
	    delay_ms(o, 95), (unsigned)(o->target_us / 1000));
}

/* Half of a normal distribution: how much later than the earliest. */
static int64_t
half_normal_us(struct chance *c, double sigma_ms)
{
	const double u = (chance_below(c, 1000000) + 1) / 1000001.0;
	const double v = chance_below(c, 1000000) / 1000000.0;

	return (int64_t)(fabs(sqrt(-2 * log(u)) * cos(2 * 3.14159265 * v)) *
	    sigma_ms * 1000);
}

static int64_t
clean(unsigned number, struct chance *c)
{
	(void)number;
	(void)c;
	return 0;
}

static int64_t
sigma_5_ms(unsigned number, struct chance *c)
{
	(void)number;
	return half_normal_us(c, 5);
}

static int64_t
sigma_40_ms(unsigned number, struct chance *c)
{
	(void)number;
	return half_normal_us(c, 40);
}

static int64_t
up_to_50_ms(unsigned number, struct chance *c)
{
	(void)number;
	return chance_below(c, 50000);
}

static int64_t
loss_10_percent(unsigned number, struct chance *c)
{
	(void)number;
	return chance_below(c, 10) == 0 ? -1 : (int64_t)chance_below(c, 3000);
}

/* One in twenty comes 45 ms late, behind two that follow it. */
static int64_t
reordered(unsigned number, struct chance *c)
{
	(void)number;
	return chance_below(c, 20) == 0 ? 45000 : chance_below(c, 2000);
}

/* A sleepy radio: what was sent in 100 ms comes at its end. */
static int64_t
bursts(unsigned number, struct chance *c)
{
	(void)c;
	return (4 - number % 5) * FRAME_US;
}

/* Quiet, but nothing comes for 300 ms each ten seconds. */
static int64_t
spikes(unsigned number, struct chance *c)
{
	const unsigned into = number % 500;

	return into < 15 ? (15 - into) * FRAME_US :
	    (int64_t)chance_below(c, 2000);
}

/* Three seconds of outage, in which everything is kept and comes at once. */
static int64_t
outage(unsigned number, struct chance *c)
{
	const unsigned into = number % 1500;

	(void)c;
	return into >= 1000 && into < 1150 ? (1150 - into) * FRAME_US : 0;
}

static void
a_clean_line_is_played_without_a_flaw(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(2), 0, clean });

	(void)state;
	tell("clean", &o);
	assert_int_equal(o.lost, 0);
	assert_int_equal(o.refused, 0);
	assert_in_range(o.early, 1, 4);		/* the delay at the start */
	assert_int_equal(o.target_us, JITTER_DELAY_MIN_US);
	assert_in_range(delay_ms(&o, 95), 20, 40);
}

static void
little_jitter_costs_little_delay(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0,
	    sigma_5_ms });

	(void)state;
	tell("sigma 5 ms", &o);
	assert_in_range(delay_ms(&o, 50), 20, 40);
	assert_true(o.early + o.lost < o.played / 100);
}

static void
much_jitter_is_waited_for(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0,
	    sigma_40_ms });

	(void)state;
	tell("sigma 40 ms", &o);
	assert_in_range(delay_ms(&o, 50), 80, 120);
	assert_true(o.early + o.lost < o.played / 100);
}

static void
jitter_up_to_50_ms_is_not_heard(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0,
	    up_to_50_ms });

	(void)state;
	tell("up to 50 ms", &o);
	assert_true(o.early + o.lost < o.played / 100);
	assert_in_range(delay_ms(&o, 50), 40, 90);
}

static void
loss_is_called_lost_and_costs_no_delay(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0,
	    loss_10_percent });

	(void)state;
	tell("10 % loss", &o);
	/* Of two in a row the first is made up before it is known lost. */
	assert_in_range(o.lost + o.early, 1350, 1650);
	assert_true(o.early < 200);
	assert_true(o.recoverable > o.lost * 9 / 10);
	assert_in_range(delay_ms(&o, 50), 20, 50);
}

static void
reordering_is_waited_for(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0,
	    reordered });

	(void)state;
	tell("reordered", &o);
	assert_true(o.lost + o.early < o.played / 200);
	assert_true(o.refused < 20);
}

static void
bursts_are_evened_out(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0, bursts });

	(void)state;
	tell("bursts", &o);
	assert_true(o.lost + o.early < 30);
	assert_in_range(delay_ms(&o, 50), 80, 120);
}

static void
a_spike_passes_and_its_delay_is_worked_off(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0, spikes });

	(void)state;
	tell("spikes", &o);
	assert_in_range(delay_ms(&o, 50), 20, 150);
	assert_true(o.skipped > 100);
}

static void
after_an_outage_the_delay_is_bounded(void **state)
{
	const struct outcome o = run(&(struct line) { MINUTES(5), 0, outage });

	(void)state;
	tell("outage", &o);
	assert_true(o.longest_us <= JITTER_DELAY_MAX_US);
	assert_in_range(delay_ms(&o, 50), 20, 70);
}

static void
clocks_may_drift_for_ten_minutes(void **state)
{
	static const double drifts[] = { 200, -200 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct outcome o = run(&(struct line) { MINUTES(10),
		    drifts[i], clean });

		tell(i == 0 ? "+200 ppm" : "-200 ppm", &o);
		/* 120 ms in all: 24 periods to leave out or to put in. */
		assert_in_range(delay_ms(&o, 95), 20, 60);
		assert_true(o.longest_us < 70000);
		assert_int_equal(o.lost, 0);
		assert_int_equal(o.refused, 0);
		assert_in_range(o.skipped, i == 0 ? 16 : 0, i == 0 ? 40 : 8);
		assert_in_range(o.stretched, 0, i == 0 ? 0 : 40);
		assert_in_range(o.early, 0, 4);
	}
}

/* Some ms always; for one second in seven up to 90. */
static int64_t
restless(unsigned number, struct chance *c)
{
	return number / 50 % 7 == 3 ? chance_below(c, 90000) :
	    half_normal_us(c, 8);
}

/* Neither the delay nor what is missed creeps up from hour to hour. */
static void
clocks_may_drift_for_eight_hours(void **state)
{
	static const double drifts[] = { 200, -200 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct outcome o = run(&(struct line) { MINUTES(480),
		    drifts[i], restless });

		tell(i == 0 ? "eight hours, +200 ppm" :
		    "eight hours, -200 ppm", &o);
		print_message("# missed by the hour:");
		for (int h = 0; h < HOURS_MAX; h++)
			print_message(" %u", o.missed[h]);
		print_message("\n");
		assert_true(o.longest_us <= JITTER_DELAY_MAX_US);
		assert_in_range(delay_ms(&o, 50), 20, 120);
		assert_in_range(delay_ms(&o, 99), 20, 160);
		for (int h = 1; h < HOURS_MAX; h++) {
			assert_true(o.missed[h] < 180000 / 100);
			assert_true(o.missed[h] < 2 * o.missed[1] + 50);
		}
		/* 5.76 s of drift: what was cut less what was put in. */
		assert_true(i == 0 ? o.skipped > o.stretched + 800 :
		    o.stretched + 4 * o.early > o.skipped + 800);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_line_is_played_without_a_flaw),
		cmocka_unit_test(little_jitter_costs_little_delay),
		cmocka_unit_test(much_jitter_is_waited_for),
		cmocka_unit_test(jitter_up_to_50_ms_is_not_heard),
		cmocka_unit_test(loss_is_called_lost_and_costs_no_delay),
		cmocka_unit_test(reordering_is_waited_for),
		cmocka_unit_test(bursts_are_evened_out),
		cmocka_unit_test(a_spike_passes_and_its_delay_is_worked_off),
		cmocka_unit_test(after_an_outage_the_delay_is_bounded),
		cmocka_unit_test(clocks_may_drift_for_ten_minutes),
		cmocka_unit_test(clocks_may_drift_for_eight_hours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
