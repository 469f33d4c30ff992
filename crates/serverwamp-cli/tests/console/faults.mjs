// What peers and routers should not do, and what a page makes of it.
import { asGuest, logIn, send } from './acts.mjs';
import { HOME, LINK, check, equal, inBrowser } from './browser.mjs';
import { ANSWERED, falseRouter, FLOOD, NONSENSICAL } from './false-router.mjs';

/** Names that would do something, were they anything but text. */
const HOSTILE = {
    element: 'x<img/src=x/onerror=globalThis.hurt=1>',
    script: 'x<script>globalThis/**/hurt=1</script>',
    bidi: 'x\u202egnp\u2066exe\u200b',
    attribute: 'x"onmouseover="globalThis/**/hurt=1',
    combining: `x${'\u0301'.repeat(64)}`,
};

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
};
