"""What OAuth keeps secret is masked in forms and JSON, however short, and is learned for everything else."""

import json

import pytest

from mcp_sidecar.connection.redaction import LEARNED_SECRETS, Redactor, redact_oauth, secrets_in_oauth


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("grant_type=x&code=abc&code_verifier=d%20e", "grant_type=x&code=***&code_verifier=***"),
        (
            "client_id=i&client_secret=s&client_assertion_type=t",
            "client_id=i&client_secret=***&client_assertion_type=t",
        ),
        ('{"access_token": "a\\"b", "token_type": "c"}', '{"access_token": "***", "token_type": "c"}'),
        ('{"refresh_token":"cut sho', '{"refresh_token":"***'),
        ('{"code_challenge_methods_supported": ["S256"]}', '{"code_challenge_methods_supported": ["S256"]}'),
        ("see https://h/cb?code=abc&state=x", "see https://h/cb?code=***&state=x"),
    ],
)
def test_values_are_masked_by_their_names(text: str, shown: str) -> None:
    assert redact_oauth(text) == shown


def test_the_values_are_found_as_written_and_decoded() -> None:
    assert secrets_in_oauth("code=a%20b") == {"a%20b", "a b"}
    assert secrets_in_oauth(json.dumps({"access_token": 'a"b'})) == {'a\\"b', 'a"b'}


def test_what_is_learned_is_masked_from_then_on_beside_the_rest() -> None:
    redactor = Redactor.of(["first-secret"])
    redactor.learn(["second-secret"])
    assert redactor.text("first-secret second-secret") == "*** ***"


def test_what_is_learned_is_bounded_and_never_costs_the_targets_own() -> None:
    redactor = Redactor.of(["first-secret"])
    for number in range(3 * LEARNED_SECRETS):
        redactor.learn([f"token-{number:04}"])
    last = 3 * LEARNED_SECRETS - 1
    assert redactor.text(f"first-secret token-0000 token-{last:04}") == "*** token-0000 ***"
    assert len(redactor.secrets) < 3 * LEARNED_SECRETS
