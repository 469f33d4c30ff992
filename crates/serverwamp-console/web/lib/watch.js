/**
 * What single procedures and topics do, from `serverwamp.uri.watch`: the server counts that only while somebody looks. One watch is open
 * at a time, for the page that is drawn, and none while the tab is hidden or paused.
 */
import { redraw, state } from './state.js';

/** @typedef {{uri: string, calls_per_second: number, errors: number, in_flight: number, p99_micros: number | null}} ProcedureRate */
/** @typedef {{uri: string, publications_per_second: number, events: number}} TopicRate */

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
        [this.key, this.error] = [key, null];
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
            redraw();
        });
    }

    /** Ends it. The numbers stay, as they are while the page is paused. */
    rest() {
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
        const byUri = (/** @type {any[]} */ rates) => new Map(rates.map((rate) => [rate.uri, rate]));
        [this.procedures, this.topics] = [byUri(counted.procedures), byUri(counted.topics)];
        const { other_procedures: procedures, other_topics: topics } = counted;
        this.isWhole = { procedures: !procedures?.calls && !procedures?.in_flight, topics: !topics?.publications };
        [this.seconds, this.isThere, this.error] = [counted.seconds || 1, true, null];
        redraw();
    }
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
