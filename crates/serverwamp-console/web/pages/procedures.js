/**
 * Procedures: what is registered, and who serves it.
 */
import { age, count } from '../lib/format.js';
import { holdings } from '../lib/holdings.js';
import { name } from '../lib/value.js';

export const procedures = holdings({
    id: 'procedures',
    title: 'Procedures',
    kind: 'registration',
    columns: ['procedure', 'match', 'invoke', 'served by', 'callees', 'since', 'registration'],
    known: 'procedures',
    cells: (row) => [
        name(row.uri, 120),
        row.match,
        row.invoke ?? '',
        row.application === undefined ? '' : row.application ? 'the application' : 'clients',
        row.callees === undefined ? '' : count(row.callees),
        row.created ? age(row.created) : '',
        String(row.id),
    ],
    members: 'callees',
});
