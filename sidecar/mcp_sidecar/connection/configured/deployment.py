"""The deployment of a `fastmcp.json`: what FastMCP itself takes out of the file once it runs, and the user agrees to.

fastmcp 4.1, `fastmcp/cli/run.py` and `Deployment.apply_runtime_settings`: all of it holds with `--skip-env`, too.
"""

from collections.abc import Mapping

import attrs

from mcp_sidecar.jsonc import Node


@attrs.frozen(kw_only=True)
class Deployment:
    """What decides which code runs, beside the command line; variables in it are FastMCP's to fill in."""

    source: str
    """The server's file, with the object in it where that is named."""
    path: Node | None
    """Where the file is written, if it is one of the file system."""
    directory: str | None
    """Where FastMCP goes; relative to the file."""
    args: tuple[str, ...]
    env: Mapping[str, str]


def read_deployment(root: Node) -> Deployment:
    """Read it from the whole file. What is of another type than FastMCP takes is left out: it then runs nothing."""
    source, deployment = root.get("source"), root.get("deployment")
    path, entrypoint = _string(source, "path") or "", _string(source, "entrypoint")
    args, env = (deployment.get(name) if deployment is not None else None for name in ("args", "env"))
    names = dict.fromkeys(member.name for member in env.members) if env is not None else {}
    return Deployment(
        source=f"{path}:{entrypoint}" if entrypoint is not None else path,
        path=source.get("path") if source is not None and _string(source, "type") in (None, "filesystem") else None,
        directory=_string(deployment, "cwd"),
        args=tuple(item.value for item in args.items if item.kind == "string") if args is not None else (),
        env={name: value for name in names if (value := _string(env, name)) is not None},
    )


def _string(node: Node | None, name: str) -> str | None:
    value = node.get(name) if node is not None else None
    return value.value if value is not None and value.kind == "string" else None
