"""xconn's router, with a callee in it: `xconn_router.py PORT`. Says `ready` when clients may come."""

import asyncio
import sys

from wampproto import auth
from xconn import Router, Server, types
from xconn.async_client import connect
from xconn.exception import ApplicationError

PUBLIC_KEY = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"  # of 32 bytes of 1


class Authenticator(auth.IServerAuthenticator):
    def methods(self):
        return ["anonymous", "ticket", "wampcra", "cryptosign"]

    def authenticate(self, request):
        if isinstance(request, auth.TicketRequest) and request.ticket == "pencil":
            return auth.Response(request.authid, "user")
        if isinstance(request, auth.WAMPCRARequest):
            return auth.WAMPCRAResponse(request.authid, "user", "pencil")
        if isinstance(request, auth.CryptoSignRequest) and request.public_key == PUBLIC_KEY:
            return auth.Response("device", "user")
        if isinstance(request, auth.AnonymousRequest):
            return auth.Response("nobody", "anonymous")
        raise RuntimeError("not let in")


async def add(invocation):
    return types.Result([sum(invocation.args)])


async def echo(invocation):
    return types.Result(invocation.args, invocation.kwargs)


async def fail(_):
    raise ApplicationError("com.example.failed", "why", 2)


async def main():
    port = int(sys.argv[1])
    router = Router()
    router.add_realm("realm1")
    await Server(router, Authenticator()).start("127.0.0.1", port)
    anonymous = auth.AnonymousAuthenticator("")
    callee = await connect(f"ws://127.0.0.1:{port}/ws", "realm1", anonymous)
    await callee.register("com.example.add", add)
    await callee.register("com.example.echo", echo)
    await callee.register("com.example.fail", fail)
    print("ready", flush=True)
    await asyncio.Future()


asyncio.run(main())
