// What a person does with the console: one scenario for each test in main.rs, by its name.
import { asGuest, logIn, send } from './acts.mjs';
import { check, equal, inBrowser } from './browser.mjs';
import { others } from './others.mjs';

const LINK = process.env.CONSOLE_LINK;
const HOME = LINK.replace(/#.*/, '');
const PAGES = {
    overview: 'Overview',
    sessions: 'Sessions',
    procedures: 'Procedures',
    topics: 'Topics',
    messages: 'Messages',
    playground: 'Playground',
    permissions: 'Permissions',
    configuration: 'Configuration',
};

/** Names that would do something, were they anything but text. */
const HOSTILE = {
    element: 'x<img/src=x/onerror=globalThis.hurt=1>',
    script: 'x<script>globalThis/**/hurt=1</script>',
    bidi: 'x\u202egnp\u2066exe\u200b',
    attribute: 'x"onmouseover="globalThis/**/hurt=1',
    combining: `x${'\u0301'.repeat(64)}`,
};

const scenarios = {
    ...others,

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

    /** Calls with progress, cancel and errors; integers beyond 2^53; events; a procedure of the page's own. */
    async playground() {
        await inBrowser(LINK, async (tab) => {
            await tab.joined('realm');
            await tab.visit('playground');
            await send(tab, 'call', 'demo.add', '2, 9007199254740993');
            await tab.reads('.entry[data-what=result]', '9007199254740995');
            await send(tab, 'call', 'demo.countdown', '2, 50');
            await tab.reads('.entry[data-what=progress]', '1');
            await tab.reads('.entry[data-what=result]', '"liftoff"');
            await send(tab, 'call', 'demo.slow', '60');
            await tab.page.click('[data-cancel]');
            await tab.reads('.entry[data-what=error]', 'wamp.error.canceled');
            await send(tab, 'call', 'demo.nothing', '');
            await tab.reads('.entry[data-what=error]', 'wamp.error.no_such_procedure');
            await send(tab, 'call', 'demo.add', '2, [');
            await tab.reads('.entry[data-what="not sent"]', 'no JSON');
            await send(tab, 'subscribe', 'console.test');
            await tab.reads('.entry[data-what=subscribed]', 'console.test');
            await tab.page.fill('[name=options]', '{"acknowledge": true, "exclude_me": false}');
            await send(tab, 'publish', 'console.test', '"hello", 18446744073709551615');
            await tab.reads('.entry[data-what=event]', '["hello",18446744073709551615]');
            await tab.reads('.entry[data-what=published]', 'publication');
            await tab.page.fill('[name=options]', '');
            await send(tab, 'register', 'console.echo');
            await tab.reads('.entry[data-what=registered]', 'console.echo');
            await send(tab, 'call', 'console.echo', '"mirror"');
            await tab.reads('.entry[data-what=called]', '"mirror"');
            await tab.reads('.entry[data-what=result]', '["mirror"]');
            await tab.page.click('button:text-is("Unsubscribe")');
            await tab.reads('.entry[data-what=unsubscribed]', 'console.test');
            await tab.page.click('button:text-is("Unregister")');
            await tab.reads('.entry[data-what=unregistered]', 'console.echo');
        });
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

    /** What is copied for the shell and for Python runs, and says what the call here says. */
    async copied() {
        const { spawnSync } = await import('node:child_process');
        const options = { permissions: ['clipboard-read', 'clipboard-write'] };
        const scenario = async (tab) => {
            await tab.joined('realm');
            await tab.visit('playground');
            await tab.page.fill('[name=uri]', 'demo.add');
            await tab.page.fill('[name=args]', '40, 2');
            const copy = async (language) => {
                await tab.page.selectOption('[name=language]', language);
                await tab.page.click('button:text-is("Copy")');
                await tab.reads('.buttons [role=status]', 'copied');
                return tab.page.evaluate(() => navigator.clipboard.readText());
            };
            const runs = (program, args, what) => {
                const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30000 });
                check(status === 0 && stdout.split('\n').includes('42'), `${what}: ${status}\n${stdout}\n${stderr}`);
            };
            const shell = await copy('shell');
            check(shell.startsWith('serverwamp call demo.add 40 2 --url '), shell);
            runs('sh', ['-c', shell.replace('serverwamp', '"$SERVERWAMP"')], 'shell');
            // The test has Autobahn installed beside what drives the browser.
            runs(`${process.env.BROWSER_PACKAGES}/../py/bin/python`, ['-c', await copy('python')], 'Python');
        };
        await inBrowser(LINK, scenario, { options });
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
};

const name = process.argv[2];
const scenario = scenarios[name];
if (!scenario) throw new Error(`there is no scenario ${name}`);
await scenario();
console.log(`${name}: all as expected`);
