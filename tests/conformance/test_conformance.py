"""Every scenario of the official conformance suite for clients, with the sidecar between the suite and an editor."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from tests.at_once import AT_ONCE
from tests.conformance import suite
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.suite import RUNS, Outcome, Run
from tests.sidecar import leaks

TIMED = {"sse-retry"}
"""Scenarios that take a fifth of a second of lateness for a fault; they run alone."""


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Mapping[Run, Outcome]:
    """Provide the outcome of every run that is asked for."""
    if missing := suite.what_is_missing():
        pytest.skip(missing)
    wanted: list[Run] = [
        cast("Run", item.callspec.params["run"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_a_scenario_passes.__name__
    ]
    before = leaks.processes()
    done = {run: suite.run(run) for run in wanted if run.scenario in TIMED}
    rest = [run for run in wanted if run not in done]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done |= zip(rest, pool.map(suite.run, rest), strict=True)
    left = leaks.leaked_processes(before)
    assert not left, "left behind:\n" + "\n".join(left)
    return done


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_a_scenario_passes(outcomes: Mapping[Run, Outcome], run: Run) -> None:
    outcome = outcomes[run]
    assert outcome.passed, outcome.output


@pytest.mark.parametrize("version", suite.SCENARIOS)
def test_no_scenario_of_a_revision_is_left_out(version: str) -> None:
    if missing := suite.what_is_missing():
        pytest.skip(missing)
    assert suite.listed(version) == list(suite.SCENARIOS[version])
    assert set(suite.SCENARIOS[version]) <= set(SCENARIOS)
