/**
 * Overview: how much happens in a realm, and what goes wrong. From the statistics of each second where there is an admin interface; by
 * the counts of the meta API elsewhere.
 */
import { html, nothing } from '../vendor/lit.js';
import { clock, count, duration, rate, bytes, text } from '../lib/format.js';
import { Plot } from '../lib/plot.js';
import { rates } from '../lib/rates.js';
import { dictOf, dictsOf, numberOf } from '../lib/sound.js';
import { Asked, redraw, state } from '../lib/state.js';
import { absent, name, problem } from '../lib/value.js';
import { watch } from '../lib/watch.js';

/** @typedef {import('../lib/rates.js').Rates} Rates */

/** The procedures and topics that are told of. */
const TOP = 10;
/** The seconds that are kept: five minutes. */
const MOST = 300;

class Overview {
    id = 'overview';
    title = 'Overview';
    flow = new Plot({ label: 'Each second', names: ['calls', 'events'], value: (value) => rate(value) });
    latency = new Plot({ label: 'Calls take at most', names: ['p50', 'p99'], value: (value) => duration(value) });
    /** @type {any} */
    last = null;
    /** @type {Map<string, any>} The counters of each realm, one second ago. */
    before = new Map();
    beforeAt = 0;
    /** @type {Rates[]} */
    points = [];
    pointsOf = '';
    /** @type {import('../lib/link.js').Standing | null} */
    ticking = null;
    /** @type {import('../lib/link.js').Link | null} */
    tickingAt = null;
    /** @type {Error | null} */
    error = null;
    info = new Asked(async () => dictOf(await state.admin.ask('serverwamp.node.info'), 'serverwamp.node.info'), 5000, () => state.admin.isOpen);
    denials = new Asked(async () => dictsOf((await state.admin.ask('serverwamp.auth.recent', { limit: 8 }))?.denials, 'serverwamp.auth.recent'), 5000, () => state.admin.isOpen);
    standard = new Asked(standardCounts, 2000, () => state.realm.isOpen);

    enter() {
        this.#follow();
        for (const asked of [this.info, this.denials, this.standard]) asked.start();
    }

    leave() {
        watch.rest();
        for (const asked of [this.info, this.denials, this.standard]) asked.stop();
        if (this.ticking && this.tickingAt) this.tickingAt.unsubscribe(this.ticking);
        [this.ticking, this.tickingAt] = [null, null];
    }

    rest() {
        this.leave();
    }

    wake() {
        this.enter();
    }

    recolour() {
        this.flow.recolour();
        this.latency.recolour();
    }

    view() {
        // The admin session may have been made again, as somebody else.
        if (state.admin.isOpen && this.tickingAt !== state.admin) this.#follow();
        watch.follow('', TOP);
        return html`<h1>Overview</h1>
            ${absent(state.realm)} ${problem(this.error)}
            ${state.admin.isOpen ? this.#full() : this.#standard()}`;
    }

    async #follow() {
        if (this.ticking && this.tickingAt) this.tickingAt.unsubscribe(this.ticking);
        const link = state.admin;
        this.tickingAt = link;
        if (!link.isOpen) {
            this.tickingAt = null;
            return;
        }
        try {
            this.ticking = await link.subscribe('serverwamp.stats.tick', {}, ({ args, kwargs }) => this.#ticked(args[0] ?? kwargs));
            this.error = null;
        } catch (error) {
            this.error = /** @type {Error} */ (error);
        }
        redraw();
    }

    /** @param {any} tick */
    #ticked(tick) {
        if (!state.isLooking) return;
        const realms = dictsOf(tick?.realms, 'serverwamp.stats.tick');
        this.last = tick;
        state.realms = realms.map(({ realm }) => realm).filter((realm) => typeof realm === 'string' && realm !== '');
        const at = Date.parse(text(tick.at)) / 1000;
        const realm = this.#realm();
        if (this.pointsOf !== state.realmName) [this.points, this.pointsOf] = [[], state.realmName];
        if (realm) {
            const before = this.before.get(realm.realm);
            const seconds = at - this.beforeAt;
            if (before && seconds > 0 && seconds < 10) this.points.push(rates(at, before, realm, seconds, this.points));
            this.points.splice(0, this.points.length - MOST);
        }
        this.before = new Map(tick.realms.map((/** @type {any} */ one) => [one.realm, one]));
        this.beforeAt = at;
        const column = (/** @type {(point: Rates) => number | null} */ of) => this.points.map(of);
        const times = column((point) => point.at);
        this.flow.show([times, column((point) => point.calls), column((point) => point.events)]);
        this.latency.show([times, column((point) => point.p50), column((point) => point.p99)]);
        redraw();
    }

    #realm() {
        return this.last?.realms.find((/** @type {any} */ realm) => realm.realm === state.realmName);
    }

    #full() {
        const realm = this.#realm();
        const point = this.points.at(-1);
        const info = this.info.value;
        return html`<div class="cards" aria-label="Now" role="group">
                ${card('sessions', count(realm?.sessions))} ${card('calls/s', rate(point?.calls))} ${card('events/s', rate(point?.events))}
                ${card('p99 at most', duration(point?.p99))} ${card('errors/s', rate(point?.errors))} ${card('dropped', count(sum(realm?.events_dropped)))}
                ${card('queued', bytes(realm?.send_queue_bytes))} ${card('slow', count(realm?.slow_sessions))}
            </div>
            <div class="plots">${this.flow.view()} ${this.latency.view()}</div>
            ${!this.last ? html`<p class="quiet">The first numbers come within two seconds.</p>` : nothing}
            ${this.last && !realm ? html`<p class="problem">The server tells of no realm ${name(state.realmName)}.</p>` : nothing}
            <div class="columns">
                <section><h2>Calls by outcome</h2>${table(Object.entries(realm?.calls ?? {}), ([outcome, number]) => [name(outcome), count(number)], 'no call yet')}</section>
                <section><h2>Top URIs</h2>${problem(watch.error)}${busiest()}</section>
                <section><h2>Not let in</h2>
                    ${problem(this.denials.error)}
                    ${table(this.denials.value ?? [], (denial) => [clock(denial.at), name(denial.authid ?? '–', 30), name(denial.realm, 30), name(denial.why, 120)], this.denials.value ? 'nobody was refused' : '')}
                </section>
                <section><h2>Node</h2>
                    ${problem(this.info.error)}
                    ${table(Object.entries(info ?? {}).filter(([key]) => key !== 'you'), ([key, value]) => [name(key, 60), name(typeof value === 'number' && key !== 'pid' ? count(value) : value)], '')}
                </section>
            </div>`;
    }

    #standard() {
        const counts = this.standard.value;
        return html`${absent(state.admin)}
            <p class="quiet">Without the admin interface this page shows what the standard meta API tells.</p>
            ${problem(this.standard.error)}
            <div class="cards" role="group" aria-label="Now">
                ${card('sessions', count(counts?.sessions))} ${card('registrations', count(counts?.registrations))} ${card('subscriptions', count(counts?.subscriptions))}
            </div>`;
    }
}

/** The busiest procedures and topics of the last second. */
function busiest() {
    if (!watch.isThere) return watch.error ? nothing : html`<p class="quiet">They come within two seconds.</p>`;
    const procedures = [...watch.procedures.values()].map(({ uri, calls_per_second: calls, p99_micros: p99, errors }) => [
        name(uri, 60), `${rate(calls)} calls/s`, `p99 ${duration(p99)}`, errors ? html`<em class="bad">${rate(errors / watch.seconds)} errors/s</em>` : '',
    ]);
    const topics = [...watch.topics.values()].map(({ uri, publications_per_second: publications, events }) => [
        name(uri, 60), `${rate(publications)} published/s`, `${rate(events / watch.seconds)} events/s`, '',
    ]);
    return html`<div class="busiest">${table([...procedures, ...topics], (cells) => cells, 'nothing was called or published in the last second')}</div>`;
}

async function standardCounts() {
    if (state.admin.isOpen || !state.realm.isOpen) return null;
    const lengths = (/** @type {any} */ lists) => Object.values(lists ?? {}).reduce((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
    const [sessions, registrations, subscriptions] = await Promise.all([
        state.realm.ask('wamp.session.count'),
        state.realm.ask('wamp.registration.list').then(lengths),
        state.realm.ask('wamp.subscription.list').then(lengths),
    ]);
    return { sessions, registrations, subscriptions };
}

/** @param {Record<string, number> | undefined} counts */
function sum(counts) {
    return counts && Object.values(counts).reduce((all, one) => all + numberOf(one), 0);
}

/**
 * @param {string} label
 * @param {string} value
 */
function card(label, value) {
    return html`<div class="card" data-card=${label}><span>${label}</span><b>${value}</b></div>`;
}

/**
 * @template T
 * @param {T[]} rows
 * @param {(row: T) => unknown[]} cells
 * @param {string} nothingText
 */
function table(rows, cells, nothingText) {
    if (rows.length === 0) return html`<p class="quiet">${nothingText}</p>`;
    return html`<table><tbody>${rows.map((row) => html`<tr>${cells(row).map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table>`;
}

export const overview = new Overview();
