// What a false router answers as the admin interface and as the meta API: names that would like to be more than text, numbers beyond
// 2^53, and values of the wrong type in the place of all others.

/** Names that would do something, were they anything but text. */
export const HOSTILE = {
    element: 'x<img/src=x/onerror=globalThis.hurt=1>',
    script: 'x<script>globalThis/**/hurt=1</script>',
    bidi: 'x\u202egnp\u2066exe\u200b',
    attribute: 'x"onmouseover="globalThis/**/hurt=1',
    combining: `x${'\u0301'.repeat(64)}`,
};
/** The same, and what no router lets clients call themselves. */
const NAMES = [...Object.values(HOSTILE), 'half \ud83d of an emoji', 'two\nlines', `long ${'m'.repeat(1_000_000)}`, '__proto__', ''];

/** A number that no double has; `written` makes it of this. */
export const BIG = '9007199254740993';
const big = `@${BIG}@`;

/** JSON with the numbers that JavaScript cannot hold. */
export function written(message) {
    return JSON.stringify(message).replaceAll(/"@(\d+)@"/g, '$1');
}

/** What stands in the place of every answer, by the mode of a router. */
export const WRONG = {
    null: null,
    number: 7,
    text: 'no dictionary',
    'a list': [1, [2], 'three'],
    'a list of nothing': [null, null],
    'an empty dictionary': {},
    'dictionaries of numbers': Object.fromEntries(
        ['items', 'config', 'outcome', 'realms', 'sessions', 'registrations', 'subscriptions', 'topics', 'denials', 'why', 'procedures', 'messages', 'exact', 'next'].map((key) => [key, 7]),
    ),
    'lists of what cannot be read': Object.fromEntries(
        ['items', 'config', 'realms', 'sessions', 'registrations', 'subscriptions', 'topics', 'denials', 'procedures', 'messages', 'exact', 'prefix'].map((key) => [
            key,
            [odd(), odd(), { ...odd(), id: odd(), uri: odd(), session: odd(), match: odd(), key: odd(), value: odd(), source: odd(), topic: odd(), number: odd(), type: odd(), args: odd(), kwargs: odd() }],
        ]),
    ),
    'templates and directives': Object.fromEntries(
        ['sessions', 'registrations', 'subscriptions', 'topics', 'denials', 'config', 'messages'].map((key) => [
            key,
            [template('session'), template('uri'), template('authid'), template('match'), template('why'), template('key'), template('topic')],
        ]),
    ),
};

/** An object that cannot be made a text or a number by its own methods. */
function odd() {
    return { toString: 1, valueOf: 2, toJSON: 3, then: 4, length: 5 };
}

/** A dictionary with something in it that a template library could take for its own. */
function template(key) {
    const html = '<img src=x onerror=globalThis.hurt=1>';
    return { [key]: { _$litType$: 1, strings: [html], values: [], raw: [html], _$litDirective$: { html } } };
}

/** The argument of the answer to a procedure; undefined if it is served by nobody. */
export function answerOf(procedure) {
    // One megabyte in each row is enough.
    const short = (name) => name.slice(0, 100);
    const of = ([first, ...fields]) => NAMES.map((name, at) => ({ [first]: name, ...Object.fromEntries(fields.map((field) => [field, short(name)])), at: short(name), number: at }));
    const entries = (kind) => of(['uri', 'match', 'invoke', 'created']).map((entry, at) => ({ ...entry, [kind]: at + 1, callees: big, subscribers: big, history: { events: big } }));
    const answers = {
        'serverwamp.admin.describe': () => ({ items: of(['name', 'kind', 'permission']) }),
        'serverwamp.node.info': () => ({ ...Object.fromEntries(NAMES.map((name) => [name, short(name)])), connections: big, you: {} }),
        'serverwamp.node.config': () => ({ config: of(['key', 'value', 'source']) }),
        'serverwamp.node.reload': () => ({ outcome: NAMES.join(' ') }),
        'serverwamp.auth.recent': () => ({ denials: of(['authid', 'realm', 'why']) }),
        'serverwamp.auth.explain': () => ({ allowed: false, why: NAMES.map(short).join(' ') }),
        'serverwamp.session.query': () => ({ sessions: of(['authid', 'authrole', 'authmethod', 'transport', 'serializer', 'address', 'agent', 'joined']).map((one, at) => ({ ...one, session: at === 0 ? big : at, queue_bytes: big, received_bytes: big, sent_bytes: big })), next: null }),
        'serverwamp.session.get': () => ({ session: of(['authid']), queue: { bytes: big } }),
        'serverwamp.registration.query': () => ({ registrations: entries('registration'), next: null }),
        'serverwamp.subscription.query': () => ({ subscriptions: entries('subscription'), next: null }),
        'serverwamp.registration.get': () => ({ registration: entries('registration') }),
        'serverwamp.subscription.get': () => ({ subscription: entries('subscription') }),
        'serverwamp.retained.query': () => ({ topics: of(['topic', 'last']).map((one) => ({ ...one, events: big, bytes: big })), next: null }),
        'wamp.session.count': () => big,
        'wamp.session.list': () => [big, 2, 3],
        'wamp.session.get': () => of(['authid', 'authrole', 'authmethod'])[1],
        'wamp.registration.list': () => ({ exact: NAMES.map((_, at) => at + 1), prefix: [], wildcard: [] }),
        'wamp.subscription.list': () => ({ exact: NAMES.map((_, at) => at + 1), prefix: [], wildcard: [] }),
        'wamp.registration.get': () => of(['uri', 'match', 'invoke'])[1],
        'wamp.subscription.get': () => of(['uri', 'match'])[1],
        'wamp.registration.list_callees': () => NAMES,
        'wamp.subscription.list_subscribers': () => NAMES,
    };
    return answers[procedure]?.();
}

/** What comes again and again: the results of a watch or of a tap, the event of the statistics. */
export function repeated(what) {
    const rate = { calls_per_second: 1, errors: big, in_flight: big, p99_micros: 5, publications_per_second: 1, events: big };
    if (what === 'serverwamp.stats.tick') {
        const realm = { sessions: big, events_dropped: { 'x': big }, messages: { 'received CALL': big }, send_queue_bytes: big, slow_sessions: big, call_micros: [[100, big], [null, big]] };
        const named = NAMES.map((name) => ({ ...realm, realm: name }));
        return { at: '2026-01-01T00:00:00Z', node: {}, realms: [...named, { ...realm, realm: 'hostile', calls: Object.fromEntries(NAMES.map((name) => [name, big])) }] };
    }
    if (what === 'serverwamp.uri.watch') return { seconds: 1, procedures: NAMES.map((uri) => ({ uri, ...rate })), topics: NAMES.map((uri) => ({ uri, ...rate })), other_procedures: {}, other_topics: {} };
    const message = (name, at) => ({ number: at, at: name, session: big, direction: 'received', type: 'CALL', request: 1, uri: name, args: [name.slice(0, 100), big], kwargs: { [name.slice(0, 100)]: 1 }, bytes: big });
    return { messages: NAMES.map(message), shown: NAMES.length, filtered: big, not_shown: big };
}
