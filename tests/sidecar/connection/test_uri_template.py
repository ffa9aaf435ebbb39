"""The variables of URI templates, and the URIs that values make."""

import pytest

from mcp_sidecar.connection.uri_template import expand, variables


def test_the_variables_of_a_query_are_optional() -> None:
    found = variables("note://{folder}/{+path}{?lang,page}")
    assert (found.required, found.optional) == (("folder", "path"), ("lang", "page"))


def test_values_are_put_in_as_rfc_6570_says() -> None:
    assert expand("note://{a}/{+b}{?q}", {"a": "x/y z", "b": "x/y", "q": 7}) == "note://x%2Fy%20z/x/y?q=7"
    assert expand("note://{a}{?q}", {"a": True, "q": None}) == "note://true"
    assert expand("note://{/parts*}", {"parts": ["a", 1]}) == "note:///a/1"


@pytest.mark.parametrize("value", [{}, [[]], [None]])
def test_what_no_uri_can_hold_is_refused_by_its_name(value: object) -> None:
    with pytest.raises(ValueError, match="'a' must be a text"):
        expand("note://{a}", {"a": value})


@pytest.mark.parametrize("template", ["{", "{}", "{a", "{a b}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        variables(template)
