import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { bytes, core, floats, largestDifference, manifest, openReference, randomFloats, referenceParts, throwsCoreError } from "./support.mjs";

const reference = manifest.training;

test("a model is opened with its card, classifier and statistics", () => {
  const model = openReference();
  assert.equal(model.card.name, "reference");
  assert.deepEqual(model.card.classes, ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]);
  assert.equal(model.channels, reference.channels);
  assert.equal(model.hasStatistics, true);
  assert.equal(model.statistics(), reference.statistics);
  assert.deepEqual(model.weight(), floats(reference.weight));
  model.delete();
});

test("activation maps are the native ones and sum to the logit less the bias", () => {
  const model = openReference();
  const features = floats(reference.features);
  const { featureHeight: height, featureWidth: width } = reference;
  const maps = model.activationMaps(features, height, width);
  const native = floats(reference.maps);
  assert.ok(largestDifference(maps, native) <= 1e-5);
  const places = height * width;
  const embedding = Float32Array.from({ length: model.channels }, (_, c) => {
    let sum = 0;
    for (let i = 0; i < places; ++i) sum += features[c * places + i];
    return sum / places;
  });
  const logits = model.logits(embedding);
  const bias = model.bias();
  for (let k = 0; k < 8; ++k) {
    const sum = maps.subarray(k * places, (k + 1) * places).reduce((a, b) => a + b, 0);
    const wanted = logits[k] - bias[k];
    assert.ok(Math.abs(sum - wanted) <= 1e-4 * Math.max(Math.abs(wanted), 1e-2), `class ${k}: ${sum} and ${wanted}`);
  }
  throwsCoreError(() => model.activationMaps(features, height, width + 1), "shape", "features");
  model.delete();
});

test("the out-of-distribution score is the native one", () => {
  const model = openReference();
  assert.equal(model.knowsUnlike, true);
  const embedding = floats(reference.earlyEmbeddings).slice(0, reference.earlyChannels);
  const verdict = model.outOfDistribution(embedding);
  for (const field of ["score", "threshold"])
    assert.ok(Math.abs(verdict[field] - reference.verdict[field]) <= 1e-6 * Math.abs(reference.verdict[field]), field);
  assert.equal(verdict.unlike, reference.verdict.unlike);
  assert.equal(verdict.kept, reference.verdict.kept);
  assert.equal(model.outOfDistribution(embedding.map((value, i) => value + (i % 2 === 0 ? 20 : -20))).unlike, true);
  throwsCoreError(() => model.outOfDistribution(embedding.slice(1)), "shape", "early embedding");
  model.delete();
});

test("a model that is not calibrated says nothing of strange pictures", () => {
  const card = JSON.stringify({ ...JSON.parse(reference.card), out_of_distribution: {} });
  const model = core.openModel({ ...referenceParts(), card, earlyStatistics: null }, "m");
  assert.equal(model.knowsUnlike, false);
  assert.equal(model.hasStatistics, true);
  assert.equal(model.outOfDistribution(new Float32Array(reference.earlyChannels)), null);
  model.delete();
});

test("probabilities are calibrated and judged by the card's operating points", () => {
  const model = openReference();
  const probabilities = model.probabilities(Float32Array.of(2, 1, 0, 0, 0, 0, 0, 0));
  const wanted = Math.exp(2 / 1.3) / (Math.exp(2 / 1.3) + Math.exp(1 / 1.3) + 6);
  assert.ok(Math.abs(probabilities[0] - wanted) < 1e-6);
  const { top, confidence, rightWhenThisSure, targets } = model.assess(probabilities);
  assert.equal(top, 0);
  assert.ok(Math.abs(confidence - wanted) < 1e-6);
  assert.equal(rightWhenThisSure, null);
  assert.deepEqual(targets.map(({ target }) => target), ["MEL", "malignant"]);
  assert.deepEqual(targets[0].points.map(({ threshold, reached }) => [threshold, reached]), [[0.12, true], [0.25, true]]);
  assert.ok(Math.abs(targets[1].probability - [0, 2, 3, 7].reduce((sum, k) => sum + probabilities[k], 0)) < 1e-6);
  throwsCoreError(() => model.assess(probabilities.slice(1)), "shape", "probabilities");
  throwsCoreError(() => model.assess(probabilities.map(() => NaN)), "numeric", "finite");
  model.delete();
});

test("how often it is right when it is this sure comes from the card's reliability", () => {
  const card = JSON.parse(reference.card);
  card.metrics = { validation: { reliability: [{ low: 0, high: 0.5, count: 5, mean_confidence: 0.4, accuracy: 0.4 }, { low: 0.5, high: 1, count: 50, mean_confidence: 0.8, accuracy: 0.7 }] } };
  const model = core.openModel({ ...referenceParts(), card: JSON.stringify(card) }, "m");
  assert.deepEqual(model.assess(Float32Array.of(0.9, 0.1, 0, 0, 0, 0, 0, 0)).rightWhenThisSure, { low: 0.5, high: 1, count: 50, accuracy: 0.7 });
  assert.equal(model.assess(Float32Array.of(0.4, 0.3, 0.3, 0, 0, 0, 0, 0)).rightWhenThisSure, null);
  model.delete();
});

test("parts that do not fit are refused with the reason", () => {
  const parts = referenceParts();
  throwsCoreError(() => core.openModel({ ...parts, bias: parts.bias.slice(1) }, "mine.onnx"), "shape", "mine.onnx");
  throwsCoreError(() => core.openModel({ ...parts, card: "{" }, "mine.onnx"), "format", "mine.onnx", "JSON");
  throwsCoreError(() => core.openModel({ ...parts, statistics: "no base64!" }, "mine.onnx"), "format", "base64");
  throwsCoreError(() => core.openModel({ ...parts, earlyStatistics: "no base64!" }, "mine.onnx"), "format", "base64");
  throwsCoreError(() => core.openModel({ ...parts, earlyStatistics: null }, "mine.onnx"), "format", "early_statistics");
  throwsCoreError(() => core.openModel({ ...parts, weight: parts.weight.map(() => Infinity) }, "m"), "numeric", "finite");
  const card = JSON.parse(reference.card);
  const old = { ...card, out_of_distribution: { ...card.out_of_distribution, score: "energy+class-distance" } };
  throwsCoreError(() => core.openModel({ ...parts, card: JSON.stringify(old) }, "old.onnx"), "format", "old.onnx", "before the early embedding");
  delete card.temperature;
  throwsCoreError(() => core.parseModelCard(JSON.stringify(card), "mine.onnx"), "format", "temperature", "mine.onnx");
});

test("the hash of weights covers names, shapes and values", () => {
  const tensors = [{ name: "a.weight", shape: [2, 1], values: Float32Array.of(1, -2) }, { name: "a.bias", shape: [2], values: Float32Array.of(0, 3) }];
  const wanted = createHash("sha256").update("a.weight[2, 1]").update(new Uint8Array(tensors[0].values.buffer)).update("a.bias[2]").update(new Uint8Array(tensors[1].values.buffer)).digest("hex");
  assert.equal(createHash("sha256").update(core.weightsDigestInput(tensors)).digest("hex"), wanted);
  throwsCoreError(() => core.weightsDigestInput([{ ...tensors[0], shape: [3] }]), "shape", "a.weight");
});

test("safetensors make the round trip", () => {
  const file = core.parseSafetensors(bytes(reference.headFile), "head");
  assert.equal(file.metadata.format, "dermdistill.head");
  assert.deepEqual(file.tensors.find(({ name }) => name === "weight").shape, [9, reference.channels]);
  assert.deepEqual(core.serialiseSafetensors(file), bytes(reference.headFile));
  throwsCoreError(() => core.parseSafetensors(bytes(reference.headFile).slice(0, 100), "head"), "format", "head");
});

test("half precision is exact where it can be", () => {
  const values = Float32Array.of(0, 1, -2.5, 65504, 2 ** -24, 1 / 3);
  const back = core.fromHalf(core.toHalf(values));
  assert.deepEqual([...back.slice(0, 5)], [...values.slice(0, 5)]);
  assert.ok(Math.abs(back[5] - 1 / 3) < 1e-4);
});

test("the product of both backends is the plain one", () => {
  for (const [m, n, k] of [[1, 1, 1], [3, 5, 7], [8, 1280, 64], [65, 9, 300], [130, 70, 513]]) {
    const a = randomFloats(m * k, 1), b = randomFloats(k * n, 2);
    for (const [ta, tb] of [[false, false], [true, false], [false, true], [true, true]]) {
      const plain = new Float64Array(m * n);
      for (let i = 0; i < m; ++i)
        for (let p = 0; p < k; ++p) {
          const left = a[ta ? p * m + i : i * k + p];
          for (let j = 0; j < n; ++j) plain[i * n + j] += left * b[tb ? j * k + p : p * n + j];
        }
      for (const backend of ["auto", "wasm_simd", "eigen"])
        assert.ok(largestDifference(core.multiply(a, b, m, n, k, ta, tb, backend, 1), plain) < 1e-3, `${backend} ${m} ${n} ${k} ${ta} ${tb}`);
    }
  }
  throwsCoreError(() => core.multiply(randomFloats(4, 1), randomFloats(4, 1), 2, 2, 3, false, false, "auto", 1), "shape", "product");
  throwsCoreError(() => core.multiply(randomFloats(4, 1), randomFloats(4, 1), 2, 2, 2, false, false, "cuda", 1), "input", "cuda");
});

test("the depthwise convolution is its definition in every pass", () => {
  const batch = 2;
  for (const [height, width, channels, stride] of [[1, 1, 1, 1], [5, 7, 3, 1], [5, 7, 3, 2], [8, 6, 40, 2], [9, 9, 24, 1]]) {
    const rows = Math.ceil(height / stride), columns = Math.ceil(width / stride);
    const x = randomFloats(batch * height * width * channels, 3), w = randomFloats(9 * channels, 4), dy = randomFloats(batch * rows * columns * channels, 5);
    const y = new Float64Array(dy.length), dx = new Float64Array(x.length), dw = new Float64Array(w.length);
    for (let out = 0; out < dy.length; ++out) {
      const c = out % channels, column = Math.floor(out / channels) % columns, row = Math.floor(out / channels / columns) % rows, image = Math.floor(out / channels / columns / rows);
      for (let tap = 0; tap < 9; ++tap) {
        const iy = row * stride + Math.floor(tap / 3) - 1, ix = column * stride + (tap % 3) - 1;
        if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
        const at = ((image * height + iy) * width + ix) * channels + c, weight = tap * channels + c;
        y[out] += x[at] * w[weight];
        dx[at] += dy[out] * w[weight];
        dw[weight] += x[at] * dy[out];
      }
    }
    const run = (pass, a, b) => core.depthwise(pass, a, b, batch, height, width, channels, stride, 1);
    for (const [pass, a, b, wanted] of [["forward", x, w, y], ["backward_data", dy, w, dx], ["backward_weights", x, dy, dw]])
      assert.ok(largestDifference(run(pass, a, b), wanted) < 1e-3, `${pass} ${height} ${width} ${channels} ${stride}`);
  }
  const [x, w] = [randomFloats(16, 1), randomFloats(9, 2)];
  throwsCoreError(() => core.depthwise("forward", x, w, 1, 4, 5, 1, 1, 1), "shape", "depthwise convolution", "first factor");
  throwsCoreError(() => core.depthwise("sideways", x, w, 1, 4, 4, 1, 1, 1), "input", "sideways");
  throwsCoreError(() => core.depthwise("forward", x, w, 1, 4, 4, 1, 3, 1), "shape", "depthwise");
});

test("metrics are those of the native program's definition", () => {
  const report = core.computeMetrics(["A", "B"], Float32Array.of(0.9, 0.1, 0.4, 0.6, 0.7, 0.3, 0.2, 0.8), Int32Array.of(0, 0, 1, 1), null, 0);
  assert.equal(report.accuracy.value, 0.5);
  assert.deepEqual(report.confusion, [[1, 1], [1, 1]]);
  throwsCoreError(() => core.computeMetrics(["A", "B"], Float32Array.of(0.9, 0.3), Int32Array.of(0), null, 0), "input");
});
