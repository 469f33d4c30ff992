// A browser for one scenario of the console: Debian's Chromium, driven by playwright-core.
//
// Whatever the scenario is about, a violation of the Content-Security-Policy, an error in the browser's own log, an exception that
// nobody catches and a request to another server fail it.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.BROWSER_PACKAGES}/`);
const { chromium } = require('playwright-core');
const AXE = require.resolve('axe-core/axe.min.js');

/** The link of the console that is tested, and its address without a token. */
export const LINK = process.env.CONSOLE_LINK;
export const HOME = LINK.replace(/#.*/, '');

/** The time for something to appear, in milliseconds, on a machine that has other things to do. */
const PATIENCE = 60000;

/** Fails with `text` unless `condition`. */
export function check(condition, text) {
    if (!condition) throw new Error(text);
}

export function equal(is, expected, what) {
    check(is === expected, `${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(is)}`);
}

export class Tab {
    constructor(context, page, forgiven) {
        this.context = context;
        this.page = page;
        this.forgiven = forgiven;
        this.problems = [];
        /** The messages that came and went over its WebSockets. */
        this.frames = 0;
        page.on('websocket', (socket) => {
            for (const way of ['framesent', 'framereceived']) socket.on(way, () => { this.frames += 1; });
        });
        page.setDefaultTimeout(PATIENCE);
        const note = (text) => {
            if (!forgiven.some((pattern) => pattern.test(text))) this.problems.push(text);
        };
        page.on('console', (message) => {
            if (['error', 'warning'].includes(message.type())) note(`${message.type()}: ${message.text()}`);
        });
        page.on('pageerror', (error) => note(`exception: ${error.stack}`));
        page.on('request', (request) => {
            const at = request.url().replace(/^blob:/, '');
            if (!at.startsWith(process.env.CONSOLE_ORIGIN)) note(`request: ${request.url()}`);
        });
    }

    /** A further tab of the same browser, at this address. */
    async another(url) {
        const tab = new Tab(this.context, await this.context.newPage(), this.forgiven);
        tab.problems = this.problems;
        await tab.page.goto(url);
        return tab;
    }

    /** Has the page believe that nobody looks at it, or that somebody does again: a browser without windows hides no tab. */
    async hide(isHidden) {
        await this.page.evaluate((isHidden) => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden });
            document.dispatchEvent(new Event('visibilitychange'));
        }, isHidden);
    }

    /** Goes to a page by its link, as a person does. */
    async visit(id) {
        await this.page.click(`nav a[href="#${id}"]`);
        await this.page.waitForSelector(`nav a[href="#${id}"][aria-current]`);
    }

    /** Waits until a session is joined: `realm` or `admin`. */
    async joined(what) {
        await this.page.waitForSelector(`.link.open[data-link=${what}]`);
    }

    /** The text of what a selector finds first, once it contains `part`. */
    async reads(selector, part) {
        const found = this.page.locator(selector).filter({ hasText: part }).first();
        await found.waitFor();
        return (await found.textContent()) ?? '';
    }

    /** Fails for what axe-core finds on the page as it is. */
    async accessible(what) {
        await this.page.evaluate(require('node:fs').readFileSync(AXE, 'utf8'));
        const { violations } = await this.page.evaluate(() => globalThis.axe.run());
        const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
        check(told.length === 0, `${what} is not accessible:\n${told.join('\n')}`);
    }

    ended() {
        check(this.problems.length === 0, `the browser complained:\n${this.problems.join('\n')}`);
    }
}

/** Runs `scenario` in a tab that has opened `url`. */
export async function inBrowser(url, scenario, { forgiven = [], options = {} } = {}) {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM,
        // Tests run as root in CI, for whom Chromium has no sandbox.
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    try {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
        const page = await context.newPage();
        const tab = new Tab(context, page, forgiven);
        try {
            await page.goto(url);
            await scenario(tab);
        } catch (error) {
            console.error(`the page reads:\n${(await page.locator('body').innerText()).slice(0, 4000)}\n${tab.problems.join('\n')}`);
            throw error;
        }
        tab.ended();
    } finally {
        await browser.close();
    }
}
