/**
 * A list of any length of which what can be seen is drawn: rows of one height, chosen by mouse or by keyboard.
 */
import { html, nothing, ref, repeat } from '../vendor/lit.js';
import { redraw } from './state.js';

/** The height of a row, in CSS pixels; `.row` in the style has the same. */
const HEIGHT = 28;
/** The height that a list grows to with its rows; `.scroll` in the style has the same. */
const FULL = 640;
/** The rows that are drawn above and below those that are seen. */
const MORE = 8;

/**
 * @template T
 */
export class List {
    /**
     * @param {{label: string, columns: string[], className: string, key: (row: T) => unknown, cells: (row: T) => unknown[], chosen: (row: T) => void, atEnd?: () => void, seen?: (rows: T[]) => void, tree?: (row: T) => {level: number, isOpen?: boolean}, toggled?: (row: T) => void}} settings With `tree` rows
     *     can be those of a tree, from above to below; those that have `isOpen` can be opened and closed.
     */
    constructor(settings) {
        this.settings = settings;
        /** @type {T[]} */
        this.rows = [];
        this.at = 0;
        this.top = 0;
        this.seenHeight = FULL;
        /** @type {HTMLElement | null} */
        this.box = null;
        this.id = `list-${settings.className}`;
        /** Whether rows are those of a tree now. */
        this.isTree = false;
    }

    view() {
        const { label, columns, className, key, cells, atEnd, seen, tree } = this.settings;
        const first = Math.max(0, Math.floor(this.top / HEIGHT) - MORE);
        const last = Math.min(this.rows.length, Math.ceil((this.top + this.seenHeight) / HEIGHT) + MORE);
        const shown = this.rows.slice(first, last);
        const keyed = unambiguous(shown, key);
        seen?.(shown);
        if (last >= this.rows.length) atEnd?.();
        this.at = Math.min(this.at, Math.max(0, this.rows.length - 1));
        const isDrawn = this.at >= first && this.at < last;
        return html`<div class="list ${className}">
            <div class="row head" aria-hidden="true">${columns.map((column) => html`<span>${column}</span>`)}</div>
            <div
                class="scroll"
                role=${this.isTree ? 'tree' : 'listbox'}
                tabindex="0"
                aria-label=${label}
                aria-activedescendant=${isDrawn && this.rows.length > 0 ? `${this.id}-${this.at}` : nothing}
                @scroll=${(/** @type {Event} */ event) => this.#scrolled(event)}
                @keydown=${(/** @type {KeyboardEvent} */ event) => this.#pressed(event)}
                ${ref((element) => this.#attach(element))}
            >
                <div class="whole" role="presentation" ${ref((element) => this.#size(element))}>
                    ${repeat(
                        keyed.map(({ row, key }, at) => ({ row, key, at: first + at })),
                        ({ key }) => key,
                        ({ row, at }) => {
                            const branch = this.isTree ? tree?.(row) : undefined;
                            return html`<div
                                class="row"
                                role=${this.isTree ? 'treeitem' : 'option'}
                                aria-level=${branch?.level ?? nothing}
                                aria-expanded=${branch?.isOpen ?? nothing}
                                id="${this.id}-${at}"
                                aria-selected=${at === this.at}
                                aria-posinset=${this.isTree ? nothing : at + 1}
                                aria-setsize=${this.isTree ? nothing : this.rows.length}
                                @click=${() => this.#choose(at)}
                                ${ref((element) => place(element, at))}
                            >
                                ${cells(row).map((cell) => html`<span>${cell}</span>`)}
                            </div>`;
                        },
                    )}
                </div>
            </div>
        </div>`;
    }

    /** @param {Element | undefined} element */
    #attach(element) {
        this.box = /** @type {HTMLElement | null} */ (element ?? null);
        if (this.box) this.seenHeight = Math.max(FULL, this.box.clientHeight);
    }

    /** @param {Element | undefined} element */
    #size(element) {
        if (element) /** @type {HTMLElement} */ (element).style.height = `${this.rows.length * HEIGHT}px`;
    }

    /** @param {Event} event */
    #scrolled(event) {
        const box = /** @type {HTMLElement} */ (event.currentTarget);
        [this.top, this.seenHeight] = [box.scrollTop, Math.max(FULL, box.clientHeight)];
        redraw();
    }

    /** @param {number} at */
    #choose(at) {
        this.at = at;
        const row = this.rows[at];
        if (row !== undefined && this.#branch(at)?.isOpen !== undefined) this.settings.toggled?.(row);
        else if (row !== undefined) this.settings.chosen(row);
        redraw();
    }

    /**
     * Where a row is in the tree, if it is one.
     * @param {number} at
     */
    #branch(at) {
        const row = this.rows[at];
        return this.isTree && row !== undefined ? this.settings.tree?.(row) : undefined;
    }

    /**
     * Opens a group, or goes into it; closes it, or goes to the one that the row is in.
     * @param {string} key
     * @returns {number} By how many rows to go.
     */
    #turn(key) {
        const here = this.#branch(this.at);
        const row = this.rows[this.at];
        if (!here || row === undefined) return 0;
        const opens = key === 'ArrowRight';
        if (here.isOpen === !opens) {
            this.settings.toggled?.(row);
            return 0;
        }
        if (opens) return here.isOpen ? 1 : 0;
        for (let at = this.at - 1; at >= 0; at -= 1) if ((this.#branch(at)?.level ?? 0) < here.level) return at - this.at;
        return 0;
    }

    /** @param {KeyboardEvent} event */
    #pressed(event) {
        const page = Math.max(1, Math.floor((this.box?.clientHeight || this.seenHeight) / HEIGHT) - 1);
        const last = this.rows.length - 1;
        /** @type {Record<string, number>} */
        const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -last, End: last };
        if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            this.#choose(this.at);
            return;
        }
        const isTurn = this.isTree && (event.key === 'ArrowRight' || event.key === 'ArrowLeft');
        const move = isTurn ? this.#turn(event.key) : moves[event.key];
        if (move === undefined) return;
        event.preventDefault();
        this.at = Math.max(0, Math.min(last, this.at + move));
        const box = this.box;
        if (box) {
            const top = this.at * HEIGHT;
            if (top < box.scrollTop) box.scrollTop = top;
            if (top + HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + HEIGHT - box.clientHeight;
        }
        redraw();
    }
}

/**
 * Rows with their keys: those of a router that gives one id twice have themselves.
 * @template T
 * @param {T[]} rows
 * @param {(row: T) => unknown} key
 */
function unambiguous(rows, key) {
    const known = new Set();
    return rows.map((row) => {
        const own = known.has(key(row)) ? row : key(row);
        known.add(own);
        return { row, key: own };
    });
}

/**
 * @param {Element | undefined} element
 * @param {number} at
 */
function place(element, at) {
    if (element) /** @type {HTMLElement} */ (element).style.transform = `translateY(${at * HEIGHT}px)`;
}
