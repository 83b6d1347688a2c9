"""The page: it holds everything, whatever was said, and in a browser it plays, seeks, finds and hides."""

import json
import re
import shutil
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given

from tests.audio.synth import tone, wav
from tests.test_annotation import ANNOTATION, SEGMENT
from tests.writers.transcripts import talks
from whisper_at.annotation import Curve, Curves, Word
from whisper_at.timeline import Event
from whisper_at.writers import WRITERS
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.page import LARGEST

PLAIN = WriteOptions()


def data_of(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    )


@given(talks())
def test_the_page_holds_what_was_said_and_heard(annotation):
    page = WRITERS["html"](annotation, PLAIN)
    data = data_of(page)
    assert [s["text"] for s in data["segments"]] == [s.text.strip() for s in annotation.segments]
    assert [(e["start"], e["mid"]) for e in data["events"]] == [(e.start, e.mid) for e in annotation.events]
    assert "%%" not in page and "http://" not in page and "https://" not in page


def test_nothing_that_was_said_ends_the_page_early():
    evil = "</script><script>alert(1)</script> %%data%% \u2028 <!--"
    annotation = replace(ANNOTATION, segments=(replace(SEGMENT, text=evil, words=None),))
    page = WRITERS["html"](annotation, PLAIN)
    assert data_of(page)["segments"][0]["text"] == evil
    assert page.count("</script>") == 2


def test_a_small_recording_is_in_the_page_and_a_large_one_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "a talk.wav"
    path.write_bytes(b"RIFF")
    assert 'src="data:audio/wav;base64,UklGRg=="' in WRITERS["html"](ANNOTATION, WriteOptions(recording=path))
    monkeypatch.setattr("whisper_at.writers.page.LARGEST", 3)
    assert 'src="a%20talk.wav"' in WRITERS["html"](ANNOTATION, WriteOptions(recording=path))
    assert 'src=""' in WRITERS["html"](ANNOTATION, PLAIN)
    assert LARGEST > 1_000_000


def test_a_page_in_another_folder_finds_the_recording_where_it_lies(tmp_path):
    recording = tmp_path / "talks" / "talk.wma"  # browsers do not play these
    options = WriteOptions(recording=recording, folder=tmp_path / "pages")
    assert 'src="../talks/talk.wma"' in WRITERS["html"](ANNOTATION, options)


def test_what_is_made_to_be_played_goes_before_the_recording(tmp_path):
    options = WriteOptions(recording=tmp_path / "talk.wma", sound=b"WebM")
    assert 'src="data:audio/webm;base64,V2ViTQ=="' in WRITERS["html"](ANNOTATION, options)


def luminance(colour):
    """As WCAG 2 has it, of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PALETTES = re.findall(r"--paper:[^}]*", files("whisper_at.writers.page").joinpath("page.css").read_text())


@pytest.mark.parametrize("palette", PALETTES)
def test_what_is_written_can_be_read_on_every_ground(palette):
    of = {name: luminance(colour) for name, colour in re.findall(r"--(\w+): (#\w{6})", palette)}
    grounds = {"ink": ("paper", "panel", "now", "mark"), "faint": ("paper", "panel", "now")}
    for text in ("ink", "faint", "sound", "alarm"):
        for ground in grounds.get(text, ("paper", "now")):
            dark, light = sorted((of[text], of[ground]))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def word(text, start):
    return Word(word=f" {text}", start=start, end=start + 0.8, probability=1)


def event(label, mid, start, end):
    return Event(label=label, mid=mid, start=start, end=end, probability=0.8)


SCENE = replace(
    ANNOTATION,
    text="Help me. Listen.",
    language="en",
    duration=20.0,
    segments=(
        replace(SEGMENT, id=0, start=1, end=2.8, text=" Help me.", words=(word("Help", 1.0), word("me.", 2.0))),
        replace(SEGMENT, id=1, start=9, end=9.8, text=" Listen.", words=(word("Listen.", 9.0),)),
    ),
    events=(event("Bark", "/m/05tny_", 3, 5), event("Siren", "/m/03kmc9", 6, 12), event("Bark", "/m/05tny_", 13, 14)),
    curves=Curves(resolution=0.2, curves=(Curve(label="Siren", mid="/m/03kmc9", probabilities=(0.5,) * 100),)),
)  # fmt: skip


OVERLAPPING = replace(  # two people at once, each on a channel
    SCENE,
    segments=(
        replace(SEGMENT, start=0, end=6, text=" Yes. No.", words=(word("Yes.", 0), word("No.", 5)), channel=0),
        replace(SEGMENT, start=2, end=4, text=" Why? Who?", words=(word("Why?", 2), word("Who?", 3)), channel=1),
    ),
    events=(),
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    """Chromium, with nothing to click away."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if not (driver and chromium):
        pytest.skip("there is no Chromium with its driver here (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1280,900",
        "--mute-audio",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield opened
    opened.quit()


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens the page of a scene of twenty seconds from disk, and waits for its sound."""
    recording = tmp_path / "scene.wav"
    recording.write_bytes(wav(tone(220, seconds=20, rate=8_000), 8_000))

    def opened(annotation):
        path = tmp_path / "scene.html"
        path.write_text(WRITERS["html"](annotation, WriteOptions(recording=recording)), encoding="utf-8")
        browser.get(path.as_uri())
        wait_for(browser, "document.getElementById('sound').readyState > 0")
        return browser

    return opened


@pytest.fixture
def page(open_page):
    return open_page(SCENE)


def wait_for(page, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page, 20).until(lambda b: b.execute_script(f"return {condition}"))


def is_playing(page):
    return page.execute_script("return !document.getElementById('sound').paused")


def css(page, selector):
    return page.find_elements("css selector", selector)


def sound_at(page):
    return page.execute_script("return document.getElementById('sound').currentTime")


@pytest.mark.browser
def test_it_loads_from_disk_without_a_network_or_a_complaint(page):
    fetched = page.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in fetched if not name.startswith("data:")] == []
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert [row.text.split("\n")[-1] for row in css(page, ".row")] == [
        "Help me.", "[dog barking]", "[siren wailing]", "Listen.", "[dog barking]",
    ]  # fmt: skip


@pytest.mark.browser
def test_a_click_on_a_word_or_a_sound_goes_there(page):
    css(page, ".word")[1].click()
    assert sound_at(page) == pytest.approx(2.0)
    assert [node.text for node in css(page, ".word.now")] == ["me."]
    css(page, ".heard")[1].click()
    assert sound_at(page) == pytest.approx(6.0)
    css(page, ".row > button")[3].click()
    assert sound_at(page) == pytest.approx(9.0)


@pytest.mark.browser
def test_of_two_who_speak_at_once_each_has_the_word_marked_that_is_said_now(open_page):
    page = open_page(OVERLAPPING)
    for node, together in [(0, ["Yes."]), (2, ["Why?"]), (3, ["Who?"]), (1, ["No."])]:
        css(page, ".word")[node].click()
        assert [one.text for one in css(page, ".word.now")] == together
    rows = css(page, ".row[aria-current]")
    assert [row.text.split("\n")[-1] for row in rows] == ["0: Yes. No."]


@pytest.mark.browser
def test_a_click_on_the_lanes_goes_there(page):
    from selenium.webdriver import ActionChains

    canvas = css(page, "#canvas")[0]
    ActionChains(page).move_to_element_with_offset(canvas, canvas.size["width"] // 4, 0).click().perform()
    assert sound_at(page) == pytest.approx(15.0, abs=0.1)


@pytest.mark.browser
def test_search_finds_words_and_sounds_one_after_the_other(page):
    query = css(page, "#query")[0]
    query.send_keys("BARK")
    assert css(page, "#hits")[0].text == "2 found"
    query.submit()
    assert sound_at(page) == pytest.approx(3.0)
    query.submit()
    assert sound_at(page) == pytest.approx(13.0)
    assert css(page, "#hits")[0].text == "2 of 2"
    query.clear()
    query.send_keys("me. ")  # inside a segment: its word, not its beginning
    query.submit()
    assert sound_at(page) == pytest.approx(2.0)
    assert [node.text for node in css(page, ".hit")] == ["me."]


@pytest.mark.browser
def test_what_is_hidden_is_not_found(page):
    css(page, "#query")[0].send_keys("bark")
    css(page, "#none")[0].click()
    assert css(page, "#hits")[0].text == "0 found"
    css(page, "#all")[0].click()
    assert css(page, "#hits")[0].text == "2 found"


@pytest.mark.browser
def test_labels_and_groups_can_be_hidden(page):
    from selenium.webdriver.support.ui import Select

    def shown():
        return [node.text for node in css(page, ".heard") if node.is_displayed()]

    css(page, "#labels input")[0].click()  # the siren, which lasts longest
    assert shown() == ["[dog barking]"] * 2
    Select(css(page, "#group")[0]).select_by_value("alarms")
    assert shown() == ["[siren wailing]"]
    css(page, "#none")[0].click()
    assert shown() == []
    css(page, "#all")[0].click()
    assert len(shown()) == 3


@pytest.mark.browser
def test_keys_play_and_move(page):
    body = css(page, "body")[0]
    page.execute_script("document.activeElement.blur()")
    body.send_keys("\ue014")  # the right arrow
    assert sound_at(page) == pytest.approx(5.0)
    body.send_keys(" ")
    assert is_playing(page)


@pytest.mark.browser
def test_the_bar_plays_and_pauses_after_a_click_on_a_time(page):
    from selenium.webdriver import ActionChains

    css(page, ".row > button")[3].click()
    ActionChains(page).send_keys(" ").perform()
    assert is_playing(page)
    ActionChains(page).send_keys(" ").perform()
    assert not is_playing(page)


@pytest.mark.browser
def test_who_looks_elsewhere_while_it_plays_is_left_there(page):
    for _ in range(4):
        css(page, "#in")[0].click()
    css(page, "#transcript")[0].send_keys(" ")
    move = (
        "const pan = document.getElementById('pan'); pan.value = 900; pan.dispatchEvent(new Event('input'))"
    )
    page.execute_script(move)
    start = sound_at(page)
    wait_for(page, f"document.getElementById('sound').currentTime > {start + 0.3}")
    assert page.execute_script("return Number(document.getElementById('pan').value)") == 900
    css(page, ".word")[0].click()  # but who asks for a place is shown it
    assert page.execute_script("return Number(document.getElementById('pan').value)") < 900


@pytest.mark.browser
def test_a_page_without_its_recording_asks_for_it(browser, tmp_path):
    path = tmp_path / "scene.html"
    path.write_text(WRITERS["html"](SCENE, WriteOptions(recording=tmp_path / "gone.wav")), encoding="utf-8")
    browser.get(path.as_uri())
    wait_for(browser, "!document.getElementById('choose').hidden")
    css(browser, ".word")[1].click()  # the transcript and the lanes are there all the same
    assert [node.text for node in css(browser, ".word.now")] == ["me."]
    recording = tmp_path / "found.wav"
    recording.write_bytes(wav(tone(220, seconds=20, rate=8_000), 8_000))
    css(browser, "#file")[0].send_keys(str(recording))
    wait_for(browser, "document.getElementById('choose').hidden")
    wait_for(browser, "document.getElementById('sound').currentTime === 2")


@pytest.mark.browser
def test_light_and_dark(page):
    paper = "return getComputedStyle(document.body).backgroundColor"
    first = page.execute_script(paper)
    css(page, "#theme")[0].click()
    second = page.execute_script(paper)
    css(page, "#theme")[0].click()
    assert first != second and page.execute_script(paper) == first
