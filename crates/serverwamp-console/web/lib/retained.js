/**
 * The topics of which events are retained, in pages, with what removes them.
 */
import { html, nothing } from '../vendor/lit.js';
import { bytes, clock, count, text } from './format.js';
import { List } from './list.js';
import { Paged } from './paged.js';
import { dictOf, dictsOf } from './sound.js';
import { redraw, state } from './state.js';
import { name, problem } from './value.js';

export class Retained {
    /** @type {any} */
    chosen = null;
    /** @type {Error | null} */
    error = null;
    said = '';
    prefix = '';
    paged = new Paged((cursor) => this.#page(cursor));
    list = new List({
        label: 'Retained events',
        className: 'retained',
        columns: ['topic', 'events', 'bytes', 'newest'],
        key: (/** @type {any} */ row) => row.topic,
        cells: (row) => [name(row.topic, 120), count(row.events), bytes(row.bytes), row.last ? clock(row.last) : ''],
        chosen: (row) => {
            [this.chosen, this.error, this.said] = [row, null, ''];
            redraw();
        },
        atEnd: () => this.paged.more(),
    });

    /** @param {string} prefix */
    read(prefix) {
        [this.chosen, this.prefix] = [null, prefix];
        if (state.admin.isOpen) this.paged.restart();
    }

    view() {
        if (!state.admin.isOpen) return nothing;
        this.list.rows = this.paged.rows;
        const isNone = this.paged.isWhole && this.paged.rows.length === 0;
        return html`<section aria-label="Retained events"><h2>Retained events</h2>
            ${problem(this.paged.error)} ${isNone ? html`<p class="quiet">No topic has any.</p>` : this.list.view()} ${this.#chosen()}
        </section>`;
    }

    #chosen() {
        return html`${this.chosen
            ? html`<p>${name(this.chosen.topic, 200)} <button class="danger" @click=${() => this.#purge(this.chosen.topic)}>Remove its events</button></p>`
            : nothing}
            ${problem(this.error)} <p role="status">${this.said}</p>`;
    }

    /** @param {string | null} cursor */
    async #page(cursor) {
        const filter = this.prefix === '' ? {} : { filter: { topic: this.prefix } };
        const asked = { realm: state.realmName, limit: 200, ...filter, ...(cursor ? { cursor } : {}) };
        const { topics, next } = dictOf(await state.admin.ask('serverwamp.retained.query', asked), 'serverwamp.retained.query');
        return { rows: dictsOf(topics, 'serverwamp.retained.query'), next: next ?? null };
    }

    /** @param {string} topic */
    async #purge(topic) {
        if (!confirm(`Remove what is retained of ${text(topic, 200)}?`)) return;
        try {
            const { purged } = await state.admin.ask('serverwamp.retained.purge', { realm: state.realmName, topic });
            this.read(this.prefix);
            this.said = `${count(purged)} removed.`;
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }
}
