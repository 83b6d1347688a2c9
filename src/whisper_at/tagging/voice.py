"""How sure a head is that somebody speaks or sings, cell by cell: what the transcriber may rely on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.model.calibration import Calibration
from whisper_at.model.head_file import HeadCard
from whisper_at.tagging import ontology
from whisper_at.tagging.events import probabilities

WORDS = (ontology.SPEECH, ontology.SINGING, "/m/07p6fty", "/m/02rtxlg", "/m/0y4f8")
"""Where there may be words: speech, singing, shouts, whispers, vocal music; with all their kinds."""


@dataclass(frozen=True, kw_only=True)
class VoiceLabels:
    """The columns of a head's logits that tell of voices which may say words."""

    columns: npt.NDArray[np.int64]
    calibration: Calibration

    @classmethod
    def of(cls, card: HeadCard) -> "VoiceLabels | None":
        """Those of a head; None if it has no label of speech."""
        wanted = {mid for root in WORDS for mid in (root, *(kind.mid for kind in ontology.descendants(root)))}
        columns = [column for column, mid in enumerate(card.mids) if mid in wanted]
        if ontology.SPEECH not in card.mids:
            return None
        return cls(columns=np.array(columns, np.int64), calibration=card.calibration.part(columns))

    def __call__(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The probability [cell] of the likeliest of them, from logits [cell, label]."""
        shares: npt.NDArray[np.float32] = probabilities(logits[:, self.columns], self.calibration).max(axis=1)
        return shares
