"""Autobahn|Python in the company of other clients: as a host, and as a visitor of hosts.

A host serves the procedures `host.NAME.*`, listens to `host.NAME.inbox`, and publishes where it is told to. A visitor
calls and hears every host it is given, and tells what came of it; the test that started it judges.
"""

import asyncio

from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions, SubscribeOptions

PATIENCE = 10
BYTES = bytes([0, 1, 127, 128, 255])


def plain(value):
    """What JSON can say, bytes as their numbers."""
    if isinstance(value, CallResult):
        return {"args": plain(list(value.results)), "kwargs": plain(value.kwresults or {})}
    if getattr(value, "tag", None) == 64:
        # wampy writes bytes in CBOR with a tag that says so, which a router passes on.
        value = value.value
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": list(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


async def host(session, name, ready):
    heard, stopped = [], asyncio.Event()

    def echo(*args, **kwargs):
        return CallResult(*args, **kwargs)

    def fail(*args, **kwargs):
        raise ApplicationError("host.error.asked_for", *args, **kwargs)

    async def count(limit, details=None):
        for number in range(1, limit + 1):
            details.progress(number)
        return "done"

    def who(details=None):
        return [details.caller, details.caller_authrole]

    async def wait():
        await asyncio.sleep(PATIENCE)

    async def shout(topic, options, args, kwargs):
        # Autobahn cannot ask to be disclosed.
        options.pop("disclose_me", None)
        options = PublishOptions(acknowledge=True, **options)
        await session.publish(topic, *args, options=options, **kwargs)

    def inbox(visitor):
        return [event for event in heard if event["from"] == visitor]

    def on_inbox(visitor, *args, details=None, **kwargs):
        heard.append({"from": visitor, "args": plain(args), "kwargs": plain(kwargs), "publisher": details.publisher})

    def stop():
        asyncio.get_running_loop().call_later(0.1, stopped.set)

    detailed = RegisterOptions(details_arg="details")
    base = f"host.{name}."
    for procedure in (echo, fail, wait, shout, inbox, stop):
        await session.register(procedure, base + procedure.__name__)
    await session.register(count, base + "count", options=detailed)
    await session.register(who, base + "who", options=detailed)
    await session.register(lambda: name, "host.shared", options=RegisterOptions(invoke="roundrobin"))
    await session.subscribe(on_inbox, base + "inbox", options=SubscribeOptions(details=True))
    ready()
    await asyncio.wait_for(stopped.wait(), 12 * PATIENCE)
    return {}


async def visit(session, name, hosts):
    outcome, own = session.outcome, session.joined.result().session
    heard = []

    def on_event(*args, details=None, **kwargs):
        heard.append({"topic": details.topic, "args": plain(args), "kwargs": plain(kwargs),
                      "publisher": details.publisher is not None})

    options = SubscribeOptions(match="prefix", details=True)
    await session.subscribe(on_event, f"visit.{name}.", options=options)
    summary = {}
    for host_name in hosts:
        base = f"host.{host_name}."
        seen = []
        progress = CallOptions(on_progress=lambda *args, **_kwargs: seen.append(args[0]))
        errors = len(session.arrived(message.Error))
        session.call(base + "wait").cancel()
        topic = f"visit.{name}.{host_name}"
        nobody = {"exclude": [own]}
        summary[host_name] = {
            "positional": plain(await outcome(base + "echo", 1, "zwei \u20ac", [2.5, None, True, {"k": []}])),
            "named": plain(await outcome(base + "echo", a=1, b={"c": "\u00e4"})),
            "bytes": plain(await outcome(base + "echo", BYTES)),
            "big": plain(await outcome(base + "echo", 2**31 - 1, -(2**31))),
            "error": plain(await outcome(base + "fail", 1, why="so")),
            "final": plain(await outcome(base + "count", 3, options=progress)),
            "progress": seen,
            # Autobahn cannot ask to be disclosed.
            "known": None,
            "unknown": await outcome(base + "who"),
            # Autobahn forgets what it canceled; the answer is what arrived.
            "canceled": session.arrived(message.Error)[errors].error,
            "shouts": [
                await outcome(base + "shout", topic, {}, [1, "zwei"], {"k": None}),
                await outcome(base + "shout", topic, {"disclose_me": True}, [2], {}),
                await outcome(base + "shout", topic, nobody, ["not for the visitor"], {}),
                await outcome(base + "shout", topic, {"eligible": [own]}, [BYTES], {}),
            ],
        }
        await session.publish(base + "inbox", name, 7, options=PublishOptions(acknowledge=True), word="\u20ac")
        summary[host_name]["inbox"] = await outcome(base + "inbox", name)
        summary[host_name]["heard"] = [event for event in heard if event["topic"] == topic]
    shared = [await outcome("host.shared") for _ in range(2 * len(hosts))]
    summary["shared"] = sorted(shared) == sorted(hosts * 2)
    sessions = await outcome("wamp.session.list")
    summary["listed"] = own in sessions and await outcome("wamp.session.count") == len(sessions)
    registration = await outcome("wamp.registration.match", f"host.{hosts[0]}.echo")
    details = await outcome("wamp.registration.get", registration)
    summary["registered"] = [details["uri"] == f"host.{hosts[0]}.echo", details["match"], details["invoke"]]
    return summary
