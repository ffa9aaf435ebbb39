"""An MCP server that wants OAuth, and its authorization server on a port of its own: good, or wrong in what is asked.

    python oauth_http.py --port PORT [NAME=VALUE …]

The names and what they are for a good server are in `GOOD`. `/mcp` is a streamable HTTP endpoint without sessions,
`/sse` one of the older transport; the tools are `echo(text)`, and `admin`, which wants the scope `admin`. The
authorization server logs everybody in, without a page: `/authorize` redirects at once.

`GET /seen` gives all that was received, without the endpoint's own; `GET /set?NAME=VALUE` changes a setting;
`GET /revoke` makes the access tokens so far worthless, `GET /revoke?all=1` the refresh tokens as well. `GET /url` gives
the issuer.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

Json = Any
"""Whatever JSON can say."""

GOOD: dict[str, str] = {
    "era": "legacy",  # or `modern`
    "prm": "good",  # metadata of the resource: 404, 500, html, hang, huge, away, other-resource, plain-http, no-list
    "asm": "good",  # metadata of the authorization server: 404, html, hang, huge, away, loop, wrong-issuer, script, …
    "challenge": "good",  # or `none`: 401 without WWW-Authenticate; `basic`: another scheme
    "scope": "read",  # of the challenge
    "methods": "none client_secret_post client_secret_basic",  # of the token endpoint
    "pkce": "S256",  # or `plain`, `absent`
    "register": "good",  # or `absent`, `refuse`, `html`
    "authorize": "good",  # or `deny`, `wrong-state`, `no-state`, `wrong-iss`, `no-iss`, `silent`
    "token": "good",  # or `refuse`, `form`, `hang`, `html`, `huge`, `away`, `500`
    "refresh": "good",  # or `absent`, `refuse`, `500`
    "expires": "",  # seconds that a token is said to live
    "takes": "good",  # or `nothing`: every token is refused; `no-scope`: none is ever enough
    "key": "",  # public key in PEM, for client assertions
}

SECRETS = ("made-up-client-secret", "made-up-refresh-", "made-up-access-", "made-up-code-")
"""What no log may show."""


class Server:
    """Both servers, and what they remember."""

    def __init__(self, port: int, settings: dict[str, str]) -> None:
        self.settings = GOOD | settings
        self.url = f"http://127.0.0.1:{port}"
        self.issuer = ""
        self.seen: list[Json] = []
        self.clients: dict[str, Json] = {"known": {"client_secret": "made-up-client-secret"}, "public": {}}
        self.codes: dict[str, Json] = {}
        self.tokens: dict[str, str] = {}
        """The scope of each access token."""
        self.refresh_tokens: dict[str, str] = {}

    def __getattr__(self, name: str) -> str:
        return self.settings[name]

    # the control

    async def control(self, request: Request) -> Response:
        """Tell what was seen, or change something."""
        match request.url.path:
            case "/set":
                self.settings |= dict(request.query_params)
            case "/revoke":
                self.tokens.clear()
                if "all" in request.query_params:
                    self.refresh_tokens.clear()
            case "/url":
                return JSONResponse({"issuer": self.issuer})
        return JSONResponse(self.seen)

    async def note(self, request: Request) -> Json:
        """Remember a request, and return its form or JSON."""
        body = (await request.body()).decode()
        kind = request.headers.get("content-type", "")
        fields = json.loads(body) if kind == "application/json" else {k: v[0] for k, v in parse_qs(body).items()}
        self.seen.append(
            {
                "server": "as" if str(request.base_url).rstrip("/") == self.issuer else "mcp",
                "method": request.method,
                "path": request.url.path,
                "query": dict(request.query_params),
                "fields": fields,
                "authorization": request.headers.get("authorization"),
                "key": request.headers.get("x-key"),
            }
        )
        return fields

    # the MCP server

    async def mcp(self, request: Request) -> Response:
        """The endpoint."""
        refused = self.refused(request, "read")
        if refused is not None:
            return refused
        if request.method != "POST":
            return Response(status_code=405)
        message = await request.json()
        if "id" not in message:
            return Response(status_code=202)
        if message.get("params", {}).get("name") == "admin" and (refused := self.refused(request, "admin")) is not None:
            return refused
        return JSONResponse(self.reply(message))

    async def sse(self, request: Request) -> Response:
        """The stream of the older transport."""
        refused = self.refused(request, "read")
        if refused is not None:
            return refused
        self.queue: asyncio.Queue[Json] = asyncio.Queue()

        async def events() -> Any:
            yield "event: endpoint\ndata: /messages\n\n"
            while True:
                yield f"event: message\ndata: {json.dumps(await self.queue.get())}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def messages(self, request: Request) -> Response:
        """Where the older transport posts to."""
        refused = self.refused(request, "read")
        if refused is not None:
            return refused
        message = await request.json()
        if "id" in message:
            self.queue.put_nowait(self.reply(message))
        return Response("Accepted", status_code=202)

    def refused(self, request: Request, scope: str) -> Response | None:
        """The refusal of a request whose token is not good for this scope."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        granted = self.tokens.get(token, "").split() if scheme == "Bearer" else []
        path = "/sse" if request.url.path == "/messages" else request.url.path
        metadata = f'resource_metadata="{self.url}/.well-known/oauth-protected-resource{path}"'
        if self.challenge == "none":
            challenge = {}
        elif self.challenge == "basic":
            challenge = {"WWW-Authenticate": 'Basic realm="the vault"'}
        else:
            asked = f', scope="{self.scope}"' if self.scope else ""
            challenge = {"WWW-Authenticate": f'Bearer realm="mcp", error="invalid_token"{asked}, {metadata}'}
        if token not in self.tokens or self.takes == "nothing":
            return JSONResponse({"error": "invalid_token"}, 401, headers=challenge)
        if scope != "read" and (scope not in granted or self.takes == "no-scope"):
            more = f'Bearer error="insufficient_scope", scope="{scope}", {metadata}'
            return JSONResponse({"error": "insufficient_scope"}, 403, headers={"WWW-Authenticate": more})
        return None

    def reply(self, message: Json) -> Json:
        """The answer to a request."""
        params = message.get("params", {})
        info = {"name": "guarded", "version": "1"}
        modern = self.era == "modern"
        result: Json
        match message["method"]:
            case "initialize" if not modern:
                version = params["protocolVersion"]
                result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
            case "server/discover" if modern:
                meta = {"io.modelcontextprotocol/serverInfo": info}
                result = {
                    "supportedVersions": ["2026-07-28"],
                    "capabilities": {"tools": {}},
                    "resultType": "complete",
                    "ttlMs": 0,
                    "cacheScope": "private",
                    "_meta": meta,
                }
            case "ping":
                result = {}
            case "tools/list":
                tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "admin")]
                result = {"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
            case "tools/call":
                text = params.get("arguments", {}).get("text", "done")
                result = {"content": [{"type": "text", "text": text}], "resultType": "complete"}
            case method:
                error = {"code": -32601, "message": f"no {method}"}
                return {"jsonrpc": "2.0", "id": message["id"], "error": error}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    async def resource_metadata(self, request: Request) -> Response:
        """RFC 9728."""
        await self.note(request)
        resource = f"{self.url}/{request.path_params.get('path', '')}"
        metadata = {"resource": resource, "authorization_servers": [self.issuer], "scopes_supported": ["read"]}
        match self.prm:
            case "other-resource":
                metadata["resource"] = "https://other.example/mcp"
            case "plain-http":
                metadata["authorization_servers"] = ["http://auth.example"]
            case "user":
                metadata["authorization_servers"] = ["https://me:pw@auth.example"]
            case "no-list":
                metadata["authorization_servers"] = "nobody"
        return await self.wrong(self.prm) or JSONResponse(metadata)

    # the authorization server

    async def server_metadata(self, request: Request) -> Response:
        """RFC 8414."""
        await self.note(request)
        metadata: Json = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": self.methods.split(),
            "code_challenge_methods_supported": [self.pkce],
            "authorization_response_iss_parameter_supported": True,
        }
        if self.register == "cimd":
            metadata["client_id_metadata_document_supported"] = True
        elif self.register != "absent":
            metadata["registration_endpoint"] = f"{self.issuer}/register"
        if self.pkce == "absent":
            del metadata["code_challenge_methods_supported"]
        match self.asm:
            case "wrong-issuer":
                metadata["issuer"] = "https://other.example"
            case "script":
                metadata["authorization_endpoint"] = "javascript:alert(1)"
            case "file":
                metadata["authorization_endpoint"] = "file:///etc/passwd"
            case "plain-http":
                metadata["authorization_endpoint"] = "http://auth.example/authorize"
            case "plain-http-token":
                metadata["token_endpoint"] = "http://auth.example/token"
            case "no-token-endpoint":
                del metadata["token_endpoint"]
            case "no-authorize":
                del metadata["authorization_endpoint"]
            case "oidc" if "openid" not in request.url.path:
                return Response(status_code=404)
        return await self.wrong(self.asm) or JSONResponse(metadata)

    async def registered(self, request: Request) -> Response:
        """RFC 7591."""
        client = await self.note(request)
        if self.register == "refuse":
            return JSONResponse({"error": "invalid_redirect_uri", "error_description": "not here"}, 400)
        if wrong := await self.wrong(self.register):
            return wrong
        client_id = f"client-{len(self.clients)}"
        client["client_id"] = client_id
        if client.get("token_endpoint_auth_method") != "none":
            client["client_secret"] = "made-up-client-secret-registered"
        self.clients[client_id] = client
        return JSONResponse(client, 201)

    async def authorized(self, request: Request) -> Response:
        """The authorization endpoint: whoever comes is logged in."""
        await self.note(request)
        query = request.query_params
        client = self.clients.get(query["client_id"])
        if client is None and not query["client_id"].startswith("https://"):
            return HTMLResponse("unknown client", 400)
        if (uris := (client or {}).get("redirect_uris")) and query["redirect_uri"] not in uris:
            return HTMLResponse("unknown redirect URI", 400)
        if self.authorize == "silent":
            return HTMLResponse("log in here")
        code = f"made-up-code-{secrets.token_hex(8)}"
        self.codes[code] = dict(query)
        answer = {"code": code, "state": query["state"], "iss": self.issuer}
        match self.authorize:
            case "deny":
                answer = {"error": "access_denied", "error_description": "the person said no", "state": query["state"]}
            case "wrong-state":
                answer["state"] = "other"
            case "no-state":
                del answer["state"]
            case "wrong-iss":
                answer["iss"] = "https://other.example"
            case "no-iss":
                del answer["iss"]
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 302)

    async def issued(self, request: Request) -> Response:
        """The token endpoint."""
        fields = await self.note(request)
        grant = fields["grant_type"]
        setting = self.refresh if grant == "refresh_token" else self.token
        if setting == "refuse":
            return JSONResponse({"error": "invalid_grant", "error_description": "over and out"}, 400)
        if setting == "form":
            return Response("access_token=made-up-access-form&token_type=bearer", media_type="text/plain")
        if setting == "cut":
            return Response('{"access_token": "made-up-access-cut-short', media_type="application/json")
        if wrong := await self.wrong(setting):
            return wrong
        problem = self.client_problem(request, fields)
        scope = fields.get("scope", "")
        if problem is None and grant == "authorization_code":
            asked = self.codes.pop(fields["code"], None)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=")
            if (
                asked is None
                or asked["code_challenge"] != challenge.decode()
                or asked["redirect_uri"] != fields["redirect_uri"]
            ):
                problem = "invalid_grant"
            else:
                scope = asked.get("scope", "")
        elif problem is None and grant == "refresh_token":
            known = self.refresh_tokens.pop(fields["refresh_token"], None)
            problem, scope = ("invalid_grant", "") if known is None else (None, known)
        if problem is not None:
            return JSONResponse({"error": problem}, 401 if problem == "invalid_client" else 400)
        token = f"made-up-access-{secrets.token_hex(8)}"
        self.tokens[token] = scope
        answer: Json = {"access_token": token, "token_type": "bearer"}
        if self.expires:
            answer["expires_in"] = int(self.expires)
        if self.refresh != "absent":
            answer["refresh_token"] = f"made-up-refresh-{secrets.token_hex(8)}"
            self.refresh_tokens[answer["refresh_token"]] = scope
        return JSONResponse(answer)

    def client_problem(self, request: Request, fields: Json) -> str | None:
        """What is wrong with how the client authenticates."""
        if "client_assertion" in fields:
            try:
                claims = jwt.decode(
                    fields["client_assertion"],
                    self.key,
                    algorithms=["RS256", "ES256", "ES384", "EdDSA"],
                    audience=[self.issuer, f"{self.issuer}/"],
                    options={"require": ["exp", "iat", "jti", "iss", "sub"]},
                )
            except jwt.PyJWTError:
                return "invalid_client"
            return None if claims["iss"] == claims["sub"] == "known" else "invalid_client"
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            method = "client_secret_basic"
            client_id, _, secret = (unquote(part) for part in base64.b64decode(encoded).decode().partition(":"))
        else:
            client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
            method = "client_secret_post" if secret else "none"
        expected = self.clients.get(client_id, {}).get("client_secret", "")
        if method not in self.methods.split() or secret != expected:
            return "invalid_client"
        return None

    # what any of them can do wrong

    async def wrong(self, how: str) -> Response | None:
        """The answer of an endpoint that is broken in this way; None for what is no way."""
        match how:
            case "404" | "500":
                return Response("not in the mood", status_code=int(how))
            case "html":
                return HTMLResponse("<h1>Welcome!</h1>")
            case "list":
                return JSONResponse([1, 2, 3])
            case "hang":
                await asyncio.Event().wait()
            case "huge":

                async def flood() -> Any:
                    while True:
                        yield b" " * 65536

                return StreamingResponse(flood(), media_type="application/json")
            case "away":
                return RedirectResponse("https://other.example/metadata?token=secret", 302)
            case "loop":
                return RedirectResponse("/.well-known/oauth-authorization-server", 307)
        return None


def app(server: Server) -> Starlette:
    """Both servers' endpoints; which of the two is asked tells the port."""
    routes: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/mcp": server.mcp,
        "/sse": server.sse,
        "/messages": server.messages,
        "/.well-known/oauth-protected-resource/{path:path}": server.resource_metadata,
        "/.well-known/oauth-protected-resource": server.resource_metadata,
        "/.well-known/oauth-authorization-server": server.server_metadata,
        "/.well-known/openid-configuration": server.server_metadata,
        "/register": server.registered,
        "/authorize": server.authorized,
        "/token": server.issued,
        **dict.fromkeys(("/seen", "/set", "/revoke", "/url"), server.control),
    }
    return Starlette(
        routes=[Route(path, handler, methods=["GET", "POST", "DELETE"]) for path, handler in routes.items()]
    )


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("settings", nargs="*")
    arguments = parser.parse_args()
    server = Server(arguments.port, dict(each.split("=", 1) for each in arguments.settings))
    listeners = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", arguments.port))]
    server.issuer = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
    config = uvicorn.Config(app(server), log_level="warning", timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve(sockets=listeners)


if __name__ == "__main__":
    asyncio.run(main())
