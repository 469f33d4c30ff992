// One conversation of autobahn-js with a serverwamp server.
//
//     autobahnjs_client.mjs URL SERIALIZER SCENARIO
//     autobahnjs_client.mjs URL SERIALIZER host:NAME | visit:NAME:HOST,HOST
//
// Prints one line of JSON that says what the client saw, and leaves the judgement to the test that started it. A URL
// that begins with `http` is that of a long-polling service. The exit status is not 0 only when the conversation could
// not be held to its end. `ready` on the standard error tells the test that it may act, where a scenario needs that.

import { setTimeout as sleep } from 'node:timers/promises';
import { answers, hangUp } from './autobahnjs_browser.mjs';
import { host, visit } from './autobahnjs_company.mjs';

// Its modules look for what a browser has when they are loaded.
const { default: autobahn } = await import('autobahn');

const PATIENCE = 10_000;
const IDLE = 13_000;
const { JSONSerializer, MsgpackSerializer, CBORSerializer } = autobahn.serializer;
const SERIALIZERS = { json: JSONSerializer, msgpack: MsgpackSerializer, cbor: CBORSerializer };
const [GOODBYE, ERROR, EVENT, RESULT] = [6, 8, 36, 50];

const [url, serializerName, scenarioName] = process.argv.slice(2);
const kind = url.startsWith('http') ? 'longpoll' : 'websocket';
const challenges = [];
const seen = [];
const end = { transport: null };

/** The library's own transport; what arrives is kept. */
class Watched extends autobahn.transports.get(kind) {
    create() {
        const transport = super.create();
        for (const [name, keep] of [['onmessage', (message) => seen.push(message)],
            ['onclose', (details) => { end.transport ??= details; }]]) {
            let handler = transport[name];
            Object.defineProperty(transport, name, {
                get: () => (what) => { keep(what); handler(what); },
                set: (given) => { handler = given; },
            });
        }
        return transport;
    }
}
autobahn.transports.register('watched', Watched);

async function until(condition) {
    for (const last = Date.now() + PATIENCE; !condition(); await sleep(10)) {
        if (Date.now() > last) { throw new Error(`not within ${PATIENCE} ms: ${condition}`); }
    }
}

const arrived = (type) => seen.filter((message) => message[0] === type);

/** A call's result, or its error taken apart. */
async function outcome(session, procedure, args, kwargs, options, onProgress) {
    try {
        const result = await settled(session.call(procedure, args, kwargs, options), onProgress);
        return result instanceof autobahn.Result ? { args: result.args, kwargs: result.kwargs } : result;
    } catch (error) {
        if (!(error instanceof autobahn.Error)) { throw error; }
        return { uri: error.error, args: error.args, kwargs: error.kwargs };
    }
}

function settled(promise, onProgress) {
    return new Promise((resolve, reject) => { promise.then(resolve, reject, onProgress); });
}

async function calls(session) {
    const numbers = [...Array(50).keys()];
    return {
        positional: await outcome(session, 'demo.add', [2, 3]),
        named: await outcome(session, 'demo.add', [], { a: 2, b: 3 }),
        mixed: await outcome(session, 'demo.add', [2], { b: 40 }),
        unknown: await outcome(session, 'demo.there_is_no_such_thing'),
        wrong_argument: await outcome(session, 'demo.add', ['two', 3]),
        missing_argument: await outcome(session, 'demo.add'),
        failed: await outcome(session, 'demo.fail'),
        panicked: await outcome(session, 'demo.fail', ['panic']),
        after_all_that: await outcome(session, 'demo.add', [1, 1]),
        // Side by side, answered in whatever order.
        many: await Promise.all(numbers.map((n) => outcome(session, 'demo.add', [n, n]))),
    };
}

async function progress(session) {
    const reports = [];
    const ask = { receive_progress: true };
    const report = (number) => { reports.push(number); };
    const result = await outcome(session, 'demo.countdown', [], { from: 3, interval_ms: 100 }, ask, report);
    const unasked = await outcome(session, 'demo.countdown', [3, 10]);
    const results = arrived(RESULT);
    return {
        progress: reports,
        result,
        unasked_result: unasked,
        results_with_progress: results.filter((message) => message[2].progress).length,
        results_without_progress: results.filter((message) => !message[2].progress).length,
    };
}

async function cancel(session) {
    const slow = session.call('demo.slow', [10]);
    const failed = settled(slow).catch(() => {});
    await sleep(200);
    const start = Date.now();
    // In every other mode it forgets the call, and takes the answer for a violation of the protocol.
    slow.cancel({ mode: 'kill' });
    await failed;
    const waited = Date.now() - start;
    const after = await outcome(session, 'demo.add', [2, 3]);
    await sleep(300);
    return {
        answers: arrived(ERROR).map(([, type, , , uri]) => [type, uri]),
        results: arrived(RESULT).length,
        within_a_second: waited < 1000,
        after,
    };
}

async function subscribe(session) {
    const exact = [];
    const prefix = [];
    const event = (args, kwargs, { topic }) => ({ args, kwargs, topic });
    const clock = await session.subscribe('demo.clock', (...heard) => { exact.push(event(...heard)); });
    const demo = await session.subscribe('demo.', (...heard) => { prefix.push(event(...heard)); }, { match: 'prefix' });
    await until(() => exact.length >= 2 && prefix.length >= 2);
    const publications = (id) => arrived(EVENT).filter(([, of]) => of === id).map(([, , id]) => id);
    const ofPrefix = publications(demo.id);
    const shared = publications(clock.id).filter((id) => ofPrefix.includes(id));
    await clock.unsubscribe();
    const [count, sentinel] = [publications(clock.id).length, prefix.length];
    // The next event of the prefix subscription, and an answer after it, show that the other one is over.
    await until(() => prefix.length > sentinel);
    await outcome(session, 'demo.add', [1, 1]);
    return {
        events: exact.slice(0, 2).map(({ args, kwargs }) => ({ args, kwargs })),
        prefix_events: prefix.slice(0, 2).map(({ kwargs, topic }) => ({ kwargs, topic })),
        publications_in_both: shared.length > 0,
        after_unsubscribe: publications(clock.id).length - count,
    };
}

/** Long after it would give up a `receive` that is not answered, it is called, and hears what it publishes. */
async function idle(session) {
    const heard = [];
    const mine = `idle.${session.id}`;
    await session.subscribe(mine, ([word]) => { heard.push(word); });
    await session.register(`${mine}.double`, ([number]) => 2 * number);
    const before = answers.length;
    await sleep(IDLE);
    const receives = answers.slice(before).filter(([what]) => what === 'receive');
    const doubled = await outcome(session, `${mine}.double`, [21]);
    await session.publish(mine, ['awake'], {}, { acknowledge: true, exclude_me: false });
    await until(() => heard.length > 0);
    return {
        empty_receives: receives.some(([, status, length]) => status === 200 && length === 0),
        doubled,
        heard,
    };
}

async function identity(_session, { authid, authrole, authmethod }) {
    return { authid, authrole, authmethod, challenges };
}

async function goodbye(_session, _details, connection) {
    connection.close();
    return endOf();
}

async function shutdown() {
    console.error('ready');
    return endOf();
}

async function endOf() {
    await until(() => end.transport !== null);
    const goodbyes = arrived(GOODBYE);
    return {
        reason: goodbyes[0]?.[2],
        goodbyes: goodbyes.length,
        last_is_goodbye: seen.at(-1)[0] === GOODBYE,
        clean: end.transport.wasClean,
        code: end.transport.code,
    };
}

async function unreachable() {
    return { joined: true };
}

function user(method, authid, secret) {
    return {
        authid,
        authmethods: [method],
        onchallenge: (_session, asked, { challenge, salt, iterations, keylen }) => {
            challenges.push(asked);
            if (asked === 'ticket') { return secret; }
            const { sign, derive_key: derive } = autobahn.auth_cra;
            return sign(salt === undefined ? secret : derive(secret, salt, iterations, keylen), challenge);
        },
    };
}

// scenario: what is done on a session, its realm, how it joins
const SCENARIOS = {
    calls: [calls, 'realm1', {}],
    progress: [progress, 'realm1', {}],
    cancel: [cancel, 'realm1', {}],
    subscribe: [subscribe, 'realm1', {}],
    idle: [idle, 'realm1', {}],
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
    const [role, name, hosts] = scenario.split(':');
    const text = serializerName === 'json';
    const converse = async (session) => {
        if (role === 'host') { return host(autobahn, session, name, () => { console.error('ready'); }); }
        return visit(session, name, hosts.split(','), { text, outcome });
    };
    return [converse, 'router', {}];
}

async function main() {
    const [converse, realm, identification] = SCENARIOS[scenarioName] ?? inCompany(scenarioName);
    const serializers = [new SERIALIZERS[serializerName]()];
    const connection = new autobahn.Connection({
        transports: [{ type: 'watched', url, serializers }],
        realm,
        max_retries: 0,
        // What a procedure throws is told to the caller, and needs not be printed as well.
        on_user_error: () => {},
        ...identification,
    });
    const closed = new Promise((resolve) => {
        connection.onclose = (reason, details) => { resolve({ refused: details.reason ?? reason, challenges }); };
    });
    const opened = new Promise((resolve) => { connection.onopen = (...joined) => { resolve(joined); }; });
    connection.open();
    const protocol = () => connection.transport.info.protocol;
    let subprotocol = null;
    const joined = await Promise.race([opened, closed]);
    let summary = joined;
    if (Array.isArray(joined)) {
        subprotocol = protocol();
        const [session, details] = joined;
        summary = await converse(session, details, connection);
        if (connection.isOpen) { connection.close(); }
        await closed;
    }
    summary.subprotocol = subprotocol ?? `wamp.2.${serializerName}`;
    hangUp();
    console.log(JSON.stringify(summary));
}

await main();
