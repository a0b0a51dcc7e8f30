"""Takes the pictures of the manual anew: `docs/page.png` and `docs/table.png`.

    cargo build && python3 docs/pictures.py target/debug/esaudit

Needs Chromium (`CHROMIUM`, else `chromium`), which draws the page, and the terminal's output as a page of its own.
"""
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

DOCS = pathlib.Path(__file__).parent
LOGS = "testdata/incident"
# Lines of the terminal's output on the picture.
LINES = 50
COLORS = {30: "#1e2127", 31: "#e06c75", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2", 37: "#dcdfe4"}


def shot(page, picture, width, height):
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [os.environ.get("CHROMIUM", "chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--user-data-dir={profile}", f"--window-size={width},{height}", "--virtual-time-budget=5000",
             f"--screenshot={picture}", page.as_uri()],
            check=True, stderr=subprocess.DEVNULL)


def as_page(text):
    """The output of a terminal as HTML: the few sequences that the program writes."""
    out, style = [], {}
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        codes = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not codes:
            look = ";".join(f"{name}:{value}" for name, value in style.items())
            out.append(f'<span style="{look}">{html.escape(part)}</span>')
            continue
        for code in map(int, filter(None, codes[1].split(";") or ["0"])):
            if code == 0:
                style = {}
            elif code == 1:
                style["font-weight"] = "bold"
            elif code == 2:
                style["opacity"] = ".6"
            elif code in COLORS or code - 60 in COLORS:
                style["color"] = COLORS.get(code) or COLORS[code - 60]
    return ("<!doctype html><meta charset=utf-8><body style='margin:0;background:#1e2127;color:#dcdfe4'>"
            f"<pre style='margin:16px;font:14px/18.3px DejaVu Sans Mono,monospace'>{''.join(out)}</pre>")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    os.chdir(DOCS.parent)
    with tempfile.TemporaryDirectory() as folder:
        page, table = pathlib.Path(folder, "page.html"), pathlib.Path(folder, "table.html")
        subprocess.run([program, "report", LOGS, "--quiet", "-o", page], check=True)
        shot(page, DOCS / "page.png", 1180, 1850)
        told = subprocess.run([program, "report", LOGS, "--quiet", "--full", "--color", "always", "--width", "104"],
                              check=True, capture_output=True, encoding="utf-8").stdout
        table.write_text(as_page("\n".join(told.splitlines()[:LINES])), encoding="utf-8")
        shot(table, DOCS / "table.png", 940, 32 + round(18.3 * LINES))


main()
