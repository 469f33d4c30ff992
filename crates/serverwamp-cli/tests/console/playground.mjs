// The Playground, and the programs that it copies.
import { send } from './acts.mjs';
import { LINK, check, inBrowser } from './browser.mjs';

export const playground = {
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
};
