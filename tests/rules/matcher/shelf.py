"""Products, plans and the shipped catalogue for tests of the matcher."""

from __future__ import annotations

from importlib import resources
from typing import Any

from aurora.rules.matcher.catalogue import Catalogue, Product, read

SEED: Catalogue = read(resources.files("aurora").joinpath("data", "seed_catalogue.json").read_bytes())


def product(name: str = "P", *ingredients: str, **more: Any) -> Product:
    """A row with an id made of its name."""
    tags = more.pop("tags", ())
    row = {"product_id": more.pop("id", f"p_{name.lower().replace(' ', '_')}"), "name": name}
    return Product(**{**row, "ingredient_ids": tuple(ingredients), "risk_tags": tuple(tags), **more})


def plan(
    *targets: tuple[str, int], avoid: tuple[tuple[str, str], ...] = (), score: float = 0.8
) -> dict[str, Any]:
    """An ingredient plan as an analysis stores it (contract C 21)."""
    return {
        "plan_id": "ip_1",
        "intensity": "balanced",
        "targets": [{"ingredient_id": name, "role": "hero", "priority": p} for name, p in targets],
        "avoid": [{"ingredient_id": name, "severity": s, "reason": []} for name, s in avoid],
        "conflicts": [],
        "confidence": {"score": score, "level": "high", "rationale": []},
    }
