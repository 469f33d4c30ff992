"""One conversation of Autobahn|Python with a serverwamp server.

    autobahn_client.py URL SERIALIZER SCENARIO
    autobahn_client.py URL SERIALIZER host:NAME | visit:NAME:HOST,HOST

Prints one line of JSON that says what the client saw, and leaves the judgement to the test that started it.
The exit status is not 0 only when the conversation could not be held to its end. `ready` on the standard
error tells the test that it may act, where a scenario needs that.
"""

import asyncio
import json
import os
import ssl
import sys

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp import auth, message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import CallOptions, ComponentConfig, PublishOptions, SubscribeOptions

import autobahn_admin as admin
import autobahn_company as company

PATIENCE = 10

SERIALIZERS = {
    "json": lambda: JsonSerializer(),
    "msgpack": lambda: MsgPackSerializer(),
    "cbor": lambda: CBORSerializer(),
    "json.batched": lambda: JsonSerializer(batched=True),
    "msgpack.batched": lambda: MsgPackSerializer(batched=True),
    "cbor.batched": lambda: CBORSerializer(batched=True),
}


class Refused(Exception):
    """The server ended the session before it began."""


class Session(ApplicationSession):
    """Keeps what arrives, and tells the scenario of the session's turns."""

    def __init__(self, config):
        super().__init__(config)
        self.seen = []
        self.challenges = []
        self.joined = asyncio.get_running_loop().create_future()
        self.left = asyncio.get_running_loop().create_future()
        self.disconnected = asyncio.get_running_loop().create_future()

    def onConnect(self):
        self.join(self.config.realm, **self.config.extra.get("join", {}))

    def onMessage(self, msg):
        self.seen.append(msg)
        super().onMessage(msg)

    def onChallenge(self, challenge):
        self.challenges.append(challenge.method)
        secret = self.config.extra["secret"]
        if challenge.method == "ticket":
            return secret
        key = secret.encode()
        if "salt" in challenge.extra:
            extra = challenge.extra
            key = auth.derive_key(key, extra["salt"], extra["iterations"], extra["keylen"])
        return auth.compute_wcs(key, challenge.extra["challenge"])

    def onJoin(self, details):
        self.joined.set_result(details)

    def onLeave(self, details):
        if not self.joined.done():
            self.joined.set_exception(Refused(details.reason))
        self.left.set_result(details)
        self.disconnect()

    def onDisconnect(self):
        if not self.joined.done():
            self.joined.set_exception(Refused("the transport was closed"))
        if not self.disconnected.done():
            self.disconnected.set_result(None)

    def arrived(self, kind):
        return [msg for msg in self.seen if isinstance(msg, kind)]

    async def outcome(self, *args, **kwargs):
        """A call's result, or its error taken apart."""
        try:
            return await asyncio.wait_for(self.call(*args, **kwargs), PATIENCE)
        except ApplicationError as error:
            return {"uri": error.error, "args": list(error.args), "kwargs": error.kwargs}


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def calls(session, _protocol):
    return {
        "positional": await session.outcome("demo.add", 2, 3),
        "named": await session.outcome("demo.add", a=2, b=3),
        "mixed": await session.outcome("demo.add", 2, b=40),
        "unknown": await session.outcome("demo.there_is_no_such_thing"),
        "wrong_argument": await session.outcome("demo.add", "two", 3),
        "missing_argument": await session.outcome("demo.add"),
        "failed": await session.outcome("demo.fail"),
        "panicked": await session.outcome("demo.fail", "panic"),
        "after_all_that": await session.outcome("demo.add", 1, 1),
        # Side by side, answered in whatever order.
        "many": await asyncio.gather(*(session.call("demo.add", n, n) for n in range(50))),
    }


async def progress(session, _protocol):
    seen = []
    options = CallOptions(on_progress=lambda *args, **_kwargs: seen.append(args[0]))
    result = await session.outcome("demo.countdown", options=options, **{"from": 3, "interval_ms": 100})
    unasked = await session.outcome("demo.countdown", 3, 10)
    results = session.arrived(message.Result)
    return {
        "progress": seen,
        "result": result,
        "unasked_result": unasked,
        "results_with_progress": sum(1 for msg in results if msg.progress),
        "results_without_progress": sum(1 for msg in results if not msg.progress),
    }


async def cancel(session, _protocol):
    slow = session.call("demo.slow", 10)
    await asyncio.sleep(0.3)
    slow.cancel()
    started = asyncio.get_running_loop().time()
    await until(lambda: session.arrived(message.Error))
    waited = asyncio.get_running_loop().time() - started
    after = await session.outcome("demo.add", 2, 3)
    await asyncio.sleep(0.3)
    return {
        "answers": [[msg.request_type, msg.error] for msg in session.arrived(message.Error)],
        "results": len(session.arrived(message.Result)),
        "within_a_second": waited < 1,
        "after": after,
    }


async def subscribe(session, _protocol):
    exact, prefix = [], []

    def on_clock(*args, **kwargs):
        exact.append({"args": list(args), "kwargs": kwargs})

    def on_demo(*args, details=None, **kwargs):
        prefix.append({"args": list(args), "kwargs": kwargs, "topic": details.topic,
                       "publication": details.publication})

    clock = await session.subscribe(on_clock, "demo.clock")
    await session.subscribe(on_demo, "demo.", options=SubscribeOptions(match="prefix", details=True))
    await until(lambda: len(exact) >= 2 and len(prefix) >= 2)

    def publications():
        return [msg.publication for msg in session.arrived(message.Event) if msg.subscription == clock.id]

    shared = set(publications()) & {event["publication"] for event in prefix}
    await clock.unsubscribe()
    count, sentinel = len(publications()), len(prefix)
    # The next event of the prefix subscription, and an answer after it, show that the other one is over.
    await until(lambda: len(prefix) > sentinel)
    await session.outcome("demo.add", 1, 1)
    return {
        "events": exact[:2],
        "prefix_events": [{k: event[k] for k in ("kwargs", "topic")} for event in prefix[:2]],
        "publications_in_both": len(shared) > 0,
        "after_unsubscribe": len(publications()) - count,
    }


async def identity(session, _protocol):
    details = session.joined.result()
    return {
        "authid": details.authid,
        "authrole": details.authrole,
        "authmethod": details.authmethod,
        "challenges": session.challenges,
    }


async def another(realm):
    """Another session at the same server, in this realm and nobody in particular."""
    sessions = []

    def make(config):
        sessions.append(Session(config))
        return sessions[-1]

    await connect(sys.argv[1], make, ComponentConfig(realm, {}), SERIALIZERS[sys.argv[2]]())
    await until(lambda: sessions)
    await asyncio.wait_for(sessions[0].joined, PATIENCE)
    return sessions[0]


async def administrate(session, _protocol):
    return await admin.administrate(session, lambda: another("realm1"))


async def read_only(session, _protocol):
    return await admin.read_only(session)


async def authorizer(session, protocol):
    """A dynamic authorizer as Crossbar.io calls them, and a client that it decides about."""
    asked, heard = [], []

    def authorize(details, uri, action, options):
        asked.append([details["authrole"], action, uri, options.get("match")])
        if uri == "com.example.broken":
            raise ApplicationError("com.example.error", "the database is away")
        allowed = uri.startswith("com.example.open.")
        if action == "publish":
            return {"allow": allowed, "disclose": True, "cache": allowed}
        return allowed

    def on_event(*args, details=None):
        heard.append({"args": list(args), "publisher_authrole": details.publisher_authrole})

    await session.register(authorize, "com.example.authorize")
    await session.register(lambda number: 2 * number, "com.example.open.double")
    await session.subscribe(on_event, "com.example.open.topic", options=SubscribeOptions(details=True))
    guest = await another("dynamic")

    async def error_of(request):
        try:
            await asyncio.wait_for(request, PATIENCE)
        except ApplicationError as error:
            return {"uri": error.error, "args": list(error.args), "kwargs": error.kwargs}

    acknowledged = PublishOptions(acknowledge=True)
    summary = {
        "allowed": await guest.outcome("com.example.open.double", 21),
        "denied": await guest.outcome("com.example.closed"),
        "failed": await guest.outcome("com.example.broken"),
        "register_denied": await error_of(guest.register(authorize, "com.example.authorize")),
    }
    await guest.subscribe(on_event, "com.example.open.", options=SubscribeOptions(match="prefix", details=True))
    closed = guest.publish("com.example.closed", "hello", options=acknowledged)
    summary["publish_denied"] = await error_of(closed)
    # Answered by the authorizer once, and once by its decision that is kept.
    for text in ("hello", "again"):
        await guest.publish("com.example.open.topic", text, options=acknowledged)
    await until(lambda: len(heard) == 2)
    guest.leave()
    await asyncio.wait_for(guest.disconnected, PATIENCE)
    return {**summary, "asked": asked, "heard": heard}


async def history(session, _protocol):
    """Past events, for a client that reads the results alone and for one that wants to know what they are worth."""
    acknowledged = PublishOptions(acknowledge=True)
    options = {"match": "prefix"}
    subscription = await session.call("wamp.subscription.lookup", "topic.past.", options)
    async def events(**filters):
        return await session.call("wamp.subscription.get_events", subscription, **filters)

    def numbers(result):
        return [event["args"][0] for event in result.results]

    none = await events(topic="topic.past.none")
    publications = []
    for number in (1, 2, 3):
        publication = await session.publish("topic.past.python", number, options=acknowledged)
        publications.append(publication.id)
    mine = await events(topic="topic.past.python")
    page = await events(topic="topic.past.python", limit=1)
    missed = await events(after_publication=publications[0], topic="topic.past.python")
    unknown = await events(after_publication=1)
    return {
        "none": numbers(none),
        "mine": numbers(mine),
        "page": [numbers(page), page.kwresults["more"]],
        "missed": [numbers(missed), missed.kwresults["complete"]],
        "unknown": [numbers(unknown), unknown.kwresults["complete"]],
        "same_epoch": len({result.kwresults["epoch"] for result in (mine, page, missed, unknown)}) == 1,
    }


async def goodbye(session, protocol):
    session.leave()
    return await end_of(session, protocol)


async def shutdown(session, protocol):
    print("ready", file=sys.stderr, flush=True)
    return await end_of(session, protocol)


async def end_of(session, protocol):
    details = await asyncio.wait_for(session.left, PATIENCE)
    await asyncio.wait_for(session.disconnected, PATIENCE)
    return {
        "reason": details.reason,
        "goodbyes": len(session.arrived(message.Goodbye)),
        "last_is_goodbye": isinstance(session.seen[-1], message.Goodbye),
        "clean": protocol.wasClean,
        "code": protocol.remoteCloseCode,
    }


async def unreachable(_session, _protocol):
    return {"joined": True}


def user(authmethod, authid, secret):
    return {"join": {"authmethods": [authmethod], "authid": authid}, "secret": secret}


# scenario: what is done on a session, its realm, how it joins
SCENARIOS = {
    "calls": (calls, "realm1", {}),
    "progress": (progress, "realm1", {}),
    "cancel": (cancel, "realm1", {}),
    "subscribe": (subscribe, "realm1", {}),
    "admin": (administrate, "serverwamp.admin", {}),
    "admin_read_only": (read_only, "serverwamp.admin", {}),
    "goodbye": (goodbye, "realm1", {}),
    "shutdown": (shutdown, "realm1", {}),
    "ticket": (identity, "secure", user("ticket", "joe", "secret!!!")),
    "authorizer": (authorizer, "dynamic", user("ticket", "joe", "secret!!!")),
    "history": (history, "router", {}),
    "cra": (identity, "secure", user("wampcra", "peter", "secret1")),
    "cra_salted": (identity, "secure", user("wampcra", "anna", "secret1")),
    "ticket_wrong": (unreachable, "secure", user("ticket", "joe", "secret!!")),
    "cra_wrong": (unreachable, "secure", user("wampcra", "peter", "secret2")),
    "unknown_user": (unreachable, "secure", user("ticket", "nobody", "secret!!!")),
    "no_credentials": (unreachable, "secure", {}),
    "unknown_realm": (unreachable, "there.is.no.such.realm", {}),
}


def in_company(scenario):
    """`host:NAME`, or `visit:NAME:HOST,HOST,...`."""
    kind, name, *hosts = scenario.split(":")

    async def converse(session, _protocol):
        if kind == "host":
            return await company.host(session, name, lambda: print("ready", file=sys.stderr, flush=True))
        return await company.visit(session, name, hosts[0].split(","))

    return converse, "router", {}


async def connect(url, make, config, serializer):
    """Opens the transport that the URL names: ws, wss, rs, rss, or rs://unix:PATH."""
    loop = asyncio.get_running_loop()
    if url.startswith("rs://unix:"):
        # The runner knows TCP only.
        factory = WampRawSocketClientFactory(lambda: make(config), serializer=serializer)
        _transport, protocol = await loop.create_unix_connection(factory, url.removeprefix("rs://unix:"))
        return protocol
    trust = None
    if url.startswith(("wss://", "rss://")):
        trust = ssl.create_default_context(cafile=os.environ["AUTHORITY"])
    runner = ApplicationRunner(url, config.realm, config.extra, serializers=[serializer], ssl=trust)
    _transport, protocol = await runner.run(make, start_loop=False)
    return protocol


async def main(url, serializer, scenario):
    converse, realm, extra = SCENARIOS.get(scenario) or in_company(scenario)
    sessions = []

    def make(config):
        sessions.append(Session(config))
        return sessions[-1]

    protocol = await connect(url, make, ComponentConfig(realm, extra), SERIALIZERS[serializer]())
    async with asyncio.timeout(PATIENCE):
        while not sessions:
            await asyncio.sleep(0.01)
    session = sessions[0]
    try:
        await asyncio.wait_for(session.joined, PATIENCE)
        summary = await converse(session, protocol)
    except Refused as refused:
        summary = {"refused": str(refused), "challenges": session.challenges}
    # RawSocket has no names of subprotocols; its protocol knows the serializer that was agreed on.
    in_use = getattr(protocol, "websocket_protocol_in_use", None)
    summary["subprotocol"] = in_use or "wamp.2." + protocol._serializer.SERIALIZER_ID
    if not session.left.done():
        session.leave()
    await asyncio.wait_for(session.disconnected, PATIENCE)
    print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
