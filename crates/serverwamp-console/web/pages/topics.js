/**
 * Topics: what is subscribed to, and by whom; what is retained and kept.
 */
import { age, count } from '../lib/format.js';
import { holdings } from '../lib/holdings.js';
import { name } from '../lib/value.js';

export const topics = holdings({
    id: 'topics',
    title: 'Topics',
    kind: 'subscription',
    columns: ['topic', 'match', 'subscribers', 'application', 'history', 'since', 'subscription'],
    known: 'topics',
    cells: (row) => [
        name(row.uri, 120),
        row.match,
        row.subscribers === undefined ? '' : count(row.subscribers),
        row.application ? 'subscribed' : '',
        row.history === undefined || row.history === null ? '' : count(row.history.events ?? row.history),
        row.created ? age(row.created) : '',
        String(row.id),
    ],
    members: 'subscribers',
});
