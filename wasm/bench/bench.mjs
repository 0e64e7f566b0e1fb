// node wasm/bench/bench.mjs [PICTURE.jpg]: how fast the built core is here. Prints the median and the best of several runs in
// processor time, which a busy machine disturbs less than the clock.
import { existsSync, readFileSync } from "node:fs";
import createCore from "../dist/core.js";

const core = await createCore({ wasmBinary: readFileSync(new URL("../dist/core.wasm", import.meta.url)) });

function measure(name, runs, action, unit) {
  const times = [];
  for (let i = 0; i < runs + 3; ++i) {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    if (i >= 3) times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1];
  const extra = unit ? `, ${unit(median)} at the median, ${unit(times[0])} at best` : "";
  console.log(`${name}: median ${median.toFixed(2)} ms, best ${times[0].toFixed(2)} ms${extra}`);
}

const n = 512;
const a = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i));
const rate = (repeats) => (ms) => `${((2 * n ** 3 * repeats) / ms / 1e6).toFixed(1)} GFLOP/s`;
for (const [backend, repeats] of [["wasm_simd", 10], ["eigen", 2]])
  measure(
    `product of 512 x 512 matrices, ${backend}, ${repeats} times`, 9,
    () => core.multiply(a, a, n, n, n, false, false, backend, repeats), rate(repeats),
  );

// Maps of MobileNetV2 at 112 px, as its fourth and its thirteenth block have them.
for (const [side, width, stride] of [[28, 144, 1], [28, 144, 2], [7, 576, 1], [7, 576, 2]]) {
  const out = Math.ceil(side / stride);
  const map = (pixels) => Float32Array.from({ length: pixels * width }, (_, i) => Math.sin(i));
  const [x, dy, w] = [map(side * side), map(out * out), map(9)];
  const runs = 200;
  const flops = (ms) => `${((2 * 9 * out * out * width * runs) / ms / 1e6).toFixed(1)} GFLOP/s`;
  for (const [pass, first, second] of [["forward", x, w], ["backward_data", dy, w], ["backward_weights", x, dy]])
    measure(
      `depthwise, ${side} x ${side} x ${width}, stride ${stride}, ${pass}, ${runs} times`, 9,
      () => core.depthwise(pass, first, second, 1, side, side, width, stride, runs), flops,
    );
}

const channels = 1280;
const rows = 1000;
const classes = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"];
const card = {
  format_version: 1, name: "bench", architecture: "mobilenet_v2", width: 1, classes, class_names: classes,
  preprocessing: { size: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], resize: "squash" },
  temperature: 1, operating_points: [], metrics: {}, training: {}, notices: [], out_of_distribution: {}, weights_sha256: "",
};

/** Statistics of made-up embeddings, in the form that a model's file has them. */
function statistics() {
  const rank = 24;
  const tensor = (name, shape, value) => {
    const values = Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, value);
    return { name, dtype: "F16", shape, bytes: core.toHalf(values) };
  };
  const file = core.serialiseSafetensors({
    metadata: { format: "dermdistill.embedding_statistics", version: "1", classes: JSON.stringify(classes), counts: JSON.stringify(classes.map(() => 100)) },
    tensors: [
      tensor("means", [8, channels], (_, i) => 0.5 + 0.3 * Math.sin(i)), tensor("scale", [channels], () => 0.3),
      tensor("basis", [rank, channels], (_, i) => Math.cos(i * i) / 25), tensor("variances", [8, rank], () => 20),
      tensor("pooled_variances", [rank], () => 20), tensor("residual", [channels], () => 0.5), tensor("spread", [8], () => 1),
    ],
  });
  return Buffer.from(file).toString("base64");
}

const model = core.openModel({
  card: JSON.stringify(card), statistics: statistics(),
  weight: Float32Array.from({ length: 8 * channels }, (_, i) => 0.05 * Math.sin(i * 7)), bias: new Float32Array(8),
}, "bench");
const embeddings = Float32Array.from({ length: rows * channels }, (_, i) => Math.abs(Math.sin(i * 1.7 + (i % 8))));
const labels = Int32Array.from({ length: rows }, (_, i) => i % 8);
const images = Int32Array.from({ length: rows }, (_, i) => i);
for (const replay of [1, 0])
  measure(`head training, 1,000 embeddings of 1,280, 50 epochs, replay ${replay}`, 3, () => {
    const trainer = core.trainHead(model, embeddings, labels, images, { classes, classNames: classes, epochs: 50, replay });
    while (trainer.epoch < 50) trainer.trainEpoch();
    trainer.delete();
  });

const features = Float32Array.from({ length: channels * 49 }, (_, i) => Math.abs(Math.sin(i)));
measure("activation maps of 8 classes, 7 x 7", 30, () => model.activationMaps(features, 7, 7));
const row = embeddings.slice(0, channels);
measure("assessment and logits", 30, () => model.assess(model.probabilities(model.logits(row))));

const picture = process.argv[2] ?? "";
if (existsSync(picture)) {
  const bytes = new Uint8Array(readFileSync(picture));
  measure("decode", 30, () => core.decodePicture(bytes, picture).delete());
  const decoded = core.decodePicture(bytes, picture);
  console.log(`  ${decoded.width} x ${decoded.height} pixels`);
  measure("resize and normalise to 224", 30, () => decoded.tensor(card.preprocessing, null, 0));
  measure("resize and normalise to 64", 30, () => decoded.tensor({ ...card.preprocessing, size: 64 }, null, 0));
  measure("quality", 30, () => decoded.quality(null));
  measure("pixels for display", 30, () => decoded.pixels(0, null));
}
