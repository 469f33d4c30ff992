"""A dynamic authenticator as one writes it for Crossbar.io, on Autobahn|Python.

    authenticator.py URL REALM [AUTHID TICKET]

It registers `com.example.authenticate`, prints `ready` and stays.
"""

import asyncio
import sys

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.auth import derive_scram_credential
from autobahn.wamp.exception import ApplicationError

PRINCIPALS = {
    "joe": {"ticket": "secret!!!", "role": "member"},
    "peter": {"secret": "secret1", "role": "member", "extra": {"from": "authenticator"}},
    "carol": {**derive_scram_credential("carol@example.com", "pencil"), "role": "member"},
    "device": {
        "pubkey": "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
        "role": "machine",
        "authid": "device",
    },
    "anna": {"secret": "secret2", "role": "member", "salt": "salt123", "iterations": 100, "keylen": 32},
}


class Authenticator(ApplicationSession):
    def onConnect(self):
        authid, *_ = self.config.extra["login"] or [None]
        methods = ["ticket"] if authid else ["anonymous"]
        self.join(self.config.realm, authmethods=methods, authid=authid)

    def onChallenge(self, challenge):
        return self.config.extra["login"][1]

    async def onJoin(self, details):
        def authenticate(realm, authid, details):
            if details["authmethod"] == "header":
                session = details["transport"]["http_headers_received"].get("x-session")
                if session == "7":
                    return {"role": "visitor", "authid": "seven"}
                raise ApplicationError("com.example.no_such_session", "nobody has this session")
            if details["authmethod"] == "anonymous":
                if details["authextra"].get("app") == "demo":
                    return "visitor"
                raise ApplicationError("com.example.no_such_app", "another program")
            if details["authmethod"] == "cryptosign" and authid is None:
                known = [one for one in PRINCIPALS.values() if one.get("pubkey") == details["authextra"]["pubkey"]]
                if known:
                    return known[0]
            if authid == "bug":
                raise ValueError("a bug in an authenticator")
            if authid == "slow":
                return asyncio.sleep(10)
            if authid == "unclear":
                return 7
            if authid not in PRINCIPALS:
                raise ApplicationError("com.example.no_such_user", f"there is no user {authid}")
            principal = PRINCIPALS[authid]
            if details["authmethod"] in ("wampcra", "scram", "cryptosign"):
                return principal
            if details["ticket"] != principal.get("ticket"):
                raise ApplicationError("com.example.invalid_ticket", "the ticket is wrong")
            return principal["role"]

        await self.register(authenticate, "com.example.authenticate")
        print("ready", flush=True)


if __name__ == "__main__":
    url, realm, *login = sys.argv[1:]
    ApplicationRunner(url, realm, extra={"login": login}).run(Authenticator)
