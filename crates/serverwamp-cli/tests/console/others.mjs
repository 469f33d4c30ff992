// What a person does with the console of our server and a router of somebody else: scenarios for tests in main.rs.
import { logIn, send } from './acts.mjs';
import { check, equal, inBrowser } from './browser.mjs';
import { ANSWERED, falseRouter, FLOOD, MANY, NONSENSICAL } from './false-router.mjs';

const HOME = process.env.CONSOLE_LINK.replace(/#.*/, '');

export const others = {
    /** Another router, of which pages show what its meta API tells, after each of the proofs that the login form has. */
    async crossbar() {
        await inBrowser(HOME, async (tab) => {
            const router = process.env.CONSOLE_ROUTER;
            await tab.joined('realm');
            await logIn(tab, 'realm', { url: router, realm: 'realm1' });
            await tab.page.waitForSelector('.link.refused[data-link=admin]');
            await tab.reads('[data-link=realm]', '(user)');
            await tab.reads('.card[data-card=sessions]', /sessions[1-9]/);
            await tab.reads('.card[data-card=registrations]', /registrations[1-9]/);
            await tab.reads('main .problem', 'Not let into the admin interface (realm serverwamp.admin)');
            await tab.accessible('the overview of Crossbar.io');
            await tab.visit('playground');
            await send(tab, 'call', 'com.example.add', '2, 3');
            await tab.reads('.entry[data-what=result]', '5');
            await send(tab, 'call', 'com.example.fail', '');
            await tab.reads('.entry[data-what=error]', 'com.example.failed ["why"');
            await send(tab, 'subscribe', 'com.example.said');
            await tab.reads('.entry[data-what=subscribed]', 'com.example.said');
            await send(tab, 'register', 'com.example.mirror');
            await tab.reads('.entry[data-what=registered]', 'com.example.mirror');
            await send(tab, 'call', 'com.example.mirror', '9007199254740993');
            await tab.reads('.entry[data-what=result]', '[9007199254740993]');
            await tab.page.fill('[name=options]', '{"acknowledge": true, "exclude_me": false}');
            await send(tab, 'publish', 'com.example.said', '"hello"');
            await tab.reads('.entry[data-what=event]', '"hello"');
            await tab.visit('sessions');
            await tab.reads('.sessions .whole .row', 'you');
            await tab.page.locator('.sessions .whole .row').filter({ hasText: 'you' }).click();
            await tab.reads('.details .value', '"authrole": "user"');
            await tab.visit('procedures');
            await tab.page.locator('.procedures .whole .row').filter({ hasText: 'com.example.mirror' }).click();
            await tab.reads('.details .value', '"callees"');
            await tab.page.check('[name=tree]');
            await tab.reads('[role=treeitem][aria-expanded]', 'com.example.');
            await tab.visit('topics');
            await tab.reads('.topics .whole .row', 'com.example.said');
            for (const page of ['messages', 'permissions', 'configuration']) {
                await tab.visit(page);
                await tab.reads('main .problem', 'Not let into the admin interface (realm serverwamp.admin)');
            }
            await tab.visit('sessions');
            for (const [method, authid, secret] of [
                ['ticket', 'joe', 'pencil'],
                ['wampcra', 'ann', 'pencil'],
                ['wampcra', 'salted', 'pencil'],
                ['cryptosign', 'device', '01'.repeat(32)],
            ]) {
                await logIn(tab, 'realm', { method, authid, secret: `${secret.slice(0, -1)}0` });
                await tab.page.waitForSelector('.link.refused[data-link=realm]');
                await logIn(tab, 'realm', { method, authid, secret });
                await tab.reads('[data-link=realm]', `${authid} (user)`);
                await tab.reads('.sessions .whole .row', 'you');
            }
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

    /** Lists of 100,000 rows have as many elements as a screen. */
    async many() {
        const server = await falseRouter(process.env.CONSOLE_ROUTER);
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            await logIn(tab, 'realm', { url: process.env.CONSOLE_ROUTER, realm: 'many' });
            await tab.joined('realm');
            for (const [page, last] of [['sessions', `user ${MANY}`], ['procedures', `article${MANY}`], ['topics', `article${MANY}`]]) {
                await tab.visit(page);
                await tab.reads('.bar [role=status]', '100,000 in many');
                await tab.page.focus('main .scroll');
                await tab.page.keyboard.press('End');
                await tab.reads('.whole .row[aria-selected=true]', last);
                const elements = await tab.page.locator('main *').count();
                check(elements < 1500, `${page}: ${elements} elements`);
                console.log(`${page}: ${elements} elements of ${MANY} rows`);
                await tab.page.keyboard.press('Home');
                await tab.page.locator('.whole .row[aria-posinset="1"]').waitFor();
            }
            await tab.visit('procedures');
            await tab.page.check('[name=tree]');
            await tab.reads('.bar [role=status]', 'the tree has the first 1,000');
            await tab.reads('[role=treeitem]', '1,000 URIs');
            await tab.page.focus('[role=tree]');
            await tab.page.keyboard.press('ArrowRight');
            await tab.reads('[role=treeitem]', 'department');
            const elements = await tab.page.locator('main *').count();
            check(elements < 1500, `the tree: ${elements} elements`);
        });
        server.closeAllConnections?.();
        server.close();
    },
};
