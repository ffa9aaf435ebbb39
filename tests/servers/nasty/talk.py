"""Servers that say too much, too late, or what nobody asked for."""

import json
import threading

from nasty.modes import NastyServer, mode
from raw import META, Json, NoAnswer, text


def _token(params: Json) -> Json:
    return params.get("_meta", {}).get("progressToken")


@mode("progress-then-nothing")
class ProgressThenNothing(NastyServer):
    """Reports progress once on a tool call, and never answers."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        self.notify("notifications/progress", {"progressToken": _token(params), "progress": 1})
        raise NoAnswer


@mode("progress-for-ever")
class ProgressForEver(NastyServer):
    """Reports progress on a tool call for ever, also when it is cancelled, and never answers."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        step = 0
        wait = threading.Event()
        while True:
            step += 1
            self.notify("notifications/progress", {"progressToken": _token(params), "progress": step})
            wait.wait(0.01)


@mode("late-progress")
class LateProgress(NastyServer):
    """Reports progress that falls, then after the answer, then under tokens that are none, then `the last one`."""

    def respond(self, method: str, answer: Json) -> None:
        super().respond(method, answer)
        if method == "tools/call":
            for token in (self._used, "made up"):
                for step in range(20):
                    self.notify("notifications/progress", {"progressToken": token, "progress": step})
            self.notify("notifications/progress", {"progressToken": "the last one", "progress": 1})

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        self._used = _token(params)
        for step in (5, 3, 2):
            self.notify("notifications/progress", {"progressToken": self._used, "progress": step})
        return text("done")


@mode("odd-progress")
class OddProgress(NastyServer):
    """Reports progress in all the wrong shapes before it answers a tool call."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        token = _token(params)
        for odd in (
            {},
            {"progressToken": None, "progress": 1},
            {"progressToken": [token], "progress": 1},
            {"progressToken": True, "progress": 1},
            {"progressToken": token},
            {"progressToken": token, "progress": "half", "total": "all", "message": 7},
            {"progressToken": token, "progress": 10**400, "total": 0},
            {"progressToken": token, "progress": 7, "total": -1},
            {"progressToken": token, "progress": 900, "total": 3},
        ):
            self.notify("notifications/progress", odd)
        return text("done")


@mode("answers-cancelled")
class AnswersCancelled(NastyServer):
    """Answers a tool call only once it is cancelled."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        if name != "echo":
            self._cancelled[request_id].wait()
        return text("too late")


@mode("notifies")
class Notifies(NastyServer):
    """Sends N (10000) notifications of an unknown kind on each tool call, then the answer."""

    default = 10_000

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        for number in range(self.value):
            self.notify("notifications/x/tick", {"number": number})
        return text("done")


@mode("rumours")
class Rumours(NastyServer):
    """Announces updates of N (100) resources that nobody subscribed to, on each tool call."""

    default = 100

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        for number in range(self.value):
            self.notify("notifications/resources/updated", {"uri": f"unknown:{number}"})
        return text("done")


@mode("tells-first")
class TellsFirst(NastyServer):
    """Announces an update of a resource before it answers the subscription to it, and another one with the answer."""

    def capabilities(self) -> Json:
        return super().capabilities() | {"resources": {"subscribe": True}}

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        if method != "resources/subscribe":
            return super().result(method, params, request_id)
        updated = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": params["uri"]}}
        answer = {"jsonrpc": "2.0", "id": request_id, "result": {}}
        self.write(b"".join(json.dumps(each).encode() + b"\n" for each in (updated, answer, updated)))
        raise NoAnswer


@mode("asks-first")
class AsksFirst(NastyServer):
    """Sends N (5) pings, a request nobody knows and a notification before it has answered `initialize`."""

    default = 5

    def initialize(self, params: Json) -> Json:
        for number in range(self.value):
            self.send({"jsonrpc": "2.0", "id": f"early-{number}", "method": "ping"})
        self.send({"jsonrpc": "2.0", "id": "early-x", "method": "x/unknown"})
        self.notify("notifications/x/early")
        return super().initialize(params)


@mode("tells-all")
class TellsAll(NastyServer):
    """Sends every notification of the protocol on each tool call, with and without params."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        for method, said in TOLD.items():
            self.notify(method, said)
        return text("done")


TOLD: Json = {
    "notifications/tools/list_changed": None,
    "notifications/resources/list_changed": {"x": 1},
    "notifications/prompts/list_changed": {},
    "notifications/message": {"level": "info", "data": {"x": 1}},
    "notifications/cancelled": {"requestId": "never-sent", "reason": "none"},
    "notifications/elicitation/complete": {"elicitationId": "e"},
    "notifications/tasks/status": {"taskId": "t", "status": "working"},
    "notifications/x/own": {"x": [None]},
}
"""What `tells-all` sends."""


class Listener(NastyServer):
    """Says that it listens; subclasses say how."""

    def capabilities(self) -> Json:
        return super().capabilities() | {"resources": {"subscribe": True, "listChanged": True}}

    def receive(self, message: Json) -> None:
        if message.get("method") == "subscriptions/listen":
            self.listen(message["id"], message["params"]["notifications"])
        else:
            super().receive(message)

    def listen(self, request_id: Json, wanted: Json) -> None:
        """Answer a request to listen."""

    def acknowledge(self, request_id: Json, honoured: Json) -> None:
        """Agree to listen."""
        meta = {META + "subscriptionId": request_id}
        self.notify("notifications/subscriptions/acknowledged", {"notifications": honoured, "_meta": meta})


@mode("disagrees")
class Disagrees(Listener):
    """Acknowledges `subscriptions/listen` with nothing of what was asked."""

    def listen(self, request_id: Json, wanted: Json) -> None:
        self.acknowledge(request_id, {})


@mode("never-acknowledges")
class NeverAcknowledges(Listener):
    """Takes `subscriptions/listen` without a word."""


@mode("ends-listening")
class EndsListening(Listener):
    """Acknowledges `subscriptions/listen`, and ends it N (1) times at once; later ones stand."""

    default = 1

    def listen(self, request_id: Json, wanted: Json) -> None:
        self.acknowledge(request_id, wanted)
        if "resourceSubscriptions" in wanted and self.value > 0:
            self.value -= 1
            self.send({"jsonrpc": "2.0", "id": request_id, "result": self.modern_result({})})
