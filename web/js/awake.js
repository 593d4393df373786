// Keeps the screen of a phone from going dark during a meeting.
// SPDX-License-Identifier: GPL-3.0-or-later

/** @param {import('./state.js').Store} store */
export function stayAwake(store) {
	/** @type {WakeLockSentinel|null} */
	let lock = null;
	let wanted = false;

	/* A browser drops the lock whenever the page is hidden. */
	const ask = async () => {
		if (!wanted || document.hidden || (lock && !lock.released))
			return;
		try {
			lock = await navigator.wakeLock.request('screen');
		} catch {
			return;			/* saving power comes first, or not known */
		}
		if (!wanted)
			lock.release();
	};

	document.addEventListener('visibilitychange', ask);
	store.view(({ screen }) => {
		if (wanted === (screen === 'meeting'))
			return;
		wanted = !wanted;
		if (wanted)
			ask();
		else
			lock?.release();
	});
}
