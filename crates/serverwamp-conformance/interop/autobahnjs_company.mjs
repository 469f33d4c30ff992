// autobahn-js in the company of other clients: as a host, and as a visitor of hosts.
//
// A host serves the procedures `host.NAME.*`, listens to `host.NAME.inbox`, and publishes where it is told to. A
// visitor calls and hears every host it is given, and tells what came of it; the test that started it judges.

import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE = 10_000;
const BYTES = Buffer.from([0, 1, 127, 128, 255]);

/** What JSON can say, bytes as their numbers. */
function plain(value) {
    if (value instanceof ArrayBuffer) { return { bytes: [...new Uint8Array(value)] }; }
    if (ArrayBuffer.isView(value)) { return { bytes: [...value] }; }
    if (typeof value === 'string' && value.startsWith('\0')) {
        return { bytes: [...Buffer.from(value.slice(1), 'base64')] };
    }
    if (Array.isArray(value)) { return value.map(plain); }
    if (value !== null && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    }
    return value ?? null;
}

export async function host(autobahn, session, name, ready) {
    const heard = [];
    const base = `host.${name}.`;
    let stop;
    const stopped = new Promise((resolve) => { stop = resolve; });
    await session.register(`${base}echo`, (args, kwargs) => new autobahn.Result(args, kwargs));
    await session.register(`${base}fail`, (args, kwargs) => {
        throw new autobahn.Error('host.error.asked_for', args, kwargs);
    });
    await session.register(`${base}count`, ([limit], _kwargs, { progress }) => {
        for (let number = 1; number <= limit; number += 1) { progress([number]); }
        return 'done';
    });
    await session.register(`${base}who`, (_args, _kwargs, { caller, caller_authrole: role }) =>
        [caller ?? null, role ?? null]);
    // It cannot be interrupted, and answers when nobody waits any more.
    await session.register(`${base}wait`, () => sleep(PATIENCE / 10, null, { ref: false }));
    await session.register(`${base}shout`, async ([topic, options, args, kwargs]) => {
        await session.publish(topic, args, kwargs, { ...options, acknowledge: true });
        return null;
    });
    await session.register(`${base}inbox`, ([visitor]) => heard.filter((event) => event.from === visitor));
    await session.register(`${base}stop`, () => { setTimeout(stop, 100); return null; });
    await session.register('host.shared', () => name, { invoke: 'roundrobin' });
    await session.subscribe(`${base}inbox`, ([from, ...args], kwargs, { publisher }) => {
        heard.push({ from, args: plain(args), kwargs: plain(kwargs), publisher: publisher ?? null });
    });
    ready();
    await Promise.race([stopped, sleep(12 * PATIENCE, null, { ref: false })]);
    return {};
}

export async function visit(session, name, hosts, { text, outcome }) {
    // It has no bytes in JSON; the specification has them so.
    const bytes = text ? `\0${BYTES.toString('base64')}` : BYTES;
    const me = session.id;
    const heard = [];
    const prefix = `visit.${name}.`;
    await session.subscribe(prefix, (args, kwargs, { topic, publisher }) => {
        heard.push({ topic, args: plain(args), kwargs: plain(kwargs), publisher: publisher != null });
    }, { match: 'prefix' });
    const ask = async (...call) => plain(await outcome(session, ...call));
    const summary = {};
    for (const hostName of hosts) {
        const base = `host.${hostName}.`;
        const topic = `${prefix}${hostName}`;
        const waiting = session.call(`${base}wait`);
        const canceled = new Promise((resolve) => { waiting.then(() => resolve(null), ({ error }) => resolve(error)); });
        await sleep(50);
        waiting.cancel({ mode: 'kill' });
        const seen = [];
        const shout = (...what) => ask(`${base}shout`, [topic, ...what]);
        const found = {
            positional: await ask(`${base}echo`, [1, 'zwei \u20ac', [2.5, null, true, { k: [] }]]),
            named: await ask(`${base}echo`, [], { a: 1, b: { c: '\u00e4' } }),
            bytes: await ask(`${base}echo`, [bytes]),
            big: await ask(`${base}echo`, [2 ** 31 - 1, -(2 ** 31)]),
            error: await ask(`${base}fail`, [1], { why: 'so' }),
            final: await ask(`${base}count`, [3], {}, { receive_progress: true }, (number) => { seen.push(number); }),
            progress: seen,
            known: JSON.stringify(await ask(`${base}who`, [], {}, { disclose_me: true }))
                === JSON.stringify([me, 'guest']),
            unknown: await ask(`${base}who`),
            canceled: await canceled,
            shouts: [
                await shout({}, [1, 'zwei'], { k: null }),
                await shout({ disclose_me: true }, [2], {}),
                await shout({ exclude: [me] }, ['not for the visitor'], {}),
                await shout({ eligible: [me] }, [bytes], {}),
            ],
        };
        await session.publish(`${base}inbox`, [name, 7], { word: '\u20ac' }, { acknowledge: true, disclose_me: true });
        const events = await ask(`${base}inbox`, [name]);
        found.inbox = events?.map?.((event) => ({ ...event, publisher: event.publisher === me })) ?? events;
        found.heard = heard.filter((event) => event.topic === topic);
        summary[hostName] = found;
    }
    const shared = [];
    for (let call = 0; call < 2 * hosts.length; call += 1) { shared.push(await ask('host.shared')); }
    summary.shared = JSON.stringify(shared.sort()) === JSON.stringify([...hosts, ...hosts].sort());
    const sessions = await ask('wamp.session.list');
    summary.listed = sessions.includes(me) && await ask('wamp.session.count') === sessions.length;
    const registration = await ask('wamp.registration.match', [`host.${hosts[0]}.echo`]);
    const details = await ask('wamp.registration.get', [registration]);
    summary.registered = [details.uri === `host.${hosts[0]}.echo`, details.match, details.invoke];
    return summary;
}
