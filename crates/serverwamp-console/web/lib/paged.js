/**
 * A list that is read page by page, as its end comes into view.
 */
import { redraw } from './state.js';

/**
 * @template T
 */
export class Paged {
    /** @param {(cursor: string | null) => Promise<{rows: T[], next: string | null}>} ask */
    constructor(ask) {
        this.ask = ask;
        /** @type {T[]} */
        this.rows = [];
        /** @type {Error | null} */
        this.error = null;
        /** @type {string | null} */
        this.next = null;
        this.isWhole = false;
        this.isAsking = false;
        this.run = 0;
    }

    /** Begins with the first page. What is shown stays until that is there. */
    async restart() {
        this.run += 1;
        [this.next, this.isWhole, this.isAsking] = [null, false, false];
        await this.more(true);
    }

    /** Reads one page more, and further ones while they are empty. */
    async more(isFirst = false) {
        if (this.isWhole || this.isAsking || (this.error && !isFirst)) return;
        this.isAsking = true;
        const run = this.run;
        let fresh = isFirst;
        try {
            let page;
            do {
                const asked = this.next;
                page = await this.ask(asked);
                if (run !== this.run) return;
                if (asked !== null && page.next === asked) throw new Error('the router tells the same page again and again');
                this.rows = fresh ? page.rows : [...this.rows, ...page.rows];
                fresh = false;
                [this.next, this.error] = [page.next, null];
            } while (this.next !== null && page.rows.length === 0);
            this.isWhole = this.next === null;
        } catch (error) {
            if (run !== this.run) return;
            this.error = /** @type {Error} */ (error);
        }
        this.isAsking = false;
        redraw();
    }
}
