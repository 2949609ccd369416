"""Passwords: the same work for everybody, and never more at once than the machine can carry."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from aurora.actors import passwords
from aurora.actors.passwords import MOST_WAITING, Passwords, TooManyWaitingError
from aurora.store.accounts import Password


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Cost parameters of every scrypt that was made."""
    made: list[tuple[int, int, int]] = []
    real = passwords.scrypt_hex

    def counted(pepper: str, password: str, how: Password) -> str:
        made.append((how.n, how.r, how.p))
        return real(pepper, password, how)

    monkeypatch.setattr(passwords, "scrypt_hex", counted)
    return made


async def test_only_the_password_fits() -> None:
    desk = Passwords("pepper", 1024)
    kept = await desk.made("correct horse")
    assert await desk.fits("correct horse", kept)
    assert not await desk.fits("correct horsf", kept)
    assert not await Passwords("salt", 1024).fits("correct horse", kept), "the pepper is part of it"
    assert "correct" not in repr(kept)


async def test_equal_passwords_look_different() -> None:
    desk = Passwords("pepper", 1024)
    assert (await desk.made("correct horse")).key != (await desk.made("correct horse")).key


async def test_the_same_characters_are_the_same_password() -> None:
    desk = Passwords("pepper", 1024)
    assert await desk.fits("cafe\u0301 cafe\u0301", await desk.made("caf\u00e9 caf\u00e9"))


async def test_no_password_costs_what_a_wrong_one_costs(work: list[tuple[int, int, int]]) -> None:
    desk = Passwords("pepper", 1024)
    kept = await desk.made("correct horse")
    work.clear()
    for against in (kept, None):
        assert not await desk.fits("wrong", against)
    assert work == [(1024, 8, 1)] * 2


async def test_stored_parameters_are_used(work: list[tuple[int, int, int]]) -> None:
    kept = await Passwords("pepper", 2048).made("correct horse")
    work.clear()
    assert await Passwords("pepper", 1024).fits("correct horse", kept)
    assert work == [(2048, 8, 1)]


async def test_a_crowd_is_refused_before_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    release = trio.Event()

    async def held(*_: Any, limiter: trio.CapacityLimiter, **__: Any) -> str:
        async with limiter:
            await release.wait()
        return "00"

    monkeypatch.setattr(trio.to_thread, "run_sync", held)
    desk = Passwords("pepper", 1024)
    refused = 0

    async def one() -> None:
        nonlocal refused
        try:
            await desk.fits("x", None)
        except TooManyWaitingError:
            refused += 1
            if refused == 5:
                release.set()

    async with trio.open_nursery() as nursery:
        for _ in range(passwords.AT_ONCE + MOST_WAITING + 5):
            nursery.start_soon(one)
    assert refused == 5
