// Logs in with autobahn-js, one login after the other, and tries what the role may do: see autobahn_guest.py. The authority is
// that of NODE_EXTRA_CA_CERTS.

import nacl from 'tweetnacl';
import WebSocket from 'ws';

// Its modules look for what a browser has when they are loaded.
globalThis.WebSocket = WebSocket;
const { default: autobahn } = await import('autobahn');

const { url, logins, actions } = JSON.parse(process.argv[2]);

async function outcome(session, action, uri) {
    try {
        if (action === 'call') {
            await session.call(uri);
        } else if (action === 'register') {
            await session.register(uri, () => null);
        } else if (action === 'subscribe') {
            await session.subscribe(uri, () => {});
        } else {
            await session.publish(uri, [], {}, { acknowledge: true });
        }
    } catch (error) {
        return error.error ?? String(error);
    }
    return 'ok';
}

function prove(method, secret) {
    const { sign, derive_key: derive } = autobahn.auth_cra;
    return {
        ticket: () => secret,
        wampcra: ({ challenge, salt, iterations, keylen }) =>
            sign(salt === undefined ? secret : derive(secret, salt, iterations, keylen), challenge),
        cryptosign: (extra) => {
            const key = nacl.sign.keyPair.fromSeed(Buffer.from(secret, 'hex'));
            return autobahn.auth_cryptosign.sign_challenge(key, extra);
        },
    }[method];
}

async function visit({ realm, method, authid, secret, pubkey }) {
    const connection = new autobahn.Connection({
        url,
        realm,
        authid,
        authmethods: [method],
        authextra: pubkey ? { pubkey } : undefined,
        onchallenge: (_session, _asked, extra) => prove(method, secret)(extra),
        max_retries: 0,
        on_user_error: () => {},
    });
    const closed = new Promise((resolve) => {
        connection.onclose = (reason, details) => { resolve({ outcomes: details.reason ?? reason }); };
    });
    const opened = new Promise((resolve) => { connection.onopen = (...joined) => { resolve(joined); }; });
    connection.open();
    const joined = await Promise.race([opened, closed]);
    if (!Array.isArray(joined)) { return joined; }
    const [session, { authrole, authmethod, authid: named }] = joined;
    const outcomes = [];
    for (const action of actions) { outcomes.push(await outcome(session, ...action)); }
    connection.close();
    await closed;
    return { authid: named, authrole, authmethod, outcomes };
}

const seen = [];
for (const login of logins) { seen.push(await visit(login)); }
console.log(JSON.stringify(seen));
process.exit(0);
