// What keeps the console safe, tried from within a page and from outside.
import { asGuest, send } from './acts.mjs';
import { check, equal, HOME, inBrowser, LINK } from './browser.mjs';

export const safety = {
    /** Neither a script that got in, nor a name in a payload, gets further: the browser refuses what is no file of the console. */
    async locked() {
        const scenario = async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            const outcomes = await tab.page.evaluate(async () => {
                // What the debugger itself runs may do more.
                await new Promise((done) => setTimeout(done));
                const tried = async (work) => {
                    try {
                        await work();
                        return 'done';
                    } catch (error) {
                        return error.name;
                    }
                };
                const script = (make) => new Promise((done, failed) => {
                    const element = document.createElement('script');
                    element.onload = done;
                    element.onerror = () => failed(new TypeError('refused'));
                    make(element);
                    document.head.append(element);
                    // An inline script that is refused says nothing.
                    if (!element.src) (globalThis.hurt ? done : failed)(new TypeError('refused'));
                });
                const policy = { createHTML: (html) => html, createScript: (text) => text, createScriptURL: (url) => url };
                return {
                    innerHTML: await tried(() => { document.createElement('p').innerHTML = '<b>x</b>'; }),
                    'a second policy of that name': await tried(() => trustedTypes.createPolicy('lit-html', policy)),
                    'another policy': await tried(() => trustedTypes.createPolicy('default', policy)),
                    'the text of a script': await tried(() => script((element) => { element.textContent = 'globalThis.hurt = 1'; })),
                    'the address of a script': await tried(() => script((element) => { element.src = 'https://evil.example/x.js'; })),
                    'a function of text': await tried(() => new Function('globalThis.hurt = 1')()),
                    'a timer of text': await tried(() => setTimeout('globalThis.hurt = 1', 0)),
                    'an address elsewhere': await tried(() => fetch('http://127.0.0.1:9/')),
                    'a WebSocket elsewhere': await tried(() => new Promise((done, failed) => {
                        const socket = new WebSocket('ws://127.0.0.1:9/');
                        socket.onerror = () => failed(new TypeError('refused'));
                        socket.onopen = done;
                    })),
                };
            });
            for (const [what, outcome] of Object.entries(outcomes)) check(outcome !== 'done', `${what}: ${outcome}`);
            const styled = await tab.page.evaluate(() => {
                const element = document.createElement('p');
                element.setAttribute('style', 'color: rgb(1, 2, 3)');
                document.body.append(element);
                return getComputedStyle(element).color;
            });
            check(styled !== 'rgb(1, 2, 3)', 'an attribute is a style');
            equal(await tab.page.evaluate(() => globalThis.hurt), undefined, 'what was run');
        };
        await inBrowser(LINK, scenario, { forgiven: [/Content Security Policy|TrustedScript|TrustedHTML|TrustedTypePolicy|Refused to|violates/, /127\.0\.0\.1:9\//, /evil\.example/] });
    },

    /** The token is in no address that anybody else sees, and a second link logs in where a tab is open already. */
    async token() {
        const token = LINK.split('#token=')[1];
        const refused = [/status of 403/];
        await inBrowser(HOME, async (tab) => {
            await tab.joined('admin');
            const requests = [];
            tab.page.on('request', (request) => requests.push(request));
            const answered = tab.page.waitForResponse(/\/console\/login$/);
            await tab.page.evaluate((hash) => { location.hash = hash; }, `token=${token}`);
            equal((await answered).status(), 204, 'the login in a tab that was open');
            await tab.reads('[data-link=admin]', 'console');
            equal(tab.page.url(), HOME, 'the address without its token');
            await tab.page.reload();
            await tab.joined('admin');
            for (const request of requests) {
                const { authorization, ...others } = await request.allHeaders();
                check(!request.url().includes(token), `the token is in an address: ${request.url()}`);
                check(!JSON.stringify(others).includes(token), `the token is in a header of ${request.url()}`);
                check(authorization === undefined || request.url() === `${HOME}login`, `${request.url()} has a token`);
                equal(others.referer, undefined, `the Referer of ${request.url()}`);
            }
            const kept = await tab.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.referrer, performance.getEntries().map(({ name }) => name)]));
            check(!kept.includes(token), `the token is kept: ${kept}`);
            // Out again, by the form of the session that the link has made.
            await tab.page.click('[data-link=admin]');
            await tab.page.click('button:text-is("Log out of the link")');
            await tab.reads('[data-link=admin]', 'operator');
            equal((await tab.context.cookies()).length, 0, 'cookies after logging out');
        }, { forgiven: refused });
    },

    /** Keys that mean something to JavaScript are names as all others. */
    async keys() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            await asGuest(tab, () => globalThis.guest.register('shop.evil', ({ argsList, argsDict }) => ({ argsList: [argsDict, ...argsList] })));
            await tab.visit('playground');
            const polluting = '{"__proto__": {"hurt": 1}, "constructor": {"prototype": {"hurt": 1}}}';
            await tab.page.fill('[name=kwargs]', polluting);
            await send(tab, 'call', 'shop.evil', polluting);
            const said = await tab.reads('.entry[data-what=result]', '"__proto__":{"hurt":1}');
            check(said.includes('"constructor":{"prototype":{"hurt":1}}'), said);
            for (const uri of ['__proto__', 'constructor', 'toString']) {
                await send(tab, 'subscribe', uri);
                await tab.page.locator('.entry[data-what=subscribed]').filter({ hasText: uri }).waitFor();
            }
            await tab.visit('topics');
            await tab.reads('.topics .whole .row', '__proto__');
            equal(await tab.page.evaluate(() => ({}).hurt), undefined, 'what every object has');
        });
    },
};
