"""The floor: answers each frame of the LSP base protocol with its own params, with blocking reads and no libraries."""

import json
import sys


def main() -> None:
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    while line := reader.readline():
        size = int(line.removeprefix(b"Content-Length: "))
        reader.readline()
        message = json.loads(reader.read(size))
        if message["method"] == "exit":
            return
        if "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": message.get("params") or {}}
            body = json.dumps(answer, separators=(",", ":")).encode()
            writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            writer.flush()


if __name__ == "__main__":
    main()
