/**
 * Answers to the challenges of a router. The secret stays in the closure of one login and is stored nowhere.
 */

/** @typedef {'ticket' | 'wampcra' | 'cryptosign'} Method */
/** @typedef {{authid: string, authmethods: string[], authextra?: Record<string, unknown>, onChallenge: (method: string, extra: Record<string, any>) => Promise<string>}} Login */

const encoder = new TextEncoder();

/**
 * @param {Method} method
 * @param {string} authid
 * @param {string} secret For cryptosign the private key, 64 hexadecimal digits.
 * @returns {Promise<Login>}
 */
export async function login(method, authid, secret) {
    if (method === 'ticket') {
        return { authid, authmethods: [method], onChallenge: async () => secret };
    }
    if (!crypto.subtle) {
        throw new Error(`${method} needs the browser's cryptography, which it has for https and for this machine alone`);
    }
    if (method === 'wampcra') {
        return { authid, authmethods: [method], onChallenge: (_, extra) => craSignature(secret, extra) };
    }
    const key = await cryptosignKey(secret);
    return {
        authid,
        authmethods: [method],
        authextra: { pubkey: key.publicKey },
        onChallenge: async (_, extra) => {
            const challenge = fromHex(String(extra.challenge));
            const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, challenge));
            return toHex(signature) + toHex(challenge);
        },
    };
}

/**
 * @param {string} secret
 * @param {Record<string, any>} extra
 */
async function craSignature(secret, extra) {
    let key = encoder.encode(secret);
    if (extra.salt) {
        const password = await crypto.subtle.importKey('raw', key, 'PBKDF2', false, ['deriveBits']);
        const parameters = {
            name: 'PBKDF2',
            hash: 'SHA-256',
            salt: encoder.encode(extra.salt),
            iterations: Number(extra.iterations ?? 1000),
        };
        const derived = await crypto.subtle.deriveBits(parameters, password, Number(extra.keylen ?? 32) * 8);
        key = encoder.encode(toBase64(new Uint8Array(derived)));
    }
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const hmac = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign']);
    return toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', hmac, encoder.encode(String(extra.challenge)))));
}

/** @param {string} secret */
async function cryptosignKey(secret) {
    const seed = fromHex(secret.trim());
    if (seed.length !== 32) throw new Error('a private key of cryptosign has 64 hexadecimal digits');
    // PKCS #8 around the 32 octets of an Ed25519 key (RFC 8410).
    const wrapped = new Uint8Array([...fromHex('302e020100300506032b657004220420'), ...seed]);
    const privateKey = await crypto.subtle.importKey('pkcs8', wrapped, 'Ed25519', true, ['sign']);
    const { x } = await crypto.subtle.exportKey('jwk', privateKey);
    const raw = atob(String(x).replaceAll('-', '+').replaceAll('_', '/'));
    return { privateKey, publicKey: toHex(Uint8Array.from(raw, (letter) => letter.charCodeAt(0))) };
}

/** @param {Uint8Array} octets */
function toBase64(octets) {
    return btoa(String.fromCharCode(...octets));
}

/** @param {Uint8Array} octets */
function toHex(octets) {
    return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** @param {string} digits */
function fromHex(digits) {
    if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new Error('hexadecimal digits are expected');
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
