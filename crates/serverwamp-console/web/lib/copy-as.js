/**
 * A call or a publication as a program: for the shell, JavaScript (wampy), Python (Autobahn) and Rust (serverwamp).
 *
 * What a peer has named or sent is written so that nothing in it does anything but stand there: characters that cannot be seen, change
 * the order of others, or are commands to a terminal are escapes in each of the languages.
 */
import { parse, stringify } from './exact-json.js';
import { UNSEEN } from './format.js';

export const LANGUAGES = { shell: 'shell', javascript: 'JavaScript', python: 'Python', rust: 'Rust' };

/** @typedef {{kind: string, uri: string, args: string, kwargs: string, url: string, realm: string}} What */

const encoder = new TextEncoder();

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

/**
 * @param {string} text
 * @param {(code: number) => string} escape
 */
function seen(text, escape) {
    return text.replace(UNSEEN, (found) => escape(found.codePointAt(0) ?? 0));
}

/** @param {string} word */
function quoted(word) {
    if (/^[\w./:@%+,=-]+$/.test(word)) return word;
    if (word.search(UNSEEN) < 0) return `'${word.replaceAll("'", "'\\''")}'`;
    // A terminal that gets a control, be it within quotes, does what that says.
    const octal = (/** @type {string} */ found) => Array.from(encoder.encode(found), (octet) => `\\${octet.toString(8).padStart(3, '0')}`).join('');
    return `"$(printf '${word.replaceAll(/[\\%']/g, octal).replace(UNSEEN, octal)}')"`;
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

/** A literal of JavaScript. @param {unknown} value */
function script(value) {
    const literal = seen(stringify(value), (code) => `\\u{${code.toString(16)}}`);
    // Written as it is, this name would say what the object inherits from.
    return literal.replaceAll(/(?<!\\)"__proto__":/g, '["__proto__"]:');
}

/**
 * @param {What} what
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function javascript({ kind, uri, url, realm }, args, kwargs) {
    return `import { Wampy } from 'wampy';

// Node.js before 22 has no WebSocket: npm install ws
const ws = globalThis.WebSocket ?? (await import('ws')).WebSocket;
const session = new Wampy(${script(url)}, { realm: ${script(realm)}, ws, uriValidation: 'loose' });
await session.connect();
const answer = await session.${kind}(${script(uri)}, ${script({ argsList: args, argsDict: kwargs })});
console.log(${kind === 'call' ? 'JSON.stringify([answer.argsList, answer.argsDict])' : 'answer'});
await session.disconnect();
`;
}

/** A literal of Python. @param {string} text */
function pythonText(text) {
    return seen(stringify(text), (code) => (code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`));
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

component = Component(transports=${pythonText(url)}, realm=${pythonText(realm)})

@component.on_join
async def joined(session, details):
    args = json.loads(${pythonText(stringify(args))})
    kwargs = json.loads(${pythonText(stringify(kwargs))})
    ${call}${pythonText(uri)}, *args, **kwargs${end}
    session.leave()

run([component])
`;
}

/** A literal of Rust. @param {string} text */
function rustText(text) {
    return `"${seen(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'), (code) => `\\u{${code.toString(16)}}`)}"`;
}

/**
 * @param {What} what
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 */
function rust({ kind, uri, url, realm }, args, kwargs) {
    const payload = `(Args(args), Kwargs(kwargs))`;
    const done = kind === 'call'
        ? `let answer: (Args<Vec<Value>>, Kwargs<Map<String, Value>>) = client.call(${rustText(uri)}, ${payload}).await?;
    println!("{} {}", Value::from(answer.0.0), Value::from(answer.1.0));`
        : `client.publish(${rustText(uri)}, ${payload}).await?;`;
    return `// cargo add serverwamp -F client; cargo add serde_json; cargo add tokio -F macros,rt-multi-thread
use serde_json::{Map, Value};
use serverwamp::client::Client;
use serverwamp::extract::{Args, Kwargs};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<Value> = serde_json::from_str(${rustText(stringify(args))})?;
    let kwargs: Map<String, Value> = serde_json::from_str(${rustText(stringify(kwargs))})?;
    let client = Client::connect(${rustText(url)}).realm(${rustText(realm)}).await?;
    ${done}
    client.leave().await;
    Ok(())
}
`;
}
