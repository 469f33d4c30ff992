// The frame around the pages: every page is drawn, by mouse and by keyboard, and comes back with its router; the pictures of docs.
import { asGuest, send } from './acts.mjs';
import { HOME, LINK, equal, inBrowser } from './browser.mjs';
import { PAGES } from './pages.mjs';

export const frame = {
    /** Each page draws, by mouse and by keyboard, without a complaint of the browser or of axe-core. */
    async pages() {
        const visit = async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            for (const [id, title] of Object.entries(PAGES)) {
                await tab.visit(id);
                equal(await tab.page.textContent('h1'), title, 'the heading');
                equal(await tab.page.title(), `${title} · serverwamp console`, 'the title');
                await tab.accessible(id);
            }
        };
        await inBrowser(LINK, visit);
        await inBrowser(HOME, visit, { options: { colorScheme: 'dark', viewport: { width: 360, height: 640 } } });
    },

    /** Everything of a call by keyboard alone. */
    async keyboard() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('realm');
            await tab.page.focus('nav a[href="#playground"]');
            await tab.page.keyboard.press('Enter');
            await tab.page.waitForSelector('#tab-call');
            await tab.page.focus('#tab-call');
            await tab.page.keyboard.press('ArrowRight');
            await tab.page.waitForSelector('#tab-publish:focus');
            await tab.page.keyboard.press('ArrowLeft');
            await tab.page.waitForSelector('#tab-call:focus');
            await tab.page.keyboard.press('Tab');
            await tab.page.keyboard.type('demo.add');
            await tab.page.keyboard.press('Tab');
            await tab.page.keyboard.type('20, 22');
            await tab.page.focus('[name=uri]');
            await tab.page.keyboard.press('Enter');
            await tab.reads('.entry[data-what=result]', '42');
            await tab.visit('sessions');
            await tab.reads('.sessions .whole .row', 'you');
            await tab.page.focus('.sessions .scroll');
            await tab.page.keyboard.press('End');
            await tab.page.keyboard.press('Enter');
            await tab.reads('.details h2', 'Session');
            await tab.page.focus('main');
            await tab.page.keyboard.press('p');
            await tab.page.waitForSelector('button[aria-pressed=true]');
        });
    },

    /** A router that goes away is said to be gone; when it is back, the page goes on by itself. */
    async restart() {
        await inBrowser(
            LINK,
            async (tab) => {
                await tab.joined('realm');
                await tab.visit('playground');
                await send(tab, 'subscribe', 'console.again');
                await tab.reads('.entry[data-what=subscribed]', 'console.again');
                // The test stops the server, and starts it again at the same port when it reads the next line.
                console.log('stop');
                await tab.page.waitForSelector('.link.lost[data-link=realm]');
                await tab.reads('.problem', 'No session in');
                console.log('start');
                await tab.joined('realm');
                await tab.page.fill('[name=options]', '{"exclude_me": false}');
                await send(tab, 'publish', 'console.again', '"back"');
                await tab.reads('.entry[data-what=event]', '"back"');
            },
            { forgiven: [/WebSocket connection to/] },
        );
    },

    /** The pictures of docs. */
    async pictures() {
        const folder = process.env.CONSOLE_PICTURES;
        let address = LINK;
        const shoot = async (name, page, options, prepare) => {
            await inBrowser(
                address,
                async (tab) => {
                    await tab.joined('admin');
                    await tab.joined('realm');
                    await asGuest(tab, () => {
                        const { guest } = globalThis;
                        for (let n = 0; n < 3; n += 1) setInterval(() => guest.call('demo.add', [n, 2]), 40 + 30 * n);
                        guest.subscribe('demo.clock', () => {});
                        guest.register('shop.orders.get', () => ({ argsList: ['order'] }));
                        guest.register('shop.orders.put', () => ({ argsList: ['stored'] }));
                        guest.subscribe('shop.orders.changed', () => {});
                    });
                    await tab.visit(page);
                    await prepare(tab);
                    await tab.page.screenshot({ path: `${folder}/${name}.png` });
                },
                { options },
            );
            address = HOME;
        };
        await shoot('console-overview', 'overview', {}, (tab) => tab.page.waitForTimeout(12000));
        await shoot('console-messages-dark', 'messages', { colorScheme: 'dark' }, async (tab) => {
            await tab.page.click('button:text-is("Look")');
            await tab.page.waitForTimeout(1500);
            await tab.page.click('button:text-is("Stop")');
        });
        await shoot('console-playground-small', 'playground', { viewport: { width: 360, height: 640 } }, async (tab) => {
            await send(tab, 'call', 'demo.countdown', '2, 50');
            await tab.reads('.entry[data-what=result]', 'liftoff');
        });
    },

    /** On every page each control that can be used is reached by the Tab key, and is named; the login form opens, says its fault and closes by keys. */
    async reached() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            const { keyboard } = tab.page;
            await tab.page.focus('[data-link=realm]');
            await keyboard.press('Enter');
            await tab.page.waitForSelector('.login');
            for (const page of Object.keys(PAGES)) {
                await tab.visit(page);
                if (['sessions', 'procedures'].includes(page)) {
                    await tab.page.locator(`.${page} .whole .row`).first().waitFor();
                    await tab.page.focus(`.${page} .scroll`);
                    await keyboard.press('Enter');
                    await tab.page.waitForSelector('.details .value');
                }
                const many = await tab.page.evaluate(() => {
                    globalThis.reached = new Set();
                    document.addEventListener('focusin', ({ target }) => globalThis.reached.add(target));
                    document.activeElement?.blur();
                    globalThis.controls = () => [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')].filter((one) => !one.disabled && one.tabIndex >= 0);
                    return globalThis.controls().length;
                });
                for (let presses = 0; presses < many + 5; presses += 1) await keyboard.press('Tab');
                const missing = await tab.page.evaluate(() => globalThis.controls().filter((one) => !globalThis.reached.has(one)).map((one) => one.outerHTML.slice(0, 200)));
                equal(missing.join('\n'), '', `what the keyboard does not reach at ${page}`);
            }
            await tab.page.focus('.login [name=method]');
            await keyboard.type('crypto');
            await tab.page.focus('.login [name=secret]');
            await keyboard.type('no key');
            await keyboard.press('Enter');
            await tab.reads('.login .problem', 'hexadecimal digits');
            await tab.page.focus('.login button:text-is("Cancel")');
            await keyboard.press('Enter');
            await tab.page.waitForSelector('.login', { state: 'detached' });
        });
    },

    /** Asking who may do what, looking at messages, pausing and changing the colours, by keys alone. */
    async byKeys() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            const { keyboard } = tab.page;
            await tab.visit('permissions');
            await tab.page.focus('[name=who]');
            await keyboard.type('guest');
            await tab.page.focus('[name=uri]');
            await keyboard.type('demo.add');
            await keyboard.press('Enter');
            await tab.reads('.verdict h2', 'Yes');
            await tab.visit('messages');
            await tab.page.focus('main');
            await keyboard.press('/');
            await tab.page.waitForSelector('[data-filter]:focus');
            await keyboard.type('demo.*');
            await keyboard.press('Enter');
            await tab.page.waitForSelector('button:text-is("Stop")');
            await tab.page.focus('button:text-is("Stop")');
            await keyboard.press('Space');
            await tab.page.waitForSelector('button:text-is("Look")');
            await tab.page.focus('main');
            await keyboard.press('p');
            await tab.page.waitForSelector('button[aria-pressed=true]');
            await keyboard.press('p');
            await tab.page.waitForSelector('button[aria-pressed=false]');
            await tab.page.focus('button:text("Theme")');
            await keyboard.press('Enter');
            await tab.page.waitForSelector('html[data-theme=light]');
            await tab.page.focus('.skip');
            await keyboard.press('Enter');
            await tab.page.waitForSelector('#main:focus');
        });
    },
};
