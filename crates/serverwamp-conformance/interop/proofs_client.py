"""One login of a client in Python, by a password or a key.

    proofs_client.py autobahn URL REALM METHOD AUTHID SECRET [AUTHORITY]
    proofs_client.py xconn URL REALM AUTHID KEY
    proofs_client.py openssl HOST:PORT REALM VERSION [no_ems | CERTIFICATE,KEY]

Prints one line of JSON: what WELCOME or ABORT said. `autobahn` and `xconn` are those clients, unmodified. `openssl` is a peer of
its own on pyOpenSSL and PyNaCl, over RawSocket and TLS, which binds a signature to its connection by `tls-exporter`;
with a certificate it talks through a peer in the middle that has it.
"""

import asyncio
import json
import ssl
import struct
import sys
import threading


def autobahn(url, realm, method, authid, secret, authority=None):
    from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
    from autobahn.wamp.auth import create_authenticator

    secret = {"privkey" if method == "cryptosign" else "password": secret}
    seen = {"challenges": []}

    class Session(ApplicationSession):
        def onConnect(self):
            self.proof = create_authenticator(method, authid=authid, **secret)
            self.join(realm, [method], authid, authextra=self.proof.authextra)

        def onChallenge(self, challenge):
            seen["challenges"].append(challenge.method)
            seen["kdf"] = challenge.extra.get("kdf")
            return self.proof.on_challenge(self, challenge)

        def onWelcome(self, welcome):
            error = self.proof.on_welcome(self, welcome.authextra)
            seen["server_is_right"] = error is None
            return error

        def onJoin(self, details):
            seen.update(authid=details.authid, authmethod=details.authmethod)
            self.leave()

        def onLeave(self, details):
            seen.setdefault("end", details.reason)
            self.disconnect()

        def onDisconnect(self):
            asyncio.get_running_loop().stop()

    context = ssl.create_default_context(cafile=authority) if authority else None
    ApplicationRunner(url, realm, ssl=context).run(Session)
    return seen


def xconn(url, realm, authid, key):
    from xconn.client import connect_cryptosign

    session = connect_cryptosign(url, realm, authid, key)
    base = session._base_session
    seen = {"authid": base.authid, "authrole": base.authrole}
    session.leave()
    return seen


# A peer of our own.


def openssl(address, realm, version, *more):
    from OpenSSL import SSL
    from nacl.signing import SigningKey

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(getattr(SSL, version))
    context.set_max_proto_version(getattr(SSL, version))
    if more == ("no_ems",):
        context.set_options(1)  # SSL_OP_NO_EXTENDED_MASTER_SECRET
    elif more:
        address = in_the_middle(address, *more[0].split(","))
    connection = connect(address, context)
    channel = connection.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
    connection.sendall(bytes([0x7F, 0xF1, 0, 0]))
    receive(connection, 4)

    key = SigningKey(bytes([1]) * 32)
    authextra = {"pubkey": key.verify_key.encode().hex(), "channel_binding": "tls-exporter"}
    hello = {"roles": {"caller": {}}, "authmethods": ["cryptosign"], "authextra": authextra}
    challenge = ask(connection, [1, realm, hello])
    if challenge[0] != 4:
        return {"end": challenge[2]}
    bound = challenge[2]["channel_binding"]
    message = bytes.fromhex(challenge[2]["challenge"])
    if bound:
        message = bytes(one ^ other for one, other in zip(message, channel))
    answer = ask(connection, [5, key.sign(message).signature.hex() + message.hex(), {}])
    seen = {"channel_binding": bound}
    return {**seen, "authid": answer[2]["authid"]} if answer[0] == 2 else {**seen, "end": answer[2]}


def connect(address, context):
    import socket

    from OpenSSL import SSL

    host, port = address.rsplit(":", 1)
    connection = SSL.Connection(context, socket.create_connection((host, int(port)), 10))
    connection.setblocking(True)
    connection.set_connect_state()
    connection.do_handshake()
    return connection


def receive(connection, count):
    received = b""
    while len(received) < count:
        received += connection.recv(count - len(received))
    return received


def ask(connection, message):
    frame = json.dumps(message).encode()
    connection.sendall(struct.pack(">I", len(frame)) + frame)
    (head,) = struct.unpack(">I", receive(connection, 4))
    return json.loads(receive(connection, head & 0xFFFFFF))


def in_the_middle(address, certificate, key):
    """A peer that terminates TLS on both sides, with the server's own certificate, and passes on what it reads."""
    import socket

    from OpenSSL import SSL

    listener = socket.create_server(("127.0.0.1", 0))
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(certificate)
    context.use_privatekey_file(key)

    def serve():
        accepted, _ = listener.accept()
        there = SSL.Connection(context, accepted)
        there.set_accept_state()
        there.do_handshake()
        here = connect(address, SSL.Context(SSL.TLS_CLIENT_METHOD))
        here.sendall(receive(there, 4))
        there.sendall(receive(here, 4))
        # Each message is answered.
        while True:
            for source, sink in ((there, here), (here, there)):
                head = receive(source, 4)
                sink.sendall(head + receive(source, struct.unpack(">I", head)[0] & 0xFFFFFF))

    def quietly():
        try:
            serve()
        except SSL.Error:
            pass  # one of both has left

    threading.Thread(target=quietly, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    print(json.dumps({"autobahn": autobahn, "xconn": xconn, "openssl": openssl}[kind](*arguments)))
