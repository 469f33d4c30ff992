/**
 * Whether a message is built as WAMP has it: a router that sends something else is told apart before anything reads it.
 */

const isNumber = (/** @type {unknown} */ value) => Number.isSafeInteger(value);
const isText = (/** @type {unknown} */ value) => typeof value === 'string';
const isList = (/** @type {unknown} */ value) => Array.isArray(value);
const isDict = (/** @type {unknown} */ value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** @typedef {(value: unknown) => boolean} Is */

/**
 * A list that a router sent; what is none is told of rather than read.
 * @param {unknown} value
 * @param {string} what
 * @returns {any[]}
 */
export function listOf(value, what) {
    if (!Array.isArray(value)) throw new Error(`what the router sent as ${what} is no list`);
    return value;
}

/**
 * The same for a dictionary.
 * @param {unknown} value
 * @param {string} what
 * @returns {Record<string, any>}
 */
export function dictOf(value, what) {
    if (!isDict(value)) throw new Error(`what the router sent as ${what} is no dictionary`);
    return /** @type {Record<string, any>} */ (value);
}

/**
 * A list of dictionaries.
 * @param {unknown} value
 * @param {string} what
 * @returns {Record<string, any>[]}
 */
export function dictsOf(value, what) {
    return listOf(value, what).map((one) => dictOf(one, `one of ${what}`));
}

/**
 * A number that sums can be made of, whatever stands there.
 * @param {unknown} value
 */
export function numberOf(value) {
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

/**
 * What a router may send, by type: what has to stand behind the type, and whether arguments may follow.
 * @type {Record<number, {name: string, needs: Is[], hasArguments?: boolean}>}
 */
const MESSAGES = {
    2: { name: 'WELCOME', needs: [isNumber, isDict] },
    3: { name: 'ABORT', needs: [isDict, isText], hasArguments: true },
    4: { name: 'CHALLENGE', needs: [isText, isDict] },
    6: { name: 'GOODBYE', needs: [isDict, isText], hasArguments: true },
    8: { name: 'ERROR', needs: [isNumber, isNumber, isDict, isText], hasArguments: true },
    17: { name: 'PUBLISHED', needs: [isNumber, isNumber] },
    33: { name: 'SUBSCRIBED', needs: [isNumber, isNumber] },
    35: { name: 'UNSUBSCRIBED', needs: [isNumber] },
    36: { name: 'EVENT', needs: [isNumber, isNumber, isDict], hasArguments: true },
    50: { name: 'RESULT', needs: [isNumber, isDict], hasArguments: true },
    65: { name: 'REGISTERED', needs: [isNumber, isNumber] },
    67: { name: 'UNREGISTERED', needs: [isNumber] },
    68: { name: 'INVOCATION', needs: [isNumber, isNumber, isDict], hasArguments: true },
    69: { name: 'INTERRUPT', needs: [isNumber, isDict] },
};

/**
 * What is wrong with a message; null if nothing is.
 * @param {unknown} message
 */
export function unsound(message) {
    if (!Array.isArray(message)) return 'what it sent is no list';
    const kind = MESSAGES[message[0]];
    if (!isNumber(message[0]) || !kind) return 'its message has a type that WAMP does not have';
    const { name, needs, hasArguments } = kind;
    const rest = message.slice(1);
    if (!needs.every((is, at) => is(rest[at]))) return `its ${name} is not built as WAMP has it`;
    const [args = [], kwargs = {}] = rest.slice(needs.length);
    if (hasArguments && !(isList(args) && isDict(kwargs))) return `the arguments of its ${name} are no list and no dictionary`;
    return null;
}
