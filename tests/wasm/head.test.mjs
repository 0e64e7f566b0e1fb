import assert from "node:assert/strict";
import test from "node:test";
import { bytes, core, floats, integers, largestDifference, manifest, openReference, throwsCoreError } from "./support.mjs";

const reference = manifest.training;
const rows = () => [floats(reference.embeddings), integers(reference.labels), integers(reference.images)];

function trained(model, options = reference.options, epochs = options.epochs) {
  const trainer = core.trainHead(model, ...rows(), options);
  const curve = [];
  while (trainer.epoch < epochs) curve.push(trainer.trainEpoch());
  return { trainer, curve };
}

test("the head is the native one to 1e-5", () => {
  const model = openReference();
  const { trainer, curve } = trained(model);
  assert.deepEqual([...trainer.heldOut()], reference.heldOutRows);
  const native = core.parseSafetensors(bytes(reference.headFile), "native").tensors;
  const tensor = (name) => new Float32Array(native.find((entry) => entry.name === name).bytes.slice().buffer);
  const differences = [largestDifference(trainer.weight(), tensor("weight")), largestDifference(trainer.bias(), tensor("bias"))];
  console.log(`head: largest difference of weights ${differences[0].toExponential(1)}, of biases ${differences[1].toExponential(1)}`);
  assert.ok(Math.max(...differences) <= 1e-5);
  assert.equal(curve.length, 50);
  assert.ok(curve.at(-1).trainingLoss < curve[0].trainingLoss);
  throwsCoreError(() => trainer.trainEpoch(), "input", "50 epochs");
  trainer.delete();
  model.delete();
});

test("training classifies held-out images better and does not forget", () => {
  const model = openReference();
  const { trainer } = trained(model);
  const heldOut = trainer.heldOutScores();
  assert.ok(heldOut.after.balancedAccuracy > heldOut.before.balancedAccuracy + 0.2);
  assert.equal(heldOut.before.sensitivity[8], 0);
  assert.equal(heldOut.after.images, trainer.heldOut().length);
  const replayed = trainer.replayScores();
  assert.ok(replayed.after.balancedAccuracy >= replayed.before.balancedAccuracy);
  assert.equal(replayed.after.counts[8], 0);
  assert.equal(replayed.after.sensitivity[8], null);
  trainer.delete();
  model.delete();
});

test("a head file makes a personalised model and card", () => {
  const model = openReference();
  const { trainer } = trained(model, { ...reference.options, epochs: 3 });
  const file = trainer.headFile("mine", reference.trunk);
  const card = core.parseHeadCard(file, "mine");
  assert.deepEqual([card.name, card.shipped_classes, card.channels, card.options.epochs_done], ["mine", 8, reference.channels, 3]);
  assert.equal(card.classes[8], "PSO");
  assert.ok(card.training_images.PSO > 0 && card.held_out_images.PSO > 0);
  const own = model.withHead(file, "mine", reference.trunk);
  assert.deepEqual(own.weight(), trainer.weight());
  assert.equal(own.card.class_names[8], "Psoriasis");
  assert.deepEqual(own.card.operating_points, []);
  assert.equal(own.card.training.personalised.name, "mine");
  assert.equal(own.hasStatistics, true);
  const early = floats(reference.earlyEmbeddings).slice(0, reference.earlyChannels);
  assert.deepEqual(own.outOfDistribution(early), model.outOfDistribution(early));
  const reopened = core.openModel({ card: core.personalisedCard(model, file, "mine", "b".repeat(64)), statistics: own.statistics(), earlyStatistics: reference.earlyStatistics, weight: own.weight(), bias: own.bias() }, "mine.onnx");
  assert.equal(reopened.card.weights_sha256, "b".repeat(64));
  assert.equal(reopened.card.trunk_sha256, reference.trunk);
  const again = core.trainHead(reopened, ...rows(), { ...reference.options, epochs: 1 });
  again.trainEpoch();
  for (const object of [again, reopened, own, trainer, model]) object.delete();
});

test("a head of another model is refused", () => {
  const model = openReference();
  throwsCoreError(() => model.withHead(bytes(reference.headFile), "other.safetensors", "c".repeat(64)), "input", "other.safetensors", "another model");
  throwsCoreError(() => model.withHead(new Uint8Array(50), "a.safetensors", reference.trunk), "format", "a.safetensors");
  const card = { ...JSON.parse(reference.card), classes: ["A", "B", "C", "D", "E", "F", "G", "H"] };
  const other = core.openModel({ card: JSON.stringify({ ...card, out_of_distribution: {} }), statistics: null, earlyStatistics: null, weight: floats(reference.weight), bias: floats(reference.bias) }, "m");
  throwsCoreError(() => other.withHead(bytes(reference.headFile), "h", reference.trunk), "input", "other classes", "MEL");
  other.delete();
  model.delete();
});

test("what cannot be trained on is refused with the reason", () => {
  const model = openReference();
  const [embeddings, labels, images] = rows();
  const train = (change, options = reference.options) => core.trainHead(model, change.embeddings ?? embeddings, change.labels ?? labels, change.images ?? images, options);
  throwsCoreError(() => train({ labels: labels.map(() => 9) }), "input", "label 9");
  throwsCoreError(() => train({ labels: labels.slice(1) }), "shape", "embeddings");
  throwsCoreError(() => train({ images: images.map(() => 1) }), "input", "different labels");
  throwsCoreError(() => train({ embeddings: embeddings.map((value, i) => (i === 5 ? NaN : value)) }), "numeric", "embeddings");
  throwsCoreError(() => train({ embeddings: new Float32Array(0), labels: new Int32Array(0), images: new Int32Array(0) }), "input", "training images");
  const { options } = reference;
  throwsCoreError(() => train({}, { ...options, epochs: 0 }), "input", "epochs");
  throwsCoreError(() => train({}, { ...options, seed: 1.5 }), "input", "seed");
  throwsCoreError(() => train({}, { ...options, learningRate: "fast" }), "input", "learningRate");
  throwsCoreError(() => train({}, { ...options, classes: options.classes.slice().reverse() }), "input", "begin with");
  throwsCoreError(() => train({}, { ...options, classNames: ["one"] }), "input", "classNames");
  model.delete();
});
