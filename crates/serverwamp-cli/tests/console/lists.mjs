// Sessions, procedures, topics, messages: what is listed, and how much of it happens.
import { asGuest, logIn, send } from './acts.mjs';
import { HOME, LINK, check, equal, inBrowser } from './browser.mjs';
import { falseRouter, MANY } from './false-router.mjs';

export const lists = {
    /** Who is there, which of them is this tab, and the end of another one. */
    async sessions() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            const session = await asGuest(tab, () => globalThis.guest.getSessionId());
            await tab.visit('sessions');
            const row = await tab.reads('.sessions .whole .row', String(session));
            check(!row.includes('you'), `another session is marked as this tab's: ${row}`);
            await tab.reads('.sessions .whole .row', 'you');
            await tab.page.locator('.sessions .whole .row').filter({ hasText: String(session) }).click();
            await tab.reads('.details .value', '"protocol": "wamp.2.json"');
            tab.page.on('dialog', (dialog) => dialog.accept());
            await tab.page.click('button:text-is("End this session")');
            await tab.reads('.details [role=status]', 'It was ended.');
            await tab.page.locator('.sessions .whole .row').filter({ hasText: String(session) }).waitFor({ state: 'detached' });
            await tab.page.fill('[name=filter]', 'nobody of this name');
            await tab.page.click('button:text-is("Read again")');
            await tab.reads('.bar [role=status]', '0 in realm1');
        });
    },

    /** What single procedures and topics do, counted while somebody looks; the tree of their URIs; what is retained. */
    async rates() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            await asGuest(tab, async () => {
                const { guest } = globalThis;
                await guest.register('shop.orders.get', () => ({ argsList: ['order'] }));
                await guest.register('shop.orders.put', () => { throw { error: 'shop.full' }; });
                await guest.register('shop.stock.count', () => ({ argsList: [1] }));
                const { state } = await import('./lib/state.js');
                await state.realm.subscribe('shop.orders.changed', {}, () => {});
                setInterval(() => {
                    guest.call('shop.orders.get');
                    guest.call('shop.orders.put').catch(() => {});
                    guest.publish('shop.orders.changed', [1]);
                }, 50);
            });
            await tab.reads('.busiest tr', 'shop.orders.get');
            await tab.reads('.busiest tr', 'published/s');
            const cell = (uri, at) => tab.page.locator('.list .whole .row').filter({ hasText: uri }).locator('> span').nth(at);
            /** Waits until a cell has a number above 0. */
            const positive = (uri, at) => cell(uri, at).filter({ hasText: /[1-9]/ }).waitFor();
            await tab.visit('procedures');
            await positive('shop.orders.get', 5); // calls
            await positive('shop.orders.put', 6); // errors
            await positive('shop.orders.get', 7); // p99
            equal(await cell('shop.stock.count', 5).innerText(), '0', 'calls of what nobody calls');
            await tab.page.fill('[name=filter]', 'shop.');
            await tab.page.keyboard.press('Enter');
            await tab.reads('.bar [role=status]', '3 in realm1');
            await tab.page.check('[name=tree]');
            await tab.page.focus('[role=tree]');
            const reads = async (expected) => {
                await tab.page.waitForFunction(
                    (expected) => [...document.querySelectorAll('[role=treeitem] > span:first-child')].map((one) => one.textContent.trim()).join(' ') === expected,
                    expected,
                );
            };
            await reads('▾ shop. ▾ orders. get put stock.count');
            await positive('shop.', 5);
            await tab.accessible('the tree');
            await tab.page.keyboard.press('ArrowLeft');
            await reads('▸ shop.');
            await tab.page.keyboard.press('ArrowRight');
            await tab.page.keyboard.press('ArrowRight');
            await tab.page.keyboard.press('Enter');
            await reads('▾ shop. ▸ orders. stock.count');
            await tab.page.keyboard.press('ArrowRight');
            await reads('▾ shop. ▾ orders. get put stock.count');
            await tab.page.keyboard.press('End');
            await tab.page.keyboard.press('Enter');
            await tab.reads('.details h2', 'shop.stock.count');
            await tab.visit('topics');
            await positive('shop.orders.changed', 4); // publications
            await positive('shop.orders.changed', 5); // events
            // Each page that is left ends its watch: there may be 8 at once.
            for (let turn = 0; turn < 6; turn += 1) {
                await tab.visit('procedures');
                await tab.visit('topics');
            }
            await positive('shop.orders.changed', 4);
            equal(await tab.page.locator('main .problem').count(), 0, 'problems');
            await tab.visit('playground');
            await tab.page.click('#tab-publish');
            await tab.page.fill('[name=options]', '{"acknowledge": true, "retain": true}');
            await send(tab, 'publish', 'shop.kept', '"for later"');
            await tab.reads('.entry[data-what=published]', 'publication');
            await tab.visit('topics');
            await tab.page.locator('.retained .whole .row').filter({ hasText: 'shop.kept' }).click();
            tab.page.on('dialog', (dialog) => dialog.accept());
            await tab.page.click('button:text-is("Remove its events")');
            await tab.reads('main', '1 removed.');
            await tab.reads('main', 'No topic has any.');
        });
    },

    /** A CALL and its RESULT are one row; what is saved is one message in a line. */
    async messages() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            await tab.joined('realm');
            await tab.visit('messages');
            await tab.page.fill('[name=uri]', 'demo.add');
            await tab.page.click('button:text-is("Look")');
            await tab.page.waitForSelector('button:text-is("Stop")');
            // The tap is open once the server has answered something; calls before that are not shown.
            await asGuest(tab, () => {
                globalThis.calling = setInterval(() => globalThis.guest.call('demo.add', [40, 2]), 100);
            });
            await tab.reads('.messages .whole .row', 'CALL → RESULT');
            await tab.page.evaluate(() => clearInterval(globalThis.calling));
            await tab.page.locator('.messages .whole .row').filter({ hasText: 'CALL → RESULT' }).first().click();
            const whole = await tab.reads('.details .value', '"RESULT"');
            check(whole.includes('demo.add') && whole.includes('42'), `the messages: ${whole}`);
            await tab.page.click('button:text-is("Stop")');
            const [download] = await Promise.all([tab.page.waitForEvent('download'), tab.page.click('button:text-is("Save")')]);
            equal(download.suggestedFilename(), 'messages.jsonl', 'the file');
        });
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
