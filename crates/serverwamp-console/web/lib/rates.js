/**
 * From two snapshots of a realm's counters to rates and latencies.
 */

/** @typedef {{at: number, calls: number, events: number, errors: number, p50: number | null, p99: number | null}} Rates */

/**
 * @param {number} at
 * @param {any} before
 * @param {any} after
 * @param {number} seconds Between the two.
 * @returns {Rates}
 */
export function rates(at, before, after, seconds) {
    const each = (/** @type {(realm: any) => number} */ of) => Math.max(0, of(after) - of(before)) / seconds;
    const buckets = difference(before.call_micros ?? [], after.call_micros ?? []);
    return {
        at,
        calls: each((realm) => Number(realm.messages?.['received CALL'] ?? 0)),
        events: each((realm) => Number(realm.messages?.['sent EVENT'] ?? 0)),
        errors: each((realm) => Object.entries(realm.calls ?? {}).reduce((sum, [outcome, number]) => (isError(outcome) ? sum + Number(number) : sum), 0)),
        p50: quantile(buckets, 0.5),
        p99: quantile(buckets, 0.99),
    };
}

/** @param {string} outcome */
function isError(outcome) {
    return outcome !== 'result' && outcome !== 'canceled';
}

/**
 * @param {[number | null, number][]} before
 * @param {[number | null, number][]} after
 * @returns {[number | null, number][]}
 */
function difference(before, after) {
    const known = new Map(before);
    return after.map(([bound, number]) => [bound, Math.max(0, number - (known.get(bound) ?? 0))]);
}

/**
 * The upper bound of the bucket that a quantile is in; null if nothing was counted, or it is beyond the last bound.
 * @param {[number | null, number][]} buckets
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
