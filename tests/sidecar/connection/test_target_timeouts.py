"""Timeouts: who wins, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.connection.errors import InvalidTarget
from mcp_sidecar.connection.timeouts import Timeouts, read_timeouts


def test_without_any_setting_the_defaults_hold() -> None:
    assert read_timeouts(None, {}) == (Timeouts(connect=30, call=60), [])


def test_settings_win_over_the_environment_each_for_itself() -> None:
    environ = {"MCP_TEST_CONNECT_TIMEOUT": "5", "MCP_TEST_CALL_TIMEOUT": "7.5"}
    assert read_timeouts({"connectTimeout": 2}, environ) == (Timeouts(connect=2, call=7.5), [])


def test_a_requests_own_timeout_wins_and_leaves_the_other_alone() -> None:
    assert Timeouts(connect=1, call=2).overridden(call=9) == Timeouts(connect=1, call=9)


@pytest.mark.parametrize("value", ["soon", "", "-1", "0", "nan", "inf", "1e999", "30s"])
def test_nonsense_in_a_variable_is_named_with_the_default_that_is_used(value: str) -> None:
    timeouts, warnings = read_timeouts({}, {"MCP_TEST_CONNECT_TIMEOUT": value, "MCP_TEST_CALL_TIMEOUT": "3"})
    assert timeouts == Timeouts(connect=30, call=3)
    assert len(warnings) == 1
    assert "MCP_TEST_CONNECT_TIMEOUT" in warnings[0]
    assert repr(value) in warnings[0]
    assert "the default, 30 s" in warnings[0]


@pytest.mark.parametrize("value", ["5", True, [], -1, float("nan"), 10**400])
def test_nonsense_in_the_settings_falls_back_to_the_environment(value: object) -> None:
    timeouts, warnings = read_timeouts({"callTimeout": value}, {"MCP_TEST_CALL_TIMEOUT": "8"})
    assert timeouts.call == 8
    assert len(warnings) == 1
    assert "callTimeout" in warnings[0]
    assert "8 s is used" in warnings[0]


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), True, "5"])
def test_a_requests_impossible_timeout_is_refused_by_name(value: float) -> None:
    with pytest.raises(InvalidTarget, match="connectTimeout"):
        Timeouts().overridden(connect=value)


@given(st.text(), st.text())
def test_any_environment_gives_usable_timeouts(connect: str, call: str) -> None:
    timeouts, _ = read_timeouts(None, {"MCP_TEST_CONNECT_TIMEOUT": connect, "MCP_TEST_CALL_TIMEOUT": call})
    assert 0 < timeouts.connect < float("inf")
    assert 0 < timeouts.call < float("inf")
