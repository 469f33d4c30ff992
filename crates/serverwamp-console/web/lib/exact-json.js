/**
 * JSON in which integers stay what they are: those beyond 2^53 become BigInt and are written as they came.
 *
 * A browser without `context.source` and `JSON.rawJSON` (before Chromium 114, Firefox 135, Safari 18.4) reads and writes the nearest
 * double; `IS_EXACT` says which it is, and the page tells its user.
 */

const WHOLE = /^-?\d+$/;
/** What a text has in which an integer is beyond 2^53; others are read without looking at each value. */
const LARGE = /\d{16}/;

/** @typedef {{source?: string}} ReviverContext */
/** @type {{rawJSON?: (text: string) => unknown}} */
const json = /** @type {any} */ (JSON);

export const IS_EXACT =
    typeof json.rawJSON === 'function' && typeof reviveInContext('9007199254740993') === 'bigint';

/** @param {string} text */
function reviveInContext(text) {
    return JSON.parse(text, /** @type {any} */ (revive));
}

/**
 * @param {string} _key
 * @param {unknown} value
 * @param {ReviverContext} [context]
 */
function revive(_key, value, context) {
    const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
    return isRounded && context?.source && WHOLE.test(context.source) ? BigInt(context.source) : value;
}

/**
 * @param {string} _key
 * @param {unknown} value
 */
function replace(_key, value) {
    if (typeof value !== 'bigint') return value;
    return json.rawJSON ? json.rawJSON(value.toString()) : Number(value);
}

/**
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
    return LARGE.test(text) ? reviveInContext(text) : JSON.parse(text);
}

/**
 * @param {unknown} value
 * @param {number} [space]
 * @returns {string}
 */
export function stringify(value, space) {
    return JSON.stringify(value, replace, space) ?? 'null';
}

/**
 * What is written as a whole number, as that number, however large; anything else as it is.
 * @param {string} text
 */
export function whole(text) {
    const digits = text.trim();
    return /^-?(0|[1-9]\d*)$/.test(digits) ? parse(digits) : digits;
}

/** For wampy: its serializer of JSON, exact. */
export const SERIALIZER = {
    protocol: 'json',
    isBinary: false,
    /** @param {unknown} value */
    encode: (value) => stringify(value),
    /** @param {string | ArrayBuffer | Uint8Array} text */
    decode: (text) => {
        if (typeof text !== 'string') throw new TypeError('the router sent octets where JSON was agreed upon');
        return parse(text);
    },
};
