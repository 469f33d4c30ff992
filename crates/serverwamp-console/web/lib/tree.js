/**
 * URIs as a tree: groups by component, a chain of groups with one member each being one group.
 */

/**
 * @typedef {{kind: 'group', path: string, label: string, level: number, isOpen: boolean, rows: any[], id: string}} Group
 * @typedef {{kind: 'leaf', row: any, label: string, level: number, id: unknown}} Leaf
 */

/** As long as there are so few URIs, groups are open until they are closed. */
const FEW = 60;

export class Tree {
    constructor() {
        /** The groups that somebody opened or closed. */
        /** @type {Map<string, boolean>} */
        this.chosen = new Map();
        /** Whether something has changed that cannot be seen by the rows being others. */
        this.isStale = false;
        /** @type {{uri: string, id: unknown}[] | null} */
        this.rows = null;
        /** @type {(Group | Leaf)[]} */
        this.seen = [];
    }

    /**
     * The groups and leaves that are to be seen, in the order of their URIs.
     * @param {{uri: string, id: unknown}[]} rows
     * @param {number} most The rows that it is made of at most.
     * @returns {(Group | Leaf)[]}
     */
    visible(rows, most) {
        if (this.rows === rows && !this.isStale) return this.seen;
        const sorted = rows
            .slice(0, most)
            .map((row) => ({ row, parts: String(row.uri).split('.') }))
            .sort((one, other) => (one.row.uri < other.row.uri ? -1 : one.row.uri > other.row.uri ? 1 : 0));
        /** @type {(Group | Leaf)[]} */
        const seen = [];
        this.#put(seen, sorted, 0, 1, rows.length <= FEW);
        [this.rows, this.seen, this.isStale] = [rows, seen, false];
        return seen;
    }

    /** @param {Group} group */
    toggle(group) {
        this.chosen.set(group.path, !group.isOpen);
        this.isStale = true;
    }

    /**
     * @param {(Group | Leaf)[]} seen
     * @param {{row: any, parts: string[]}[]} rows All with the same parts before `depth`.
     * @param {number} depth
     * @param {number} level
     * @param {boolean} areOpen
     */
    #put(seen, rows, depth, level, areOpen) {
        for (let from = 0; from < rows.length; ) {
            const part = rows[from]?.parts[depth];
            let to = from + 1;
            while (to < rows.length && rows[to]?.parts[depth] === part) to += 1;
            const members = rows.slice(from, to);
            from = to;
            // A URI that is a group of others as well stands before it.
            const ends = members.filter(({ parts }) => parts.length <= depth + 1);
            const inside = members.filter(({ parts }) => parts.length > depth + 1);
            for (const { row, parts } of ends) seen.push({ kind: 'leaf', row, label: parts.slice(depth).join('.'), level, id: row.id });
            const [first] = inside;
            if (!first) continue;
            if (inside.length === 1) {
                seen.push({ kind: 'leaf', row: first.row, label: first.parts.slice(depth).join('.'), level, id: first.row.id });
                continue;
            }
            let end = depth + 1;
            while (inside.every(({ parts }) => parts.length > end + 1 && parts[end] === first.parts[end])) end += 1;
            const path = first.parts.slice(0, end).join('.');
            const isOpen = this.chosen.get(path) ?? areOpen;
            const label = `${first.parts.slice(depth, end).join('.')}.`;
            seen.push({ kind: 'group', path, label, level, isOpen, rows: inside.map(({ row }) => row), id: `group ${path}` });
            if (isOpen) this.#put(seen, inside, end, level + 1, areOpen);
        }
    }
}
