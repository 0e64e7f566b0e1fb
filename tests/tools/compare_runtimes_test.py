"""tools/compare-runtimes DERMDISTILL: over made-up pictures both runtimes agree, and where they do not it says so and fails."""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "compare-runtimes"
MODEL = ROOT / "models" / "student.onnx"
BINARY = Path(sys.argv[1]).resolve()
IMAGES = 40  # the fewest that synth draws


def skip(reason):
    print(f"[skipped] {reason}")
    sys.exit(0)


def expect(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def new_node():
    """Whether a node is there that is new enough, without having one fetched."""
    if list(ROOT.glob("build/node/node_modules/*/bin/node")):
        return True
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip().lstrip("v")
    return [int(part) for part in version.split(".")[:2]] >= [20, 19]


def compare(*arguments):
    command = [TOOL, "--model", MODEL, "--binary", BINARY, "--threads", "1", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def figures(done, status=0):
    expect(done.returncode == status, f"status {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def check_agreement(data):
    whole = figures(compare("--data", data, "--split", "all", "--json"))
    expect((whole["images"], whole["same_class"], whole["other_class"]) == (IMAGES, IMAGES, []), f"all agree: {whole}")
    expect(0 < whole["logits"]["mean"] <= whole["logits"]["largest"] < 1e-3, f"logits are near: {whole['logits']}")
    expect(whole["probabilities"]["largest"] < 1e-4, f"probabilities are near: {whole['probabilities']}")
    expect(whole["engine"]["accuracy"] == whole["onnx_runtime"]["accuracy"], f"the same accuracy: {whole}")


def check_tables(data, place):
    """The engine's table as it is, then with another class on top of one image."""
    table = place / "predictions.csv"
    done = subprocess.run([BINARY, "evaluate", "--model", MODEL, "--data", data, "--split", "all", "--bootstrap", "0",
                           "--predictions", table], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"evaluate: {done.stderr}")
    with table.open(newline="", encoding="utf-8") as file:
        columns, *rows = csv.reader(file)
    expect(columns[:5] == ["image", "label", "lesion_id", "file", "MEL"] and len(rows) == IMAGES, f"the table: {columns}")
    text = compare("--predictions", table, "--limit", "5")
    expect(text.returncode == 0 and "student.onnx: 5 images" in text.stdout, f"--limit: {text}")
    expect("100.00 % (5 of 5)" in text.stdout and "balanced accuracy" in text.stdout, f"the text: {text.stdout}")
    values = list(map(float, rows[3][4:]))
    high, low = 4 + values.index(max(values)), 4 + values.index(min(values))
    rows[3][high], rows[3][low] = rows[3][low], rows[3][high]
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    done = compare("--predictions", table, "--json")
    changed = figures(done, 1)
    expect([other["image"] for other in changed["other_class"]] == [rows[3][0]], f"names the image: {changed}")
    expect("1 of 40 images get another class; expected 99.9 % to agree" in done.stderr, f"says so: {done.stderr}")
    expect(changed["probabilities"]["largest"] > 0.01, f"far apart: {changed['probabilities']}")

    table.write_text("image,label,lesion_id,file,A,B\nx,A,,x.jpg,0.5,0.5\n", encoding="utf-8")
    done = compare("--predictions", table)
    expect(done.returncode == 2 and "expected image,label,lesion_id,file,MEL," in done.stderr, f"other classes: {done}")


def check_bad_input(data):
    for arguments, message in [
        (["--data", data, "--limit", "x"], '--limit: "x" is not a number of images'),
        (["--data", data, "--predictions", "a.csv"], "--predictions names the images already"),
        ([], "--data is missing"),
        (["--predictions", "absent.csv"], "there is no table at absent.csv"),
        (["--data", data, "--split", "half"], "half"),
    ]:
        done = compare(*arguments)
        expect(done.returncode != 0 and message in done.stderr and not done.stdout, f"{arguments}: {done}")


if not new_node():
    skip("tools/compare-runtimes needs node 20.19 or later")
if not (ROOT / "wasm/dist/core.wasm").exists():
    skip("wasm/dist/core.wasm is not built (tools/build-wasm)")
if not (ROOT / "web/node_modules/onnxruntime-web").exists():
    skip("ONNX Runtime is not there (tools/build-web fetches the packages of the site)")
if not MODEL.exists():
    skip("models/student.onnx is not there")
with tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch)
    made = subprocess.run([BINARY, "synth", "--out", folder / "data", "--images", str(IMAGES), "--size", "96", "--seed", "5"],
                          capture_output=True, text=True, check=False)
    expect(made.returncode == 0, f"synth: {made.stderr}")
    check_agreement(folder / "data")
    check_tables(folder / "data", folder)
    check_bad_input(folder / "data")
