// A router of somebody else.
import { logIn, send } from './acts.mjs';
import { HOME, check, inBrowser } from './browser.mjs';

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
};
