// What autobahn-js takes from the browser it is made for: XMLHttpRequest and WebSocket.
//
// Requests are made as a page makes them whose origin the environment variable PAGE names: of a server of another origin
// it is asked first (CORS), and an answer counts only if the server lets that page read it with the user's cookies. There
// are no more than six connections to a server, and they are used again.

import http from 'node:http';
import WebSocket from 'ws';

const CONNECTIONS = 6;
const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Statuses and lengths of what came, by the last part of the request's path. */
export const answers = [];

class XMLHttpRequest {
    withCredentials = false;
    timeout = 0;
    readyState = 0;
    status = 0;
    statusText = '';
    responseText = '';
    onreadystatechange = () => {};
    ontimeout = () => {};
    #headers = {};

    open(method, url) {
        this.method = method;
        this.url = new URL(url);
    }

    setRequestHeader(name, value) {
        this.#headers[name.toLowerCase()] = value;
    }

    async send(body) {
        const timer = this.timeout > 0 ? AbortSignal.timeout(this.timeout) : undefined;
        try {
            const page = process.env.PAGE;
            if (page && page !== this.url.origin) {
                this.#headers.origin = page;
                this.#checkPreflight(page, await this.#request('OPTIONS', {
                    origin: page,
                    'access-control-request-method': this.method,
                    'access-control-request-headers': 'content-type',
                }, undefined, timer));
            }
            const answer = await this.#request(this.method, this.#headers, body ?? '', timer);
            this.#checkReadable(page, answer);
            answers.push([this.url.pathname.split('/').at(-1), answer.status, answer.text.length]);
            [this.status, this.statusText, this.responseText] = [answer.status, answer.statusText, answer.text];
        } catch (error) {
            answers.push([this.url.pathname.split('/').at(-1), 0, String(error)]);
            if (timer?.aborted) { this.ontimeout(); }
        }
        this.readyState = 4;
        this.onreadystatechange();
    }

    #request(method, headers, body, signal) {
        return new Promise((resolve, reject) => {
            const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
            const request = http.request(this.url, { agent, method, signal, headers: { ...headers, ...length } });
            // A connection that the server closed while nothing was asked, as browsers do.
            const again = () => this.#request(method, headers, body, signal).then(resolve, reject);
            request.on('error', (error) => {
                if (request.reusedSocket && error.code === 'ECONNRESET') { again(); } else { reject(error); }
            });
            request.on('response', async (response) => {
                let text = '';
                try {
                    for await (const part of response.setEncoding('utf8')) { text += part; }
                } catch (error) { reject(error); }
                const { statusCode: status, statusMessage: statusText } = response;
                resolve({ status, statusText, text, headers: response.headers });
            });
            request.end(body);
        });
    }

    #checkPreflight(page, answer) {
        this.#checkReadable(page, answer);
        const may = (name, value) => answer.headers[name]?.toLowerCase().split(/ *, */).includes(value);
        if (answer.status > 299 || !may('access-control-allow-headers', 'content-type')
            || !may('access-control-allow-methods', this.method.toLowerCase())) {
            throw new Error('refused before it was asked');
        }
    }

    #checkReadable(page, answer) {
        if (!page || page === this.url.origin) { return; }
        const { 'access-control-allow-origin': origin, 'access-control-allow-credentials': cookies } = answer.headers;
        if (origin !== page || (this.withCredentials && cookies !== 'true')) {
            throw new Error(`the page ${page} may not read an answer for ${origin}, with cookies: ${cookies}`);
        }
    }
}

globalThis.XMLHttpRequest = XMLHttpRequest;
globalThis.WebSocket = WebSocket;

/** Ends the connections that would be used again. */
export function hangUp() { agent.destroy(); }
