import assert from "node:assert/strict";
import { readFileSync, readdirSync, existsSync } from "node:fs";
import test from "node:test";
import { bytes, core, floats, manifest, throwsCoreError } from "./support.mjs";

const small = { size: 32, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], resize: "squash" };

/** [3, size, size] -> [size, size, 3]. */
function channelsLast(tensor, size) {
  const out = new Float32Array(tensor.length);
  for (let c = 0; c < 3; ++c) for (let i = 0; i < size * size; ++i) out[3 * i + c] = tensor[c * size * size + i];
  return out;
}

test("the tensors of at least 50 pictures are the native ones, bit for bit", () => {
  assert.ok(manifest.pictures.length >= 50, `${manifest.pictures.length} pictures`);
  for (const { file, tensor, width, height, preprocessing, crop } of manifest.pictures) {
    const picture = core.decodePicture(bytes(file), file);
    assert.deepEqual([picture.width, picture.height], [width, height], file);
    const here = new Uint32Array(channelsLast(picture.tensor(preprocessing, crop, 0), preprocessing.size).buffer);
    const native = new Uint32Array(floats(tensor).buffer);
    assert.equal(here.length, native.length);
    assert.equal(here.findIndex((value, i) => value !== native[i]), -1, `${file} differs`);
    picture.delete();
  }
});

test("pixels of a camera go the same way as a file's", () => {
  const { file, preprocessing } = manifest.pictures.find(({ file }) => file.startsWith("baseline"));
  const picture = core.decodePicture(bytes(file), file);
  const { width, height, data } = picture.pixels(0, null);
  assert.equal(data.length, 4 * width * height);
  const frame = core.pictureFromPixels(data, width, height, "frame");
  assert.deepEqual(frame.tensor(preprocessing, null, 0), picture.tensor(preprocessing, null, 0));
  throwsCoreError(() => core.pictureFromPixels(data, width + 1, height, "frame"), "shape", "frame");
  throwsCoreError(() => core.pictureFromPixels(new Uint8Array(4), 1, 1, "frame"), "format", "16 x 16");
  picture.delete();
  frame.delete();
});

test("the eight views are turns and mirror images of the first", () => {
  const picture = core.decodePicture(bytes(manifest.pictures[0].file), "a.jpg");
  const n = small.size;
  const upright = picture.tensor(small, null, 0);
  const at = (tensor, y, x) => [0, 1, 2].map((c) => tensor[c * n * n + y * n + x]);
  const turned = picture.tensor(small, null, 1);
  const mirrored = picture.tensor(small, null, 4);
  for (const [y, x] of [[0, 0], [3, 17], [31, 30]]) {
    assert.deepEqual(at(turned, y, x), at(upright, x, n - 1 - y));
    assert.deepEqual(at(mirrored, y, x), at(upright, y, n - 1 - x));
  }
  const views = new Set([0, 1, 2, 3, 4, 5, 6, 7].map((view) => picture.tensor(small, null, view).join()));
  assert.equal(views.size, 8);
  throwsCoreError(() => picture.tensor(small, null, 8), "input", "0 to 7");
  picture.delete();
});

test("pictures for display shrink and are cut out", () => {
  const picture = core.decodePicture(bytes("large.jpg"), "large.jpg");
  assert.deepEqual([picture.width, picture.height], [1600, 1201]);
  const shown = picture.pixels(400, null);
  assert.deepEqual([shown.width, shown.height], [400, 300]);
  const part = picture.pixels(0, { left: 10, top: 20, width: 30, height: 40 });
  assert.deepEqual([part.width, part.height, part.data[3]], [30, 40, 255]);
  throwsCoreError(() => picture.pixels(0, { left: 1590, top: 0, width: 30, height: 40 }), "input", "leaves the picture");
  throwsCoreError(() => picture.tensor(small, { left: 0, top: 0, width: 8, height: 40 }, 0), "input", "16 x 16");
  throwsCoreError(() => picture.tensor({ ...small, resize: "stretch" }, null, 0), "input", "stretch");
  picture.delete();
});

test("quality is measured and a small, empty picture is warned of", () => {
  const { width, height } = { width: 64, height: 64 };
  const black = core.pictureFromPixels(new Uint8Array(4 * width * height).map((_, i) => (i % 4 === 3 ? 255 : 3)), width, height, "black");
  const quality = black.quality(null);
  assert.ok(quality.warnings.includes("too-small") && quality.warnings.includes("too-dark"));
  assert.equal(quality.clippedDark, 1);
  black.delete();
});

test("what is no picture is named", () => {
  const start = (text) => Uint8Array.from([...text].map((c) => c.charCodeAt(0)));
  const cases = [
    [start("\0\0\0\x18ftypheic\0\0\0\0"), "HEIC"],
    [start("\0\0\0\x18ftypavif\0\0\0\0"), "AVIF"],
    [start("RIFF\0\0\0\0WEBPVP8 "), "WebP"],
    [start("GIF89a........"), "GIF"],
    [start("II*\0............"), "TIFF"],
    [start("%PDF-1.7"), "PDF"],
    [start("BM............"), "BMP"],
    [start("hello, this is a text"), "not a picture"],
    [new Uint8Array(0), "empty"],
  ];
  for (const [file, name] of cases) throwsCoreError(() => core.decodePicture(file, "mine.heic"), "format", "mine.heic", name, "JPEG or PNG");
  const whole = bytes("large.jpg");
  throwsCoreError(() => core.decodePicture(whole.slice(0, whole.length >> 1), "half.jpg"), "format", "half.jpg");
  throwsCoreError(() => core.decodePicture("text", "a.jpg"), "input", "picture");
  throwsCoreError(() => core.decodePicture(null, "a.jpg"), "input", "picture");
});

test("memory does not grow with the number of pictures", () => {
  const file = bytes("large.jpg");
  const use = () => core.decodePicture(file, "large.jpg").delete();
  for (let i = 0; i < 4; ++i) use();
  const before = core.HEAPU8?.length ?? 0;
  for (let i = 0; i < 20; ++i) use();
  assert.equal(core.HEAPU8?.length ?? 0, before);
});

const data = process.env.DERMDISTILL_DATA ?? new URL("../../../shared/data", import.meta.url).pathname;
const sample = `${data}/fullsize_sample`;
test("real pictures are decoded", { skip: existsSync(sample) ? false : "no real pictures here" }, () => {
  for (const name of readdirSync(sample).filter((name) => name.endsWith(".jpg"))) {
    const picture = core.decodePicture(new Uint8Array(readFileSync(`${sample}/${name}`)), name);
    assert.deepEqual([picture.width, picture.height], [600, 450]);
    picture.delete();
  }
});
