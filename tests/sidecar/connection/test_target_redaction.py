"""Secrets stay out of whatever is shown."""

import base64
import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.connection.errors import InvalidTarget
from mcp_sidecar.connection.redaction import (
    MASK,
    SHORTEST_FRAGMENT,
    SHORTEST_SECRET,
    Redactor,
    is_secret_name,
    redact_args,
    redact_text,
    redact_url,
    secrets_in_args,
    secrets_in_env,
    secrets_in_headers,
    secrets_in_inherited_env,
    secrets_in_url,
)
from mcp_sidecar.connection.resolution import resolve
from mcp_sidecar.connection.target import Target

SECRETS = st.lists(st.text(st.sampled_from("ab*") | st.characters(), min_size=SHORTEST_SECRET), min_size=1, max_size=4)


def test_no_secret_is_left_in_an_error() -> None:
    said = "https://example.com/?key=a-secret-of-the-user"
    error = InvalidTarget(said, suggestion=f"Visit {said}", details={"urls": [said]})
    Redactor.of({"a-secret-of-the-user"}).mask(error)
    assert "a-secret-of-the-user" not in f"{error} {error.failure}"
    assert MASK in error.suggestion


@given(SECRETS, st.data())
def test_no_secret_is_left_in_a_text(secrets: list[str], data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from(secrets) | st.text() | st.sampled_from(["a", "b", "*"])))
    shown = Redactor.of(secrets).text("".join(parts))
    assert not [secret for secret in secrets if secret in shown]


@given(SECRETS, st.data())
def test_no_secret_is_left_in_json(secrets: list[str], data: st.DataObject) -> None:
    leaf = st.none() | st.booleans() | st.integers() | st.sampled_from(secrets).map(lambda secret: f"<{secret}>")
    value = data.draw(
        st.recursive(leaf, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner), max_leaves=8)
    )

    def strings(found: Any) -> list[str]:
        if isinstance(found, str):
            return [found]
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
        return [text for item in inner for text in strings(item)]

    shown = strings(Redactor.of(secrets).value(value))
    assert not [secret for secret in secrets for text in shown if secret in text]


@given(SECRETS, st.sampled_from(["…", " [cut]", "\ufffd…", "… [cut]"]), st.text(), st.data())
def test_no_beginning_of_a_secret_is_left_where_a_text_was_cut(
    secrets: list[str], mark: str, after: str, data: st.DataObject
) -> None:
    before = data.draw(st.text() | st.sampled_from(secrets))
    secret = data.draw(st.sampled_from(secrets))
    piece = secret[: data.draw(st.integers(SHORTEST_FRAGMENT, len(secret)))]
    shown = Redactor.of(secrets).text(before + piece + mark + after)
    assert piece + mark not in shown


def test_a_percent_sign_before_a_cut_may_be_of_the_secret_itself() -> None:
    assert Redactor.of(["000%00"]).text("x 000%… 000%0… 000%4") == "x ***… ***… 000%4"


def test_what_is_before_a_cut_stays_where_it_is_no_beginning_of_a_secret() -> None:
    redactor = Redactor.of(["made-up-s3cret"])
    assert redactor.text("said mad… and [cut] s3cret…, made-u… (made-up-s [cut])") == (
        "said mad… and [cut] s3cret…, ***… (*** [cut])"
    )


def test_many_cuts_are_looked_at_in_linear_time() -> None:
    secrets = [f"{number:04}-made-up-s3cret" for number in range(100)]
    text = "0001-made…" * 2000
    begun = time.thread_time()
    assert Redactor.of(secrets).text(text) == f"{MASK}…" * 2000
    assert time.thread_time() - begun < 2


def test_a_value_keeps_its_shape_its_keys_and_itself() -> None:
    value = {"secret-1": ["secret-1", 1, None, True, {"a": "x secret-1 y"}]}
    assert Redactor.of(["secret-1"]).value(value) == {"secret-1": [MASK, 1, None, True, {"a": "x *** y"}]}
    assert value["secret-1"][0] == "secret-1"


def test_a_value_nested_deeper_than_the_stack_is_redacted() -> None:
    value: Any = "my-secret"
    for _ in range(5000):
        value = [value]
    shown = Redactor.of(["my-secret"]).value(value)
    for _ in range(5000):
        (shown,) = shown
    assert shown == MASK


def test_short_values_leave_the_text_alone() -> None:
    assert Redactor.of(["1", "true", "abc"]).text("1 true abc") == "1 true abc"


def test_overlapping_secrets_leave_no_piece() -> None:
    assert Redactor.of(["abcdef", "defghi"]).text("<abcdefghi>") == "<***>"


def test_the_longer_secret_wins() -> None:
    assert Redactor.of(["secret", "secret-and-more"]).text("secret-and-more") == MASK


@pytest.mark.parametrize("written", ["p%40ss%20word", "p%40ss+word", json.dumps("p@ss word")])
def test_an_encoded_secret_is_masked_too(written: str) -> None:
    assert "ss" not in Redactor.of(["p@ss word"]).text(written)


def test_every_line_of_a_key_is_a_secret() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END PRIVATE KEY-----"
    assert Redactor.of([key]).text("line: BgkqhkiG9w0B") == "line: ***"


def test_a_redactor_does_not_show_its_secrets() -> None:
    assert "my-secret" not in repr(Redactor.of(["my-secret"]))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://localhost:8000/mcp", "http://localhost:8000/mcp"),
        ("https://me:pw@host/mcp?token=abc&x#frag", "https://host/mcp?token=***&***"),
        ("https://tok@[::1]:80/", "https://[::1]:80/"),
        ("http://user:pa/ss@host/mcp", "http://host/mcp"),
        ("http://user:pa?ss@host/mcp", "http://host/mcp"),
        ("http://user:pa#ss@host/mcp", "http://host/mcp"),
        ("https://host/s/ghp_0123456789abcdef/mcp", "https://host/s/***/mcp"),
        ("https://host/s/Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RF/mcp", "https://host/s/***/mcp"),
        ("http://host?", "http://host?"),
        ("postgres://me:pw@db:5432/data", "postgres://db:5432/data"),
    ],
)
def test_a_url_is_shown_without_userinfo_query_values_and_fragment(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    redact_url(text)
    redact_text(text)
    redact_args([text, text])


def test_secrets_of_a_url_are_known_as_written_and_decoded() -> None:
    found = secrets_in_url("https://me:p%40ssword@host/?k=a%2Bbcdef")
    assert {"me", "p%40ssword", "p@ssword", "a%2Bbcdef", "a+bcdef"} <= found
    assert base64.b64encode(b"me:p@ssword").decode() in found


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["--token", "abc", "x"], ["--token", "***", "x"]),
        (["--api-key=abc"], ["--api-key=***"]),
        (["--apikey", "abc"], ["--apikey", "***"]),
        (["-H", "Authorization: Bearer abc"], ["-H", "Authorization: ***"]),
        (["--header", "Authorization:abc"], ["--header", "Authorization: ***"]),
        (["--header=X-Any: abc"], ["--header=X-Any: ***"]),
        (["--header", "Accept: text/plain"], ["--header", "Accept: text/plain"]),
        (["--password", "-abc"], ["--password", "***"]),
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["-e", "GITHUB_TOKEN=abc", "image"], ["-e", "GITHUB_TOKEN=***", "image"]),
        (["sk-proj-0123456789"], ["***"]),
        (["x=ghp_0123456789abcdef"], ["x=***"]),
        (["Bearer abc"], ["Bearer ***"]),
        (["eyJhbGciOi.eyJzdWIi.c2lnbmF0"], ["***"]),
        (["--url", "https://u:p@h/?k=v"], ["--url", "https://h/?k=***"]),
        (["--url=https://u:p@h/?k=v"], ["--url=https://h/?k=***"]),
        (['{"apiKey": "abc", "a": "b"}'], ['{"apiKey": "***", "a": "b"}']),
        (["-y", "@modelcontextprotocol/server-everything@2025.1.1"], None),
        (["--port", "8000", "--max-tokens", "100", "--token-file", "/x", "--author", "me"], None),
        (["run", "server.py", "--flag", "a b", ""], None),
        (["/home/me/project/server.py"], None),
    ],
)
def test_arguments_are_shown_without_secrets(args: list[str], shown: list[str] | None) -> None:
    assert list(redact_args(args)) == (args if shown is None else shown)


def test_what_is_masked_in_arguments_is_known_as_a_secret() -> None:
    found = secrets_in_args(["--token", "abcdefg", "-H", "Authorization: Bearer hijklmn", "--auth", "bearer"])
    assert {"abcdefg", "hijklmn"} <= found
    assert "bearer" not in found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Server=h;Password=hunter22", "Server=h;Password=***"),
        ("Server=h;User Id=sa;Pwd=hunter22;", "Server=h;User Id=sa;Pwd=***;"),
        ("Server=h; Password = my hunter22 ;Database=x", "Server=h; Password = ***;Database=x"),
        ('Server=h;Password="a;hunter22";Database=x', "Server=h;Password=***;Database=x"),
        ("Driver=x;PWD={a;hunter22};Database=x", "Driver=x;PWD=***;Database=x"),
        ("host=h password=hunter22 dbname=x", "host=h password=*** dbname=x"),
        (r"host=h password='my \'hunter22' dbname=x", "host=h password=*** dbname=x"),
        ("Endpoint=sb://h/;SharedAccessKeyName=n;SharedAccessKey=hunter22=", None),
        ("DefaultEndpointsProtocol=https;AccountName=n;AccountKey=hunter22==;EndpointSuffix=x", None),
        ("jdbc:sqlserver://h:1433;user=sa;password=p@hunter22;a=b", "jdbc:sqlserver://h:1433;user=sa;password=***;a=b"),
        ("h:6380,ssl=True,password=hunter22", "h:6380,ssl=True,password=***"),
        ('{"dsn": "Server=h;Password=hunter22", "a": "b"}', '{"dsn": "Server=h;Password=***", "a": "b"}'),
        ("--dsn=Pwd=my hunter22;Server=h", "--dsn=Pwd=***;Server=h"),
        ("npx x --token=hunter22 y", "npx x --token=*** y"),
    ],
)
def test_a_connection_string_is_shown_without_its_secrets_which_are_known(text: str, shown: str | None) -> None:
    (redacted,) = redact_args([text])
    assert redacted == (shown or re.sub(r"(Key=)hunter22=+", r"\1***", text))
    assert "hunter22" not in Redactor.of(secrets_in_args([text])).text(f"failed: {text}")
    assert "hunter22" in " ".join(secrets_in_env({"DSN": text}))


def test_a_secret_at_the_beginning_of_a_connection_string_is_known_alone() -> None:
    assert "hunter22" in secrets_in_args(["AccountKey=hunter22;Endpoint=x"])
    assert "hunter22" in secrets_in_args(["password=hunter22 host=h"])


@pytest.mark.parametrize(
    "text",
    [
        "Server=h;Integrated Security=SSPI;Trusted_Connection=yes;Connect Timeout=30",
        "a=1; auth=none; max_token=100",
        'if secret == "x": print("y", file=sys.stderr)',
        "the password is what the server gave",
    ],
)
def test_what_is_no_secret_stays_in_a_list_of_pairs(text: str) -> None:
    assert redact_args([text]) == (text,)
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "piece", [";password={", ";password='\"", "; a", "password= ", "=;", 'a="\\', ";password=\\", "a:", "a" * 9, " "]
)
def test_a_long_text_of_pairs_is_redacted_in_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    begun = time.thread_time()
    redact_text(text)
    assert time.thread_time() - begun < 5


def test_header_values_are_secrets_unless_harmless() -> None:
    found = secrets_in_headers({"X-Any": "secret", "Authorization": "Basic bWU6cHc=", "ACCEPT": "text/plain"})
    assert found == {"secret", "Basic bWU6cHc=", "bWU6cHc=", "me:pw", "me", "pw"}


def test_given_variables_are_secrets_by_name_look_or_length() -> None:
    harmless = {
        "DEBUG": "1",
        "NODE_ENV": "production",
        "DATA": "/var/lib/data",
        "PORT": "80808080",
        "MODE_X": "true",
        "SCRIPT": "server.py",
        "API": "https://api.example.com/v1",
        "DB": "localhost:5432",
    }
    assert secrets_in_env(harmless) == set()
    assert secrets_in_env({"API_KEY": "abc", "X": "correct horse", "Y": "ghp_0123456789"}) == {
        "abc",
        "correct horse",
        "ghp_0123456789",
    }
    assert "hunter22" in secrets_in_env({"DATABASE": "postgres://me:hunter22@db/x"})


def test_inherited_variables_are_secrets_only_by_name_or_form() -> None:
    environ = {"OPENAI_API_KEY": "0123456789ab", "SSH_AUTH_SOCK": "/run/x.sock", "PS1": "some prompt", "A": "b"}
    assert secrets_in_inherited_env(environ | {"X": "hf_0123456789"}) == {"0123456789ab", "hf_0123456789"}


@pytest.mark.parametrize("name", ["--token", "API_KEY", "apiKey", "X-Auth", "PGPASSWORD", "clientSecret", "github_pat"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["--author", "TOKEN_FILE", "--auth-type", "monkey", "path", "PUBLIC_KEY", "keyboard"])
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "foo TOKEN=SEKRETVALUE99"},
        {"url": "API_KEY=SEKRETVALUE99 foo"},
        {"url": "https//u:SEKRETVALUE99@h/mcp"},
        {"url": "//u:SEKRETVALUE99@h/mcp"},
        {"url": "http:/u:SEKRETVALUE99@h/mcp?token=SEKRETVALUE99"},
        {"url": "http://h/mcp", "headers": {"Authorization: Bearer SEKRETVALUE99": "x"}},
        {"url": "http://us:SEKRETVALUE99@h/mcp", "auth": {"type": "bearer", "token": "SEKRETVALUE99"}},
        {"url": "http://us:SEKRETVALUE99@h/mcp", "headers": {"authorization": "SEKRETVALUE99"}},
    ],
)
def test_a_target_that_is_refused_is_refused_without_its_secrets(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidTarget) as refused:
        resolve(Target(**fields), workspace=None)
    error = refused.value
    assert "SEKRETVALUE99" not in f"{error.message} {error.suggestion} {error.details}"
