/**
 * One session with a router, over wampy, which comes back by itself.
 *
 * What wampy leaves open is closed here: errors have their URI and arguments, the reasons of ABORT and GOODBYE are kept, a session that
 * was refused does not come back by itself, one that was lost does, with longer and longer pauses, and its standing subscriptions and
 * registrations are made again. Options go as they were given: wampy leaves out those that it does not know, and some that are false.
 */
import { Wampy } from '../vendor/wampy.js';
import { SERIALIZER } from './exact-json.js';
import { escaped, text } from './format.js';
import { unsound } from './sound.js';

/** @typedef {'connecting' | 'open' | 'lost' | 'refused' | 'closed'} LinkState */
/** @typedef {{uri: string, args?: unknown[], kwargs?: Record<string, unknown>}} Refusal */
/** @typedef {{args: unknown[], kwargs: Record<string, unknown>, details: Record<string, any>}} Result */
/** @typedef {{topic: string, options: Record<string, unknown>, handler: (event: Result) => void, id?: number, given?: (data: any) => void, error?: WampError}} Standing */
/** @typedef {{uri: string, options: Record<string, unknown>, handler: (invocation: Result) => unknown, error?: WampError}} Served */

/** The pauses before the next attempt, in milliseconds. */
const PAUSES = [300, 1000, 2000, 5000, 10000];
/** The time after which a router that says nothing has not answered, in milliseconds. */
const PATIENCE = 15000;

/** The time after which a session has been a good one, in milliseconds. */
const SETTLED = 5000;

/** PUBLISH, SUBSCRIBE, CALL and REGISTER: their third element is their options. */
const MADE_WITH_OPTIONS = new Set([16, 32, 48, 64]);

/** An error of a router or a peer. */
export class WampError extends Error {
    /** @param {Refusal} refusal */
    constructor({ uri, args = [], kwargs = {} }) {
        const said = typeof args[0] === 'string' ? `: ${escaped(args[0].slice(0, 400))}` : '';
        super(`${escaped(uri.slice(0, 200))}${said}`);
        this.uri = uri;
        this.args = args;
        this.kwargs = kwargs;
        /** The procedure that was called, if one was. */
        this.procedure = '';
    }
}

/** @param {any} error */
function wampError(error) {
    if (error instanceof WampError) return error;
    const uri = String(error?.errorUri ?? 'console.error.not_sent');
    const args = error?.argsList ?? (error?.errorUri ? [] : [String(error?.message ?? error)]);
    return new WampError({ uri, args, kwargs: error?.argsDict ?? {} });
}

/** @param {any} data */
function result(data) {
    return { args: data?.argsList ?? [], kwargs: data?.argsDict ?? {}, details: data?.details ?? {} };
}

/**
 * What stands behind the URI in CALL and PUBLISH.
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function payload(args, kwargs) {
    return Object.keys(kwargs).length > 0 ? [args, kwargs] : [args];
}

/**
 * A message, or what is wrong with it.
 * @param {any} data
 */
function read(data) {
    try {
        const message = SERIALIZER.decode(data);
        return typeof message === 'string' ? 'what it sent is no list' : message;
    } catch (error) {
        return `what it sent is no JSON: ${text(/** @type {Error} */ (error).message, 300)}`;
    }
}

export class Link {
    /**
     * @param {{url: string, realm: string, login?: import('./login.js').Login, changed: () => void, odd: (error: unknown) => void}} settings `odd` gets
     *     what was thrown over a message that is not as it should be.
     */
    constructor({ url, realm, login, changed, odd }) {
        this.url = url;
        this.realm = realm;
        this.login = login;
        this.changed = changed;
        this.odd = odd;
        /** @type {LinkState} */
        this.state = 'closed';
        /** @type {string | null} */
        this.why = null;
        /** @type {number | null} */
        this.session = null;
        /** @type {Record<string, any>} */
        this.welcome = {};
        /** @type {Set<Standing>} */
        this.standing = new Set();
        /** @type {Map<string, Served>} */
        this.served = new Map();
        this.attempts = 0;
        this.joinedAt = Infinity;
        /** @type {any} */
        this.wampy = null;
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        this.timer = undefined;
        /** The request that is being made. */
        /** @type {{options: Record<string, unknown>, payload: unknown[]} | null} */
        this.request = null;
    }

    /** Connects, and comes back until `close`. */
    open() {
        this.close();
        this.#connect();
        return this;
    }

    close() {
        clearTimeout(this.timer);
        const wampy = this.wampy;
        this.wampy = null;
        this.#become('closed', null);
        if (wampy?.getSessionId()) wampy.disconnect().catch(() => {});
    }

    get isOpen() {
        return this.state === 'open';
    }

    /**
     * Calls a procedure. `progress` gets what comes before the end.
     * @param {string} uri
     * @param {unknown[]} [args]
     * @param {Record<string, unknown>} [kwargs]
     * @param {{progress?: (result: Result) => void, options?: Record<string, unknown>}} [how]
     * @returns {Promise<Result> & {cancel: (mode?: string) => void}}
     */
    call(uri, args = [], kwargs = {}, { progress, options = {} } = {}) {
        const wampy = this.wampy;
        let request = 0;
        const called = async () => {
            if (!this.isOpen) throw new WampError({ uri: 'console.error.not_connected', args: [this.why ?? 'there is no session'] });
            const advanced = progress ? { progress_callback: (/** @type {any} */ data) => this.#hand(progress, data) } : {};
            try {
                const answered = this.#with(options, () => wampy.call(uri, undefined, advanced), payload(args, kwargs));
                request = wampy.getOpStatus().reqId;
                return result(await answered);
            } catch (error) {
                throw Object.assign(wampError(error), { procedure: uri });
            }
        };
        return Object.assign(called(), {
            cancel: (mode = 'kill') => {
                try {
                    if (request) wampy.cancel(request, { mode });
                } catch {
                    // It has been answered, or the router cannot cancel: its answer is shown.
                }
            },
        });
    }

    /**
     * The first argument of the answer.
     * @param {string} uri
     * @param {Record<string, unknown>} [kwargs]
     * @returns {Promise<any>}
     */
    async ask(uri, kwargs = {}) {
        return (await this.call(uri, [], kwargs)).args[0];
    }

    /**
     * @param {string} topic
     * @param {unknown[]} args
     * @param {Record<string, unknown>} kwargs
     * @param {Record<string, unknown>} options
     */
    async publish(topic, args, kwargs, options) {
        try {
            const published = this.#with(options, () => this.wampy.publish(topic, undefined, {}), payload(args, kwargs));
            // Nobody answers one that wants no acknowledgment.
            return options.acknowledge === false ? undefined : (await published).publicationId;
        } catch (error) {
            throw wampError(error);
        }
    }

    /**
     * Subscribes, now and in each session to come. The promise is of this session.
     * @param {string} topic
     * @param {Record<string, unknown>} options
     * @param {(event: Result) => void} handler
     */
    async subscribe(topic, options, handler) {
        /** @type {Standing} */
        const standing = { topic, options, handler };
        this.standing.add(standing);
        if (this.isOpen) await this.#subscribe(standing);
        if (standing.error) {
            this.standing.delete(standing);
            throw standing.error;
        }
        return standing;
    }

    /** @param {Standing} standing */
    async unsubscribe(standing) {
        this.standing.delete(standing);
        try {
            if (!this.isOpen || standing.id === undefined) return;
            const done = this.wampy.unsubscribe(standing.id, standing.given);
            // wampy 8.0.2 looks for the subscription by its options then, and has not kept them.
            const request = this.wampy._requests[this.wampy.getOpStatus().reqId];
            if (request) request.advancedOptions = standing.options;
            await done;
        } catch {
            // The session ended, and the subscription with it.
        }
    }

    /**
     * Serves a procedure, now and in each session to come.
     * @param {string} uri
     * @param {Record<string, unknown>} options
     * @param {(invocation: Result) => unknown} handler
     */
    async register(uri, options, handler) {
        /** @type {Served} */
        const served = { uri, options, handler };
        await this.#register(served);
        if (served.error) throw served.error;
        this.served.set(uri, served);
    }

    /** @param {string} uri */
    async unregister(uri) {
        this.served.delete(uri);
        try {
            if (this.isOpen) await this.wampy.unregister(uri);
        } catch (error) {
            throw wampError(error);
        }
    }

    /**
     * Has a request go out with these options and this payload. wampy sends it before it returns, and refuses names of arguments such as
     * `constructor`.
     * @template T
     * @param {Record<string, unknown>} options
     * @param {() => T} request
     * @param {unknown[]} payload
     * @returns {T}
     */
    #with(options, request, payload = []) {
        this.request = { options, payload };
        try {
            return request();
        } finally {
            this.request = null;
        }
    }

    #connect() {
        this.#become('connecting', this.why);
        /** @type {{uri: string, message?: string, isAbort: boolean} | null} */
        let said = null;
        /** What the router sent that is no WAMP. @type {string | undefined} */
        let broken;
        const decode = (/** @type {any} */ data) => {
            const message = read(data);
            const wrong = typeof message === 'string' ? message : unsound(message);
            if (wrong) {
                broken = `the router does not speak WAMP: ${wrong}`;
                queueMicrotask(() => this.#ended(wampy, null, broken));
                // wampy closes the connection then.
                throw new Error(broken);
            }
            // ABORT and GOODBYE: wampy drops the reason of the latter.
            if (message[0] === 3 || message[0] === 6) {
                said = { uri: message[2], message: message[1].message, isAbort: message[0] === 3 };
            }
            return message;
        };
        const encode = (/** @type {any} */ message) => {
            if (!this.request || !MADE_WITH_OPTIONS.has(message[0])) return SERIALIZER.encode(message);
            const { options, payload } = this.request;
            const [type, request, own, uri] = message;
            return SERIALIZER.encode([type, request, { ...own, ...options }, uri, ...payload]);
        };
        const wampy = new Wampy(this.url, {
            realm: this.realm,
            autoReconnect: false,
            uriValidation: 'loose',
            serializer: { ...SERIALIZER, encode, decode },
            ...(this.login ?? {}),
            onClose: () => this.#ended(wampy, said, broken),
            onError: () => {},
        });
        this.wampy = wampy;
        this.timer = setTimeout(() => this.#ended(wampy, null, 'the router does not answer'), PATIENCE);
        const joined = async () => {
            const welcome = await wampy.connect();
            clearTimeout(this.timer);
            if (this.wampy !== wampy) return;
            this.session = wampy.getSessionId();
            this.welcome = welcome;
            this.joinedAt = Date.now();
            this.#become('open', null);
            for (const standing of this.standing) await this.#subscribe(standing);
            for (const served of this.served.values()) await this.#register(served);
            this.changed();
        };
        joined().catch((/** @type {any} */ error) => this.#ended(wampy, said, broken ?? String(error?.message ?? error)));
    }

    /**
     * @param {(result: Result) => void} handler
     * @param {any} data
     */
    #hand(handler, data) {
        try {
            handler(result(data));
        } catch (error) {
            this.odd(error);
        }
    }

    /** @param {Standing} standing */
    async #subscribe(standing) {
        standing.given = (/** @type {any} */ data) => this.#hand(standing.handler, data);
        try {
            const made = await this.#with(standing.options, () => this.wampy.subscribe(standing.topic, standing.given, standing.options));
            [standing.id, standing.error] = [made.subscriptionId, undefined];
        } catch (error) {
            standing.error = wampError(error);
        }
    }

    /** @param {Served} served */
    async #register(served) {
        const handler = async (/** @type {any} */ data) => ({ argsList: [await served.handler(result(data))] });
        try {
            await this.#with(served.options, () => this.wampy.register(served.uri, handler, served.options));
            served.error = undefined;
        } catch (error) {
            served.error = wampError(error);
        }
    }

    /**
     * @param {any} wampy
     * @param {{uri: string, message?: string, isAbort: boolean} | null} said
     * @param {string} [otherwise]
     */
    #ended(wampy, said, otherwise) {
        if (this.wampy !== wampy) return;
        this.wampy = null;
        this.session = null;
        clearTimeout(this.timer);
        const reason = said ? text(said.message ? `${said.uri.slice(0, 200)}: ${text(said.message, 400)}` : said.uri, 700) : null;
        if (said?.isAbort) {
            this.#become('refused', reason);
            return;
        }
        // A router that lets in and drops again and again is not asked faster for it.
        if (Date.now() - this.joinedAt > SETTLED) this.attempts = 0;
        this.joinedAt = Infinity;
        const pause = PAUSES[Math.min(this.attempts, PAUSES.length - 1)] ?? 0;
        this.attempts += 1;
        this.#become('lost', reason ?? (otherwise ? text(otherwise, 700) : null) ?? `no connection to ${this.url}`);
        // Not all tabs of all browsers in the same moment.
        this.timer = setTimeout(() => this.#connect(), pause * (0.5 + Math.random()));
    }

    /**
     * @param {LinkState} state
     * @param {string | null} why
     */
    #become(state, why) {
        if (state !== 'open') this.session = null;
        [this.state, this.why] = [state, why];
        this.changed();
    }
}
