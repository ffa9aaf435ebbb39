"""A hand-written server that asks the client whatever it is told to; the raw server with more tools.

    python asking_raw.py [--era legacy|modern|both] [--early FILE]

Tools of its own:

    ask(requests)       sends these requests (`method`, `params`, `id`), and gives the answers as they came
    send(messages)      sends these messages as they are, and waits for nothing
    flood(count, message)   the same message so many times, each with an id of its own if it is a request
    error(error)        is refused with this JSON-RPC error
    heard()             what came for the requests that nobody waited for, and the notifications
    declared()          the capabilities that the client declared
    rounds(key, steps)  2026-07-28: the first call gives the first of these results, and so on; after the last one,
                        gives what came with each call. The prompt `rounds` and the resource `rounds:x` ask once
"""

import argparse
import itertools
import json
import threading
from pathlib import Path

from raw import META, Json, NoAnswer, RawServer, RpcError, text, tool

QUESTION: Json = {
    "resultType": "input_required",
    "inputRequests": {
        "name": {
            "method": "elicitation/create",
            "params": {
                "message": "Your name?",
                "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        }
    },
    "requestState": "s1",
}


class AskingServer(RawServer):
    """Asks."""

    name = "asking"

    def __init__(self, era: str) -> None:
        super().__init__(era)
        self._own_ids = itertools.count(1)
        self._answers: dict[Json, Json] = {}
        self._heard: list[Json] = []
        self._news = threading.Condition()
        self._declared: Json = None
        self._legs: dict[str, list[Json]] = {}
        self.early: list[Json] = []
        """Messages that are sent before `initialize` is answered."""
        self.tools += [
            tool("ask", "Asks the client."),
            tool("send", "Sends messages."),
            tool("flood", "Sends one message many times.", count="integer"),
            tool("heard", "What came unasked."),
            tool("declared", "What the client can do."),
            tool("rounds", "Asks in rounds."),
            tool("error", "Fails with this error."),
        ]

    def capabilities(self) -> Json:
        return super().capabilities() | {"prompts": {}, "resources": {}}

    def receive(self, message: Json) -> None:
        if "method" not in message:
            with self._news:
                self._answers[message["id"]] = message
                self._heard.append(message)
                self._news.notify_all()
            return
        if "id" not in message:
            with self._news:
                self._heard.append(message)
        super().receive(message)

    def initialize(self, params: Json) -> Json:
        self._declared = params["capabilities"]
        for message in self.early:
            self.send(message)
        return super().initialize(params) | {"protocolVersion": params["protocolVersion"]}

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        capabilities = params.get("_meta", {}).get(META + "clientCapabilities")
        if capabilities is not None:
            self._declared = capabilities
        if method == "prompts/get":
            return self._rounds("prompt", [QUESTION], params, "messages")
        if method == "resources/read":
            return self._rounds("resource", [QUESTION], params, "contents")
        return super().result(method, params, request_id)

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        if name == "ask":
            return self._ask(arguments["requests"], request_id)
        if name == "send":
            for message in arguments["messages"]:
                self.send(message)
            return text("sent")
        if name == "flood":
            for number in range(arguments["count"]):
                message = arguments["message"]
                self.send(message | ({"id": f"flood-{number}"} if "id" in message else {}))
            return text("flooded")
        if name == "error":
            error = arguments["error"]
            raise RpcError(error["code"], error["message"], error["data"])
        if name == "heard":
            return text(json.dumps(self._heard))
        if name == "declared":
            return text(json.dumps(self._declared))
        if name == "rounds":
            return self._rounds(arguments["key"], arguments["steps"], params, "content")
        return super().call_tool(name, arguments, params, request_id)

    def _ask(self, requests: Json, request_id: Json) -> Json:
        ids = [self._send_request(request) for request in requests]
        cancelled = self._cancelled[request_id]
        with self._news:
            while not all(each in self._answers for each in ids):
                self._news.wait(timeout=0.05)
                if cancelled.is_set():
                    raise NoAnswer
        return text(json.dumps([self._answers[each] for each in ids]))

    def _send_request(self, request: Json) -> Json:
        own_id = request.get("id", f"own-{next(self._own_ids)}")
        self.send({"jsonrpc": "2.0", **request, "id": own_id})
        return own_id

    def _rounds(self, key: str, steps: list[Json], params: Json, field: str) -> Json:
        """The next of the steps; then what came with each of the requests."""
        legs = self._legs.setdefault(key, [])
        legs.append({name: params[name] for name in ("inputResponses", "requestState") if name in params})
        if len(legs) <= len(steps):
            return self.modern_result(steps[len(legs) - 1])
        del self._legs[key]
        answers = {
            "content": [{"type": "text", "text": json.dumps(legs)}],
            "messages": [{"role": "user", "content": {"type": "text", "text": json.dumps(legs)}}],
            "contents": [{"uri": "rounds:x", "text": json.dumps(legs)}],
        }
        return self.modern_result({field: answers[field], "odd": None})


def main() -> None:
    """Run the server as its arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--era", choices=["legacy", "modern", "both"], default="legacy")
    parser.add_argument("--early", type=Path, help="a JSON file of messages to send before `initialize` is answered")
    options = parser.parse_args()
    server = AskingServer(options.era)
    if options.early:
        server.early = json.loads(options.early.read_text(encoding="utf-8"))
    server.serve()


if __name__ == "__main__":
    main()
