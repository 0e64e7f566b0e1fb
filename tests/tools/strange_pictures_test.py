"""tools/make-strange-pictures without packages from the network: same seed, same files; bad input; nothing left behind."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make-strange-pictures"
NEEDED_BY_TEXT = ["/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", "/usr/share/common-licenses/GPL-3",
                  "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"]


def run(*arguments, **environment):
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def expect(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def size_of(jpeg):
    """Width and height from the frame header of a JPEG."""
    expect(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9", "each picture is a whole JPEG")
    place = 2
    while jpeg[place + 1] not in (0xC0, 0xC2):
        place += 2 + int.from_bytes(jpeg[place + 2:place + 4], "big")
    return int.from_bytes(jpeg[place + 7:place + 9], "big"), int.from_bytes(jpeg[place + 5:place + 7], "big")


def files_in(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.jpg")}


def make(folder, kinds, count, *more):
    done = run(folder, "--kinds", ",".join(kinds), "--per-kind", count, *more)
    if done.returncode == 77:
        print("[skipped] " + done.stdout.strip().splitlines()[-1].removeprefix("skipped: "))
        sys.exit(0)
    expect(done.returncode == 0, f"status {done.returncode}: {done.stderr}")
    return files_in(folder)


def check_pictures(place):
    kinds = ["skin", "noise"] + (["text"] if all(map(os.path.exists, NEEDED_BY_TEXT)) else [])
    first = make(place / "first", kinds, 3)
    expect(sorted(first) == sorted(f"{kind}/000{number}.jpg" for kind in kinds for number in (1, 2, 3)), f"names {sorted(first)}")
    expect(len(set(first.values())) == len(first), "no picture is there twice")
    sizes = {name: size_of(jpeg) for name, jpeg in first.items()}
    expect(all(200 <= side <= 600 for size in sizes.values() for side in size), f"sides of 200 to 600 px: {sizes}")

    lines = (place / "first" / "sources.tsv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    expect(sorted(row["file"] for row in rows) == sorted(first), "sources.tsv has a line for each picture")
    for row in rows:
        expect((int(row["width"]), int(row["height"])) == sizes[row["file"]], f"the size of {row['file']}")
        expect(75 <= int(row["jpeg_quality"]) <= 95, f"the quality of {row['file']}")
        expect((row["package"] == "generated") == (row["kind"] != "text"), f"the source of {row['file']}")
    expect("Licences" in (place / "first" / "README.txt").read_text(encoding="utf-8"), "README.txt speaks of licences")

    expect(make(place / "again", kinds, 3) == first, "the same seed gives the same files")
    fewer = make(place / "fewer", ["noise"], 2)
    expect(fewer == {name: first[name] for name in fewer}, "a picture does not depend on how many and which others are made")
    other = make(place / "other", ["noise"], 2, "--seed", 1)
    expect(all(other[name] != first[name] for name in other), "another seed gives other pictures")


def check_bad_input(place):
    for arguments, message in [
        ([place / "first"], "is not empty; name another folder or remove it"),
        ([place / "new", "--kinds", "skin,cats"], "unknown kind 'cats'; known are photographs, drawings, text, skin, noise"),
        ([place / "new", "--kinds", "skin,skin"], "--kinds names a kind twice"),
        ([place / "new", "--per-kind", "0"], "--per-kind is 0; expected 1 to 9999"),
        ([place / "new", "--seed", "-1"], "--seed is -1; expected 0 or more"),
    ]:
        done = run(*arguments)
        expect(done.returncode == 2 and message in done.stderr, f"{arguments}: status {done.returncode}, {done.stderr!r}")
    without = run(place / "new", "--kinds", "drawings", PATH=str(place))
    expect(without.returncode == 77 and "skipped: apt-get is not here" in without.stdout, f"without apt-get: {without}")
    expect(sorted(path.name for path in place.iterdir()) == ["again", "fewer", "first", "other"], "nothing is left behind")


with tempfile.TemporaryDirectory() as scratch:
    check_pictures(Path(scratch))
    check_bad_input(Path(scratch))
