/**
 * What single procedures and topics do, from `serverwamp.uri.watch`: the server counts that only while somebody looks. One watch is open
 * at a time, for the page that is drawn, and none while the tab is hidden or paused.
 */
import { dictOf, listOf, numberOf } from './sound.js';
import { redraw, state } from './state.js';

/** @typedef {{uri: string, calls_per_second: number, errors: number, in_flight: number, p99_micros: number | null}} ProcedureRate */
/** @typedef {{uri: string, publications_per_second: number, events: number}} TopicRate */

/** The time after which it is tried again where it did not go, in milliseconds. */
const AGAIN = 3000;

class Watch {
    /** What is watched, as one text; empty if nothing is. */
    key = '';
    /** What the numbers are of. */
    of = '';
    /** @type {{cancel: () => void} | null} */
    called = null;
    /** @type {Error | null} */
    error = null;
    /** Whether numbers have come. */
    isThere = false;
    seconds = 1;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    timer = undefined;
    /** Whether URIs that are not listed did nothing: else there were more than are told of. */
    isWhole = { procedures: false, topics: false };
    /** The procedures that are known to be registered by their exact names. */
    /** @type {Set<string>} */
    exact = new Set();
    /** @type {Map<string, ProcedureRate>} */
    procedures = new Map();
    /** @type {Map<string, TopicRate>} */
    topics = new Map();

    /**
     * Has what begins so be watched, from now on. Pages say it whenever they are drawn.
     * @param {string} prefix
     * @param {number} most The procedures, and the topics, that are told of one by one.
     */
    follow(prefix, most) {
        const { admin, realmName, isLooking } = state;
        const of = JSON.stringify([admin.url, realmName, prefix, most]);
        if (of !== this.of) {
            [this.of, this.isThere, this.error] = [of, false, null];
            [this.procedures, this.topics] = [new Map(), new Map()];
        }
        const key = admin.isOpen && isLooking ? `${admin.session} ${of}` : '';
        if (key === this.key) return;
        this.rest();
        if (key === '') return;
        this.key = key;
        const asked = { realm: realmName, most, ...(prefix ? { uri: `${prefix}*` } : {}) };
        const called = admin.call('serverwamp.uri.watch', [], asked, {
            progress: ({ args, kwargs }) => {
                if (this.called === called) this.#counted(args[0] ?? kwargs);
            },
        });
        this.called = called;
        called.catch((error) => {
            // One that was ended here, or with its session, is nothing to tell of.
            if (this.called !== called || !admin.isOpen) return;
            [this.called, this.error, this.isThere] = [null, error, false];
            if (error.uri !== 'wamp.error.not_authorized') this.#tryAgain(key);
            redraw();
        });
    }

    /**
     * A realm has a bounded number of watches: this one waits until another page closes its own.
     * @param {string} key
     */
    #tryAgain(key) {
        this.timer = setTimeout(() => {
            if (this.key === key && !this.called) this.key = '';
            redraw();
        }, AGAIN);
    }

    /** Ends it. The numbers stay, as they are while the page is paused. */
    rest() {
        clearTimeout(this.timer);
        this.called?.cancel();
        [this.key, this.called] = ['', null];
    }

    /**
     * What the calls did that a registration gets. A pattern gets those for which there is none of their exact name, as far as is known.
     * @param {string} uri
     * @param {string} match
     * @returns {ProcedureRate | null} Null if that is not known.
     */
    ofProcedure(uri, match) {
        const one = this.procedures.get(uri);
        if (match === 'exact' && one) return one;
        const nothing = { uri, calls_per_second: 0, errors: 0, in_flight: 0, p99_micros: null };
        if (match === 'exact') return this.isThere && this.isWhole.procedures ? nothing : null;
        if (!this.isThere) return null;
        const those = [...this.procedures.values()].filter((rate) => matches(rate.uri, uri, match) && !this.exact.has(rate.uri));
        return those.reduce(together, nothing);
    }

    /**
     * @param {string} uri
     * @param {string} match
     * @returns {TopicRate | null} Null if that is not known.
     */
    ofTopic(uri, match) {
        const one = this.topics.get(uri);
        if (match === 'exact' && one) return one;
        const nothing = { uri, publications_per_second: 0, events: 0 };
        if (match === 'exact') return this.isThere && this.isWhole.topics ? nothing : null;
        if (!this.isThere) return null;
        return [...this.topics.values()].filter((rate) => matches(rate.uri, uri, match)).reduce(
            (sum, rate) => ({ uri, publications_per_second: sum.publications_per_second + rate.publications_per_second, events: sum.events + rate.events }),
            nothing,
        );
    }

    /** @param {any} counted */
    #counted(counted) {
        const { procedures, topics, other_procedures: otherProcedures, other_topics: otherTopics, seconds } = dictOf(counted, 'what URIs do');
        this.procedures = byUri(procedures, procedureRate);
        this.topics = byUri(topics, topicRate);
        this.isWhole = { procedures: !otherProcedures?.calls && !otherProcedures?.in_flight, topics: !otherTopics?.publications };
        [this.seconds, this.isThere, this.error] = [numberOf(seconds) || 1, true, null];
        redraw();
    }
}

/**
 * @template T
 * @param {unknown} rates
 * @param {(uri: string, rate: any) => T} rate
 * @returns {Map<string, T>}
 */
function byUri(rates, rate) {
    return new Map(listOf(rates, 'what URIs do').map((one) => [String(dictOf(one, 'what a URI does').uri), rate(String(one.uri), one)]));
}

/**
 * @param {string} uri
 * @param {any} told
 * @returns {ProcedureRate}
 */
function procedureRate(uri, { calls_per_second: calls, errors, in_flight: open, p99_micros: p99 }) {
    return { uri, calls_per_second: numberOf(calls), errors: numberOf(errors), in_flight: numberOf(open), p99_micros: p99 === null ? null : numberOf(p99) };
}

/**
 * @param {string} uri
 * @param {any} told
 * @returns {TopicRate}
 */
function topicRate(uri, { publications_per_second: publications, events }) {
    return { uri, publications_per_second: numberOf(publications), events: numberOf(events) };
}

/**
 * @param {ProcedureRate} sum
 * @param {ProcedureRate} rate
 * @returns {ProcedureRate}
 */
export function together(sum, rate) {
    return {
        uri: sum.uri,
        calls_per_second: sum.calls_per_second + rate.calls_per_second,
        errors: sum.errors + rate.errors,
        in_flight: sum.in_flight + rate.in_flight,
        p99_micros: rate.p99_micros === null ? sum.p99_micros : Math.max(sum.p99_micros ?? 0, rate.p99_micros),
    };
}

/**
 * @param {string} uri
 * @param {string} pattern
 * @param {string} match
 */
function matches(uri, pattern, match) {
    if (match === 'prefix') return uri.startsWith(pattern);
    const [parts, wanted] = [uri.split('.'), pattern.split('.')];
    return parts.length === wanted.length && wanted.every((part, at) => part === '' || part === parts[at]);
}

export const watch = new Watch();
