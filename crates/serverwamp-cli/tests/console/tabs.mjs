// Many tabs of one server: those that are hidden cost it nothing, and those that show rates share the watches that a realm has.
import { check, equal, HOME, inBrowser, LINK } from './browser.mjs';
import { PAGES } from './pages.mjs';

/** The tabs that are open at once, and the watches of a realm. */
const TABS = 10;
const WATCHES = 8;

/** Waits until `condition` holds. */
async function until(condition, what) {
    for (const end = Date.now() + 60000; !(await condition()); await new Promise((done) => setTimeout(done, 50))) {
        check(Date.now() < end, `not within 60 s: ${what}`);
    }
}

export const tabs = {
    /** A hidden tab asks for nothing and is told nothing, whatever it shows; when it is looked at again, it goes on. */
    async hidden() {
        await inBrowser(LINK, async (first) => {
            await first.joined('admin');
            const hidden = [];
            const opened = await Promise.all(Object.keys(PAGES).map(async (page) => ({ page, tab: await first.another(`${HOME}#${page}`) })));
            for (const { page, tab } of opened) {
                await tab.joined('admin');
                await tab.joined('realm');
                if (page === 'messages') {
                    await tab.page.click('button:text-is("Look")');
                    await tab.page.waitForSelector('button:text-is("Stop")');
                }
                if (page === 'procedures') await tab.reads('.procedures .whole .row', 'demo.add');
                hidden.push({ page, tab });
            }
            for (const { tab } of hidden) await tab.hide(true);
            // What was on its way has come once both sessions have answered, and what followed from that as well.
            for (const { tab } of hidden) {
                await tab.page.evaluate(async () => {
                    const { state } = await import('./lib/state.js');
                    for (let turn = 0; turn < 3; turn += 1) await Promise.allSettled([state.admin.ask('serverwamp.node.info'), state.realm.ask('wamp.session.count')]);
                });
            }
            const before = hidden.map(({ tab }) => tab.frames);
            // The first tab, which is looked at, is told something five times each second: its clock is that of the others.
            await first.visit('overview');
            const began = first.frames;
            await until(() => first.frames > began + 12, 'the visible tab is told the statistics');
            for (const [at, { page, tab }] of hidden.entries()) equal(tab.frames, before[at], `messages of the hidden tab at ${page}`);
            const messages = hidden.find(({ page }) => page === 'messages').tab;
            await messages.hide(false);
            await messages.reads('main [role=status]', 'while this tab was hidden');
            await messages.page.waitForSelector('button:text-is("Stop")');
            await until(() => messages.frames > before[4], 'the tab is told messages again');
        });
    },

    /** Of ten tabs with rates eight have them, and two say what they wait for, until others close. */
    async ten() {
        await inBrowser(LINK, async (first) => {
            await first.joined('admin');
            const all = [first];
            all.push(...(await Promise.all(Array.from({ length: TABS - 1 }, () => first.another(`${HOME}#procedures`)))));
            await first.visit('procedures');
            await Promise.all(all.map((tab) => tab.reads('.procedures .whole .row', 'demo.add')));
            const told = (tab) => tab.page.locator('.procedures .whole .row').filter({ hasText: 'demo.add' }).locator('> span').nth(5).filter({ hasText: '0' }).count();
            const waits = (tab) => tab.page.locator('main .problem').filter({ hasText: 'too_many_watches' }).filter({ hasText: 'This page gets its turn' }).count();
            const counts = async (of) => (await Promise.all(all.map(of))).filter((count) => count > 0).length;
            await until(async () => (await counts(told)) === WATCHES && (await counts(waits)) === TABS - WATCHES, `${WATCHES} tabs have rates and the others wait`);
            const lucky = [];
            for (const tab of all) if ((await told(tab)) > 0 && tab !== first) lucky.push(tab);
            await lucky[0].page.close();
            await lucky[1].hide(true);
            const left = all.filter((tab) => tab !== lucky[0] && tab !== lucky[1]);
            await until(async () => (await Promise.all(left.map(told))).every((count) => count > 0), 'the tabs that waited have rates');
            for (const tab of left) equal(await waits(tab), 0, 'tabs that wait');
        });
    },
};
