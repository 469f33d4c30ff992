/**
 * Messages: what comes and goes, while it does. A message and those that were sent for it, from CALL to RESULT, are one row.
 */
import { html, live, nothing } from '../vendor/lit.js';
import { stringify, whole } from '../lib/exact-json.js';
import { bytes, clock, count, text } from '../lib/format.js';
import { List } from '../lib/list.js';
import { dictsOf, numberOf } from '../lib/sound.js';
import { redraw, state } from '../lib/state.js';
import { absent, block, name, payload, problem } from '../lib/value.js';

/** @typedef {{root: number, messages: any[], leftOut: number, told?: unknown}} Conversation `told` is what its first message says, made once. */

/** The rows that are kept. */
const MOST = 5000;
/** The messages of one row that are kept: an event may go to thousands, and a call have results for hours. */
const MOST_IN_ROW = 200;
/** Of these the first ones; the others are the last. */
const FIRST_IN_ROW = 100;

class Messages {
    id = 'messages';
    title = 'Messages';
    filters = { uri: '', type: '', direction: '', session: '' };
    withPayloads = true;
    /** @type {Conversation[]} */
    rows = [];
    /** @type {Map<number, Conversation>} By the number of each of its messages. */
    byNumber = new Map();
    counts = { shown: 0, filtered: 0, not_shown: 0 };
    /** @type {(Promise<any> & {cancel: () => void}) | null} */
    tap = null;
    /** @type {Error | null} */
    error = null;
    /** @type {Conversation | null} */
    chosen = null;
    /** What is shown of it, made once for the messages that it has. */
    details = { of: '', view: /** @type {unknown} */ (nothing) };
    /** Since when nobody looks at the tab, if it was looked at messages before. */
    /** @type {number | null} */
    hiddenSince = null;
    gap = '';
    list = new List({
        label: 'Messages',
        className: 'messages',
        columns: ['time', 'session', 'what', 'URI', 'Δt', 'bytes', 'payload'],
        key: (/** @type {Conversation} */ row) => row.root,
        cells: conversationCells,
        chosen: (row) => { this.chosen = row; },
    });

    leave() {
        this.hiddenSince = null;
        this.#stop();
    }

    rest() {
        if (!this.tap) return;
        this.hiddenSince = Date.now();
        this.#stop();
    }

    wake() {
        if (this.hiddenSince === null) return;
        this.gap = `Nothing was looked at from ${clock(this.hiddenSince)} to ${clock(Date.now())}, while this tab was hidden.`;
        this.hiddenSince = null;
        this.#look();
    }

    view() {
        this.list.rows = this.rows;
        return html`<h1>Messages</h1>
            ${absent(state.admin)}
            <form class="bar" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.#toggle(); }}>
                ${this.#field('uri', 'URI, with * at its end')} ${this.#field('type', 'type, such as CALL')} ${this.#field('session', 'session')}
                <select aria-label="Direction" @change=${(/** @type {any} */ event) => { this.filters.direction = event.target.value; }}>
                    ${['', 'received', 'sent'].map((one) => html`<option value=${one} ?selected=${one === this.filters.direction}>${one || 'both directions'}</option>`)}
                </select>
                <label class="check"><input type="checkbox" .checked=${live(this.withPayloads)} @change=${(/** @type {any} */ event) => { this.withPayloads = event.target.checked; }} /> payloads</label>
                <button type="submit" class="primary" ?disabled=${!state.admin.isOpen}>${this.tap ? 'Stop' : 'Look'}</button>
                <button type="button" @click=${() => this.#clear()}>Clear</button>
                <button type="button" ?disabled=${this.rows.length === 0} @click=${() => this.#save()}>Save</button>
                <span role="status" class="quiet">${count(this.counts.shown)} shown, ${count(this.counts.not_shown)} not shown, ${count(this.counts.filtered)} did not fit</span>
            </form>
            ${problem(this.error)} ${this.gap ? html`<p class="quiet" role="status">${this.gap}</p>` : nothing} ${this.list.view()}
            ${this.chosen ? this.#chosenView(this.chosen) : nothing}`;
    }

    /** @param {Conversation} chosen */
    #chosenView({ root, messages, leftOut }) {
        const of = `${root} ${messages.length} ${leftOut}`;
        if (of !== this.details.of) this.details = { of, view: block(messages) };
        return html`<section class="details" aria-label="The chosen messages">
            <h2>${name(messages[0].uri ?? messages[0].type, 200)}</h2>
            ${leftOut > 0 ? html`<p class="quiet">${count(leftOut)} between the first and the last of these are not kept.</p>` : nothing}
            ${this.details.view}
        </section>`;
    }

    /**
     * @param {'uri' | 'type' | 'session'} key
     * @param {string} label
     */
    #field(key, label) {
        return html`<input ?data-filter=${key === 'uri'} name=${key} aria-label=${label} placeholder=${label} spellcheck="false"
            .value=${live(this.filters[key])} @input=${(/** @type {any} */ event) => { this.filters[key] = event.target.value; }} />`;
    }

    #toggle() {
        this.gap = '';
        if (this.tap) this.#stop();
        else this.#look();
        redraw();
    }

    #stop() {
        this.tap?.cancel();
        this.tap = null;
    }

    async #look() {
        this.error = null;
        const { uri, type, direction, session } = this.filters;
        const filter = Object.fromEntries(Object.entries({ uri, type: type.toUpperCase(), direction }).filter(([, value]) => value.trim() !== ''));
        const kwargs = {
            realm: state.realmName,
            ...(Object.keys(filter).length > 0 ? { filter } : {}),
            ...(session.trim() === '' ? {} : { session: whole(session) }),
        };
        const procedure = this.withPayloads ? 'serverwamp.tap.open_with_payloads' : 'serverwamp.tap.open';
        const tap = state.admin.call(procedure, [], kwargs, { progress: ({ args }) => this.#came(args[0]) });
        this.tap = tap;
        redraw();
        try {
            await tap;
        } catch (error) {
            // It was asked to end.
            if (this.tap === tap) this.error = /** @type {Error} */ (error);
        }
        if (this.tap === tap) this.tap = null;
        redraw();
    }

    /** @param {any} answer */
    #came(answer) {
        const messages = dictsOf(answer?.messages ?? [], 'messages');
        const { shown, filtered, not_shown } = answer ?? {};
        this.counts = { shown: numberOf(shown), filtered: numberOf(filtered), not_shown: numberOf(not_shown) };
        if (!state.isLooking) {
            this.counts.not_shown += messages.length;
            return;
        }
        /** @type {Conversation[]} */
        const fresh = [];
        for (const message of messages) {
            const known = this.byNumber.get(message.cause);
            /** @type {Conversation} */
            const row = known ?? { root: message.number, messages: [], leftOut: 0 };
            if (!known) fresh.unshift(row);
            row.messages.push(message);
            this.byNumber.set(message.number, row);
            if (row.messages.length > MOST_IN_ROW) {
                for (const { number } of row.messages.splice(FIRST_IN_ROW, 1)) this.byNumber.delete(number);
                row.leftOut += 1;
            }
        }
        if (fresh.length > 0) this.rows = [...fresh, ...this.rows];
        for (const row of this.rows.splice(MOST)) for (const { number } of row.messages) this.byNumber.delete(number);
        redraw();
    }

    #clear() {
        [this.rows, this.byNumber, this.chosen, this.gap] = [[], new Map(), null, ''];
        redraw();
    }

    /** As `serverwamp tail --save`: one message in a line. */
    #save() {
        const all = this.rows.flatMap(({ messages }) => messages).sort((one, other) => numberOf(one.number) - numberOf(other.number));
        const file = new Blob(all.map((message) => `${stringify(message)}\n`), { type: 'application/jsonl' });
        const link = document.createElement('a');
        link.href = URL.createObjectURL(file);
        link.download = 'messages.jsonl';
        link.click();
        // The browser reads it after this.
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }
}

/** @param {Conversation} row */
function conversationCells(row) {
    const { messages, leftOut } = row;
    const [first] = messages;
    row.told ??= html`<bdi>${payload(first.args ?? [], first.kwargs ?? {}).slice(0, 200)}</bdi>`;
    const last = messages.at(-1);
    const failed = messages.some(({ type }) => type === 'ERROR');
    const steps = messages.length > 4 ? [...messages.slice(0, 3), { type: `… ${count(messages.length + leftOut - 3)} more` }] : messages;
    const sizes = messages.reduce((sum, message) => sum + numberOf(message.bytes), 0);
    const took = messages.length > 1 ? Date.parse(text(last.at)) - Date.parse(text(first.at)) : NaN;
    return [
        clock(first.at),
        text(first.session, 40),
        html`<span class=${failed ? 'bad' : ''}>${steps.map(({ type }) => text(type ?? 'too long', 40)).join(' → ')}</span>`,
        name(first.uri, 100),
        Number.isFinite(took) ? `${took} ms` : '',
        bytes(sizes),
        row.told,
    ];
}

export const messages = new Messages();
