"""The app answers what the contract's table of routes says, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.contract.routes import ROUTES, Route
from aurora.settings import Settings
from aurora.web import turns
from aurora.web.answers import is_side_path
from aurora.web.app import create_app
from tests.support.fakes import house_for
from tests.support.web import client_of


def test_the_app_has_the_documented_routes_and_no_others() -> None:
    house, _, _ = house_for(Settings())
    rules = create_app(house).url_map.iter_rules()
    served = {
        (method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.is_envelope], ids=lambda route: route.path
)
def test_an_endpoints_own_500_is_documented(route: Route) -> None:
    assert turns.FAILED[route.path] in route.errors[500]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method}-{route.path}")
async def test_every_route_answers_other_methods_with_405(route: Route) -> None:
    house, _, _ = house_for(Settings())
    answer = await client_of(house).send("PATCH", route.path)
    assert answer.status == 405
    assert route.method in answer.headers["allow"]
    assert (answer.error if route.is_envelope else answer.json["error"]) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "route",
    # The side routes are not there unless they are wanted: tests/contract/test_d14_side_routes.py.
    [route for route in ROUTES if route.answer is not None and not is_side_path(route.path)],
    ids=lambda route: route.path,
)
async def test_plain_answers_have_their_documented_shape(route: Route, autojump_clock: Any) -> None:
    house, _, _ = house_for(Settings())
    answer = await client_of(house).send(route.method, route.path)
    assert route.answer is not None
    msgspec.json.decode(answer.body, type=route.answer, strict=True)
