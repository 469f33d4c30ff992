/**
 * Values of peers, and what keeps a page from showing them, as text.
 */
import { html, nothing } from '../vendor/lit.js';
import { stringify } from './exact-json.js';
import { escaped, text } from './format.js';
import { ADMIN_REALM, state } from './state.js';

/** The characters of one value that are shown. */
const MOST = 20000;

/**
 * A name made by a peer. `bdi` keeps its direction to itself.
 * @param {unknown} name
 * @param {number} [most]
 */
export function name(name, most) {
    return html`<bdi class="name">${text(name, most)}</bdi>`;
}

/** @param {unknown} value @param {number} [space] */
export function json(value, space = 0) {
    const written = stringify(value, space);
    const cut = written.length > MOST ? `${written.slice(0, MOST)}… (${written.length.toLocaleString('en')} characters)` : written;
    // Its own line breaks stay; what a peer wrote has none that JSON does not escape.
    return cut.split('\n').map(escaped).join('\n');
}

/** @param {unknown} value */
export function block(value) {
    return html`<pre class="value" tabindex="0">${json(value, 2)}</pre>`;
}

/**
 * The arguments of a call, a result or an event.
 * @param {unknown[]} args
 * @param {Record<string, unknown>} [kwargs]
 */
export function payload(args, kwargs = {}) {
    const hasNames = Object.keys(kwargs).length > 0;
    if (args.length === 0 && !hasNames) return 'nothing';
    if (!Array.isArray(args)) return json([args, kwargs]);
    const positional = args.length === 1 ? json(args[0]) : args.length > 0 ? json(args) : '';
    return hasNames ? `${positional} ${json(kwargs)}`.trim() : positional;
}

/**
 * What an error means for a page, and what to do.
 * @param {Error | null} error
 */
export function problem(error) {
    if (!error) return nothing;
    const advice = adviceAbout(/** @type {any} */ (error));
    return html`<p class="problem" role="alert">${escaped(error.message.slice(0, 1000))}${advice ? `. ${advice}` : ''}</p>`;
}

/** @param {{uri?: string, procedure?: string}} error */
function adviceAbout({ uri, procedure = '' }) {
    if (uri === 'serverwamp.error.too_many_watches') return 'As many pages and tools look at single URIs of this realm as may at once. This page gets its turn when one of them is closed or hidden.';
    const what = procedure.startsWith('serverwamp.') ? procedure : 'it';
    if (uri === 'wamp.error.no_such_procedure') return `This server does not serve ${what}.`;
    if (uri !== 'wamp.error.not_authorized') return '';
    if (!procedure.startsWith('serverwamp.')) return 'The role of this session may not do that.';
    if (!state.served) return `The role of this session lacks the permission for ${what}.`;
    const permission = state.served.get(procedure);
    return permission ? `${what} needs the permission "${permission}", which the role of this session lacks.` : `This server does not serve ${what}.`;
}

/**
 * Why there is no session, where one is needed.
 * @param {import('./link.js').Link} link
 */
export function absent(link) {
    if (link.isOpen) return nothing;
    const what = link.realm === ADMIN_REALM ? `the admin interface (realm ${ADMIN_REALM})` : `the realm ${text(link.realm)}`;
    if (link.state === 'connecting') return html`<p class="quiet">Joining ${what} …</p>`;
    const how = link.state === 'refused' ? 'Not let into' : 'No session in';
    return html`<p class="problem" role="alert">${how} ${what}${link.why ? `: ${link.why.slice(0, 600)}` : ''}.</p>`;
}
