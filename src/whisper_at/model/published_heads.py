"""The tagging heads that the authors of Whisper-AT published, as a plain table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PublishedHead:
    """A tagging head that the authors of Whisper-AT trained on AudioSet, for cells of 0.4 s and rows of 10 s.

    `mean_average_precision` is the authors' figure on the AudioSet evaluation set, in percent. Where their
    package and their list of checkpoints link to different files, both are given, the package's first;
    nobody has said which was trained last.
    """

    name: str
    encoder: str
    kind: str  # "tl-tr", or "tl-tr-512" with the projection to 512 values
    file: str
    parameters: int
    mean_average_precision: float
    urls: tuple[str, ...]
    sha256: str | None = None  # of the first URL, where somebody has recorded it

    def plausible(self, n_bytes: int) -> bool:
        """Whether a download has the size of this head: its parameters as float32, and a wrapping of some kB.

        >>> HEADS["tiny-tl-tr"].plausible(15_021_000), HEADS["tiny-tl-tr"].plausible(70_000)
        (True, False)
        """
        return 0 < n_bytes - 4 * self.parameters < 100_000


_SIZES = {  # parameters of TL-Tr, of TL-Tr with the projection
    "tiny": (3_751_823, 0),
    "base": (6_575_119, 0),
    "small": (14_581_007, 6_970_383),
    "medium": (25_732_623, 7_101_967),
    "large": (40_029_967, 7_233_551),
}
_LINKS: tuple[
    tuple[str, str, float, tuple[str, ...]], ...
] = (  # encoder, suffix of the file, mAP, Dropbox ids
    ("tiny.en", "ori", 35.8, ("atq9so6w0qug5ai",)),
    ("tiny", "ori", 36.5, ("cib4q4iz6g758l0", "06f2h29aki39q9r")),
    ("base.en", "ori", 37.5, ("qtzgsbuquoz0afn",)),
    ("base", "ori", 37.6, ("2odwh42u6e9ger7", "4vn2oatda321y7h")),
    ("small.en", "ori", 40.1, ("cyx50ycl1ul7lji",)),
    ("small.en", "low", 39.9, ("507o66zgl8v6ddd",)),
    ("small", "ori", 39.8, ("jftj9s0kr4ycvr1", "5zqzs3e47zwhjd3")),
    ("small", "low", 39.8, ("a1x0416v58f7wrf", "3lxlmh437tneifl")),
    ("medium.en", "ori", 41.4, ("bbvylvmgns8ja4p",)),
    ("medium.en", "low", 41.1, ("2q5wprr8f9gti5t",)),
    ("medium", "ori", 40.8, ("65aabayr7o819az", "93zfj4afmv0qfyl")),
    ("medium", "low", 41.2, ("0mnfmcasram4n6o", "g66h1vtn1u426dj")),
    ("large-v1", "ori", 42.1, ("b8x2en1fdzc8nhk",)),
    ("large-v1", "low", 41.6, ("5o79h70wyla8jlk",)),
    ("large-v2", "ori", 41.7, ("3zxpyvdrxy22eq7", "94x7wqw4hscpls0")),
    ("large-v2", "low", 40.3, ("jw2rh4uylhqgn85", "wk5dyxustpji06c")),
)
_RECORDED = {"medium.en_ori.pth": "2bb6ed52169cffd19623106dadb71918da27f8664ea1788c6379956b91ad2cea"}


def _head(encoder: str, suffix: str, precision: float, ids: tuple[str, ...]) -> PublishedHead:
    kind = {"ori": "tl-tr", "low": "tl-tr-512"}[suffix]
    file = f"{encoder}_{suffix}.pth"
    size = encoder.removesuffix(".en").split("-")[0]
    return PublishedHead(
        name=f"{encoder}-{kind}",
        encoder=encoder,
        kind=kind,
        file=file,
        parameters=_SIZES[size][suffix == "low"],
        mean_average_precision=precision,
        urls=tuple(f"https://www.dropbox.com/s/{key}/{file}?dl=1" for key in ids),
        sha256=_RECORDED.get(file),
    )


HEADS: Mapping[str, PublishedHead] = {head.name: head for head in (_head(*link) for link in _LINKS)}
