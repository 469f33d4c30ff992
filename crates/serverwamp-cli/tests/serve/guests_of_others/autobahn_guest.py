"""Logs in with Autobahn|Python, one login after the other, and tries what the role may do.

    autobahn_guest.py VISIT

VISIT is JSON: `url`, `authority`, `logins` with `realm`, `method`, `authid` and `secret`, `actions` such as `["call", "shop.order"]`.
Prints a list of what became of the logins.
"""

import asyncio
import json
import ssl
import sys

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions


def visit(url, context, login, actions):
    method, authid = login["method"], login["authid"]
    seen = {}

    class Session(ApplicationSession):
        def onConnect(self):
            if method == "ticket":
                return self.join(login["realm"], ["ticket"], authid)
            secret = {"privkey" if method == "cryptosign" else "secret" if method == "wampcra" else "password": login["secret"]}
            self.proof = create_authenticator(method, authid=authid, **secret)
            return self.join(login["realm"], [method], authid, authextra=self.proof.authextra)

        def onChallenge(self, challenge):
            return login["secret"] if method == "ticket" else self.proof.on_challenge(self, challenge)

        async def onJoin(self, details):
            seen.update(authid=details.authid, authrole=details.authrole, authmethod=details.authmethod)
            seen["outcomes"] = [await outcome(self, *action) for action in actions]
            self.leave()

        def onLeave(self, details):
            seen.setdefault("outcomes", details.reason)
            self.disconnect()

        def onDisconnect(self):
            asyncio.get_running_loop().stop()

    asyncio.set_event_loop(asyncio.new_event_loop())
    ApplicationRunner(url, login["realm"], ssl=context).run(Session)
    return seen


async def outcome(session, action, uri):
    """`ok`, or the URI of the error."""
    try:
        if action == "call":
            await session.call(uri)
        elif action == "register":
            await session.register(lambda: None, uri)
        elif action == "subscribe":
            await session.subscribe(lambda: None, uri)
        else:
            await session.publish(uri, options=PublishOptions(acknowledge=True))
    except ApplicationError as error:
        return error.error
    return "ok"


def main():
    what = json.loads(sys.argv[1])
    context = ssl.create_default_context(cafile=what["authority"])
    print(json.dumps([visit(what["url"], context, login, what["actions"]) for login in what["logins"]]))


if __name__ == "__main__":
    main()
