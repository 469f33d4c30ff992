// Who somebody is: the link, the login form, what a session without the admin interface sees.
import { logIn, send } from './acts.mjs';
import { HOME, LINK, check, equal, inBrowser } from './browser.mjs';

export const logins = {
    /** The link logs one browser in, once, and the cookie is kept from scripts and other paths. */
    async link() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('admin');
            equal(tab.page.url(), HOME, 'the address without its token');
            check((await tab.reads('[data-link=admin]', 'console')).includes('operator'), 'the link is no operator');
            const cookies = await tab.context.cookies();
            equal(cookies.length, 1, 'cookies');
            const { httpOnly, sameSite, path } = cookies[0];
            equal(JSON.stringify({ httpOnly, sameSite, path }), '{"httpOnly":true,"sameSite":"Strict","path":"/console/"}', 'the cookie');
            equal(await tab.page.evaluate(() => document.cookie), '', 'what scripts see of it');
            await tab.page.reload();
            await tab.reads('[data-link=admin]', 'console');
        });
        const refused = /status of 403/;
        const again = async (tab) => {
            await tab.reads('.problem', 'each works once');
            equal((await tab.context.cookies()).length, 0, 'cookies of a link that was used');
        };
        await inBrowser(LINK, again, { forgiven: [refused] });
    },

    /** A ticket in the form of the page; what it is kept from, and what a role without permissions sees. */
    async login() {
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            await tab.reads('[data-link=admin]', 'refused');
            await logIn(tab, 'admin', { method: 'ticket', authid: 'ann', secret: 'wrong' });
            await tab.visit('configuration');
            await tab.reads('main .problem', 'wamp.error.authentication_denied');
            await logIn(tab, 'admin', { method: 'ticket', authid: 'ann', secret: 'of ann' });
            await tab.reads('[data-link=admin]', 'ann (reader)');
            await tab.reads('.configuration', 'listen');
            await tab.page.once('dialog', (dialog) => dialog.accept());
            await tab.page.click('button:text-is("Reload the file")');
            await tab.reads('main .problem', 'serverwamp.node.reload needs the permission "write"');
            await tab.visit('permissions');
            await tab.page.fill('[name=who]', 'guest');
            await tab.page.fill('[name=uri]', 'demo.add');
            await tab.page.click('main button.primary');
            await tab.reads('.verdict h2', 'No');
            const kept = await tab.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
            check(!kept.includes('ann'), `the login is kept: ${kept}`);
        });
    },

    /** Without the admin interface there is what every router with the meta API tells, and pages say what they lack. */
    async standard() {
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            await tab.reads('[data-link=admin]', 'refused');
            await tab.reads('.card[data-card=sessions]', '1');
            await tab.visit('sessions');
            await tab.reads('.sessions .whole .row', 'you');
            await tab.visit('procedures');
            await tab.reads('.procedures .whole .row', 'demo.countdown');
            await tab.visit('playground');
            await send(tab, 'call', 'demo.add', '2, 3');
            await tab.reads('.entry[data-what=result]', '5');
            for (const page of ['messages', 'permissions', 'configuration']) {
                await tab.visit(page);
                await tab.reads('main .problem', 'Not let into the admin interface (realm serverwamp.admin)');
                equal(await tab.page.locator('main button.primary:enabled').count(), 0, `what can be done at ${page}`);
            }
        });
    },

    /** Each proof of the form with our own server: wrong ones are refused, right ones join, and nothing of a secret is kept. */
    async proofs() {
        await inBrowser(HOME, async (tab) => {
            await tab.joined('realm');
            await tab.reads('[data-link=admin]', 'refused');
            for (const [method, authid, secret, wrong] of [
                ['ticket', 'ann', 'of ann', 'of bob'],
                ['wampcra', 'bob', 'of bob', 'of ann'],
                ['cryptosign', 'device', process.env.CONSOLE_KEY, '02'.repeat(32)],
            ]) {
                await logIn(tab, 'admin', { method, authid, secret: wrong });
                await tab.page.waitForSelector('.link.refused[data-link=admin]');
                await tab.visit('configuration');
                await tab.reads('main .problem', 'Not let into the admin interface');
                await logIn(tab, 'admin', { method, authid, secret });
                await tab.reads('[data-link=admin]', `${authid} (reader)`);
                await tab.reads('.configuration', 'listen');
                const kept = await tab.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
                check(!kept.includes(secret) && !kept.includes(authid), `the login is kept: ${kept}`);
                equal(await tab.page.locator('input[type=password]').count(), 0, 'fields that still have a secret');
            }
            // What is no key is said in the form, which stays.
            await tab.page.click('[data-link=admin]');
            await tab.page.selectOption('.login [name=method]', 'cryptosign');
            await tab.page.fill('.login [name=authid]', 'device');
            await tab.page.fill('.login [name=secret]', 'no key');
            await tab.page.click('.login button[type=submit]');
            await tab.reads('.login .problem', 'hexadecimal digits');
        });
    },
};
