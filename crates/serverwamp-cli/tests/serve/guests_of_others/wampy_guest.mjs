// Logs in with wampy.js, one login after the other, and tries what the role may do: see autobahn_guest.py. The authority is
// that of NODE_EXTRA_CA_CERTS.

import WebSocket from 'ws';
import { Wampy } from 'wampy';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { sign as signCra } from 'wampy/wampcra.js';
import { sign as signKey } from 'wampy/cryptosign.js';

const { url, logins, actions } = JSON.parse(process.argv[2]);

async function outcome(wampy, action, uri) {
    try {
        if (action === 'call') {
            await wampy.call(uri);
        } else if (action === 'register') {
            await wampy.register(uri, () => ({}));
        } else if (action === 'subscribe') {
            await wampy.subscribe(uri, () => {});
        } else {
            await wampy.publish(uri, []);
        }
    } catch (error) {
        return error.errorUri;
    }
    return 'ok';
}

async function visit({ realm, method, authid, secret, pubkey }) {
    const answer = { ticket: () => secret, wampcra: signCra, cryptosign: signKey }[method];
    const wampy = new Wampy(url, {
        ws: WebSocket,
        realm,
        serializer: new JsonSerializer(),
        autoReconnect: false,
        authid,
        authmethods: [method],
        authextra: pubkey ? { pubkey } : {},
        onChallenge: (asked, extra) => (asked === 'ticket' ? secret : answer(secret)(asked, extra)),
    });
    let welcome;
    try {
        welcome = await wampy.connect();
    } catch (error) {
        return { outcomes: error.errorUri };
    }
    const outcomes = [];
    for (const action of actions) { outcomes.push(await outcome(wampy, ...action)); }
    await wampy.disconnect();
    const { authrole, authmethod } = welcome;
    return { authid: welcome.authid, authrole, authmethod, outcomes };
}

const seen = [];
for (const login of logins) { seen.push(await visit(login)); }
console.log(JSON.stringify(seen));
process.exit(0);
