/**
 * Sessions: who is there. Pages of the admin interface with filters; elsewhere the ids of the meta API, with details of those that are
 * in view.
 */
import { html, live, nothing } from '../vendor/lit.js';
import { age, bytes, count, text } from '../lib/format.js';
import { List } from '../lib/list.js';
import { Paged } from '../lib/paged.js';
import { dictOf, dictsOf, listOf } from '../lib/sound.js';
import { redraw, state } from '../lib/state.js';
import { absent, block, name, problem } from '../lib/value.js';

/** The filters that the admin interface has, in the order in which they are offered. */
const FILTERS = ['authid', 'authrole', 'authmethod', 'transport', 'serializer', 'address', 'agent'];

class Sessions {
    id = 'sessions';
    title = 'Sessions';
    filterBy = 'authid';
    filter = '';
    /** @type {any} */
    chosen = null;
    /** @type {Error | null} */
    error = null;
    said = '';
    /** @type {import('../lib/link.js').Link | null} */
    readFrom = null;
    /** @type {Map<number, any>} What the meta API told of sessions. */
    known = new Map();
    paged = new Paged((cursor) => (state.admin.isOpen ? this.#page(cursor) : this.#ids()));
    list = new List({
        label: 'Sessions',
        className: 'sessions',
        columns: ['session', 'authid', 'role', 'method', 'transport', 'address', 'agent', 'age', 'queue', 'in / out'],
        key: (row) => row.session,
        cells: (row) => cells(row),
        chosen: (row) => this.#choose(row),
        atEnd: () => this.paged.more(),
        seen: (rows) => this.#lookUp(rows),
    });

    enter() {
        this.chosen = null;
        this.#read();
    }

    view() {
        const link = state.admin.isOpen ? state.admin : state.realm;
        if (link.isOpen && this.readFrom !== link) this.#read();
        this.list.rows = this.paged.rows;
        return html`<h1>Sessions</h1>
            ${absent(link)}
            <form class="bar" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.#read(); }}>
                ${state.admin.isOpen ? this.#filters() : html`<span class="quiet">What the standard meta API tells; filters need the admin interface.</span>`}
                <button type="submit">Read again</button>
                <span role="status" class="quiet">${count(this.paged.rows.length)}${this.paged.isWhole ? '' : ' and more'} in ${text(state.realmName, 40)}</span>
            </form>
            ${problem(this.paged.error)} ${this.list.view()} ${this.#details()}`;
    }

    #filters() {
        return html`<label class="inline">Filter by
                <select name="filter-by" @change=${(/** @type {any} */ event) => { this.filterBy = event.target.value; }}>
                    ${FILTERS.map((filter) => html`<option ?selected=${filter === this.filterBy}>${filter}</option>`)}
                </select>
            </label>
            <input data-filter name="filter" aria-label="Filter" placeholder="all" spellcheck="false" .value=${live(this.filter)}
                @input=${(/** @type {any} */ event) => { this.filter = event.target.value; }} />`;
    }

    #details() {
        if (!this.chosen) return nothing;
        const { session } = this.chosen.session ?? this.chosen;
        const more = this.chosen.details;
        return html`<section class="details" aria-label="The chosen session">
            <h2>Session ${text(session, 40)} ${state.isOwn(session) ? '(this console)' : ''}</h2>
            ${problem(this.error)}
            ${state.admin.isOpen && !state.isOwn(session)
                ? html`<button class="danger" @click=${() => this.#kill(session)}>End this session</button> <span role="status">${this.said}</span>`
                : nothing}
            ${more ? block(more) : html`<p class="quiet">Asking …</p>`}
        </section>`;
    }

    #read() {
        this.readFrom = state.admin.isOpen ? state.admin : state.realm.isOpen ? state.realm : null;
        if (this.readFrom) this.paged.restart();
    }

    /** @param {string | null} cursor */
    async #page(cursor) {
        const filter = this.filter.trim() === '' ? undefined : { [this.filterBy]: this.filter.trim() };
        const asked = { realm: state.realmName, limit: 200, ...(filter ? { filter } : {}), ...(cursor ? { cursor } : {}) };
        const { sessions, next } = dictOf(await state.admin.ask('serverwamp.session.query', asked), 'serverwamp.session.query');
        return { rows: dictsOf(sessions, 'serverwamp.session.query'), next: next ?? null };
    }

    async #ids() {
        const ids = listOf(await state.realm.ask('wamp.session.list'), 'wamp.session.list');
        return { rows: ids.map((session) => ({ session })), next: null };
    }

    /** @param {any[]} rows */
    #lookUp(rows) {
        if (state.admin.isOpen) return;
        for (const row of rows) {
            if (row.authid !== undefined || row.isAsked) continue;
            row.isAsked = true;
            state.realm.call('wamp.session.get', [row.session]).then(
                ({ args }) => {
                    const { authid = null, authrole, authmethod, transport } = dictOf(args[0], 'wamp.session.get');
                    Object.assign(row, { authid, authrole, authmethod, transport });
                },
            ).catch(() => { row.authid = null; }).then(redraw);
        }
    }

    /** @param {any} row */
    async #choose(row) {
        [this.chosen, this.error, this.said] = [row, null, ''];
        const { session } = row;
        try {
            const details = state.admin.isOpen
                ? await state.admin.ask('serverwamp.session.get', { realm: state.realmName, session })
                : (await state.realm.call('wamp.session.get', [session])).args[0];
            if (this.chosen === row) this.chosen = { session: row, details };
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }

    /** @param {number} session */
    async #kill(session) {
        if (!confirm(`End session ${text(session, 40)}?`)) return;
        try {
            const { ended } = await state.admin.ask('serverwamp.session.kill', { realm: state.realmName, session });
            this.said = ended === 1 ? 'It was ended.' : 'It is gone already.';
            this.paged.restart();
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }
}

/** @param {any} row */
function cells(row) {
    const isOwn = state.isOwn(row.session);
    const traffic = row.received_bytes === undefined ? '' : `${bytes(row.received_bytes)} / ${bytes(row.sent_bytes)}`;
    return [
        html`${isOwn ? html`<em>you</em> ` : nothing}<b>${text(row.session, 40)}</b>`,
        name(row.authid, 60),
        name(row.authrole, 40),
        name(row.authmethod, 30),
        row.transport?.type ? name(row.transport.type, 20) : name(typeof row.transport === 'string' ? `${row.transport} ${text(row.serializer, 20)}` : '', 40),
        name(row.address ?? row.transport?.peer ?? '', 48),
        name(row.agent ?? '', 60),
        row.joined ? age(row.joined) : '',
        row.queue_bytes === undefined ? '' : html`${bytes(row.queue_bytes)}${row.slow ? html` <em class="bad">slow</em>` : nothing}`,
        traffic,
    ];
}

export const sessions = new Sessions();
