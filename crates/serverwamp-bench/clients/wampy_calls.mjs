// wampy.js, kept busy with calls.
//
//     wampy_calls.mjs NODE_MODULES URL SERIALIZER DEPTH
//
// Prints `ready` once it has joined. For each line of its input, a time in seconds, it keeps DEPTH calls in flight for so long,
// checks every result, and prints how many calls there were.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules, url, format, depth] = process.argv.slice(2);
const { resolve } = createRequire(`${modules}/here.js`);
const load = (name) => import(pathToFileURL(resolve(name)));
const { default: WebSocket } = await load('ws');
const { Wampy } = await load('wampy');
const serializers = { json: 'JsonSerializer', msgpack: 'MsgpackSerializer', cbor: 'CborSerializer' };
const name = serializers[format];
const serializer = new (await load(`wampy/${name}.js`))[name]();

class Socket extends WebSocket {
    constructor(address, protocols) {
        super(address, protocols);
    }
}

const wampy = new Wampy(url, { realm: 'realm1', ws: Socket, serializer, autoReconnect: false });
await wampy.connect();
console.log('ready');

async function caller(end) {
    let calls = 0;
    while (performance.now() < end) {
        const a = 130 + (calls % 64);
        const { argsList } = await wampy.call('demo.add', [a, 50]);
        if (argsList[0] !== a + 50) { throw new Error(`a wrong sum: ${argsList}`); }
        calls += 1;
    }
    return calls;
}

for await (const line of createInterface({ input: process.stdin })) {
    const end = performance.now() + 1000 * Number(line);
    const calls = await Promise.all(Array.from({ length: Number(depth) }, () => caller(end)));
    console.log(calls.reduce((sum, one) => sum + one, 0));
}
process.exit(0);
