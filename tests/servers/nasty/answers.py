"""Servers whose answers are no JSON-RPC: by default on tools/call, elsewhere with --on METHOD."""

from nasty.modes import MODES, NastyServer, mode
from raw import Json, text


class BrokenAnswer(NastyServer):
    """Sends `broken(answer)` for the method that is broken, and proper answers else."""

    def respond(self, method: str, answer: Json) -> None:
        if method != self.on:
            super().respond(method, answer)
            return
        for message in self.broken(answer):
            self.send(message)

    def broken(self, answer: Json) -> list[Json]:
        """What is sent instead of the answer."""
        raise NotImplementedError


@mode("no-version")
class NoVersion(BrokenAnswer):
    """Answers without "jsonrpc"."""

    def broken(self, answer: Json) -> list[Json]:
        return [{key: value for key, value in answer.items() if key != "jsonrpc"}]


@mode("old-jsonrpc")
class OldJsonRpc(BrokenAnswer):
    """Answers with "jsonrpc": "1.0"."""

    def broken(self, answer: Json) -> list[Json]:
        return [answer | {"jsonrpc": "1.0"}]


@mode("null-id")
class NullId(BrokenAnswer):
    """Answers with "id": null."""

    def broken(self, answer: Json) -> list[Json]:
        return [answer | {"id": None}]


@mode("no-id")
class NoId(BrokenAnswer):
    """Answers without an id."""

    def broken(self, answer: Json) -> list[Json]:
        return [{key: value for key, value in answer.items() if key != "id"}]


@mode("wrong-id")
class WrongId(BrokenAnswer):
    """Answers with an id that nobody asked with (987654)."""

    def broken(self, answer: Json) -> list[Json]:
        return [answer | {"id": 987654}]


@mode("string-id")
class StringId(BrokenAnswer):
    """Answers with the id as a string: "3" for 3."""

    def broken(self, answer: Json) -> list[Json]:
        return [answer | {"id": str(answer["id"])}]


@mode("neither")
class Neither(BrokenAnswer):
    """Answers with neither result nor error."""

    def broken(self, answer: Json) -> list[Json]:
        return [{"jsonrpc": "2.0", "id": answer["id"]}]


@mode("both")
class Both(BrokenAnswer):
    """Answers with both a result and an error."""

    def broken(self, answer: Json) -> list[Json]:
        return [answer | {"result": text("fine"), "error": {"code": -32000, "message": "not fine"}}]


@mode("null-result")
class NullResult(BrokenAnswer):
    """Answers with "result": null."""

    def broken(self, answer: Json) -> list[Json]:
        return [{"jsonrpc": "2.0", "id": answer["id"], "result": None}]


@mode("scalar-result")
class ScalarResult(BrokenAnswer):
    """Answers with "result": "ok"."""

    def broken(self, answer: Json) -> list[Json]:
        return [{"jsonrpc": "2.0", "id": answer["id"], "result": "ok"}]


@mode("batch")
class Batch(BrokenAnswer):
    """Answers with an array that holds the answer."""

    def broken(self, answer: Json) -> list[Json]:
        return [[answer]]


@mode("twice")
class Twice(BrokenAnswer):
    """Answers twice."""

    def broken(self, answer: Json) -> list[Json]:
        return [answer, answer]


@mode("error-text")
class ErrorText(BrokenAnswer):
    """Answers with "error": "boom"."""

    def broken(self, answer: Json) -> list[Json]:
        return [{"jsonrpc": "2.0", "id": answer["id"], "error": "boom"}]


@mode("error-without-code")
class ErrorWithoutCode(BrokenAnswer):
    """Answers with an error that has a message but no code."""

    def broken(self, answer: Json) -> list[Json]:
        return [{"jsonrpc": "2.0", "id": answer["id"], "error": {"message": "boom"}}]


@mode("empty-error")
class EmptyError(BrokenAnswer):
    """Answers with an error whose message is empty."""

    def broken(self, answer: Json) -> list[Json]:
        return [{"jsonrpc": "2.0", "id": answer["id"], "error": {"code": -32603, "message": ""}}]


@mode("scalars")
class Scalars(BrokenAnswer):
    """Sends 42, "text", null, true and {} before the proper answer."""

    def broken(self, answer: Json) -> list[Json]:
        return [42, "text", None, True, {}, answer]


@mode("strange-requests")
class StrangeRequests(BrokenAnswer):
    """Sends a request and a notification of unknown methods, and one request with bad params, before its answer."""

    def broken(self, answer: Json) -> list[Json]:
        return [
            {"jsonrpc": "2.0", "id": "s-1", "method": "acme/unknown", "params": {"a": 1}},
            {"jsonrpc": "2.0", "method": "notifications/acme", "params": {"b": 2}},
            {"jsonrpc": "2.0", "id": "s-2", "method": "sampling/createMessage", "params": {"messages": "none"}},
            answer,
        ]


BROKEN_ANSWERS = tuple(name for name, server in MODES.items() if issubclass(server, BrokenAnswer))
"""The names of this family's modes."""
