/*
 * The sound packets that a listener was sent, as they were sent, to be sent
 * again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/sound_history.h"

#define EARLY_US       5000	/* ticks are not exact */
#define TOO_LATE_US    100000	/* after the repeat was due */
#define ANSWERS_MAX    3
#define ANSWER_MAX_US  600000
#define SPACING_MIN_US 10000

struct sound_history {
	uint16_t          newest;
	struct sound_sent sent[SOUND_HISTORY_LEN];
};

int
sound_history_new(struct sound_history **out)
{
	struct sound_history *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return -ENOMEM;
	*out = h;
	return 0;
}

void
sound_history_free(struct sound_history *h)
{
	free(h);
}

static struct sound_sent *
slot_of(struct sound_history *h, uint16_t sequence)
{
	return &h->sent[sequence % SOUND_HISTORY_LEN];
}

void
sound_history_add(struct sound_history *h, uint16_t sequence,
    const uint8_t *bytes, size_t len, int64_t now_us)
{
	struct sound_sent *s = slot_of(h, sequence);

	h->newest = sequence;
	*s = (struct sound_sent){ .sequence = sequence };
	if (len > sizeof(s->bytes))
		return;
	s->len = (uint16_t)len;
	s->sent_us = s->again_us = now_us;
	memcpy(s->bytes, bytes, len);
}

const struct sound_sent *
sound_history_due(struct sound_history *h, const struct sound_repeats *plan,
    int64_t now_us)
{
	for (uint16_t back = SOUND_HISTORY_LEN; back-- > 0;) {
		const uint16_t     sequence = (uint16_t)(h->newest - back);
		struct sound_sent *s = slot_of(h, sequence);
		int64_t            late_us;

		if (s->len == 0 || s->sequence != sequence)
			continue;
		/* What should have gone out long ago helps nobody now. */
		while (s->repeats < plan->count && now_us - s->sent_us >
		    plan->delay_us[s->repeats] + TOO_LATE_US)
			s->repeats++;
		if (s->repeats >= plan->count ||
		    now_us - s->again_us < SPACING_MIN_US)
			continue;
		late_us = now_us - s->sent_us - plan->delay_us[s->repeats];
		if (late_us < -EARLY_US)
			continue;
		s->repeats++;
		s->again_us = now_us;
		return s;
	}
	return NULL;
}

bool
sound_history_missed(struct sound_history *h, uint16_t sequence)
{
	struct sound_sent *s = slot_of(h, sequence);
	const bool         first = s->len > 0 && s->sequence == sequence &&
	    !s->missed;

	if (first)
		s->missed = true;
	return first;
}

const struct sound_sent *
sound_history_asked(struct sound_history *h, uint16_t sequence,
    const struct sound_repeats *plan, int64_t rtt_us, int64_t now_us)
{
	struct sound_sent *s = slot_of(h, sequence);
	const int64_t      spacing_us = rtt_us / 2 > SPACING_MIN_US ?
	    rtt_us / 2 : SPACING_MIN_US;

	if (s->len == 0 || s->sequence != sequence ||
	    s->answers >= ANSWERS_MAX ||
	    now_us - s->sent_us > ANSWER_MAX_US ||
	    now_us - s->again_us < spacing_us)
		return NULL;
	if (s->repeats < plan->count && now_us + rtt_us >=
	    s->sent_us + plan->delay_us[s->repeats])
		return NULL;
	s->answers++;
	s->again_us = now_us;
	return s;
}
