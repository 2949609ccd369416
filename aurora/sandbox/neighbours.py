"""What stands beside the sandbox's shelf: a few neighbours of every product, cheaper, close and dearer.

Whatever compares products speaks of them, and the shop knows them too, by id or by name, so that one may be
opened like any other. A search of the catalogue brings the shelf alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.sandbox import wares
from aurora.sandbox.asked import Asked
from aurora.sandbox.wares import Ware

MOCK = "mock_sku_1"
_YUAN = 7  # for a dollar


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A product like another. usd: how much more it costs, less below 0. feel: how else, EN and CN."""

    id: str
    en: str
    cn: str
    usd: float
    similarity: int
    lacks: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    feel: tuple[str, str] = ("", "")
    brand: str = "Sideline"

    def product(self, asked: Asked, category: str) -> dict[str, Any]:
        """Itself as a product."""
        name = asked.pick(self.en, self.cn)
        return {
            "product_id": self.id,
            "sku_id": self.id,
            "brand": self.brand,
            "name": name,
            "display_name": f"{self.brand} {name}",
            "category": category,
        }


IN_CN: dict[str, str] = {
    "alcohol denat": "变性酒精", "bakuchiol": "补骨脂酚", "ceramides": "神经酰胺", "fragrance": "香精",
    "glycerin": "甘油", "niacinamide": "烟酰胺", "oat extract": "燕麦提取物", "panthenol": "泛醇",
    "peptides": "胜肽", "petrolatum": "凡士林", "retinal": "视黄醛", "retinol": "视黄醇",
    "squalane": "角鲨烷", "tranexamic acid": "传明酸", "vitamin c": "维生素C", "zinc": "锌",
}  # fmt: skip


NEIGHBOURS: dict[str, tuple[Neighbour, ...]] = {
    "mock_cleanser_1": (
        Neighbour(
            id="side_cleanser_1", en="Plain Morning Wash", cn="素净晨间洁面", usd=-6, similarity=84,
            lacks=("glycerin",), feel=("Foams a little more and rinses faster.", "泡沫稍多，更容易冲净。"),
        ),
        Neighbour(
            id="side_cleanser_2", en="Cloud Milk Cleanser", cn="云感洁面乳", usd=0, similarity=78,
            adds=("panthenol",), feel=("A milk instead of a gel.", "乳液质地，不是啫喱。"),
        ),
        Neighbour(
            id="side_cleanser_3", en="Oat Cushion Cleanser", cn="燕麦软垫洁面", usd=11, similarity=73,
            adds=("oat extract", "fragrance"), feel=("Creamier, with a light scent.", "更绵密，带淡淡香味。"),
        ),
    ),
    "mock_moisturizer_1": (
        Neighbour(
            id="side_moisturizer_1", en="Everyday Ceramide Lotion", cn="日常神经酰胺乳", usd=-9,
            similarity=88, lacks=("panthenol",), feel=("Lighter, sinks in faster.", "更轻薄，吸收更快。"),
        ),
        Neighbour(
            id="side_moisturizer_2", en="Simple Barrier Balm", cn="简单屏障霜", usd=-5, similarity=81,
            lacks=("ceramides",), adds=("petrolatum",),
            feel=("Richer, better at night.", "更厚润，适合晚上用。"),
        ),
        Neighbour(
            id="side_moisturizer_3", en="Soft Shell Cream", cn="柔壳面霜", usd=0, similarity=79,
            adds=("squalane",), feel=("Similar slip, a little more glow.", "延展性接近，光泽感略强。"),
        ),
        Neighbour(
            id="side_moisturizer_4", en="Atelier Repair Cream", cn="工坊修护霜", usd=34, similarity=76,
            adds=("peptides",), feel=("Silkier finish.", "收尾更丝滑。"),
        ),
    ),
    "mock_sunscreen_1": (
        Neighbour(
            id="side_sunscreen_1", en="City Shade SPF 50", cn="城市遮光防晒 SPF50", usd=-7, similarity=82,
            feel=("May leave a faint white cast.", "可能稍微泛白。"), adds=("alcohol denat",),
        ),
        Neighbour(
            id="side_sunscreen_2", en="Open Sky Fluid SPF 50", cn="晴空防晒乳 SPF50", usd=0, similarity=80,
            feel=("Sheer, no tint.", "轻透，无着色。"),
        ),
        Neighbour(
            id="side_sunscreen_3", en="Glass Veil SPF 50+", cn="琉璃防晒 SPF50+", usd=15, similarity=75,
            adds=("niacinamide",), feel=("Dewier on dry skin.", "干皮上妆更水润。"),
        ),
    ),
    "mock_serum_1": (
        Neighbour(
            id="side_serum_1", en="Clear Day Niacinamide", cn="净日烟酰胺精华", usd=-8, similarity=90,
            lacks=("zinc",), feel=("Thinner, a touch tackier.", "更稀薄，略黏。"),
        ),
        Neighbour(
            id="side_serum_2", en="Quiet Tone Essence", cn="静肤匀亮精华", usd=0, similarity=77,
            lacks=("niacinamide",), adds=("tranexamic acid",), feel=("Watery and quick.", "水感，吸收快。"),
        ),
        Neighbour(
            id="side_serum_3", en="Pearl Line Serum", cn="珠光精华", usd=22, similarity=72,
            adds=("vitamin c", "fragrance"), feel=("Silky, lightly scented.", "丝滑，有轻微香味。"),
        ),
    ),
    "mock_treatment_1": (
        Neighbour(
            id="side_treatment_1", en="Evening Retinol 0.1", cn="晚间视黄醇 0.1", usd=-10, similarity=80,
            feel=("Half the strength, gentler to begin with.", "浓度减半，新手更温和。"), lacks=("squalane",),
        ),
        Neighbour(
            id="side_treatment_2", en="Bakuchiol Night Oil", cn="补骨脂酚夜间油", usd=-3, similarity=68,
            lacks=("retinol",), adds=("bakuchiol",),
            feel=("An oil instead of a serum.", "油状，不是精华质地。"),
        ),
        Neighbour(
            id="side_treatment_3", en="Clinic Retinal 0.05", cn="诊所视黄醛 0.05", usd=29, similarity=74,
            adds=("retinal",), lacks=("retinol",), feel=("Airless pump.", "真空泵包装。"),
        ),
    ),
    MOCK: (
        Neighbour(
            id="mock_dupe_1", brand="MockDupeBrand", en="Mock Dupe Product", cn="平替样品", usd=-12,
            similarity=82, lacks=("niacinamide",), adds=("peptides",),
            feel=("Feels lighter on the skin.", "肤感更轻薄。"),
        ),
    ),
}  # fmt: skip


def _as_ware(one: Neighbour, beside: Ware) -> Ware:
    actives = [active for active in beside.actives if active not in one.lacks] + list(one.adds)
    return Ware(
        id=one.id,
        category=beside.category,
        name_en=one.en,
        name_cn=one.cn,
        step_en=beside.step_en,
        step_cn=beside.step_cn,
        usd=beside.usd + one.usd,
        cny=beside.cny + round(one.usd * _YUAN),
        actives=tuple(dict.fromkeys(actives)),
        words=(),
        brand=one.brand,
    )


WARES: tuple[Ware, ...] = tuple(
    _as_ware(one, beside) for beside in wares.SHELF for one in NEIGHBOURS.get(beside.id, ())
)
"""The neighbours as wares."""


def named_in(text: str) -> Ware | None:
    """The neighbour that `text` names, by its id or its whole name; else None."""
    low = text.lower()
    return next(
        (ware for ware in WARES if ware.id in low or ware.name_en.lower() in low or ware.name_cn in text),
        None,
    )
