/**
 * Permissions: may somebody do something, and which rule says so.
 */
import { html, live, nothing } from '../vendor/lit.js';
import { whole } from '../lib/exact-json.js';
import { dictOf } from '../lib/sound.js';
import { redraw, state } from '../lib/state.js';
import { absent, name, problem } from '../lib/value.js';

class Permissions {
    id = 'permissions';
    title = 'Permissions';
    who = '';
    by = 'authrole';
    action = 'call';
    uri = '';
    match = 'exact';
    /** @type {any} */
    answer = null;
    asked = '';
    /** @type {Error | null} */
    error = null;

    view() {
        const pick = (/** @type {string} */ label, /** @type {'by' | 'action' | 'match'} */ key, /** @type {string[]} */ choices) =>
            html`<label>${label}
                <select name=${key} @change=${(/** @type {any} */ event) => { this[key] = event.target.value; }}>
                    ${choices.map((choice) => html`<option ?selected=${choice === this[key]}>${choice}</option>`)}
                </select>
            </label>`;
        const write = (/** @type {string} */ label, /** @type {'who' | 'uri'} */ key) =>
            html`<label>${label}
                <input name=${key} required autocomplete="off" spellcheck="false" .value=${live(this[key])} @input=${(/** @type {any} */ event) => { this[key] = event.target.value; }} />
            </label>`;
        return html`<h1>Permissions</h1>
            <p class="quiet">May somebody do something in the realm, and why? Nothing is done and nobody is asked.</p>
            ${absent(state.admin)}
            <form class="form" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.#ask(); }}>
                ${pick('Who, by', 'by', ['authrole', 'session'])} ${write(this.by === 'session' ? 'Session' : 'Role', 'who')}
                ${pick('Action', 'action', ['call', 'register', 'publish', 'subscribe'])} ${write('Procedure or topic', 'uri')}
                ${pick('Match', 'match', ['exact', 'prefix', 'wildcard'])}
                <div class="buttons"><button type="submit" class="primary" ?disabled=${!state.admin.isOpen}>Ask</button></div>
            </form>
            ${problem(this.error)} ${this.answer ? this.#told() : nothing}`;
    }

    #told() {
        const { allowed, asks_authorizer: asks, why } = this.answer;
        const verdict = allowed ? 'Yes' : asks ? 'An authorizer decides' : 'No';
        return html`<section class="verdict ${allowed ? 'yes' : 'no'}" role="status" aria-label="The answer">
            <h2>${verdict}</h2>
            <p>${name(this.asked, 300)}: ${name(why, 1000)}</p>
        </section>`;
    }

    async #ask() {
        const { by, who, action, uri, match } = this;
        const asked = { realm: state.realmName, [by]: by === 'session' ? whole(who) : who.trim(), action, uri: uri.trim(), match };
        try {
            this.answer = dictOf(await state.admin.ask('serverwamp.auth.explain', asked), 'serverwamp.auth.explain');
            this.asked = `${by} ${who.trim()}, ${action} ${uri.trim()}`;
            this.error = null;
        } catch (error) {
            [this.answer, this.error] = [null, /** @type {Error} */ (error)];
        }
        redraw();
    }
}

export const permissions = new Permissions();
