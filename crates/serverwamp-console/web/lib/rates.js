/**
 * From two snapshots of a realm's counters to rates and latencies.
 */

/** @typedef {[number | null, number][]} Buckets Upper bounds in microseconds, null for the last, and the calls between. */
/** @typedef {{at: number, calls: number, events: number, errors: number, buckets: Buckets, p50: number | null, p99: number | null}} Rates */

/** The seconds whose calls make one latency: a second alone often has none that was measured. */
const WINDOW = 10;

/**
 * @param {number} at
 * @param {any} before
 * @param {any} after
 * @param {number} seconds Between the two.
 * @param {Rates[]} former
 * @returns {Rates}
 */
export function rates(at, before, after, seconds, former) {
    const each = (/** @type {(realm: any) => number} */ of) => Math.max(0, of(after) - of(before)) / seconds;
    const buckets = difference(before.call_micros ?? [], after.call_micros ?? []);
    const recent = former.filter((point) => point.at > at - WINDOW).reduce((all, point) => together(all, point.buckets), buckets);
    return {
        at,
        buckets,
        calls: each((realm) => Number(realm.messages?.['received CALL'] ?? 0)),
        events: each((realm) => Number(realm.messages?.['sent EVENT'] ?? 0)),
        errors: each((realm) => Object.entries(realm.calls ?? {}).reduce((sum, [outcome, number]) => (isError(outcome) ? sum + Number(number) : sum), 0)),
        p50: quantile(recent, 0.5),
        p99: quantile(recent, 0.99),
    };
}

/** @param {string} outcome */
function isError(outcome) {
    return outcome !== 'result' && outcome !== 'canceled';
}

/**
 * @param {Buckets} before
 * @param {Buckets} after
 * @returns {Buckets}
 */
function difference(before, after) {
    const known = new Map(before);
    return after.map(([bound, number]) => [bound === null ? null : Number(bound), Math.max(0, Number(number) - Number(known.get(bound) ?? 0))]);
}

/**
 * @param {Buckets} one
 * @param {Buckets} other Of the same bounds.
 * @returns {Buckets}
 */
function together(one, other) {
    return one.map(([bound, number], at) => [bound, number + (other[at]?.[1] ?? 0)]);
}

/**
 * The upper bound of the bucket that a quantile is in; null if nothing was counted, or it is beyond the last bound.
 * @param {Buckets} buckets
 * @param {number} part
 */
function quantile(buckets, part) {
    const all = buckets.reduce((sum, [, number]) => sum + number, 0);
    if (all === 0) return null;
    let seen = 0;
    for (const [bound, number] of buckets) {
        seen += number;
        if (seen >= part * all) return bound;
    }
    return null;
}
