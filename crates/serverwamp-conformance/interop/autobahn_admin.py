"""Autobahn|Python as a tool: it looks into a running server and acts on it, by the admin interface.

The session has joined `serverwamp.admin`; `guest` opens another one in `realm1`, which is looked at.
"""

import asyncio

from autobahn.wamp.types import CallOptions

PATIENCE = 10


async def administrate(session, guest):
    guests = [await guest() for _ in range(3)]
    ids = [one.joined.result().session for one in guests]
    found, cursor, longest = [], None, 0
    while True:
        page = await session.call("serverwamp.session.query", "realm1", limit=2, cursor=cursor)
        rows, cursor = page["sessions"], page["next"]
        found += [row["session"] for row in rows]
        longest = max(longest, len(rows))
        if cursor is None:
            break
    ticks = asyncio.Queue()
    await session.subscribe(ticks.put_nowait, "serverwamp.stats.tick")
    tick = await asyncio.wait_for(ticks.get(), PATIENCE)
    [realm] = [realm for realm in tick["realms"] if realm["realm"] == "realm1"]

    async def while_called(call):
        """What a call answers that waits for others to call."""
        async with asyncio.timeout(PATIENCE):
            while not call.done():
                await guests[0].call("demo.add", 1, 2)
                await asyncio.sleep(0.02)
        return await call

    shown = []
    options = CallOptions(on_progress=lambda batch: shown.extend(batch["messages"]))
    arguments = {"session": ids[0], "filter": {"uri": "demo.*"}, "limit": 2}
    end = await while_called(session.call("serverwamp.tap.open", "realm1", options=options, **arguments))
    results = []
    options = CallOptions(on_progress=results.append)
    arguments = {"uri": "demo.add", "interval_ms": 200, "limit": 3}
    results.append(await while_called(session.call("serverwamp.uri.watch", "realm1", options=options, **arguments)))
    procedures = [row for result in results for row in result["procedures"]]
    killed = await session.call("serverwamp.session.kill", "realm1", session=ids[1], message="maintenance")
    details = await asyncio.wait_for(guests[1].left, PATIENCE)
    for one in (guests[0], guests[2]):
        one.leave()
        await asyncio.wait_for(one.disconnected, PATIENCE)
    return {
        "sessions_found": sorted(set(ids) & set(found)) == sorted(ids),
        "sessions_twice": len(found) - len(set(found)),
        "longest_page": longest,
        "statistics": realm["sessions"] >= 3,
        "tap": [[one["direction"], one["type"], one["uri"]] for one in shown],
        "tap_shown": end["shown"],
        "watched": sorted({row["uri"] for row in procedures}),
        "watched_results": sum(row["results"] for row in procedures) > 0,
        "watch_results": len(results),
        "killed": killed,
        "reason": details.reason,
        "unknown_filter": await session.outcome("serverwamp.session.query", "realm1", {"colour": "red"}),
        "bad_cursor": await session.outcome("serverwamp.session.query", "realm1", cursor="7"),
        "unknown_realm": await session.outcome("serverwamp.session.query", "nowhere"),
    }


async def read_only(session):
    """What a role with the permission `read` alone is refused."""
    info = await session.call("serverwamp.node.info")
    progressive = CallOptions(on_progress=lambda batch: None)
    return {
        "role": info["you"]["authrole"],
        "kill": await session.outcome("serverwamp.session.kill", "realm1", authrole="nobody"),
        "reload": await session.outcome("serverwamp.node.reload"),
        "payloads": await session.outcome("serverwamp.tap.open_with_payloads", "realm1", options=progressive),
        "without_progress": await session.outcome("serverwamp.tap.open", "realm1"),
    }
