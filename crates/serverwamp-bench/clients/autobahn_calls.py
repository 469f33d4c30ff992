"""Autobahn|Python, kept busy with calls.

    autobahn_calls.py URL SERIALIZER DEPTH

Prints `ready` once it has joined. For each line of its input, a time in seconds, it keeps DEPTH calls in flight for so long,
checks every result, and prints how many calls there were.
"""

import asyncio
import sys

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
URL, SERIALIZER, DEPTH = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Session(ApplicationSession):
    async def caller(self, end):
        now, calls = asyncio.get_running_loop().time, 0
        while now() < end:
            a = 130 + calls % 64
            if await self.call("demo.add", a, 50) != a + 50:
                raise ValueError("a wrong sum")
            calls += 1
        return calls

    async def onJoin(self, details):
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            end = loop.time() + float(line)
            print(sum(await asyncio.gather(*(self.caller(end) for _ in range(DEPTH)))), flush=True)
        self.leave()

    def onDisconnect(self):
        asyncio.get_running_loop().stop()


ApplicationRunner(URL, "realm1", serializers=[SERIALIZERS[SERIALIZER]()]).run(Session)
