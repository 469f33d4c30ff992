// wampy.js as a tool: it looks into a running server and acts on it, by the admin interface.
//
// The session has joined `serverwamp.admin`; `guest` opens another one in `realm1`, which is looked at. `id` makes a session's id what
// wampy sends as an integer: it writes large numbers as floats.

import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE = 10_000;

export async function administrate(wampy, { guest, id, outcome }) {
    const guests = [await guest(), await guest(), await guest()];
    const ids = guests.map(({ client }) => Number(client.getSessionId()));
    const ask = (procedure, argsDict, progress) =>
        outcome(wampy, procedure, { argsList: ['realm1'], argsDict }, progress && { progress_callback: progress });
    const found = [];
    let longest = 0;
    for (let cursor = null; ;) {
        const page = await ask('serverwamp.session.query', { limit: 2, cursor });
        found.push(...page.sessions.map(({ session }) => Number(session)));
        longest = Math.max(longest, page.sessions.length);
        cursor = page.next;
        if (cursor === null) { break; }
    }
    const tick = await new Promise((resolve) => {
        wampy.subscribe('serverwamp.stats.tick', ({ argsList: [first] }) => { resolve(first); });
    });
    const realm = tick.realms.find((one) => one.realm === 'realm1');

    /** What a call answers that waits for others to call. */
    async function whileCalled(call) {
        let isDone = false;
        const done = call.finally(() => { isDone = true; });
        for (const end = Date.now() + PATIENCE; !isDone; await sleep(20)) {
            if (Date.now() > end) { throw new Error(`not within ${PATIENCE} ms`); }
            await outcome(guests[0].client, 'demo.add', [1, 2]);
        }
        return done;
    }

    const shown = [];
    const tap = { session: id(ids[0]), filter: { uri: 'demo.*' }, limit: 2 };
    const end = await whileCalled(ask('serverwamp.tap.open', tap, ({ argsList: [batch] }) => {
        shown.push(...batch.messages);
    }));
    const results = [];
    const watch = { uri: 'demo.add', interval_ms: 200, limit: 3 };
    results.push(await whileCalled(ask('serverwamp.uri.watch', watch, ({ argsList: [batch] }) => {
        results.push(batch);
    })));
    const procedures = results.flatMap((result) => result.procedures);
    const killed = await ask('serverwamp.session.kill', { session: id(ids[1]), message: 'maintenance' });
    const reason = await guests[1].ended;
    for (const { client } of [guests[0], guests[2]]) { await client.disconnect(); }
    return {
        sessions_found: ids.every((one) => found.includes(one)),
        sessions_twice: found.length - new Set(found).size,
        longest_page: longest,
        statistics: Number(realm.sessions) >= 3,
        tap: shown.map(({ direction, type, uri }) => [direction, type, uri]),
        tap_shown: end.shown,
        watched: [...new Set(procedures.map(({ uri }) => uri))],
        watched_results: procedures.some((row) => row.results > 0),
        watch_results: results.length,
        killed,
        reason,
        unknown_filter: await ask('serverwamp.session.query', { filter: { colour: 'red' } }),
        bad_cursor: await ask('serverwamp.session.query', { cursor: '7' }),
        unknown_realm: await outcome(wampy, 'serverwamp.session.query', ['nowhere']),
    };
}

/** What a role with the permission `read` alone is refused. */
export async function readOnly(wampy, { outcome }) {
    const info = await outcome(wampy, 'serverwamp.node.info');
    const progressive = { progress_callback: () => {} };
    return {
        role: info.you.authrole,
        kill: await outcome(wampy, 'serverwamp.session.kill', { argsList: ['realm1'], argsDict: { authrole: 'nobody' } }),
        reload: await outcome(wampy, 'serverwamp.node.reload'),
        payloads: await outcome(wampy, 'serverwamp.tap.open_with_payloads', ['realm1'], progressive),
        without_progress: await outcome(wampy, 'serverwamp.tap.open', ['realm1']),
    };
}
