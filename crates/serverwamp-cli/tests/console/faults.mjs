// What peers and routers should not do, and what a page makes of it.
import { asGuest, logIn, send } from './acts.mjs';
import { HOME, LINK, check, equal, inBrowser } from './browser.mjs';
import { BIG, HOSTILE, WRONG } from './false-answers.mjs';
import { ANSWERED, falseRouter, FLOOD, NONSENSICAL } from './false-router.mjs';
import { PAGES } from './pages.mjs';

/** What a person must never see as it is: what changes the order of other text, or is not seen at all; halves of emoji. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Asserts that the page is text, and one that can be read, whatever is on it. */
async function isOnlyText(tab, page) {
    const { hurt, made, text, titles, width } = await tab.page.evaluate(() => ({
        hurt: globalThis.hurt,
        made: document.querySelectorAll('#app img:not([src="icon.svg"]), #app script, #app svg, #app iframe, #app [onmouseover], #app [onerror]').length,
        text: document.getElementById('app').textContent,
        titles: [...document.querySelectorAll('[title], [aria-label], [placeholder]')].map((one) => `${one.title} ${one.ariaLabel} ${one.placeholder}`).join(),
        width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    equal(hurt, undefined, `${page}: what a name did`);
    equal(made, 0, `${page}: elements made of names`);
    equal(UNSEEN.exec(text)?.[0], undefined, `${page}: what cannot be seen, at ${text.slice(Math.max(0, text.search(UNSEEN) - 100), text.search(UNSEEN) + 20)}`);
    equal(UNSEEN.exec(titles)?.[0], undefined, `${page}: what cannot be seen in a title`);
    check(text.length < 300_000, `${page}: ${text.length} characters`);
    check(width <= 0, `${page} is ${width} pixels wider than the window`);
}

/** What can be done on a page that has something done. */
const ACTS = {
    sessions: (tab) => choose(tab, '.sessions'),
    procedures: (tab) => choose(tab, '.procedures'),
    topics: (tab) => choose(tab, '.topics'),
    messages: (tab) => tab.page.click('button:text-is("Look")'),
    permissions: async (tab) => {
        await tab.page.fill('[name=who]', HOSTILE.element);
        await tab.page.fill('[name=uri]', HOSTILE.bidi);
        await tab.page.click('main button.primary');
    },
};

async function choose(tab, list) {
    const first = tab.page.locator(`${list} .whole .row`).first();
    if ((await first.count()) > 0) await first.click();
}

/** In the page: goes to another one and does there whatever can be done, a form that asks first of all. */
async function walk(page) {
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    globalThis.confirm = () => true;
    location.hash = page;
    while (!document.querySelector(`nav a[href="#${page}"][aria-current]`)) await drawn();
    for (const field of document.querySelectorAll('main input[required]')) {
        field.value = '4711';
        field.dispatchEvent(new Event('input'));
    }
    for (const what of ['main form button[type=submit]', 'main .whole .row', 'main button.danger']) {
        document.querySelector(what)?.click();
        await drawn();
    }
}

/** Comes back once everything that was asked before has been answered and drawn, and what was asked for that as well. */
async function fence(tab) {
    await tab.page.evaluate(async () => {
        const { state } = await import('./lib/state.js');
        for (let turn = 0; turn < 2; turn += 1) {
            await Promise.allSettled([state.admin.call('fence'), state.realm.call('fence')]);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        }
    });
}

export const faults = {
    /** What peers call themselves and say is text, on every page that has it. */
    async hostile() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            const refused = await asGuest(
                tab,
                async (names) => {
                    const refused = [];
                    for (const uri of names) {
                        try {
                            await globalThis.guest.register(uri, () => { throw { error: uri, argsList: [uri, '\ud83d', 'm'.repeat(1_000_000)] }; });
                            await globalThis.guest.subscribe(uri, () => {});
                        } catch (error) {
                            refused.push(`${uri}: ${error.errorUri ?? error.message}`);
                        }
                    }
                    return refused;
                },
                Object.values(HOSTILE),
            );
            equal(refused.length, 0, `names that the router refuses: ${refused}`);
            for (const [page, list] of [['procedures', '.procedures'], ['topics', '.topics']]) {
                await tab.visit(page);
                await tab.reads(`${list} .whole .row`, HOSTILE.element);
                await tab.reads(`${list} .whole .row`, HOSTILE.script);
                await tab.reads(`${list} .whole .row`, 'x\\u{202e}gnp\\u{2066}exe\\u{200b}');
                await tab.page.locator(`${list} .whole .row`).filter({ hasText: HOSTILE.element }).click();
                await tab.reads('.details h2', HOSTILE.element);
            }
            await tab.visit('playground');
            await send(tab, 'call', HOSTILE.script, JSON.stringify(HOSTILE.element));
            await tab.reads('.entry', HOSTILE.script);
            // Its error has half an emoji and a megabyte: both are text, the latter cut.
            const said = await tab.reads('.entry[data-what=error] .said', 'mmmm');
            check(said.length < 25000 && /… \(1,000,\d{3} characters\)/.test(said), `a megabyte is shown in ${said.length} characters`);
            check(said.includes('ud83d') && !/[\ud800-\udfff]/.test(said.slice(0, 400)), `half an emoji: ${said.slice(0, 400)}`);
            const known = await tab.page.locator('#known-uris option').evaluateAll((options) => options.map(({ value }) => value));
            check(known.includes(HOSTILE.attribute), `what is offered: ${known}`);
            await tab.page.mouse.move(400, 400);
            equal(await tab.page.evaluate(() => globalThis.hurt), undefined, 'what a name did');
            equal(await tab.page.locator('main img, main script, main [onmouseover], main [onerror]').count(), 0, 'elements made of names');
        });
    },

    /** A router that is gone, says what nobody can read, and floods: each is shown as what it is, and the page goes on. */
    async nonsense() {
        const router = process.env.CONSOLE_ROUTER;
        const scenario = async (tab) => {
            await tab.joined('realm');
            const ownRouter = await tab.page.evaluate(async () => (await import('./lib/state.js')).state.own);
            await logIn(tab, 'realm', { url: router, realm: 'gone' });
            await tab.page.waitForSelector('.link.lost[data-link=realm]');
            await tab.reads('main .problem', 'No session in the realm gone');
            const server = await falseRouter(router, { hasAdmin: true });
            await tab.joined('realm');
            for (const realm of [...NONSENSICAL, 'binary', 'hangs.up']) {
                await logIn(tab, 'realm', { realm });
                await tab.page.waitForSelector('.link.lost[data-link=realm], .link.refused[data-link=realm]');
                await tab.reads('main .problem', `the realm ${realm}`);
            }
            await logIn(tab, 'realm', { realm: 'answers' });
            await tab.joined('realm');
            await tab.visit('playground');
            for (const uri of ANSWERED) {
                await send(tab, 'call', uri, '');
                await tab.page.locator('.entry').filter({ hasText: uri }).first().waitFor();
            }
            for (const uri of ['answer.of.another', 'answer.event.of.nothing', 'answer.invocation.of.nothing']) {
                await tab.joined('realm');
                await tab.page.locator('.entry').filter({ hasText: uri }).first().waitFor();
            }
            equal(await tab.page.evaluate(() => globalThis.hurt), undefined, 'what an answer did');
            await send(tab, 'subscribe', 'flood');
            await tab.reads('.entry[data-what=event]', String(FLOOD - 1));
            const entries = await tab.page.locator('.entry').count();
            check(entries <= 500, `${entries} entries are kept of a flood`);
            await tab.page.click('button:text-is("Unsubscribe")');
            await tab.visit('overview');
            await logIn(tab, 'realm', { url: ownRouter, realm: 'realm1' });
            await tab.joined('realm');
            await tab.visit('sessions');
            await tab.reads('.sessions .whole .row', 'you');
            server.closeAllConnections?.();
            server.close();
        };
        await inBrowser(HOME, scenario, { forgiven: [/WebSocket connection to/] });
    },

    /** A router whose every name would be more than text, on every page; numbers that no double has are shown as they are. */
    async hostileRouter() {
        const server = await falseRouter(process.env.CONSOLE_ROUTER, { hasAdmin: true });
        server.router.mode = 'hostile';
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            await logIn(tab, 'realm', { url: process.env.CONSOLE_ROUTER, realm: 'hostile' });
            await tab.joined('realm');
            await tab.joined('admin');
            tab.page.on('dialog', (dialog) => dialog.accept());
            const seen = {
                overview: ['.busiest', '<script>'],
                sessions: ['.sessions .whole .row', BIG],
                procedures: ['.procedures .whole .row', '<script>'],
                topics: ['.topics .whole .row', '<script>'],
                messages: ['.messages .whole .row', '<script>'],
                permissions: ['.verdict', '<script>'],
                configuration: ['.configuration', '<script>'],
            };
            for (const page of Object.keys(PAGES)) {
                await tab.visit(page);
                await ACTS[page]?.(tab);
                if (seen[page]) await tab.reads(...seen[page]);
                if (page === 'topics') await tab.reads('.retained .whole .row', '<script>');
                if (page === 'messages') await tab.page.locator('.messages .whole .row').filter({ hasText: 'long' }).first().click();
                if (page === 'configuration') {
                    await tab.page.click('button:text-is("Reload the file")');
                    await tab.reads('.bar [role=status]', '<script>');
                }
                await fence(tab);
                await isOnlyText(tab, page);
                equal(await tab.page.locator('#app > .problem').count(), 0, `${page}: ${await tab.page.locator('#app > .problem').allInnerTexts()}`);
            }
        });
        server.closeAllConnections?.();
        server.close();
    },

    /** A router that answers each question with something else: pages say so, and go on with the first answer that can be read. */
    async wrongAnswers() {
        const server = await falseRouter(process.env.CONSOLE_ROUTER, { hasAdmin: true });
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            for (const mode of Object.keys(WRONG)) {
                server.router.mode = mode;
                await logIn(tab, 'realm', { url: process.env.CONSOLE_ROUTER, realm: `wrong ${mode}` });
                await tab.joined('realm');
                await tab.joined('admin');
                for (const [page, title] of Object.entries(PAGES)) {
                    await tab.page.evaluate(walk, page);
                    await fence(tab);
                    await tab.reads('h1', title);
                    await isOnlyText(tab, `${page} where answers are ${mode}`);
                }
                server.router.mode = 'hostile';
                await tab.visit('sessions');
                await tab.reads('.sessions .whole .row', BIG);
            }
        });
        server.closeAllConnections?.();
        server.close();
    },

    /** Ten thousand events and messages each second, without end: a person still can do something, and makes it end. */
    async floods() {
        const server = await falseRouter(process.env.CONSOLE_ROUTER, { hasAdmin: true });
        server.router.mode = 'flood';
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            await logIn(tab, 'realm', { url: process.env.CONSOLE_ROUTER, realm: 'flooded' });
            await tab.joined('realm');
            await tab.joined('admin');
            await tab.visit('playground');
            await send(tab, 'subscribe', 'endless');
            await tab.reads('.entry[data-what=event]', 'again and again');
            await tab.page.fill('[name=uri]', 'typed meanwhile');
            equal(await tab.page.inputValue('[name=uri]'), 'typed meanwhile', 'what was typed');
            await tab.page.click('button:text-is("Unsubscribe")');
            await tab.reads('.entry[data-what=unsubscribed]', 'endless');
            check((await tab.page.locator('.entry').count()) <= 500, 'more than 500 entries are kept');
            await tab.visit('messages');
            await tab.page.click('button:text-is("Look")');
            await tab.reads('.messages .whole .row', 'EVENT');
            await tab.page.locator('.messages .whole .row').first().click();
            await tab.reads('.details .value', 'shop.changed');
            await tab.page.click('button:text-is("Stop")');
            await tab.page.waitForSelector('button:text-is("Look")');
            check((await tab.page.locator('main *').count()) < 1500, 'more elements than a screen has');
        });
        server.closeAllConnections?.();
        server.close();
    },
};
