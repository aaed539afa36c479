"""The style sheet: contrast in light and dark (WCAG 2.2, 1.4.3 and 1.4.11), glyphs that agree with the words, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from forum.comments.stance import Stance
from forum.stances.words import STANCE_WORDS

CSS = (Path(__file__).parents[2] / "forum" / "static" / "forum.css").read_text(encoding="utf-8")
TEXT, GRAPHICS = 4.5, 3.0


def palettes() -> dict[str, dict[str, str]]:
    """Return the custom colours in light and dark."""
    light, dark, chosen = re.findall(
        r"(?:^:root|:root:not\(\[data-theme=light\]\)|\[data-theme=dark\])\{(.*?)\}", CSS, re.DOTALL | re.MULTILINE
    )
    # What a host page chooses for the frame is what a browser would have chosen.
    assert chosen.removeprefix("color-scheme:dark;") == dark.replace("\n", "")
    found = [dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", block)) for block in (light, dark)]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """Return ``share`` of one colour in another, as color-mix(in srgb) does."""
    return "#" + "".join(f"{round(int(one[at : at + 2], 16) * share + int(other[at : at + 2], 16) * (1 - share)):02x}" for at in (1, 3, 5))


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "link", *Stance])
def test_every_ink_can_be_read_on_paper_and_as_paper(scheme: str, ink: str) -> None:
    colours = palettes()[scheme]
    assert contrast(colours[ink], colours["paper"]) >= TEXT
    assert contrast(colours[ink], colours["raised"]) >= TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_changed_can_be_read(scheme: str) -> None:
    colours = palettes()[scheme]
    for stance, share in re.findall(r"color-mix\(in srgb,var\(--(\w+)\) (\d+)%,var\(--paper\)\)", CSS):
        assert contrast(colours["ink"], mix(colours[stance], colours["paper"], int(share) / 100)) >= TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fields_and_focus_stand_out(scheme: str) -> None:
    colours = palettes()[scheme]
    assert re.search(r"textarea,select\{[^}]*border:1px solid var\(--soft\)", CSS)
    assert re.search(r":focus-visible\{outline:3px solid var\(--link\)", CSS)
    for name in ("soft", "link"):
        assert contrast(colours[name], colours["paper"]) >= GRAPHICS


@pytest.mark.parametrize("stance", Stance)
def test_a_glyph_is_the_one_that_the_words_name(stance: Stance) -> None:
    glyph = re.search(rf'\.{stance}\{{--c:var\(--{stance}\);--g:"([^"\\]+)', CSS)
    assert glyph
    assert glyph[1] == STANCE_WORDS[stance].glyph


def test_forced_colours_and_both_schemes_are_provided_for() -> None:
    assert "color-scheme:light dark" in CSS
    assert "prefers-color-scheme:dark" in CSS
    assert "forced-colors:active" in CSS


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert not re.search(r"@import|url\(|https?:", CSS)


def test_the_column_is_as_wide_as_reading_goes() -> None:
    assert re.search(r"body\{[^}]*max-width:calc\(68ch", CSS)
