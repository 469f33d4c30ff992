// One conversation of wampy.js with a serverwamp server.
//
//     wampy_client.mjs URL SERIALIZER SCENARIO
//     wampy_client.mjs URL SERIALIZER host:NAME | visit:NAME:HOST,HOST
//
// Prints one line of JSON that says what the client saw, and leaves the judgement to the test that started it.
// The exit status is not 0 only when the conversation could not be held to its end. `ready` on the standard
// error tells the test that it may act, where a scenario needs that.

import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import { sign } from 'wampy/wampcra.js';
import { administrate, readOnly } from './wampy_admin.mjs';
import { host, visit } from './wampy_company.mjs';

const PATIENCE = 10_000;
const SERIALIZERS = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };
const [GOODBYE, ERROR, EVENT, RESULT] = [6, 8, 36, 50];

const [url, serializerName, scenarioName] = process.argv.slice(2);
const serializer = new SERIALIZERS[serializerName]();
// wampy writes large numbers as floats, where the serializer has both.
const id = serializerName === 'json' ? Number : BigInt;
const challenges = [];
const seen = [];
const transport = { code: null, protocol: null };

/** The socket wampy uses, which also keeps what arrives: wampy itself drops a GOODBYE's reason. */
class Socket extends WebSocket {
    constructor(address, protocols, _origin, headers) {
        super(address, protocols, { headers: headers ?? {} });
        const { promise, resolve } = withResolvers();
        transport.closed = promise;
        this.on('open', () => { transport.protocol = this.protocol; });
        this.on('message', (data, binary) => {
            seen.push(serializer.decode(binary ? data : data.toString()));
        });
        this.on('close', (code) => { transport.code = code; resolve(); });
    }
}

function withResolvers() {
    let resolve;
    const promise = new Promise((done) => { resolve = done; });
    return { promise, resolve };
}

async function until(condition) {
    for (const end = Date.now() + PATIENCE; !condition(); await sleep(10)) {
        if (Date.now() > end) { throw new Error(`not within ${PATIENCE} ms: ${condition}`); }
    }
}

const arrived = (type) => seen.filter((message) => message[0] === type);

/** A call's result, or its error taken apart. */
async function outcome(wampy, procedure, payload, options) {
    try {
        const { argsList, argsDict } = await wampy.call(procedure, payload, options);
        return argsDict === undefined ? argsList?.[0] : { args: argsList, kwargs: argsDict };
    } catch (error) {
        if (!error.errorUri) { throw error; }
        return { uri: error.errorUri, args: error.argsList ?? [], kwargs: error.argsDict ?? {} };
    }
}

async function calls(wampy) {
    const numbers = [...Array(50).keys()];
    return {
        positional: await outcome(wampy, 'demo.add', [2, 3]),
        named: await outcome(wampy, 'demo.add', { a: 2, b: 3 }),
        mixed: await outcome(wampy, 'demo.add', { argsList: [2], argsDict: { b: 40 } }),
        unknown: await outcome(wampy, 'demo.there_is_no_such_thing'),
        wrong_argument: await outcome(wampy, 'demo.add', ['two', 3]),
        missing_argument: await outcome(wampy, 'demo.add'),
        failed: await outcome(wampy, 'demo.fail'),
        panicked: await outcome(wampy, 'demo.fail', ['panic']),
        after_all_that: await outcome(wampy, 'demo.add', [1, 1]),
        // Side by side, answered in whatever order.
        many: await Promise.all(numbers.map((n) => outcome(wampy, 'demo.add', [n, n]))),
    };
}

async function progress(wampy) {
    const reports = [];
    const options = { progress_callback: ({ argsList }) => { reports.push(argsList[0]); } };
    const result = await outcome(wampy, 'demo.countdown', { from: 3, interval_ms: 100 }, options);
    const unasked = await outcome(wampy, 'demo.countdown', [3, 10]);
    const results = arrived(RESULT);
    return {
        progress: reports,
        result,
        unasked_result: unasked,
        results_with_progress: results.filter((message) => message[2].progress).length,
        results_without_progress: results.filter((message) => !message[2].progress).length,
    };
}

async function cancel(wampy) {
    const modes = ['killnowait', 'kill', 'skip'];
    let slowest = 0;
    for (const mode of modes) {
        const slow = outcome(wampy, 'demo.slow', [10]);
        const { reqId } = wampy.getOpStatus();
        await sleep(200);
        const start = Date.now();
        wampy.cancel(reqId, { mode });
        await slow;
        slowest = Math.max(slowest, Date.now() - start);
    }
    const after = await outcome(wampy, 'demo.add', [2, 3]);
    await sleep(300);
    return {
        answers: arrived(ERROR).map(([, type, , , uri]) => [type, uri]),
        results: arrived(RESULT).length,
        within_a_second: slowest < 1000,
        after,
    };
}

async function subscribe(wampy) {
    const exact = [];
    const prefix = [];
    const event = ({ details, argsList, argsDict }) =>
        ({ args: argsList ?? [], kwargs: argsDict ?? {}, topic: details.topic });
    const clock = await wampy.subscribe('demo.clock', (data) => { exact.push(event(data)); });
    // wampy takes no pattern that ends in a dot.
    const demo = await wampy.subscribe('demo', (data) => { prefix.push(event(data)); }, { match: 'prefix' });
    await until(() => exact.length >= 2 && prefix.length >= 2);
    const publications = (id) => arrived(EVENT).filter(([, of]) => of === id).map(([, , id]) => String(id));
    const ofPrefix = publications(demo.subscriptionId);
    const shared = publications(clock.subscriptionId).filter((id) => ofPrefix.includes(id));
    await wampy.unsubscribe(clock.subscriptionId);
    // wampy drops what it has no handler for, so this counts what arrived.
    const [count, sentinel] = [publications(clock.subscriptionId).length, prefix.length];
    // The next event of the prefix subscription, and an answer after it, show that the other one is over.
    await until(() => prefix.length > sentinel);
    await outcome(wampy, 'demo.add', [1, 1]);
    return {
        events: exact.slice(0, 2).map(({ args, kwargs }) => ({ args, kwargs })),
        prefix_events: prefix.slice(0, 2).map(({ kwargs, topic }) => ({ kwargs, topic })),
        publications_in_both: shared.length > 0,
        after_unsubscribe: publications(clock.subscriptionId).length - count,
    };
}

async function identity(_wampy, { authid, authrole, authmethod }) {
    return { authid, authrole, authmethod, challenges };
}

async function goodbye(wampy) {
    await wampy.disconnect();
    return endOf();
}

async function shutdown() {
    console.error('ready');
    await until(() => transport.code !== null);
    return endOf();
}

async function endOf() {
    await transport.closed;
    const goodbyes = arrived(GOODBYE);
    return {
        reason: goodbyes[0]?.[2],
        goodbyes: goodbyes.length,
        last_is_goodbye: seen.at(-1)[0] === GOODBYE,
        clean: transport.code !== 1006,
        code: transport.code,
    };
}

async function unreachable() {
    return { joined: true };
}

/** Another session at the same server, in `realm1`, and the reason with which it ends. */
async function guest() {
    const { promise: ended, resolve } = withResolvers();
    class GuestSocket extends WebSocket {
        constructor(address, protocols, _origin, headers) {
            super(address, protocols, { headers: headers ?? {} });
            this.on('message', (data, binary) => {
                const message = serializer.decode(binary ? data : data.toString());
                if (message[0] === GOODBYE) { resolve(message[2]); }
            });
        }
    }
    const client = new Wampy(url, { ws: GuestSocket, realm: 'realm1', serializer, autoReconnect: false });
    await client.connect();
    return { client, ended };
}

function user(method, authid, secret) {
    return {
        authid,
        authmethods: [method],
        onChallenge: (asked, extra) => {
            challenges.push(asked);
            return asked === 'ticket' ? secret : sign(secret)(asked, extra);
        },
    };
}

// scenario: what is done on a session, its realm, how it joins
const SCENARIOS = {
    calls: [calls, 'realm1', {}],
    progress: [progress, 'realm1', {}],
    cancel: [cancel, 'realm1', {}],
    subscribe: [subscribe, 'realm1', {}],
    admin: [(wampy) => administrate(wampy, { guest, id, outcome }), 'serverwamp.admin', {}],
    admin_read_only: [(wampy) => readOnly(wampy, { outcome }), 'serverwamp.admin', {}],
    goodbye: [goodbye, 'realm1', {}],
    shutdown: [shutdown, 'realm1', {}],
    ticket: [identity, 'secure', user('ticket', 'joe', 'secret!!!')],
    cra: [identity, 'secure', user('wampcra', 'peter', 'secret1')],
    cra_salted: [identity, 'secure', user('wampcra', 'anna', 'secret1')],
    ticket_wrong: [unreachable, 'secure', user('ticket', 'joe', 'secret!!')],
    cra_wrong: [unreachable, 'secure', user('wampcra', 'peter', 'secret2')],
    unknown_user: [unreachable, 'secure', user('ticket', 'nobody', 'secret!!!')],
    no_credentials: [unreachable, 'secure', {}],
    unknown_realm: [unreachable, 'there.is.no.such.realm', {}],
};

/** `host:NAME`, or `visit:NAME:HOST,HOST,...`. */
function inCompany(scenario) {
    const [kind, name, hosts] = scenario.split(':');
    const converse = async (wampy) => {
        if (kind === 'host') { return host(wampy, name, () => { console.error('ready'); }, { id }); }
        return visit(wampy, name, hosts.split(','), { id, outcome });
    };
    return [converse, 'router', {}];
}

async function main() {
    const [converse, realm, identification] = SCENARIOS[scenarioName] ?? inCompany(scenarioName);
    const wampy = new Wampy(url, { ws: Socket, realm, serializer, autoReconnect: false, ...identification });
    let summary;
    try {
        const welcome = await wampy.connect();
        summary = await converse(wampy, welcome);
    } catch (error) {
        if (error.name !== 'AbortedError') { throw error; }
        summary = { refused: error.errorUri, challenges };
    }
    summary.subprotocol = transport.protocol;
    if (wampy.getSessionId()) { await wampy.disconnect(); }
    await transport.closed;
    console.log(JSON.stringify(summary, (_key, value) => (typeof value === 'bigint' ? Number(value) : value)));
}

await main();
