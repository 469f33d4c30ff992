/**
 * Topics: what is subscribed to, by whom, and how often it is published to; what is retained and kept.
 */
import { age, count, rate, text } from '../lib/format.js';
import { holdings } from '../lib/holdings.js';
import { Retained } from '../lib/retained.js';
import { watch } from '../lib/watch.js';

/** @param {(import('../lib/watch.js').TopicRate | null)[]} those */
function rates(those) {
    const known = those.filter((rate) => rate !== null);
    if (known.length === 0) return ['', ''];
    const sum = known.reduce((sum, { publications_per_second: publications, events }) => ({ publications: sum.publications + publications, events: sum.events + events }), { publications: 0, events: 0 });
    return [rate(sum.publications), rate(sum.events / watch.seconds)];
}

export const topics = holdings({
    id: 'topics',
    title: 'Topics',
    kind: 'subscription',
    columns: ['topic', 'match', 'subscribers', 'application', 'published/s', 'events/s', 'history', 'since', 'subscription'],
    known: 'topics',
    cells: (row) => [
        row.match,
        row.subscribers === undefined ? '' : count(row.subscribers),
        row.application ? 'subscribed' : '',
        ...rates([watch.ofTopic(row.uri, row.match)]),
        row.history === undefined || row.history === null ? '' : count(row.history.events ?? row.history),
        row.created ? age(row.created) : '',
        text(row.id, 40),
    ],
    sums: (rows) => [`${count(rows.length)} URIs`, '', '', ...rates(rows.map((row) => watch.ofTopic(row.uri, row.match))), '', '', ''],
    members: 'subscribers',
    below: new Retained(),
});
