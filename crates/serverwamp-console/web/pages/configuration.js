/**
 * Configuration: what is in effect, and where each value comes from.
 */
import { html, live, nothing } from '../vendor/lit.js';
import { text } from '../lib/format.js';
import { dictOf, dictsOf } from '../lib/sound.js';
import { redraw, state } from '../lib/state.js';
import { absent, name, problem } from '../lib/value.js';

class Configuration {
    id = 'configuration';
    title = 'Configuration';
    filter = '';
    /** @type {{key: string, value: string, source: string}[]} Keys that are not as they are by default. */
    rows = [];
    /** @type {Error | null} */
    error = null;
    said = '';
    /** @type {unknown} */
    readFrom = null;

    view() {
        if (state.admin.isOpen && this.readFrom !== state.admin) this.#read();
        const rows = this.rows.filter(({ key }) => key.includes(this.filter));
        return html`<h1>Configuration</h1>
            ${absent(state.admin)}
            <form class="bar" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.#read(); }}>
                <input data-filter name="filter" aria-label="Filter" placeholder="key" spellcheck="false" .value=${live(this.filter)}
                    @input=${(/** @type {any} */ event) => { this.filter = event.target.value; redraw(); }} />
                <button type="submit" ?disabled=${!state.admin.isOpen}>Read again</button>
                <button type="button" class="danger" ?disabled=${!state.admin.isOpen} @click=${() => this.#reload()}>Reload the file</button>
                <span role="status">${this.said}</span>
            </form>
            ${problem(this.error)}
            <p class="quiet">Keys that are not as they are by default; secrets are masked.</p>
            ${rows.length === 0
                ? nothing
                : html`<table class="configuration">
                      <thead><tr><th scope="col">key</th><th scope="col">value</th><th scope="col">from</th></tr></thead>
                      <tbody>${rows.map(({ key, value, source }) => html`<tr><td>${name(key, 200)}</td><td>${name(value, 400)}</td><td>${name(source, 200)}</td></tr>`)}</tbody>
                  </table>`}`;
    }

    async #read() {
        this.readFrom = state.admin;
        try {
            const { config } = dictOf(await state.admin.ask('serverwamp.node.config'), 'serverwamp.node.config');
            const rows = dictsOf(config, 'serverwamp.node.config');
            this.rows = rows.map(({ key, value, source }) => ({ key: text(key), value: text(value, 400), source: text(source) }));
            this.error = null;
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }

    async #reload() {
        if (!confirm('Read the configuration again, and apply it?')) return;
        try {
            this.said = text(dictOf(await state.admin.ask('serverwamp.node.reload'), 'serverwamp.node.reload').outcome, 400);
            await this.#read();
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }
}

export const configuration = new Configuration();
