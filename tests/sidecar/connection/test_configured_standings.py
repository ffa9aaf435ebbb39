"""What the statuses of the one connection mean for each configured server."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mcp_sidecar.connection.configured.standings import MOST_FAILURES, Key, Standings
from mcp_sidecar.connection.errors import Failure
from mcp_sidecar.connection.status import ConnectionStatus, State, Statistics, TargetInfo

FILE = "file:///ws/.vscode/mcp.json"
A, B = Key(FILE, "a"), Key(FILE, "b")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Story:
    """Statuses, one after the other."""

    def __init__(self) -> None:
        self.standings = Standings()
        self._revision = 0

    def tell(self, state: State, key: Key | None = None, **more: Any) -> bool:
        self._revision += 1
        target = None if key is None else TargetInfo(name=key.name, transport="stdio", server=key.name, file=key.file)
        fields = {
            "since": START + timedelta(seconds=self._revision),
            "connected_at": None,
            "error": None,
            "server": None,
        }
        return self.standings.observe(
            ConnectionStatus(
                state=state,
                target=target,
                statistics=Statistics(),
                in_flight=0,
                revision=self._revision,
                **(fields | more),
            )
        )

    def states(self) -> tuple[State, State]:
        return self.standings.state(A), self.standings.state(B)

    def failures(self) -> tuple[Failure | None, Failure | None]:
        return self.standings.failure(A), self.standings.failure(B)


def failure(message: str = "x") -> Failure:
    return Failure(kind="connection_failed", message=message, suggestion="")


def test_a_server_is_connected_and_left() -> None:
    story = Story()
    assert story.states() == ("disconnected", "disconnected")
    assert story.tell("connecting", A)
    assert story.states() == ("connecting", "disconnected")
    assert story.tell("connected", A, connected_at=START)
    assert story.states() == ("connected", "disconnected")
    assert not story.tell("connected", A, connected_at=START), "new statistics change nothing here"
    story.tell("disconnected")
    assert story.states() == ("disconnected", "disconnected")


def test_a_failed_attempt_is_its_own_and_what_stands_stays_connected() -> None:
    story = Story()
    story.tell("connected", A, connected_at=START)
    story.tell("connecting", B, connected_at=START)
    assert story.states() == ("connected", "connecting")
    error = failure()
    story.tell("connected", A, connected_at=START, error=error)
    assert story.states() == ("connected", "failed")
    assert story.failures() == (None, error)
    story.tell("connecting", B, connected_at=START, error=error)
    story.tell("connected", B, connected_at=START)
    assert story.failures() == (None, None)


def test_a_loss_is_told_of_the_server_that_was_lost() -> None:
    story = Story()
    story.tell("connected", A, connected_at=START)
    lost = failure("lost")
    story.tell("reconnecting", A, error=lost)
    assert (story.states()[0], story.failures()) == ("reconnecting", (lost, None))
    story.tell("connected", A, connected_at=START)
    assert story.failures() == (None, None)
    story.tell("connecting", B, connected_at=START)
    story.tell("connecting", B, error=lost)  # lost while another one is being connected to
    assert story.states() == ("failed", "connecting")
    story.tell("connected", B, connected_at=START)
    assert story.states() == ("failed", "connected")


def test_a_failure_of_another_target_is_nobodys() -> None:
    story = Story()
    story.tell("connecting", A)
    story.tell("failed", A, error=failure(), since=START)
    first = story.failures()[0]
    story.tell("failed", A, error=failure("of a target that can't be"), since=START)
    assert story.failures() == (first, None)
    story.tell("failed", None, error=failure("of a program that is not there"))
    assert story.failures() == (first, None)


def test_what_could_not_be_made_ready_is_told_and_the_number_of_failures_is_bounded() -> None:
    story = Story()
    for number in range(MOST_FAILURES + 1):
        story.standings.failed(Key(FILE, str(number)), failure())
    assert story.standings.failure(Key(FILE, "0")) is None
    assert story.standings.state(Key(FILE, "1")) == "failed"
