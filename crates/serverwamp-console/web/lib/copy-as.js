/**
 * A call or a publication as a program: for the shell, JavaScript (wampy), Python (Autobahn) and Rust (serverwamp).
 */
import { parse, stringify } from './exact-json.js';

export const LANGUAGES = { shell: 'shell', javascript: 'JavaScript', python: 'Python', rust: 'Rust' };

/** @typedef {{kind: string, uri: string, args: string, kwargs: string, url: string, realm: string}} What */

/**
 * @param {keyof typeof LANGUAGES} language
 * @param {What} what
 */
export function copyAs(language, what) {
    const args = what.args.trim() === '' ? [] : parse(`[${what.args}]`);
    const kwargs = what.kwargs.trim() === '' ? {} : parse(what.kwargs);
    const writer = { shell, javascript, python, rust }[language];
    return writer(what, args, kwargs);
}

/** @param {string} word */
function quoted(word) {
    return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {What} what
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function shell({ kind, uri, url, realm }, args, kwargs) {
    // What cannot be read as JSON is text, so every JSON stays what it is.
    const words = [...args.map((arg) => stringify(arg)), ...Object.entries(kwargs).map(([key, value]) => `${key}=${stringify(value)}`)];
    return ['serverwamp', kind, uri, ...words, '--url', url, '--realm', realm].map(quoted).join(' ');
}

/**
 * @param {What} what
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function javascript({ kind, uri, url, realm }, args, kwargs) {
    const payload = stringify({ argsList: args, argsDict: kwargs });
    return `import { Wampy } from 'wampy';

const session = new Wampy(${stringify(url)}, { realm: ${stringify(realm)}, uriValidation: 'loose' });
await session.connect();
console.log(await session.${kind}(${stringify(uri)}, ${payload}));
await session.disconnect();
`;
}

/**
 * @param {What} what
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function python({ kind, uri, url, realm }, args, kwargs) {
    const call = kind === 'call' ? 'print(await session.call(' : 'session.publish(';
    const end = kind === 'call' ? '))' : ')';
    return `import json
from autobahn.asyncio.component import Component, run

component = Component(transports=${stringify(url)}, realm=${stringify(realm)})

@component.on_join
async def joined(session, details):
    args = json.loads(${stringify(stringify(args))})
    kwargs = json.loads(${stringify(stringify(kwargs))})
    ${call}${stringify(uri)}, *args, **kwargs${end}
    session.leave()

run([component])
`;
}

/**
 * @param {What} what
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function rust({ kind, uri, url, realm }, args, kwargs) {
    const list = `Args(json!(${stringify(args)}))`;
    const payload = Object.keys(kwargs).length > 0 ? `(${list}, Kwargs(json!(${stringify(kwargs)})))` : list;
    const done = kind === 'call' ? `let result: serde_json::Value = client.call(${stringify(uri)}, ${payload}).await?;` : `client.publish(${stringify(uri)}, ${payload}).await?;`;
    return `use serde_json::json;
use serverwamp::client::Client;
use serverwamp::extract::{Args, Kwargs};

let client = Client::connect(${stringify(url)}).realm(${stringify(realm)}).await?;
${done}
`;
}
