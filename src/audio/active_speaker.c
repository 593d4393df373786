/*
 * Levels smoothed, with attack, decay and hysteresis.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "audio/active_speaker.h"

#include <stdlib.h>
#include <string.h>

#include "audio/audio_level.h"
#include "util/xalloc.h"

/* Ticks are 20 ms; levels here are dB, 0 the loudest. */
#define SILENCE_DB     (-AUDIO_LEVEL_SILENCE)
#define HEARD_DB       (-60.0f)
#define HEARD_TICKS    50	/* 1 s */
#define REPLACE_DB     6.0f	/* louder than the quietest, to take over */
#define SPEAK_ON_DB    (-50.0f)
#define SPEAK_OFF_DB   (-55.0f)
#define SPEAK_ON_TICKS 4
#define SPEAK_OFF_TICKS 15
#define ATTACK         0.4f	/* of the difference, each tick */
#define DECAY          0.05f
#define ORDER_DB       3.0f
#define ORDER_TICKS    25	/* at most two new orders a second */

struct leg {
	bool     used;		/* had a level since it was removed */
	float    level_db;	/* of this tick */
	float    smooth_db;
	bool     heard;
	unsigned quiet_ticks;
	bool     speaks;
	unsigned turn_ticks;	/* how long the other state seems right */
};

struct active_speaker {
	struct leg *legs;
	unsigned    legs_max;
	unsigned    heard_max;
	unsigned    heard_count;
	unsigned   *speakers;	/* loudest first */
	unsigned    speaker_count;
	unsigned    order_ticks;
	bool        changed;
};

int
active_speaker_new(struct active_speaker **out, unsigned legs_max,
    unsigned heard_max)
{
	struct active_speaker *s = xcalloc(1, sizeof(*s));

	s->legs = xcalloc(legs_max, sizeof(*s->legs));
	s->speakers = xcalloc(legs_max, sizeof(*s->speakers));
	s->legs_max = legs_max;
	s->heard_max = heard_max;
	*out = s;
	return 0;
}

void
active_speaker_free(struct active_speaker *s)
{
	if (s == NULL)
		return;
	free(s->legs);
	free(s->speakers);
	free(s);
}

static void
list_remove(struct active_speaker *s, unsigned leg)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->speaker_count; i++) {
		if (s->speakers[i] != leg)
			s->speakers[kept++] = s->speakers[i];
	}
	s->speaker_count = kept;
	s->changed = true;
}

static void
list_add(struct active_speaker *s, unsigned leg)
{
	unsigned at = s->speaker_count++;

	for (; at > 0 && s->legs[leg].smooth_db >
	    s->legs[s->speakers[at - 1]].smooth_db; at--)
		s->speakers[at] = s->speakers[at - 1];
	s->speakers[at] = leg;
	s->changed = true;
}

static void
unhear(struct active_speaker *s, struct leg *leg)
{
	leg->heard = false;
	s->heard_count--;
}

void
active_speaker_remove(struct active_speaker *s, unsigned leg)
{
	struct leg *l = &s->legs[leg];

	if (l->heard)
		unhear(s, l);
	if (l->speaks)
		list_remove(s, leg);
	memset(l, 0, sizeof(*l));
}

void
active_speaker_level(struct active_speaker *s, unsigned leg, float level_dbov)
{
	struct leg *l = &s->legs[leg];

	if (!l->used) {
		l->used = true;
		l->smooth_db = SILENCE_DB;
	}
	l->level_db = -level_dbov;
}

/* Makes room for one as loud as this; false when all heard are as loud. */
static bool
make_room(struct active_speaker *s, float level_db)
{
	struct leg *quietest = NULL;

	if (s->heard_count < s->heard_max)
		return true;
	for (unsigned i = 0; i < s->legs_max; i++) {
		struct leg *l = &s->legs[i];

		if (l->heard && (quietest == NULL ||
		    l->smooth_db < quietest->smooth_db))
			quietest = l;
	}
	if (quietest == NULL || level_db < quietest->smooth_db + REPLACE_DB)
		return false;
	unhear(s, quietest);
	return true;
}

static void
update_heard(struct active_speaker *s, struct leg *l)
{
	if (l->level_db > HEARD_DB) {
		l->quiet_ticks = 0;
		if (!l->heard && make_room(s, l->level_db)) {
			l->heard = true;
			s->heard_count++;
		}
	} else if (l->heard && ++l->quiet_ticks >= HEARD_TICKS) {
		unhear(s, l);
	}
}

static void
update_speaks(struct active_speaker *s, unsigned leg)
{
	struct leg *l = &s->legs[leg];
	const bool  turn = l->speaks ? l->smooth_db < SPEAK_OFF_DB :
	     l->smooth_db > SPEAK_ON_DB;

	l->turn_ticks = turn ? l->turn_ticks + 1 : 0;
	if (l->turn_ticks <
	    (l->speaks ? SPEAK_OFF_TICKS : SPEAK_ON_TICKS))
		return;
	l->turn_ticks = 0;
	l->speaks = !l->speaks;
	if (l->speaks)
		list_add(s, leg);
	else
		list_remove(s, leg);
}

/* Brings clearly louder ones forward, by insertion. */
static void
reorder(struct active_speaker *s)
{
	if (++s->order_ticks < ORDER_TICKS)
		return;
	s->order_ticks = 0;
	for (unsigned i = 1; i < s->speaker_count; i++) {
		const unsigned leg = s->speakers[i];
		unsigned       at = i;

		for (; at > 0 && s->legs[leg].smooth_db >
		    s->legs[s->speakers[at - 1]].smooth_db + ORDER_DB; at--)
			s->speakers[at] = s->speakers[at - 1];
		if (at != i)
			s->changed = true;
		s->speakers[at] = leg;
	}
}

bool
active_speaker_tick(struct active_speaker *s)
{
	bool changed;

	for (unsigned i = 0; i < s->legs_max; i++) {
		struct leg *l = &s->legs[i];

		if (!l->used)
			continue;
		l->smooth_db += (l->level_db - l->smooth_db) *
		    (l->level_db > l->smooth_db ? ATTACK : DECAY);
		update_heard(s, l);
		update_speaks(s, i);
		l->level_db = SILENCE_DB;
	}
	reorder(s);
	changed = s->changed;
	s->changed = false;
	return changed;
}

bool
active_speaker_heard(const struct active_speaker *s, unsigned leg)
{
	return s->legs[leg].heard;
}

const unsigned *
active_speaker_list(const struct active_speaker *s, unsigned *count)
{
	*count = s->speaker_count;
	return s->speakers;
}
