"""The page: it holds everything, whatever was said, and in a browser it plays, seeks, finds and hides."""

import json
import re
import shutil
from dataclasses import replace

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
def page(browser, tmp_path):
    """The page of the scene, from disk, with its sound loaded."""
    from selenium.webdriver.support.ui import WebDriverWait

    recording = tmp_path / "scene.wav"
    recording.write_bytes(wav(tone(220, seconds=20, rate=8_000), 8_000))
    path = tmp_path / "scene.html"
    path.write_text(WRITERS["html"](SCENE, WriteOptions(recording=recording)), encoding="utf-8")
    browser.get(path.as_uri())
    ready = "return document.getElementById('sound').readyState > 0"
    WebDriverWait(browser, 20).until(lambda b: b.execute_script(ready))
    return browser


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
    query.send_keys("listen")
    query.submit()
    assert sound_at(page) == pytest.approx(9.0)


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
    page.implicitly_wait(0)
    assert not page.execute_script("return document.getElementById('sound').paused")


@pytest.mark.browser
def test_light_and_dark(page):
    paper = "return getComputedStyle(document.body).backgroundColor"
    first = page.execute_script(paper)
    css(page, "#theme")[0].click()
    second = page.execute_script(paper)
    css(page, "#theme")[0].click()
    assert first != second and page.execute_script(paper) == first
