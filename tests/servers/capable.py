"""A hand-written MCP server on stdio with everything that raw.py lacks: resources, prompts, tasks, subscriptions.

    python capable.py [--era legacy|modern|both] [--without CAPABILITY] [--record FILE]

Methods of its own: `x/echo` gives its params back. Tools beside those of raw.py:

    touch(uri)              announces that this resource was updated, to who subscribed to it
    rumour(uri)             the same to everybody
    announce(what)          announces that the list of `tools`, `resources` or `prompts` changed
    grow(what)              adds one to the list of `tools`, `resources` or `prompts`, and announces it
    work(steps, pause)      reports that many steps of progress, a pause in seconds before each
    task_progress(token)    reports progress under a token
    choose(text, level, …)  arguments of several kinds
    heard()                 the notifications that the server received, as JSON
"""

import argparse
import contextlib
import json
import threading
from typing import Any

from raw import META, Json, NoAnswer, RawServer, RpcError, text, tool

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")

RESOURCES = [
    {"uri": "http://Host.Example", "name": "host", "mimeType": "text/plain"},
    {"uri": "file:///C:/Über%20all/../x?a=b#c", "name": "odd"},
    {"uri": "note:1", "name": "note"},
]

TASKS = META + "tasks"

CHOOSE = {
    "name": "choose",
    "description": "Takes one of several.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "level": {"type": "string", "enum": ["debug", "info", "error"], "default": "info"},
            "loud": {"type": "boolean"},
            "levels": {"type": "array", "items": {"enum": ["a", "b"]}},
            "pass": {"type": "string", "format": "password"},
            "code": {"type": "string", "writeOnly": True},
        },
        "required": ["text"],
    },
}

CHANGES = {
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
}
"""Each notification, and what a listener of the modern era asks it by."""


class Capable(RawServer):
    """Answers everything that MCP has."""

    name = "capable"

    def __init__(self, era: str = "legacy", without: tuple[str, ...] = ()) -> None:
        super().__init__(era)
        self._without = without
        self._subscribed: set[str] = set()
        self._listening: dict[Json, Json] = {}
        """The requests that listen, and for what."""
        self._heard: list[Json] = []
        self._tasks: dict[str, str] = {}
        self._resources = list(RESOURCES)
        self._prompts: list[Json] = [{"name": "greet", "arguments": [{"name": "who"}]}]
        self.tools += [
            tool("touch", uri="string"),
            tool("rumour", uri="string"),
            tool("announce", what="string"),
            tool("grow", what="string"),
            tool("work", steps="integer", pause="number"),
            tool("task_progress", token="string"),
            tool("heard"),
            CHOOSE,
        ]

    def capabilities(self) -> Json:
        changes: Json = {"listChanged": True}
        known: Json = {
            "tools": changes,
            "resources": changes | {"subscribe": True},
            "prompts": changes,
            "completions": {},
            "logging": {},
        }
        if self.modern:
            known["extensions"] = {TASKS: {}}
        if self.legacy:
            known["tasks"] = {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}
        for path in self._without:
            inner, *rest = path.split(".")
            if rest:
                known[inner] = {key: value for key, value in known[inner].items() if key != rest[0]}
            else:
                del known[inner]
        return known

    def initialize(self, params: Json) -> Json:
        asked = params.get("protocolVersion")
        return super().initialize(params) | {"protocolVersion": asked if asked in VERSIONS else VERSIONS[-1]}

    def receive(self, message: Json) -> None:
        method = message.get("method", "")
        if method.startswith("notifications/"):
            self._heard.append(message)
            if method == "notifications/cancelled":
                self._listening.pop(message["params"]["requestId"], None)
        if method == "subscriptions/listen" and self.modern:
            self._listen(message["id"], message["params"]["notifications"])
        else:
            super().receive(message)

    def _listen(self, request_id: Json, wanted: Json) -> None:
        self._listening[request_id] = wanted
        self._tell(request_id, "notifications/subscriptions/acknowledged", {"notifications": wanted})

    def _tell(self, request_id: Json, method: str, params: Json) -> None:
        self.notify(method, params | {"_meta": {META + "subscriptionId": request_id}})

    def changed(self, method: str, params: Json, uri: str | None = None) -> None:
        """Tell those who asked for it."""
        for request_id, wanted in self._listening.items():
            if uri in wanted.get("resourceSubscriptions", ()) or wanted.get(CHANGES.get(method, "")):
                self._tell(request_id, method, params)
        if self.legacy and (uri is None or uri in self._subscribed):
            self.notify(method, params)

    def unknown(self, method: str) -> Json:
        raise RpcError(-32601, f"Method not found: {method}")

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        own = self.own(method, params)
        if own is None:
            return super().result(method, params, request_id)
        modern_request = META + "protocolVersion" in params.get("_meta", {})
        return self.modern_result(own) if modern_request else own

    def own(self, method: str, params: Json) -> Json:
        """The result of what raw.py does not know."""
        match method:
            case "x/echo":
                return {"params": params}
            case "resources/list":
                at = int(params.get("cursor", 0))
                return (
                    {"resources": self._resources[:2], "nextCursor": "2"}
                    if at == 0
                    else {"resources": self._resources[2:]}
                )
            case "resources/templates/list":
                return {"resourceTemplates": [{"uriTemplate": "note:{number}", "name": "note"}]}
            case "resources/read":
                return {"contents": [{"uri": params["uri"], "text": "read"}]}
            case "resources/subscribe" if self.legacy:
                self._subscribed.add(params["uri"])
                return {}
            case "resources/unsubscribe" if self.legacy:
                self._subscribed.discard(params["uri"])
                return {}
            case "prompts/list":
                return {"prompts": self._prompts}
            case "prompts/get":
                content = {"type": "text", "text": f"Greet {params['arguments']['who']}."}
                return {"messages": [{"role": "user", "content": content}]}
            case "completion/complete":
                return {"completion": {"values": [params["argument"]["value"] + "!"], "hasMore": False}}
            case "logging/setLevel" if self.legacy:
                return {}
        return self.of_tasks(method, params) if self.legacy else self.of_the_extension(method, params)

    def of_the_extension(self, method: str, params: Json) -> Json:
        """The results of tasks (SEP-2663), for a request that declares the extension."""
        declared = params.get("_meta", {}).get(META + "clientCapabilities", {}).get("extensions", {})
        match method:
            case "tools/call" if TASKS in declared:
                self._tasks[f"task-{len(self._tasks)}"] = "working"
                return {"resultType": "task"} | self._task(f"task-{len(self._tasks) - 1}")
            case "tasks/get":
                return self._task(params["taskId"])
            case "tasks/update":
                return {}
        return None

    def of_tasks(self, method: str, params: Json) -> Json:
        """The results of tasks (MCP 2025-11-25)."""
        match method:
            case "tools/call" if "task" in params:
                task_id = f"task-{len(self._tasks)}"
                self._tasks[task_id] = "working"
                self.notify("notifications/tasks/status", self._task(task_id))
                return {"task": self._task(task_id)}
            case "tasks/list":
                return {"tasks": [self._task(each) for each in self._tasks]}
            case "tasks/get":
                return self._task(params["taskId"])
            case "tasks/result":
                related = {META + "related-task": {"taskId": params["taskId"]}}
                return text("done") | {"_meta": related}
            case "tasks/cancel":
                self._tasks[params["taskId"]] = "cancelled"
                return self._task(params["taskId"])
        return None

    def _task(self, task_id: str) -> Json:
        at = "2026-01-01T00:00:00Z"
        return {"taskId": task_id, "status": self._tasks[task_id], "ttl": 60000, "createdAt": at, "lastUpdatedAt": at}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        match name:
            case "touch":
                self.changed("notifications/resources/updated", {"uri": arguments["uri"]}, arguments["uri"])
            case "rumour":
                self.notify("notifications/resources/updated", {"uri": arguments["uri"]})
            case "announce":
                self.changed(f"notifications/{arguments['what']}/list_changed", {})
            case "grow":
                self._grow(arguments["what"])
            case "task_progress":
                self.notify("notifications/progress", {"progressToken": arguments["token"], "progress": 1})
            case "heard":
                return text(json.dumps(self._heard))
            case "work":
                self._work(params.get("_meta", {}).get("progressToken"), request_id, **arguments)
            case _:
                return super().call_tool(name, arguments, params, request_id)
        return text("done")

    def _grow(self, what: str) -> None:
        if what == "tools":
            self.tools.append(tool(f"tool_{len(self.tools)}"))
        elif what == "resources":
            self._resources.append({"uri": f"note:{len(self._resources)}", "name": "another"})
        else:
            self._prompts.append({"name": f"prompt_{len(self._prompts)}"})
        self.changed(f"notifications/{what}/list_changed", {})

    def _work(self, token: Json, request_id: Json, steps: int, pause: float) -> None:
        cancelled: threading.Event = self._cancelled[request_id]
        for step in range(1, steps + 1):
            if cancelled.wait(pause):
                raise NoAnswer
            if token is not None:
                report: dict[str, Any] = {"progress": step, "total": steps, "message": f"step {step}"}
                self.notify("notifications/progress", {"progressToken": token} | report)


def main() -> None:
    """Run the server as its arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--era", choices=["legacy", "modern", "both"], default="legacy")
    parser.add_argument("--without", metavar="CAPABILITY", action="append", default=[], help="do not declare this one")
    parser.add_argument("--record", metavar="FILE", help="append every received line to this file")
    options = parser.parse_args()
    server = Capable(options.era, tuple(options.without))
    server.record = options.record
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        server.serve()


if __name__ == "__main__":
    main()
