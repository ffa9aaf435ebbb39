"""The reference for start-up: a language server as pygls's own tutorial has it, nothing more."""

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("hello-world", "v1")


@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(_params: types.HoverParams) -> types.Hover:
    return types.Hover(contents="Hello, world!")


if __name__ == "__main__":
    server.start_io()
