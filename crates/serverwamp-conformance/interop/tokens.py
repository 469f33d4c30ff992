"""Tokens, keys and decisions made with PyJWT and Python's standard library.

    tokens.py make KEYS.json           one token for each case of the file, which names algorithm, key file, claims and header
    tokens.py jwks KEY.pem KID ...     a JWKS of the public keys in PEM files
    tokens.py hook                     a web server that decides as `HookSettings` documents; prints its URL
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


def make(path):
    import jwt

    with open(path) as file:
        cases = json.load(file)
    tokens = []
    for case in cases:
        with open(case["key"], "rb") as file:
            key = file.read().strip()
        tokens.append(jwt.encode(case["claims"], key, algorithm=case["algorithm"], headers=case.get("header")))
    print(json.dumps(tokens))


def jwks(arguments):
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

    keys = []
    for path, kid in zip(arguments[::2], arguments[1::2]):
        with open(path, "rb") as file:
            key = load_pem_public_key(file.read())
        name = type(key).__name__
        algorithm = RSAAlgorithm if "RSA" in name else ECAlgorithm if "EC" in name or "Elliptic" in name else OKPAlgorithm
        keys.append({**algorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig"})
    print(json.dumps({"keys": keys}))


class Hook(BaseHTTPRequestHandler):
    """Lets Joe in, and answers others as their tickets say."""

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ticket = question["ticket"]
        headers = question["transport"]["headers"]
        if ticket == "secret!!!" and question["authid"] == "joe":
            echoed = {key: question[key] for key in ("version", "realm", "authmethod", "authextra")}
            echoed["kind"] = question["transport"]["kind"]
            answer = {"allow": True, "role": "member", "extra": echoed}
        elif headers.get("x-session") == "7":
            answer = {"allow": True, "role": "visitor", "authid": "seven", "provider": "sessions"}
        elif ticket == "redirect":
            return self.say(302, {}, [("Location", "/elsewhere")])
        elif ticket == "teapot":
            return self.say(418, {"allow": True, "role": "member"})
        elif ticket == "unclear":
            answer = {"allow": "yes", "role": "member"}
        elif ticket == "long":
            answer = {"allow": True, "role": "member", "extra": {"x": "x" * 70000}}
        elif ticket == "silence":
            return None
        else:
            answer = {"allow": False, "reason": "not on the list"}
        return self.say(200, answer)

    def say(self, status, answer, headers=()):
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "make":
        make(*arguments)
    elif command == "jwks":
        jwks(arguments)
    else:
        server = HTTPServer(("127.0.0.1", 0), Hook)
        print(f"http://127.0.0.1:{server.server_port}/decide", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
