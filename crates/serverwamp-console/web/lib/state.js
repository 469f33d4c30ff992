/**
 * What all pages share: the two sessions, the chosen realm, and when everything is drawn again.
 */
import { escaped } from './format.js';
import { Link } from './link.js';
import { dictOf, dictsOf } from './sound.js';

/** @typedef {{id: string, title: string, enter?: () => void, leave?: () => void, rest?: () => void, wake?: () => void, view: () => unknown}} Page */

/** The realm of the admin interface. */
export const ADMIN_REALM = 'serverwamp.admin';
/** The realm that is joined before one is chosen. */
const FIRST_REALM = 'realm1';
/** The pause before it is looked again whether there is a session, in milliseconds. */
const UNTIL_READY = 200;

/** @type {() => void} */
let draw = () => {};
let isDue = false;
/** When it is drawn again at the earliest: a third of the time at most is for drawing. */
let notBefore = 0;

/** @param {() => void} how */
export function drawWith(how) {
    draw = how;
}

/** Draws again, once for all that happens before the next frame; less often where drawing takes long, so that a flood leaves time for a person. */
export function redraw() {
    // What a hidden tab draws nobody sees, and a page that is drawn asks; it is drawn when it is looked at again.
    if (isDue || document.hidden) return;
    isDue = true;
    const pause = notBefore - performance.now();
    if (pause > 0) setTimeout(drawInNextFrame, pause);
    else drawInNextFrame();
}

function drawInNextFrame() {
    requestAnimationFrame(() => {
        isDue = false;
        if (document.hidden) return;
        const began = performance.now();
        draw();
        const ended = performance.now();
        notBefore = ended + 2 * (ended - began);
    });
}

class State {
    constructor() {
        const here = new URL('ws', document.baseURI);
        here.protocol = here.protocol.replace('http', 'ws');
        /** The router that the page came from. */
        this.own = here.href;
        /** The router that is looked at. */
        this.url = here.href;
        this.realmName = FIRST_REALM;
        /** The realms that the server told of. */
        /** @type {string[]} */
        this.realms = [];
        this.isPaused = false;
        /** What went wrong with the link that the page was opened by. */
        /** @type {string | null} */
        this.linkError = null;
        /** What the router sent that nothing can be made of. */
        /** @type {string | null} */
        this.oddity = null;
        this.realm = this.#link(FIRST_REALM);
        this.admin = this.#link(ADMIN_REALM);
        /** URIs that were seen, for completion. */
        this.procedures = /** @type {Set<string>} */ (new Set());
        this.topics = /** @type {Set<string>} */ (new Set());
        /** What the admin interface serves, with the permission that each needs; null before that is known. */
        /** @type {Map<string, string> | null} */
        this.served = null;
        /** @type {Link | null} */
        this.describedBy = null;
    }

    /** Whether pages may ask: nobody looks at a hidden tab. */
    get isLooking() {
        return !document.hidden && !this.isPaused;
    }

    /** @param {unknown} error What was thrown over something that the router sent. */
    isOdd(error) {
        const told = `the router sent what this page cannot read: ${escaped(String(/** @type {any} */ (error)?.message ?? error).slice(0, 300))}`;
        if (told === this.oddity) return;
        this.oddity = told;
        redraw();
    }

    /** @param {string} realm @param {import('./login.js').Login} [login] */
    #link(realm, login) {
        const url = this.url;
        return new Link({ url, realm, login, changed: redraw, odd: (error) => this.isOdd(error) });
    }

    /** Connects both sessions. */
    connect() {
        this.admin.open();
        this.realm.open();
    }

    /**
     * Looks at another realm, or joins it again as somebody.
     * @param {string} name
     * @param {import('./login.js').Login} [login]
     */
    join(name, login) {
        this.realm.close();
        this.realmName = name;
        this.realm = this.#link(name, login).open();
    }

    /** Asks the admin interface once for what it serves, so that a page can tell why something is refused. */
    describe() {
        const link = this.admin;
        if (!link.isOpen || this.describedBy === link) return;
        [this.describedBy, this.served] = [link, null];
        const describe = async () => {
            const { items } = dictOf(await link.ask('serverwamp.admin.describe'), 'serverwamp.admin.describe');
            this.served = new Map(dictsOf(items, 'serverwamp.admin.describe').map((item) => [item.name, String(item.permission)]));
            redraw();
        };
        // Pages say less about refusals then.
        describe().catch(() => {});
    }

    /** Ends what the cookie of a link was good for, and joins as everybody else. */
    async logOut() {
        await fetch('logout', { method: 'POST' });
        this.joinAdmin();
    }

    /** @param {import('./login.js').Login} [login] */
    joinAdmin(login) {
        this.admin.close();
        this.admin = this.#link(ADMIN_REALM, login).open();
    }

    /** @param {string} url */
    lookAt(url) {
        this.realm.close();
        this.admin.close();
        this.url = url;
        [this.realms, this.procedures, this.topics] = [[], new Set(), new Set()];
        this.served = null;
        this.join(this.realmName);
        this.joinAdmin();
    }

    /**
     * Whether a session is one of this console's.
     * @param {unknown} session
     */
    isOwn(session) {
        return session !== null && (session === this.realm.session || session === this.admin.session);
    }
}

export const state = new State();

/**
 * Something that is asked for again and again, with its last answer and its last error.
 * @template T
 */
export class Asked {
    /**
     * @param {() => Promise<T>} ask
     * @param {number} every The pause between answer and question, in milliseconds.
     * @param {() => boolean} isReady Whether there is a session to ask in.
     */
    constructor(ask, every, isReady) {
        this.ask = ask;
        this.isReady = isReady;
        this.every = every;
        /** @type {T | null} */
        this.value = null;
        /** @type {Error | null} */
        this.error = null;
        this.run = 0;
    }

    start() {
        this.run += 1;
        this.#turn(this.run);
    }

    stop() {
        this.run += 1;
    }

    /** @param {number} run */
    async #turn(run) {
        while (run === this.run) {
            const isReady = this.isReady();
            if (isReady && state.isLooking) {
                try {
                    const value = await this.ask();
                    if (run !== this.run) return;
                    [this.value, this.error] = [value, null];
                } catch (error) {
                    if (run !== this.run) return;
                    this.error = /** @type {Error} */ (error);
                }
                redraw();
            }
            await new Promise((resolve) => setTimeout(resolve, isReady ? this.every : UNTIL_READY));
        }
    }
}
