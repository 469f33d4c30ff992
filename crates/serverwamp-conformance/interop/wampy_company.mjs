// wampy.js in the company of other clients: as a host, and as a visitor of hosts.
//
// A host serves the procedures `host.NAME.*`, listens to `host.NAME.inbox`, and publishes where it is told to. A
// visitor calls and hears every host it is given, and tells what came of it; the test that started it judges.
// `id` makes a session's id what wampy sends as an integer: it writes large numbers as floats.

import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE = 10_000;
const BYTES = Uint8Array.from([0, 1, 127, 128, 255]);

/** What JSON can say, bytes as their numbers. */
function plain(value) {
    if (value instanceof ArrayBuffer) { return { bytes: [...new Uint8Array(value)] }; }
    if (ArrayBuffer.isView(value)) { return { bytes: [...value] }; }
    if (typeof value === 'string' && value.startsWith('\0')) {
        return { bytes: [...Buffer.from(value.slice(1), 'base64')] };
    }
    if (Array.isArray(value)) { return value.map(plain); }
    if (typeof value === 'bigint') { return Number(value); }
    if (value !== null && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    }
    return value ?? null;
}

export async function host(wampy, name, ready, { id }) {
    const heard = [];
    const base = `host.${name}.`;
    let stop;
    const stopped = new Promise((resolve) => { stop = resolve; });
    await wampy.register(`${base}echo`, ({ argsList, argsDict }) => ({ argsList, argsDict }));
    await wampy.register(`${base}fail`, ({ argsList, argsDict }) => {
        throw { error: 'host.error.asked_for', details: {}, argsList, argsDict };
    });
    await wampy.register(`${base}count`, async ({ argsList: [limit], result_handler: report }) => {
        for (let number = 1; number <= limit; number += 1) {
            report({ argsList: [number], options: { progress: true } });
        }
        return { argsList: ['done'] };
    });
    await wampy.register(`${base}who`, ({ details }) =>
        ({ argsList: [[plain(details.caller), plain(details.caller_authrole)]] }));
    await wampy.register(`${base}wait`, () => sleep(PATIENCE, {}, { ref: false }));
    await wampy.register(`${base}shout`, async ({ argsList: [topic, options, argsList, argsDict] }) => {
        for (const list of ['exclude', 'eligible']) {
            if (options[list]) { options[list] = options[list].map(id); }
        }
        await wampy.publish(topic, { argsList, argsDict }, options);
        return { argsList: [null] };
    });
    await wampy.register(`${base}inbox`, ({ argsList: [visitor] }) =>
        ({ argsList: [heard.filter((event) => event.from === visitor)] }));
    await wampy.register(`${base}stop`, () => { setTimeout(stop, 100); return {}; });
    await wampy.register('host.shared', () => ({ argsList: [name] }), { invoke: 'roundrobin' });
    await wampy.subscribe(`${base}inbox`, ({ details, argsList: [from, ...args], argsDict }) => {
        heard.push({ from, args: plain(args), kwargs: plain(argsDict ?? {}), publisher: plain(details.publisher) });
    });
    ready();
    await stopped;
    return {};
}

export async function visit(wampy, name, hosts, { id, outcome }) {
    // wampy leaves it to its users to write bytes in JSON as the specification has it.
    const bytes = id === Number ? `\0${Buffer.from(BYTES).toString('base64')}` : BYTES;
    const me = Number(wampy.getSessionId());
    const own = id(me);
    const heard = [];
    const prefix = `visit.${name}`;
    await wampy.subscribe(prefix, ({ details, argsList, argsDict }) => {
        const { topic, publisher } = details;
        heard.push({ topic, args: plain(argsList ?? []), kwargs: plain(argsDict ?? {}), publisher: publisher != null });
    }, { match: 'prefix' });
    /** A result as positional and keyword arguments. */
    const whole = async (procedure, payload, options) => {
        const { argsList, argsDict } = await wampy.call(procedure, payload, options);
        return plain({ args: argsList ?? [], kwargs: argsDict ?? {} });
    };
    const summary = {};
    for (const hostName of hosts) {
        const base = `host.${hostName}.`;
        const topic = `${prefix}.${hostName}`;
        const slow = outcome(wampy, `${base}wait`, []);
        const { reqId } = wampy.getOpStatus();
        await sleep(50);
        wampy.cancel(reqId, { mode: 'killnowait' });
        const seen = [];
        const shout = (options, args, kwargs) => outcome(wampy, `${base}shout`, [topic, options, args, kwargs]);
        const progress = { progress_callback: ({ argsList }) => { seen.push(plain(argsList[0])); } };
        const found = {
            positional: await whole(`${base}echo`, [1, 'zwei \u20ac', [2.5, null, true, { k: [] }]]),
            named: await whole(`${base}echo`, { argsList: [], argsDict: { a: 1, b: { c: '\u00e4' } } }),
            bytes: await whole(`${base}echo`, [bytes]),
            big: await whole(`${base}echo`, [2 ** 31 - 1, -(2 ** 31)]),
            error: plain(await outcome(wampy, `${base}fail`, { argsList: [1], argsDict: { why: 'so' } })),
            final: plain(await outcome(wampy, `${base}count`, [3], progress)),
            progress: seen,
            known: JSON.stringify(plain(await outcome(wampy, `${base}who`, [], { disclose_me: true })))
                === JSON.stringify([me, 'guest']),
            unknown: plain(await outcome(wampy, `${base}who`, [])),
            canceled: (await slow).uri,
            shouts: [
                plain(await shout({}, [1, 'zwei'], { k: null })),
                plain(await shout({ disclose_me: true }, [2], {})),
                plain(await shout({ exclude: [own] }, ['not for the visitor'], {})),
                plain(await shout({ eligible: [own] }, [bytes], {})),
            ],
        };
        await wampy.publish(`${base}inbox`, { argsList: [name, 7], argsDict: { word: '\u20ac' } }, { disclose_me: true });
        const events = plain(await outcome(wampy, `${base}inbox`, [name]));
        found.inbox = events.map?.((event) => ({ ...event, publisher: event.publisher === me })) ?? events;
        found.heard = heard.filter((event) => event.topic === topic);
        summary[hostName] = found;
    }
    const shared = [];
    for (let call = 0; call < 2 * hosts.length; call += 1) { shared.push(await outcome(wampy, 'host.shared', [])); }
    summary.shared = JSON.stringify(shared.sort()) === JSON.stringify([...hosts, ...hosts].sort());
    const sessions = plain(await outcome(wampy, 'wamp.session.list', []));
    const count = plain(await outcome(wampy, 'wamp.session.count', []));
    summary.listed = sessions.includes(me) && count === sessions.length;
    const registration = await outcome(wampy, 'wamp.registration.match', [`host.${hosts[0]}.echo`]);
    const details = plain(await outcome(wampy, 'wamp.registration.get', [registration]));
    summary.registered = [details.uri === `host.${hosts[0]}.echo`, details.match, details.invoke];
    return summary;
}
