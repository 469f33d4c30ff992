// A router that does not behave: it floods, answers nonsense, or has more than any page can show. The realm says what it does.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { answerOf, repeated, WRONG, written } from './false-answers.mjs';

/** The events of a flood, and the sessions and registrations of the realm `many`. */
export const FLOOD = 50000;
export const MANY = 100000;

/** What is sent in place of WELCOME, by the realm. */
const NONSENSE = {
    'no.json': '{"this is": ',
    'no.list': '{"type": 2}',
    'no.type': '["WELCOME", 1, {}]',
    'empty.list': '[]',
    'unknown.type': '[4711, 1, {}]',
    'welcome.without.all': '[2]',
    'welcome.of.text': '[2, "session", "details"]',
    'abort.without.reason': '[3]',
    'abort.of.numbers': '[3, 7, 7]',
    'challenge.unasked': '[4, "unheard", {}]',
    'result.of.nothing': '[50, 1, {}, ["out of the blue"]]',
    null: 'null',
};
export const NONSENSICAL = Object.keys(NONSENSE);

/** What CALL is answered by, by the procedure; REQUEST is its number. */
const ANSWERS = {
    'answer.no.details': '[50, REQUEST]',
    'answer.args.of.text': '[50, REQUEST, {}, "args"]',
    'answer.twice': '[50, REQUEST, {}, ["first"]]|[50, REQUEST, {}, ["second"]]',
    'answer.of.another': '[50, 99999, {}, ["not yours"]]|[50, REQUEST, {}, ["yours"]]',
    'answer.error.without.uri': '[8, 48, REQUEST, {}]',
    'answer.error.of.numbers': '[8, 48, REQUEST, {}, 7, 7, 7]',
    'answer.event.of.nothing': '[36, 4711, 1, {}, ["for nobody"]]|[50, REQUEST, {}, ["after it"]]',
    'answer.invocation.of.nothing': '[68, 1, 4711, {}, []]|[50, REQUEST, {}, ["after it"]]',
    'answer.html': '[50, REQUEST, {}, ["<img/src=x/onerror=globalThis.hurt=1>"]]',
};
export const ANSWERED = Object.keys(ANSWERS);

/** What the meta API of the realm `many` answers. */
function ofMany(procedure, [id]) {
    const all = () => Array.from({ length: MANY }, (_, at) => at + 1);
    switch (procedure) {
        case 'wamp.session.count': return MANY;
        case 'wamp.session.list': return all();
        case 'wamp.session.get': return { session: id, authid: `user ${id}`, authrole: 'user', authmethod: 'ticket' };
        case 'wamp.registration.list':
        case 'wamp.subscription.list': return { exact: all(), prefix: [], wildcard: [] };
        case 'wamp.registration.get':
        case 'wamp.subscription.get': return { id, uri: `shop.department${id % 100}.article${id}`, match: 'exact', invoke: 'single', created: '2026-01-01T00:00:00Z' };
        default: return null;
    }
}

/** A message of a WebSocket. */
function frame(text) {
    const content = Buffer.from(text);
    const { length } = content;
    if (length < 126) return Buffer.concat([Buffer.from([0x81, length]), content]);
    const head = Buffer.alloc(length < 65536 ? 4 : 10);
    head.set([0x81, length < 65536 ? 126 : 127]);
    if (length < 65536) head.writeUInt16BE(length, 2);
    else head.writeBigUInt64BE(BigInt(length), 2);
    return Buffer.concat([head, content]);
}

class Peer {
    realm = '';
    rest = Buffer.alloc(0);

    constructor(socket, router) {
        this.socket = socket;
        this.router = router;
        /** What is sent again and again, by the request that wants it. */
        this.timers = new Map();
        socket.on('data', (data) => this.read(data));
        socket.on('error', () => {});
        socket.on('close', () => this.timers.forEach((timer) => clearInterval(timer)));
    }

    /** Sends what `make` makes, now and again, until `request` is over. */
    again(request, pause, make) {
        const tell = () => {
            // Routers keep a bounded number of bytes for who is behind.
            if (this.socket.writableLength < 1e6) this.socket.write(make());
        };
        tell();
        this.timers.set(request, setInterval(tell, pause));
    }

    over(request) {
        clearInterval(this.timers.get(request));
        return this.timers.delete(request);
    }

    send(text) {
        this.socket.write(frame(text));
    }

    read(data) {
        this.rest = Buffer.concat([this.rest, data]);
        for (;;) {
            if (this.rest.length < 6) return;
            let [length, at] = [this.rest[1] & 127, 2];
            if (length === 126) [length, at] = [this.rest.readUInt16BE(2), 4];
            if (this.rest.length < at + 4 + length) return;
            const mask = this.rest.subarray(at, at + 4);
            const content = Buffer.from(this.rest.subarray(at + 4, at + 4 + length).map((octet, index) => octet ^ mask[index % 4]));
            const kind = this.rest[0] & 15;
            this.rest = this.rest.subarray(at + 4 + length);
            if (kind === 8) this.socket.end(Buffer.from([0x88, 0]));
            if (kind === 1) this.came(JSON.parse(content.toString()));
        }
    }

    /** Answers a call as the mode of the router says, if it says anything about it. */
    answered(request, options, procedure) {
        const isRepeated = procedure === 'serverwamp.uri.watch' || procedure.startsWith('serverwamp.tap.');
        if (isRepeated && options.receive_progress) {
            const isFlood = this.router.mode === 'flood';
            const result = (told) => frame(written([50, request, { progress: true }, [told]]));
            const flood = isFlood ? result(manyMessages()) : null;
            this.again(request, isFlood ? 1000 / RESULTS : 1000, () => flood ?? result(this.router.told(procedure)));
            return true;
        }
        const told = procedure.startsWith('wamp.') || procedure.startsWith('serverwamp.') ? this.router.told(procedure) : undefined;
        if (told === undefined) return false;
        this.send(written([50, request, {}, [told]]));
        return true;
    }

    came([type, ...rest]) {
        if (type === 1) {
            this.realm = rest[0];
            if (this.realm === 'serverwamp.admin' && !this.router.hasAdmin) this.send('[3, {}, "wamp.error.no_such_realm"]');
            else if (this.realm === 'binary') this.socket.write(Buffer.from([0x82, 4, 0, 255, 254, 128]));
            else if (this.realm === 'hangs.up') this.socket.destroy();
            else this.send(NONSENSE[this.realm] ?? JSON.stringify([2, 4711, { roles: { broker: {}, dealer: {} }, authid: 'you', authrole: 'user', authmethod: 'anonymous' }]));
        } else if (type === 6) {
            this.send('[6, {}, "wamp.close.goodbye_and_out"]');
        } else if (type === 32 && rest[2] === 'serverwamp.stats.tick') {
            this.send(JSON.stringify([33, rest[0], 2]));
            this.again('subscription 2', 1000, () => frame(written([36, 2, 1, {}, [this.router.told('serverwamp.stats.tick')]])));
        } else if (type === 32 && rest[2] === 'endless') {
            this.send(JSON.stringify([33, rest[0], 3]));
            const thousand = Buffer.concat(Array.from({ length: 1000 }, (_, at) => frame(JSON.stringify([36, 3, at, {}, ['again and again', at]]))));
            this.again('subscription 3', 100, () => thousand);
        } else if (type === 34) {
            this.over(`subscription ${rest[1]}`);
            this.send(JSON.stringify([35, rest[0]]));
        } else if (type === 49) {
            if (this.over(rest[0])) this.send(JSON.stringify([8, 48, rest[0], {}, 'wamp.error.canceled']));
        } else if (type === 32) {
            this.send(JSON.stringify([33, rest[0], 1]));
            const events = Array.from({ length: rest[2] === 'flood' ? FLOOD : 3 }, (_, at) => frame(JSON.stringify([36, 1, at, {}, [at]])));
            this.socket.write(Buffer.concat(events));
        } else if (type === 48) {
            const [request, options, procedure, args = []] = rest;
            if (this.router.mode && this.answered(request, options, procedure)) return;
            const answers = ANSWERS[procedure];
            if (answers) for (const answer of answers.replaceAll('REQUEST', request).split('|')) this.send(answer);
            else if (this.realm === 'many') this.send(JSON.stringify([50, request, {}, [ofMany(procedure, args)]]));
            else this.send(JSON.stringify([8, 48, request, {}, 'wamp.error.no_such_procedure']));
        }
    }
}

/** The tap's results of a flood in a second, and the messages of each. */
const RESULTS = 100;

/** A hundred messages of a tap. */
function manyMessages() {
    const message = (_, number) => ({ number: number + 1, at: '2026-01-01T00:00:00Z', session: 1, direction: 'received', type: 'EVENT', uri: 'shop.changed', args: [number], bytes: 40 });
    return { messages: Array.from({ length: 100 }, message), shown: 100, filtered: 0, not_shown: 0 };
}

/** Listens at the address of a WebSocket; with `hasAdmin` the realm of the admin interface is as bad as others. */
export function falseRouter(url, { hasAdmin = false } = {}) {
    const server = createServer();
    server.router = {
        hasAdmin,
        /** 'hostile', 'flood', or one of WRONG; without one the realm says what is answered. */
        mode: '',
        /** What a procedure answers, or repeats, in this mode; undefined if nothing. */
        told(what) {
            if (this.mode in WRONG) return WRONG[this.mode];
            return ['serverwamp.stats.tick', 'serverwamp.uri.watch'].includes(what) || what.startsWith('serverwamp.tap.') ? repeated(what) : answerOf(what);
        },
    };
    server.on('upgrade', (request, socket) => {
        const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n`);
        new Peer(socket, server.router);
    });
    const { hostname, port } = new URL(url);
    return new Promise((resolve) => server.listen(Number(port), hostname, () => resolve(server)));
}
