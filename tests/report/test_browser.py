"""The page in a browser without a network: charts have a size and their colours, and nothing is said on the console."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from accelax.report.page import page_of, render
from accelax.report.results import results_of

pytest.importorskip("matplotlib")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here (Debian's package chromium)")

MEASURE = """<script>
const charts = [...document.querySelectorAll("figure.chart svg")].map(chart => {
  const size = chart.getBoundingClientRect();
  return [Math.round(size.width), Math.round(size.height), chart.querySelectorAll("path").length];
});
document.body.dataset.charts = JSON.stringify(charts);
document.body.dataset.wide = document.documentElement.scrollWidth > window.innerWidth;
console.error("measured");
</script>"""


def chromium(*words: str, folder) -> subprocess.CompletedProcess[str]:
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,2400",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}",
    ]  # fmt: skip
    return subprocess.run([str(CHROMIUM), *options, *words], capture_output=True, text=True, timeout=120)


def console(stderr: str) -> list[str]:
    """What the page, and not the browser itself, said."""
    return [line for line in stderr.splitlines() if ":CONSOLE" in line]


@pytest.fixture
def page(search, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(render(page_of(results_of(search))), encoding="utf-8")
    return path


def test_charts_are_drawn_and_the_console_stays_silent(page, tmp_path):
    measured = tmp_path / "measured.html"
    measured.write_text(page.read_text(encoding="utf-8").replace("</body>", MEASURE + "</body>"), encoding="utf-8")
    done = chromium("--dump-dom", measured.as_uri(), folder=tmp_path)
    (said,) = console(done.stderr)  # the line of the measurement, which shows that others would be seen
    assert "measured" in said
    found = re.search(r'data-charts="([^"]*)"', done.stdout)
    assert found, done.stderr
    charts = json.loads(found.group(1).replace("&quot;", '"'))
    assert len(charts) == 5  # energy, time, roofline, history, loop nest
    assert all(width > 500 and height > 150 and paths > 10 for width, height, paths in charts)
    assert 'data-wide="false"' in done.stdout


def test_a_screenshot_has_the_colours_of_the_charts(page, tmp_path):
    from matplotlib.image import imread

    picture = tmp_path / "page.png"
    done = chromium(f"--screenshot={picture}", page.as_uri(), folder=tmp_path)
    assert console(done.stderr) == []
    pixels = (imread(picture)[..., :3] * 255).round().astype(int)
    for name, colour in {"Weights": (0, 114, 178), "Inputs": (230, 159, 0), "limits": (213, 94, 0)}.items():
        seen = (abs(pixels - colour).max(axis=-1) <= 2).sum()
        assert seen > 400, f"{name}: {seen} pixels"
