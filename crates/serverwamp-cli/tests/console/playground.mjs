// The Playground, and the programs that it copies.
import { spawnSync } from 'node:child_process';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { asGuest, send } from './acts.mjs';
import { HOME, LINK, check, equal, inBrowser } from './browser.mjs';

/** Names of procedures that would do something in a shell, in a terminal, or in a program. */
const HOSTILE = ["x';touch/hurt;'", 'x$(touch/hurt)`touch/hurt`', 'x"\\n\\"%s', 'x\u202egnp\u0003\u001b[201~'];

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

    /** What is copied runs in each of the languages, and says what the call here says. */
    async copied() {
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
            const runs = (program, args, what, says = '42') => {
                const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30000 });
                check(status === 0 && stdout.split('\n').includes(says), `${what}: ${status}\n${stdout}\n${stderr}`);
            };
            const shell = await copy('shell');
            check(shell.startsWith('serverwamp call demo.add 40 2 --url '), shell);
            runs('sh', ['-c', shell.replace('serverwamp', '"$SERVERWAMP"')], 'shell');
            // The test has Autobahn installed beside what drives the browser.
            runs(`${process.env.BROWSER_PACKAGES}/../py/bin/python`, ['-c', await copy('python')], 'Python');
            const script = `${process.env.BROWSER_PACKAGES}/../node/copied-${process.pid}.mjs`;
            writeFileSync(script, await copy('javascript'));
            runs('node', [script], 'JavaScript', '[[42],null]');
            unlinkSync(script);
            // It is compiled, and run, by a test of serverwamp-conformance.
            const url = HOME.replace('http:', 'ws:') + 'ws';
            const rust = readFileSync(new URL('copied.rs', import.meta.url), 'utf8');
            const made = (await copy('rust')).replace(`"${url}"`, '"ws://127.0.0.1:8080/console/ws"');
            if (process.env.SERVERWAMP_BLESS) writeFileSync(new URL('copied.rs', import.meta.url), made);
            else equal(made, rust, 'Rust');

            // Nothing that a peer has named does anything in a shell, and a script gets what it would not see.
            await asGuest(tab, (uris) => uris.map((uri) => globalThis.guest.register(uri, ({ argsList }) => ({ argsList: [argsList.length] }))), HOSTILE);
            for (const uri of HOSTILE) {
                await tab.page.fill('[name=uri]', uri);
                await tab.page.fill('[name=args]', JSON.stringify(["it's", '$(touch hurt) `touch hurt` \u202e\u0003', { ['__proto__']: 1 }]).slice(1, -1));
                const shell = await copy('shell');
                check(!/[\u0000-\u001f\u202e]/.test(shell), `a terminal gets ${JSON.stringify(shell)}`);
                runs('sh', ['-c', shell.replace('serverwamp', '"$SERVERWAMP"')], `shell: ${shell}`, '3');
                const python = await copy('python');
                check(!/[\u0003\u202e]/.test(python), `Python: ${python}`);
                runs(`${process.env.BROWSER_PACKAGES}/../py/bin/python`, ['-c', python], `Python: ${python}`, '3');
                writeFileSync(script, await copy('javascript'));
                runs('node', [script], 'JavaScript', '[[3],null]');
                unlinkSync(script);
            }
        };
        await inBrowser(LINK, scenario, { options });
    },
};
