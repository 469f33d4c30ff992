/**
 * Playground: calls, publications, subscriptions and registrations by hand.
 */
import { html, live, nothing, repeat } from '../vendor/lit.js';
import { copyAs, LANGUAGES } from '../lib/copy-as.js';
import { parse } from '../lib/exact-json.js';
import { clock, escaped, text } from '../lib/format.js';
import { redraw, state } from '../lib/state.js';
import { absent, name, payload } from '../lib/value.js';

/** @typedef {'call' | 'publish' | 'subscribe' | 'register'} Kind */
/** @typedef {{number: number, at: number, what: string, uri: string, text: string | (() => string), isError: boolean}} Entry What a function makes is made when it is drawn: of a flood little is. */

/** @type {Record<Kind, {verb: string, uri: string, hint: string}>} */
const KINDS = {
    call: { verb: 'Call', uri: 'Procedure', hint: 'CALL' },
    publish: { verb: 'Publish', uri: 'Topic', hint: 'PUBLISH' },
    subscribe: { verb: 'Subscribe', uri: 'Topic', hint: 'SUBSCRIBE' },
    register: { verb: 'Register', uri: 'Procedure', hint: 'REGISTER' },
};
/** The entries that are kept. */
const MOST_ENTRIES = 500;
/** The registrations and subscriptions that are asked about. */
const MOST_LEARNED = 200;

/** The longest name that is offered: nobody types more, and a list of megabytes would be drawn with each letter. */
const LONGEST = 500;

class Playground {
    id = 'playground';
    title = 'Playground';
    /** @type {Kind} */
    kind = 'call';
    uri = { call: '', publish: '', subscribe: '', register: '' };
    args = '';
    kwargs = '';
    options = '';
    match = 'exact';
    answer = '';
    timeout = '';
    wantsProgress = true;
    /** @type {keyof typeof LANGUAGES} */
    language = 'shell';
    /** @type {Entry[]} */
    entries = [];
    number = 0;
    /** The calls under way, by number. */
    /** @type {Map<number, {uri: string, cancel: () => void}>} */
    running = new Map();
    /** @type {{standing: import('../lib/link.js').Standing, link: import('../lib/link.js').Link}[]} */
    subscribed = [];
    /** @type {{uri: string, link: import('../lib/link.js').Link}[]} */
    registered = [];
    copied = '';

    /** @type {import('../lib/link.js').Link | null} The session that was asked what is registered. */
    learnedFrom = null;

    view() {
        if (state.realm.isOpen && this.learnedFrom !== state.realm) this.#learn();
        const { verb, uri } = KINDS[this.kind];
        const link = state.realm;
        const isPattern = this.kind === 'subscribe' || this.kind === 'register';
        return html`<h1>Playground</h1>
            ${absent(link)}
            <div class="tabs" role="tablist" aria-label="What to do">
                ${Object.entries(KINDS).map(
                    ([kind, { verb }]) =>
                        html`<button
                            role="tab"
                            id="tab-${kind}"
                            aria-controls="playground-panel"
                            aria-selected=${kind === this.kind}
                            tabindex=${kind === this.kind ? 0 : -1}
                            @click=${() => this.#turn(/** @type {Kind} */ (kind))}
                            @keydown=${(/** @type {KeyboardEvent} */ event) => this.#tabKey(event)}
                        >
                            ${verb}
                        </button>`,
                )}
            </div>
            <div id="playground-panel" role="tabpanel" aria-labelledby="tab-${this.kind}">
            <form id="playground-form" class="form" @submit=${(/** @type {Event} */ event) => this.#submit(event)}>
                <label class="wide">${uri}
                    <input name="uri" required autocomplete="off" spellcheck="false" list="known-uris"
                        .value=${live(this.uri[this.kind])}
                        @input=${(/** @type {any} */ event) => { this.uri[this.kind] = event.target.value; }} />
                </label>
                <datalist id="known-uris">${this.#known().map((uri) => html`<option value=${uri}></option>`)}</datalist>
                ${isPattern ? this.#matchField() : nothing}
                ${this.kind === 'register' ? this.#answerField() : nothing}
                ${isPattern ? nothing : this.#payloadFields()}
                <label class="wide">Options, JSON
                    <input name="options" autocomplete="off" spellcheck="false" placeholder=${this.kind === 'publish' ? '{"acknowledge": true}' : '{}'}
                        .value=${live(this.options)} @input=${(/** @type {any} */ event) => { this.options = event.target.value; }} />
                </label>
                <div class="buttons">
                    <button type="submit" class="primary" ?disabled=${!link.isOpen}>${verb}</button>
                    ${isPattern ? nothing : this.#copyButtons()}
                </div>
            </form></div>
            ${this.#standing()}
            <h2>What happened</h2>
            <div class="log" role="log" tabindex="0" aria-label="What happened">
                ${this.entries.length === 0 ? html`<p class="quiet">Nothing yet. In <code>serverwamp dev</code>, try <code>demo.add</code> with <code>2, 3</code>.</p>` : nothing}
                ${repeat(this.entries, (entry) => entry.number, entryView)}
            </div>`;
    }

    #payloadFields() {
        return html`<label>Arguments: JSON values, with commas between them
                <textarea name="args" rows="3" spellcheck="false" placeholder='2, 3' .value=${live(this.args)}
                    @input=${(/** @type {any} */ event) => { this.args = event.target.value; }}></textarea>
            </label>
            <label>Named arguments: a JSON object
                <textarea name="kwargs" rows="3" spellcheck="false" placeholder='{"a": 2}' .value=${live(this.kwargs)}
                    @input=${(/** @type {any} */ event) => { this.kwargs = event.target.value; }}></textarea>
            </label>
            ${this.kind === 'call'
                ? html`<label>Timeout, ms
                          <input name="timeout" inputmode="numeric" pattern="[0-9]*" .value=${live(this.timeout)}
                              @input=${(/** @type {any} */ event) => { this.timeout = event.target.value; }} />
                      </label>
                      <label class="check"><input name="progress" type="checkbox" .checked=${live(this.wantsProgress)}
                          @change=${(/** @type {any} */ event) => { this.wantsProgress = event.target.checked; }} /> progressive results</label>`
                : nothing}`;
    }

    #matchField() {
        return html`<label>Match
            <select name="match" @change=${(/** @type {any} */ event) => { this.match = event.target.value; }}>
                ${['exact', 'prefix', 'wildcard'].map((match) => html`<option ?selected=${match === this.match}>${match}</option>`)}
            </select>
        </label>`;
    }

    #answerField() {
        return html`<label>Answer to every call, JSON; empty gives the arguments back
            <input name="answer" autocomplete="off" spellcheck="false" .value=${live(this.answer)}
                @input=${(/** @type {any} */ event) => { this.answer = event.target.value; }} />
        </label>`;
    }

    #copyButtons() {
        return html`<label class="inline">Copy as
                <select name="language" @change=${(/** @type {any} */ event) => { this.language = event.target.value; }}>
                    ${Object.entries(LANGUAGES).map(([id, title]) => html`<option value=${id} ?selected=${id === this.language}>${title}</option>`)}
                </select>
            </label>
            <button type="button" @click=${() => this.#copy()}>Copy</button>
            <span role="status" class="quiet">${this.copied}</span>`;
    }

    #standing() {
        const calls = [...this.running].map(
            ([number, { uri, cancel }]) => html`<li>call of ${name(uri, 80)} <button @click=${cancel} data-cancel=${number}>Cancel</button></li>`,
        );
        const topics = this.subscribed.map(
            (one) => html`<li>subscribed to ${name(one.standing.topic, 80)} <button @click=${() => this.#unsubscribe(one)}>Unsubscribe</button></li>`,
        );
        const procedures = this.registered.map(
            (one) => html`<li>serves ${name(one.uri, 80)} <button @click=${() => this.#unregister(one)}>Unregister</button></li>`,
        );
        const all = [...calls, ...topics, ...procedures];
        return all.length === 0 ? nothing : html`<h2>Under way</h2><ul class="standing">${all}</ul>`;
    }

    /** Asks for what is registered and subscribed to, a bounded number of each, for completion. */
    async #learn() {
        const link = state.realm;
        this.learnedFrom = link;
        for (const [kind, known] of /** @type {[string, Set<string>][]} */ ([['registration', state.procedures], ['subscription', state.topics]])) {
            try {
                const ids = (await link.ask(`wamp.${kind}.list`)).exact.slice(0, MOST_LEARNED);
                for (const id of ids) {
                    const { uri } = /** @type {any} */ ((await link.call(`wamp.${kind}.get`, [id])).args[0]);
                    if (typeof uri === 'string') known.add(uri);
                }
            } catch {
                // Without the meta API nothing is offered but what was used here.
            }
        }
        redraw();
    }

    /** What is known, for completion. */
    #known() {
        const isOfTopics = this.kind === 'publish' || this.kind === 'subscribe';
        return [...(isOfTopics ? state.topics : state.procedures)].filter((uri) => uri.length <= LONGEST).sort().slice(0, 1000);
    }

    /** @param {Kind} kind */
    #turn(kind) {
        this.kind = kind;
        redraw();
    }

    /** @param {KeyboardEvent} event */
    #tabKey(event) {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step === undefined) return;
        const kinds = /** @type {Kind[]} */ (Object.keys(KINDS));
        this.#turn(kinds[(kinds.indexOf(this.kind) + step + kinds.length) % kinds.length] ?? 'call');
        requestAnimationFrame(() => document.getElementById(`tab-${this.kind}`)?.focus());
    }

    /** @param {Event} event */
    #submit(event) {
        event.preventDefault();
        const uri = this.uri[this.kind].trim();
        try {
            const options = this.options.trim() === '' ? {} : object(this.options, 'The options are');
            if (this.kind === 'subscribe') this.#subscribe(uri, options);
            else if (this.kind === 'register') this.#register(uri, options);
            else {
                const args = this.args.trim() === '' ? [] : read(`[${this.args}]`, 'The arguments are');
                const kwargs = this.kwargs.trim() === '' ? {} : object(this.kwargs, 'The named arguments are');
                if (this.kind === 'call') this.#call(uri, args, kwargs, options);
                else this.#publish(uri, args, kwargs, options);
            }
        } catch (error) {
            this.#note('not sent', uri, String(/** @type {Error} */ (error).message), true);
        }
    }

    /**
     * @param {string} uri
     * @param {unknown[]} args
     * @param {Record<string, unknown>} kwargs
     * @param {Record<string, unknown>} options
     */
    async #call(uri, args, kwargs, options) {
        const number = ++this.number;
        const timeout = this.timeout.trim() === '' ? {} : { timeout: Number(this.timeout) };
        const began = performance.now();
        const took = () => `after ${(performance.now() - began).toFixed(1)} ms`;
        const progress = (/** @type {import('../lib/link.js').Result} */ got) =>
            this.#noteAfter('progress', uri, got, took());
        const called = state.realm.call(uri, args, kwargs, {
            progress: this.wantsProgress ? progress : undefined,
            options: { ...timeout, ...options },
        });
        this.running.set(number, { uri, cancel: () => called.cancel() });
        redraw();
        try {
            const got = await called;
            state.procedures.add(uri);
            this.#noteAfter('result', uri, got, took());
        } catch (error) {
            this.#note('error', uri, `${told(error)}  ${took()}`, true);
        }
        this.running.delete(number);
        redraw();
    }

    /**
     * @param {string} uri
     * @param {unknown[]} args
     * @param {Record<string, unknown>} kwargs
     * @param {Record<string, unknown>} options
     */
    async #publish(uri, args, kwargs, options) {
        try {
            const id = await state.realm.publish(uri, args, kwargs, options);
            state.topics.add(uri);
            this.#note('published', uri, id === undefined ? 'not acknowledged' : `publication ${id}`);
        } catch (error) {
            this.#note('error', uri, told(error), true);
        }
    }

    /**
     * @param {string} uri
     * @param {Record<string, unknown>} options
     */
    async #subscribe(uri, options) {
        const link = state.realm;
        try {
            const standing = await link.subscribe(uri, { match: this.match, ...options }, (event) =>
                this.#note('event', text(event.details.topic ?? uri, 1000), () => payload(event.args, event.kwargs)),
            );
            state.topics.add(uri);
            this.subscribed.push({ standing, link });
            this.#note('subscribed', uri, `subscription ${standing.id}`);
        } catch (error) {
            this.#note('error', uri, told(error), true);
        }
    }

    /**
     * @param {string} uri
     * @param {Record<string, unknown>} options
     */
    async #register(uri, options) {
        const link = state.realm;
        const fixed = this.answer.trim() === '' ? undefined : { value: read(this.answer, 'The answer is') };
        try {
            await link.register(uri, { match: this.match, ...options }, (invocation) => {
                this.#note('called', text(invocation.details.procedure ?? uri, 1000), () => payload(invocation.args, invocation.kwargs));
                return fixed ? fixed.value : invocation.args;
            });
            this.registered.push({ uri, link });
            state.procedures.add(uri);
            this.#note('registered', uri, 'each call is shown here');
        } catch (error) {
            this.#note('error', uri, told(error), true);
        }
    }

    /** @param {{standing: import('../lib/link.js').Standing, link: import('../lib/link.js').Link}} one */
    async #unsubscribe(one) {
        this.subscribed = this.subscribed.filter((other) => other !== one);
        await one.link.unsubscribe(one.standing);
        this.#note('unsubscribed', one.standing.topic, '');
    }

    /** @param {{uri: string, link: import('../lib/link.js').Link}} one */
    async #unregister(one) {
        this.registered = this.registered.filter((other) => other !== one);
        try {
            await one.link.unregister(one.uri);
            this.#note('unregistered', one.uri, '');
        } catch (error) {
            this.#note('error', one.uri, told(error), true);
        }
    }

    /**
     * @param {string} what
     * @param {string} uri
     * @param {import('../lib/link.js').Result} got
     * @param {string} took
     */
    #noteAfter(what, uri, got, took) {
        this.#note(what, uri, () => `${payload(got.args, got.kwargs)}  ${took}`);
    }

    async #copy() {
        const what = { kind: this.kind, uri: this.uri[this.kind].trim(), args: this.args, kwargs: this.kwargs, url: state.url, realm: state.realmName };
        try {
            await navigator.clipboard.writeText(copyAs(this.language, what));
            this.copied = 'copied';
        } catch {
            this.copied = 'the browser lets no page write to the clipboard here';
        }
        redraw();
    }

    /**
     * @param {string} what
     * @param {string} uri
     * @param {string | (() => string)} text
     */
    #note(what, uri, text, isError = false) {
        this.entries.unshift({ number: ++this.number, at: Date.now(), what, uri, text, isError });
        this.entries.length = Math.min(this.entries.length, MOST_ENTRIES);
        redraw();
    }
}

/** @param {Entry} entry */
function entryView(entry) {
    const { at, what, uri, isError } = entry;
    if (typeof entry.text === 'function') entry.text = entry.text();
    const { text } = entry;
    return html`<div class="entry ${isError ? 'error' : ''}" data-what=${what}>
        <time>${clock(at)}</time> <b>${what}</b> ${name(uri, 120)} <bdi class="said">${text}</bdi>
    </div>`;
}

/** @param {unknown} error */
function told(error) {
    const { uri, args, kwargs } = /** @type {import('../lib/link.js').WampError} */ (error);
    return `${escaped(String(uri).slice(0, 200))} ${payload(args ?? [], kwargs ?? {})}`;
}

/**
 * @param {string} text
 * @param {string} what
 */
function read(text, what) {
    try {
        return parse(text);
    } catch (error) {
        throw new Error(`${what} no JSON: ${/** @type {Error} */ (error).message}`);
    }
}

/**
 * @param {string} text
 * @param {string} what
 */
function object(text, what) {
    const value = read(text, what);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error(`${what} no JSON object: write {"name": value}`);
    return value;
}

export const playground = new Playground();
