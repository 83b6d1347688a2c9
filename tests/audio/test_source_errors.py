"""Whatever cannot be heard is refused in one line: what it is, and what to do."""

import http.server
import io
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from whisper_at.audio import read
from whisper_at.errors import AudioError

from .synth import FLOAT, encoded, media, png, tone, wav


def refusal(source, **options) -> str:
    with pytest.raises(AudioError) as caught:
        read(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_file(tmp_path, monkeypatch):
    assert refusal(tmp_path / "dog.wav") == f"there is no file {tmp_path / 'dog.wav'}; check its path"
    monkeypatch.chdir(tmp_path)
    assert refusal("dog.wav") == f"there is no file dog.wav in {tmp_path}; check its path"
    assert refusal("two\nlines.wav").startswith(r"there is no file 'two\nlines.wav'")
    assert refusal("nul\0.wav").startswith("cannot open 'nul\\x00.wav': ")
    assert refusal("") == "the path of the recording is empty; give a file"
    assert refusal("x" * 5000).startswith("cannot open xxx")


def test_a_folder(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder; give the files in it, one recording each"


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    assert refusal(path) == f"{path} is empty; give a whole recording"
    assert refusal(b"") == "the source of 0 bytes is empty; give a whole recording"
    assert refusal(io.BytesIO()) == "the open file is empty; give a whole recording"


def test_a_file_that_this_user_may_not_read(tmp_path, monkeypatch):
    path = tmp_path / "secret.wav"
    path.write_bytes(wav(np.ones(9, np.int16), 16_000))

    def denied(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # nothing is denied to root, who may run the tests
    assert refusal(path) == f"{path} may not be read by this user; change its permissions"


def test_a_disk_that_fails(tmp_path):
    class FailingFile(io.BytesIO):
        name = "dog.wav"
        fails = False

        def read(self, size=-1):
            if size and self.fails:
                raise OSError(5, "Input/output error")
            return super().read(size)

    file = FailingFile(wav(np.ones(200_000, np.int16), 16_000))
    file.fails = True
    assert "the open file dog.wav" in (message := refusal(file)) and "Input/output error" in message


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><html>404 Not Found</html>" * 20,
        b'{"a": 1}',
        b"a",
        bytes(20_000),
        np.random.default_rng(0).bytes(20_000),
        b"OggS" + bytes(200),
        wav(np.ones(800, np.int16), 16_000)[:20],
        b"RIFF\x24\0\0\0WAVEdata\0\0\0\0",
    ],
    ids=["html", "json", "a byte", "zeros", "noise", "ogg", "half a header", "no format"],
)
def test_what_is_no_media_file(data):
    assert refusal(data) == (
        f"cannot read the source of {len(data)} bytes as a recording: FFmpeg finds no sound or video format in it; "
        f"if it should hold one, its beginning or its index is missing: check that it is whole"
    )


def test_text_that_ffmpeg_takes_for_pictures(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, it rained.\n" * 50)
    assert refusal(path).startswith(f"{path} has no sound: FFmpeg reads it as ")


def test_a_film_that_broke_off_before_its_index(tmp_path):
    data = encoded(tmp_path, tone(440, 1.0, 16_000), 16_000, "m4a")
    assert "its beginning or its index is missing" in refusal(data[: len(data) // 2])


def test_pictures_without_sound(tmp_path):
    film = media(tmp_path / "silent.mp4", None, 16_000, container="mp4", video=True)
    assert refusal(film) == (
        f"{film} has no sound: FFmpeg reads it as QuickTime / MOV and finds video only; "
        f"give a file with a sound track"
    )
    assert "finds video only" in refusal(png())


def test_a_sound_track_without_samples():
    assert refusal(wav(b"", 16_000)) == (
        "the source of 44 bytes has a sound track without a single sample; give a recording that lasts"
    )


def test_an_encoding_that_nobody_knows():
    assert "encoding that FFmpeg cannot decode; convert it to WAV or FLAC" in refusal(
        wav(np.ones(800, np.int16), 16_000, tag=0x7A7A)
    )


def test_numbers_that_are_no_sound():
    samples = np.zeros(32_000, np.float32)
    samples[20_000] = np.nan
    assert refusal(wav(samples, 16_000, bits=32, tag=FLOAT)).endswith(
        "holds NaN at 1.250 s (sample 20000 at 16000 Hz); mend it or cut it out"
    )
    samples[20_000] = np.inf
    assert "at 0.4" in refusal(wav(samples, 48_000, bits=32, tag=FLOAT))  # 0.417 s, less the filter's reach
    samples[20_000] = 30_000
    assert "lie between -1 and 1" in refusal(wav(samples, 16_000, bits=32, tag=FLOAT))


@pytest.mark.parametrize("source", [None, 3, [0.0, 0.5], object()], ids=["None", "int", "list", "object"])
def test_what_is_no_source(source):
    assert refusal(source) == (
        "a recording is a path, an http address, bytes, an open file or a numpy array; "
        f"found {type(source).__name__}"
    )


def test_files_that_are_open_the_wrong_way(tmp_path):
    path = tmp_path / "dog.wav"
    path.write_bytes(wav(np.ones(9, np.int16), 16_000))
    with path.open() as text:
        assert refusal(text) == "the open file dog.wav is open as text; open it with mode 'rb'"
    with path.open("rb") as closed:
        pass
    assert refusal(closed).startswith("cannot read the open file dog.wav: ")
    with (tmp_path / "new.wav").open("wb") as for_writing:
        assert refusal(for_writing).startswith("cannot read the open file new.wav: ")


def test_a_sample_rate_for_what_has_its_own():
    assert refusal(wav(np.ones(9, np.int16), 8_000), sample_rate=16_000) == (
        "sample_rate=16000 is for arrays; bytes brings its own: leave it out"
    )


class Server:
    """A web server on this machine, for the files of a folder; it remembers what it was asked for."""

    def __init__(self, folder: Path):
        asked = self.asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args):
                super().__init__(*args, directory=str(folder))

            def log_message(self, *_args):
                asked.append(self.path)

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.close()


def test_an_address_is_fetched(server, tmp_path):
    (tmp_path / "my dog.wav").write_bytes(wav(np.ones(1600, np.int16), 16_000))
    recording = read(f"{server.address}/my%20dog.wav?token=1")
    assert recording.name == "my dog.wav" and recording.duration == 0.1


def test_an_address_that_leads_nowhere(server):
    assert refusal(f"{server.address}/none.wav?token=1") == (
        f"cannot fetch {server.address}/none.wav: Server returned 404 Not Found; "
        f"check the address and the network"
    )
    server.close()
    address = f"{server.address}/dog.wav"
    assert refusal(address).startswith(f"cannot fetch {address}: Connection")


def test_a_connection_that_breaks_leaves_what_had_come(tmp_path):
    data = encoded(tmp_path, tone(440, 3.0, 16_000), 16_000, "aac")

    def send_half(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            header = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n"
            connection.sendall(header.encode() + data[: len(data) // 2])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        sending = threading.Thread(target=send_half, args=(listener,))
        sending.start()
        recording = read(f"http://127.0.0.1:{listener.getsockname()[1]}/dog.aac")
        sending.join()
    assert recording.duration == pytest.approx(1.5, abs=0.2)
    assert recording.notes[-1] == f"reading broke off at {recording.duration:.1f} s: Input/output error"


def test_an_address_that_is_none():
    assert refusal("http://[::1/dog.wav") == "http://[::1/dog.wav is no address: Invalid IPv6 URL; check it"


def test_a_server_that_never_answers(monkeypatch):
    monkeypatch.setattr("whisper_at.audio.media.PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/dog.wav"
        assert refusal(address) == (
            f"cannot fetch {address}: no answer within 0.2 s; check the address and the network"
        )


def test_nothing_is_fetched_when_offline(server, tmp_path):
    (tmp_path / "dog.wav").write_bytes(wav(np.ones(1600, np.int16), 16_000))
    message = refusal(f"{server.address}/dog.wav", offline=True)
    assert message == f"cannot fetch {server.address}/dog.wav: offline; download it and give its path"
    assert server.asked == []
    assert read(tmp_path / "dog.wav", offline=True).duration == 0.1


def test_passwords_and_tokens_are_not_repeated():
    message = refusal("https://me:secret@example.org/dog.wav?token=secret", offline=True)
    assert "https://example.org/dog.wav" in message and "secret" not in message


@pytest.mark.parametrize("scheme", ["ftp", "rtsp", "file", "concat"])
def test_other_addresses_are_not_opened(scheme):
    assert refusal(f"{scheme}://example.org/dog.wav") == (
        f"cannot fetch {scheme}://example.org/dog.wav: only http and https are; download it and give its path"
    )


def test_a_playlist_opens_no_other_file_and_no_address(server, tmp_path):
    encoded(tmp_path, tone(440, 1.0, 16_000), 16_000, "ts")
    for target in (f"file://{tmp_path}/sound.ts", f"{server.address}/sound.ts", "sound.ts"):
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
        (tmp_path / "list.m3u8").write_text(playlist)
        refusal(tmp_path / "list.m3u8")
        refusal(playlist.encode())
        assert server.asked == []
    (tmp_path / "list.ffconcat").write_text(f"ffconcat version 1.0\nfile '{tmp_path}/sound.ts'\n")
    refusal(tmp_path / "list.ffconcat")


def test_a_playlist_from_the_web_opens_no_local_file(server, tmp_path):
    encoded(tmp_path, tone(440, 1.0, 16_000), 16_000, "ts")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
    (tmp_path / "local.m3u8").write_text(playlist.format(f"file://{tmp_path}/sound.ts"))
    refusal(f"{server.address}/local.m3u8")
    (tmp_path / "remote.m3u8").write_text(playlist.format("sound.ts"))
    assert read(f"{server.address}/remote.m3u8").duration == pytest.approx(1.0, abs=0.1)
