/**
 * From values to text that can be shown. Names, payloads and errors are made by peers: what would change the order or the place of
 * other text, or would not be seen at all, is written as an escape, and what is long is cut.
 */
import { stringify } from './exact-json.js';

/** Controls, and what changes the direction of text or has no width. */
export const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
/** A half of a pair of surrogates. */
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Text made by a peer, in one line.
 * @param {unknown} value
 * @param {number} [most] The number of UTF-16 units after which it is cut.
 */
export function text(value, most = 200) {
    const whole = typeof value === 'string' ? value : typeof value === 'object' && value !== null ? stringify(value) : String(value ?? '');
    if (whole.length <= most) return escaped(whole);
    return `${escaped(whole.slice(0, most))}… (${whole.length.toLocaleString('en')} characters)`;
}

/** @param {string} whole */
export function escaped(whole) {
    const escape = (/** @type {string} */ found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`;
    return whole.replace(HALF, escape).replace(UNSEEN, escape);
}

/**
 * A whole number with its digits in groups.
 * @param {unknown} value
 */
export function count(value) {
    if (typeof value === 'bigint') return value.toLocaleString('en');
    return typeof value === 'number' ? Math.round(value).toLocaleString('en') : '–';
}

/**
 * A rate: three digits that mean something.
 * @param {number | null | undefined} value
 */
export function rate(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
    if (value >= 1e4) return `${(value / 1e3).toPrecision(3)} k`;
    return value >= 100 || Number.isInteger(value) ? count(value) : value.toPrecision(2);
}

/** @param {unknown} value */
export function bytes(value) {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) return '–';
    if (number < 1024) return `${number} B`;
    const units = ['KiB', 'MiB', 'GiB', 'TiB'];
    let [scaled, unit] = [number / 1024, 0];
    while (scaled >= 1024 && unit < units.length - 1) [scaled, unit] = [scaled / 1024, unit + 1];
    return `${scaled.toPrecision(3)} ${units[unit]}`;
}

/**
 * A time in microseconds.
 * @param {number | null | undefined} micros
 */
export function duration(micros) {
    if (micros === null || micros === undefined || !Number.isFinite(micros)) return '–';
    if (micros < 1000) return `${micros < 10 ? Number(micros.toPrecision(2)) : Math.round(micros)} µs`;
    return micros < 1e6 ? `${(micros / 1000).toPrecision(3)} ms` : `${(micros / 1e6).toPrecision(3)} s`;
}

/**
 * The time of day of a moment in RFC 3339, in the browser's own zone.
 * @param {unknown} moment
 */
export function clock(moment) {
    const date = new Date(typeof moment === 'string' || typeof moment === 'number' ? moment : NaN);
    return Number.isNaN(date.getTime()) ? text(moment, 40) : date.toLocaleTimeString('en-GB');
}

/**
 * How long ago that was.
 * @param {unknown} moment
 */
export function age(moment) {
    const began = new Date(typeof moment === 'string' ? moment : NaN).getTime();
    if (Number.isNaN(began)) return '–';
    const seconds = Math.max(0, Math.round((Date.now() - began) / 1000));
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} days`;
}
