/**
 * The page of registrations or subscriptions: what both have in common. Pages of the admin interface; elsewhere the lists of the meta
 * API, with details of those that are in view.
 */
import { html, live, nothing, ref } from '../vendor/lit.js';
import { count, text } from './format.js';
import { List } from './list.js';
import { Paged } from './paged.js';
import { dictOf, dictsOf, listOf } from './sound.js';
import { redraw, state } from './state.js';
import { Tree } from './tree.js';
import { absent, block, name, problem } from './value.js';
import { watch } from './watch.js';

/** The URIs that the server tells the rates of one by one: the busiest. */
const WATCHED = 200;
/** A tree reads on until it has so many: the groups that are closed have no end that comes into view. */
const IN_TREE = 10000;
/** The same without the admin interface, where each name is asked for on its own. */
const IN_NAMED_TREE = 1000;
/** The names that are asked for at once. */
const AT_ONCE = 50;

/**
 * @typedef {{id: string, title: string, kind: 'registration' | 'subscription', columns: string[], known: 'procedures' | 'topics', cells: (row: any) => unknown[], sums: (rows: any[]) => unknown[], members: 'callees' | 'subscribers', below?: {read: (prefix: string) => void, view: () => unknown}}} Settings
 *     `cells` and `sums` are what stands behind the name of a row, and of a group of rows.
 */

class Holdings {
    /** @param {Settings} settings */
    constructor(settings) {
        this.settings = settings;
        this.id = settings.id;
        this.title = settings.title;
        this.filter = '';
        /** The filter of what was read. */
        this.read = '';
        /** @type {any} */
        this.chosen = null;
        /** @type {any} */
        this.details = null;
        /** @type {Error | null} */
        this.error = null;
        this.said = '';
        /** @type {unknown} */
        this.readFrom = null;
        this.isTree = false;
        this.tree = new Tree();
        this.paged = new Paged((cursor) => (state.admin.isOpen ? this.#page(cursor) : this.#ids()));
        this.list = new List({
            label: settings.title,
            className: settings.id,
            columns: settings.columns,
            key: (/** @type {any} */ row) => row.id,
            cells: (/** @type {any} */ row) => this.#cells(row),
            chosen: (/** @type {any} */ row) => this.#choose(row.row ?? row),
            atEnd: () => {
                if (!this.isTree || this.paged.rows.length < IN_TREE) this.paged.more();
            },
            seen: (/** @type {any[]} */ rows) => this.#lookUp(rows.flatMap((row) => (row.kind === 'group' ? [] : [row.row ?? row]))),
            tree: (/** @type {any} */ row) => ({ level: row.level, isOpen: row.isOpen }),
            toggled: (/** @type {any} */ row) => {
                this.tree.toggle(row);
                // The next key may come before all is drawn again.
                this.list.rows = this.tree.visible(this.paged.rows, inTree());
            },
        });
    }

    enter() {
        this.chosen = null;
        this.#read();
    }

    leave() {
        watch.rest();
    }

    view() {
        const link = state.admin.isOpen ? state.admin : state.realm;
        if (link.isOpen && this.readFrom !== link) this.#read();
        watch.follow(this.read, WATCHED);
        this.list.isTree = this.isTree;
        this.list.rows = this.isTree ? this.tree.visible(this.paged.rows, inTree()) : this.paged.rows;
        return html`<h1>${this.title}</h1>
            ${absent(link)}
            <form class="bar" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.#read(); }}>
                ${state.admin.isOpen
                    ? html`<input data-filter name="filter" aria-label="URIs that begin so" placeholder="URIs that begin so" spellcheck="false"
                          .value=${live(this.filter)} @input=${(/** @type {any} */ event) => { this.filter = event.target.value; }} />`
                    : html`<span class="quiet">What the standard meta API tells; filters need the admin interface.</span>`}
                <button type="submit">Read again</button>
                <label class="check"><input name="tree" type="checkbox" .checked=${live(this.isTree)}
                    @change=${(/** @type {any} */ event) => this.#turn(event.target.checked)} /> as a tree</label>
                <span role="status" class="quiet">${count(this.paged.rows.length)}${this.paged.isWhole ? '' : ' and more'} in ${text(state.realmName, 40)}${this.isTree && this.paged.rows.length > inTree() ? `; the tree has the first ${count(inTree())}` : ''}</span>
            </form>
            ${problem(this.paged.error)} ${problem(watch.error)} ${this.list.view()} ${this.#chosen()} ${this.settings.below?.view() ?? nothing}`;
    }

    /** @param {any} row */
    #cells(row) {
        const { cells, sums } = this.settings;
        if (!row.kind) return [name(row.uri, 120), ...cells(row)];
        const label = name(row.label, 120);
        const mark = row.kind === 'group' ? (row.isOpen ? '▾ ' : '▸ ') : '';
        const first = html`<span class="branch" ${ref((element) => indent(element, row.level))}><span aria-hidden="true">${mark}</span>${label}</span>`;
        return [first, ...(row.kind === 'group' ? sums(row.rows) : cells(row.row))];
    }

    /** @param {boolean} isTree */
    #turn(isTree) {
        this.isTree = isTree;
        this.#lookUpAll();
        redraw();
    }

    /** A tree is made of names, which the meta API tells one by one. */
    async #lookUpAll() {
        const rows = this.paged.rows;
        for (let from = 0; from < Math.min(rows.length, IN_NAMED_TREE); from += AT_ONCE) {
            if (!this.isTree || this.paged.rows !== rows || state.admin.isOpen) return;
            await Promise.all(this.#lookUp(rows.slice(from, from + AT_ONCE)));
        }
    }

    #chosen() {
        if (!this.chosen) return nothing;
        return html`<section class="details" aria-label="The chosen one">
            <h2>${name(this.chosen.uri, 200)}</h2>
            ${problem(this.error)}
            ${state.admin.isOpen && !this.chosen.application
                ? html`<button class="danger" @click=${() => this.#revoke()}>Revoke</button> <span role="status">${this.said}</span>`
                : nothing}
            ${this.details ? block(this.details) : html`<p class="quiet">Asking …</p>`}
        </section>`;
    }

    #read() {
        this.readFrom = state.admin.isOpen ? state.admin : state.realm.isOpen ? state.realm : null;
        this.read = this.filter.trim();
        watch.exact.clear();
        if (this.readFrom) this.paged.restart().then(() => this.#lookUpAll());
        this.settings.below?.read(this.read);
    }

    /**
     * @param {string | null} cursor
     * @returns {Promise<{rows: any[], next: string | null}>}
     */
    async #page(cursor) {
        const { kind } = this.settings;
        const filter = this.filter.trim() === '' ? {} : { filter: { uri: this.filter.trim() } };
        const asked = { realm: state.realmName, limit: 200, ...filter, ...(cursor ? { cursor } : {}) };
        const procedure = `serverwamp.${kind}.query`;
        const answer = dictOf(await state.admin.ask(procedure, asked), procedure);
        const rows = dictsOf(answer[`${kind}s`], procedure).map((row) => ({ ...row, ...named(row), id: row[kind] }));
        this.#learn(rows);
        const next = answer.next ?? null;
        const others = next === null && this.filter.trim() === '' ? await this.#others([...(cursor ? this.paged.rows : []), ...rows]) : [];
        return { rows: [...rows, ...others], next };
    }

    /**
     * What the meta API of the realm lists beside: procedures that the application serves by their exact URIs.
     * @param {any[]} listed
     * @returns {Promise<any[]>}
     */
    async #others(listed) {
        if (this.settings.kind !== 'registration' || !state.realm.isOpen) return [];
        const known = new Set(listed.map(({ id }) => id));
        try {
            const { rows } = await this.#ids();
            return rows.filter(({ id }) => !known.has(id)).map((row) => ({ ...row, application: true, isBeside: true }));
        } catch {
            // Not everybody may ask the meta API; the list is as the admin interface has it.
            return [];
        }
    }

    async #ids() {
        const procedure = `wamp.${this.settings.kind}.list`;
        const lists = dictOf(await state.realm.ask(procedure), procedure);
        const rows = Object.entries(lists).flatMap(([match, ids]) =>
            listOf(ids, procedure).map((id) => ({ id, match: text(match, 20), uri: '…', isAsked: false })),
        );
        return { rows, next: null };
    }

    /** @param {any[]} rows */
    #learn(rows) {
        this.tree.isStale = true;
        for (const { uri, match } of rows) {
            if (match !== 'exact') continue;
            state[this.settings.known].add(uri);
            if (this.settings.kind === 'registration') watch.exact.add(uri);
        }
    }

    /** @param {any[]} rows */
    #lookUp(rows) {
        const unknown = rows.filter((row) => !row.isAsked && (!state.admin.isOpen || row.isBeside));
        return unknown.map((row) => {
            row.isAsked = true;
            const procedure = `wamp.${this.settings.kind}.get`;
            return state.realm.call(procedure, [row.id]).then(({ args }) => {
                const told = dictOf(args[0], procedure);
                Object.assign(row, named(told), { invoke: told.invoke, created: told.created });
                this.#learn([row]);
            }).catch((/** @type {Error} */ error) => {
                row.uri = `(${error.message})`;
            }).then(redraw);
        });
    }

    /** @param {any} row */
    async #choose(row) {
        [this.chosen, this.details, this.error, this.said] = [row, null, null, ''];
        const { kind, members } = this.settings;
        try {
            const list = kind === 'registration' ? 'list_callees' : 'list_subscribers';
            const details = state.admin.isOpen && !row.isBeside
                ? await state.admin.ask(`serverwamp.${kind}.get`, { realm: state.realmName, [kind]: row.id })
                : { ...row, [members]: (await state.realm.call(`wamp.${kind}.${list}`, [row.id])).args[0] };
            if (this.chosen === row) this.details = details;
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }

    async #revoke() {
        const { kind } = this.settings;
        const { id, uri } = this.chosen;
        if (!confirm(`Revoke ${text(uri, 200)} from all?`)) return;
        try {
            const { revoked } = await state.admin.ask(`serverwamp.${kind}.revoke`, { realm: state.realmName, [kind]: id });
            this.said = `It was taken away from ${count(revoked)}.`;
            this.paged.restart();
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }
}

/**
 * The name of a row, and how it matches, as texts whatever they are.
 * @param {Record<string, any>} row
 */
function named({ uri, match }) {
    return { uri: typeof uri === 'string' ? uri : text(uri), match: text(match, 20) };
}

function inTree() {
    return state.admin.isOpen ? IN_TREE : IN_NAMED_TREE;
}

/**
 * @param {Element | undefined} element
 * @param {number} level
 */
function indent(element, level) {
    if (element) /** @type {HTMLElement} */ (element).style.paddingLeft = `${(level - 1) * 16}px`;
}

/** @param {Settings} settings */
export function holdings(settings) {
    return new Holdings(settings);
}
