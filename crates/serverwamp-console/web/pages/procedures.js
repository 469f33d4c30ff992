/**
 * Procedures: what is registered, who serves it, and how often it is called.
 */
import { html } from '../vendor/lit.js';
import { age, count, duration, rate, text } from '../lib/format.js';
import { holdings } from '../lib/holdings.js';
import { together, watch } from '../lib/watch.js';

/** @param {import('../lib/watch.js').ProcedureRate | null} does */
function rates(does) {
    if (!does) return ['', '', '', ''];
    const errors = does.errors / watch.seconds;
    return [
        rate(does.calls_per_second),
        errors > 0 ? html`<em class="bad">${rate(errors)}</em>` : '0',
        duration(does.p99_micros),
        count(does.in_flight),
    ];
}

export const procedures = holdings({
    id: 'procedures',
    title: 'Procedures',
    kind: 'registration',
    columns: ['procedure', 'match', 'invoke', 'served by', 'callees', 'calls/s', 'errors/s', 'p99', 'in flight', 'since', 'registration'],
    known: 'procedures',
    cells: (row) => [
        row.match,
        text(row.invoke, 20),
        row.application === undefined ? '' : row.application ? 'application' : 'clients',
        row.callees === undefined ? '' : count(row.callees),
        ...rates(watch.ofProcedure(row.uri, row.match)),
        row.created ? age(row.created) : '',
        text(row.id, 40),
    ],
    sums: (rows) => {
        const known = rows.flatMap((row) => watch.ofProcedure(row.uri, row.match) ?? []);
        const [first, ...others] = known;
        return [`${count(rows.length)} URIs`, '', '', '', ...rates(first ? others.reduce(together, first) : null), '', ''];
    },
    members: 'callees',
});
