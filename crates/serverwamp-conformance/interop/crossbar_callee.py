"""The callee within Crossbar.io's router, which is there before its transports."""

from autobahn.twisted.wamp import ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallResult
from twisted.internet.defer import inlineCallbacks


def fail():
    raise ApplicationError("com.example.failed", "why", 2)


class Callee(ApplicationSession):
    @inlineCallbacks
    def onJoin(self, details):
        yield self.register(lambda *numbers: sum(numbers), "com.example.add")
        yield self.register(lambda *args, **kwargs: CallResult(*args, **kwargs), "com.example.echo")
        yield self.register(fail, "com.example.fail")
