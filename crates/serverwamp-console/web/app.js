/**
 * The console: its frame around the pages, which one is shown, and the link that it was opened by.
 */
import { html, nothing, render } from './vendor/lit.js';
import { IS_EXACT } from './lib/exact-json.js';
import { text } from './lib/format.js';
import { login } from './lib/login.js';
import { ADMIN_REALM, drawWith, redraw, state } from './lib/state.js';
import { name } from './lib/value.js';
import { watch } from './lib/watch.js';
import { configuration } from './pages/configuration.js';
import { messages } from './pages/messages.js';
import { overview } from './pages/overview.js';
import { permissions } from './pages/permissions.js';
import { playground } from './pages/playground.js';
import { procedures } from './pages/procedures.js';
import { sessions } from './pages/sessions.js';
import { topics } from './pages/topics.js';

/** @typedef {import('./lib/state.js').Page} Page */

/** @type {Page[]} */
const PAGES = [overview, sessions, procedures, topics, messages, playground, permissions, configuration];
const THEMES = ['auto', 'light', 'dark'];

/** @type {Page} */
let page = overview;
let theme = 'auto';
let loginFor = '';
let loginError = '';

/** Takes the token out of the address before anything else, and exchanges it for a cookie. */
async function arrive() {
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (!token) return;
    history.replaceState(null, '', location.pathname);
    try {
        const answer = await fetch('login', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
        if (!answer.ok) state.linkError = (await answer.text()).trim();
    } catch {
        state.linkError = 'the server does not answer, so the link was not used';
    }
}

function route() {
    if (location.hash.startsWith('#token=')) {
        // Another link, opened in the tab that is here already.
        arrive().then(() => state.connect());
        return;
    }
    const wanted = PAGES.find(({ id }) => id === location.hash.slice(1)) ?? overview;
    if (wanted !== page) {
        page.leave?.();
        page = wanted;
        page.enter?.();
    }
    document.title = `${page.title} · serverwamp console`;
    redraw();
}

/** @param {string} wanted */
function colour(wanted) {
    theme = wanted;
    if (wanted === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = wanted;
    try {
        localStorage.setItem('serverwamp-console-theme', wanted);
    } catch {
        // The browser keeps nothing: the choice is for this tab.
    }
    overview.recolour();
    redraw();
}

function frame() {
    return html`<a class="skip" href="#main" @click=${toMain}>To the content</a>
        <header>
            <div class="brand"><img src="icon.svg" alt="" width="20" height="20" /> serverwamp</div>
            ${realmChoice()} ${linkView(state.realm, 'realm')} ${linkView(state.admin, 'admin')}
            <span class="grow"></span>
            <button @click=${pause} aria-pressed=${state.isPaused} title="Pause (p)">${state.isPaused ? 'Paused' : 'Pause'}</button>
            <button @click=${() => colour(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto')} title="Light, dark, or as the system is">
                Theme: ${theme}
            </button>
        </header>
        <nav aria-label="Pages">
            ${PAGES.map(({ id, title }) => html`<a href="#${id}" aria-current=${id === page.id ? 'page' : nothing}>${title}</a>`)}
        </nav>
        ${notices()} ${loginFor ? loginForm() : nothing}
        <main id="main" tabindex="-1">${view()}</main>`;
}

/** The page, unless it stumbles over something that a router sent. */
function view() {
    try {
        return page.view();
    } catch (error) {
        state.isOdd(error);
        return html`<h1>${page.title}</h1>`;
    }
}

function realmChoice() {
    const realms = [...new Set([state.realmName, ...state.realms])];
    return html`<label class="inline">Realm
        <select name="realm" @change=${(/** @type {any} */ event) => choose(event.target.value)}>
            ${realms.map((realm) => html`<option value=${realm} ?selected=${realm === state.realmName}>${text(realm, 60)}</option>`)}
            <option value="">another …</option>
        </select>
    </label>`;
}

/** @param {string} realm */
function choose(realm) {
    if (realm === '') {
        loginFor = 'other';
        redraw();
        return;
    }
    page.leave?.();
    state.join(realm);
    page.enter?.();
}

/**
 * @param {import('./lib/link.js').Link} link
 * @param {string} what
 */
function linkView(link, what) {
    const states = { open: 'joined', connecting: 'joining', lost: 'lost', refused: 'refused', closed: 'closed' };
    const who = link.isOpen ? html`${name(link.welcome.authid, 24)} (${name(link.welcome.authrole, 24)})` : states[link.state];
    return html`<button class="link ${link.state}" data-link=${what} title="${what === 'admin' ? 'The admin interface' : 'The realm'}: log in as somebody" @click=${() => { loginFor = loginFor === what ? '' : what; redraw(); }}>
        <span class="dot" aria-hidden="true"></span> ${what} <span role="status">${who}</span>
    </button>`;
}

function notices() {
    const link = state.linkError
        ? html`<p class="problem" role="alert">You are not logged in by the link: ${text(state.linkError, 400)}.
              <button @click=${() => { state.linkError = null; redraw(); }}>Close</button></p>`
        : nothing;
    const odd = state.oddity
        ? html`<p class="problem" role="alert">${state.oddity}. <button @click=${() => { state.oddity = null; redraw(); }}>Close</button></p>`
        : nothing;
    const exact = IS_EXACT
        ? nothing
        : html`<p class="problem" role="alert">This browser rounds integers beyond 2^53; a newer one shows them exactly.</p>`;
    return html`${link}${odd}${exact}`;
}

function loginForm() {
    const isAdmin = loginFor === 'admin';
    const realm = isAdmin ? ADMIN_REALM : state.realmName;
    return html`<form class="form login" aria-label="Login" @submit=${submitLogin}>
        <label>Router
            <input name="url" required .defaultValue=${state.url} spellcheck="false" />
        </label>
        <label>Realm
            <input name="realm" required .defaultValue=${realm} ?readonly=${isAdmin} spellcheck="false" />
        </label>
        <label>Proof
            <select name="method">
                <option value="">none, or the console's link</option>
                <option value="ticket">ticket</option>
                <option value="wampcra">WAMP-CRA</option>
                <option value="cryptosign">cryptosign</option>
            </select>
        </label>
        <label>authid <input name="authid" autocomplete="off" spellcheck="false" /></label>
        <label>Secret, or private key <input name="secret" type="password" autocomplete="off" /></label>
        <div class="buttons">
            <button class="primary" type="submit">Join</button>
            <button type="button" @click=${() => { loginFor = ''; redraw(); }}>Cancel</button>
            ${isAdmin && state.admin.welcome.authmethod === 'cookie'
                ? html`<button type="button" @click=${() => { loginFor = ''; state.logOut(); }}>Log out of the link</button>`
                : nothing}
            <span class="quiet">The secret is kept until this page is closed, and nowhere else.</span>
        </div>
        ${loginError ? html`<p class="problem" role="alert">${loginError}</p>` : nothing}
    </form>`;
}

/** @param {SubmitEvent} event */
async function submitLogin(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const field = (/** @type {string} */ key) => String(form.get(key) ?? '').trim();
    const method = /** @type {import('./lib/login.js').Method | ''} */ (field('method'));
    try {
        const proof = method ? await login(method, field('authid'), String(form.get('secret') ?? '')) : undefined;
        page.leave?.();
        const isElsewhere = field('url') !== state.url;
        if (isElsewhere) state.lookAt(field('url'));
        if (loginFor === 'admin') state.joinAdmin(proof);
        else state.join(field('realm'), proof);
        [loginFor, loginError] = ['', ''];
        page.enter?.();
    } catch (error) {
        loginError = String(/** @type {Error} */ (error).message);
    }
    redraw();
}

function pause() {
    state.isPaused = !state.isPaused;
    redraw();
}

/** @param {Event} event */
function toMain(event) {
    event.preventDefault();
    document.getElementById('main')?.focus();
}

/** @param {KeyboardEvent} event */
function shortcut(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const isWriting = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'p') pause();
    if (event.key === '/') {
        const filter = /** @type {HTMLElement | null} */ (document.querySelector('[data-filter]'));
        if (filter) {
            event.preventDefault();
            filter.focus();
        }
    }
}

/** Nobody looks at a hidden tab: the server does nothing for it that it would not do for a session that is idle. */
function looked() {
    if (document.hidden) {
        page.rest?.();
        watch.rest();
    } else {
        page.wake?.();
    }
    redraw();
}

async function start() {
    await arrive();
    try {
        colour(localStorage.getItem('serverwamp-console-theme') ?? 'auto');
    } catch {
        colour('auto');
    }
    const root = document.getElementById('app');
    if (!root) return;
    root.replaceChildren();
    drawWith(() => {
        state.describe();
        render(frame(), root);
    });
    addEventListener('hashchange', route);
    addEventListener('keydown', shortcut);
    document.addEventListener('visibilitychange', looked);
    state.connect();
    page = PAGES.find(({ id }) => id === location.hash.slice(1)) ?? overview;
    page.enter?.();
    route();
}

start();
