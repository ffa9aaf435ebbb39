"""The reference for memory and for a cold connect: a process with FastMCP's Client, connected, and nothing else.

python client_alone.py COMMAND [ARG …]: prints `connected`, and stays so until its stdin ends.
"""

import asyncio
import os
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main() -> None:
    command, *args = sys.argv[1:]
    async with Client(StdioTransport(command, args, env=dict(os.environ), keep_alive=False)):
        print("connected", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
