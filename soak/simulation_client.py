"""What the client of a simulated person has in hand: the state and the chips of the last answer it drew.

Like the real one it sends back the state and nothing else of an answer, and a chip as it was offered.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.assembler import Finished
from soak.simulation_dice import Dice
from soak.simulation_people import Planned

SHARE_OF_TAPS = 0.85
# Contract F 5: the client acts on these itself and sends nothing.
BY_CLIENT = frozenset({
    "chip_keep_chatting", "chip_quick_profile", "chip.start.diagnosis", "chip_start_diagnosis",
    "chip_update_products", "chip_eval_routine", "chip.intake.paste_routine", "chip_checkin_now",
    "chip_eval_single_product", "chip.start.evaluate", "chip.start.dupes", "chip.intake.upload_photos",
    "chip.intake.skip_analysis",
})  # fmt: skip


class Client:
    """The client of one person."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._state: str | None = None
        self._chips: list[dict[str, Any]] = []

    def sends(self, planned: Planned) -> tuple[Planned, str | None]:
        """What becomes of a request: as planned, or a tap on a chip that was offered, with its id."""
        if not planned.follows:
            return planned, None
        body: dict[str, Any] = planned.body
        tapped = None
        if self._chips and self._dice.chance(SHARE_OF_TAPS):
            chip = self._dice.pick(self._chips)
            tapped = chip["chip_id"]
            action = {"action_id": tapped, "kind": "chip", "data": chip.get("data", {})}
            body = {"action": action}
        if self._state is not None:
            body = {**body, "client_state": self._state, "session": {"state": self._state}}
        return msgspec.structs.replace(planned, body=body), tapped

    def hears(self, kind: str, finished: Finished) -> None:
        """Draw an answer."""
        if kind not in ("chat", "analysis", "reco_generate"):
            return
        envelope = msgspec.json.decode(finished.body)
        self._state = envelope["session_patch"].get("next_state", self._state)
        self._chips = [chip for chip in envelope["suggested_chips"] if chip["chip_id"] not in BY_CLIENT]
