// Runs an ONNX model with ONNX Runtime: node run_onnx.mjs MODEL IMAGES OUTPUTS
// IMAGES holds float32 values of the model's input for as many images as it is long; OUTPUTS receives the values of
// `logits`, `embedding`, `features` and `early_embedding`, one after the other. Both files are raw and little-endian.
import { readFileSync, writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';

const [model, images, outputs] = process.argv.slice(2);
if (!outputs) {
  console.error('usage: node run_onnx.mjs MODEL IMAGES OUTPUTS');
  process.exit(2);
}

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(model), { executionProviders: ['wasm'] });
const [input] = session.inputMetadata;
const [, ...imageShape] = input.shape;

const bytes = readFileSync(images);
const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const batch = values.length / imageShape.reduce((a, b) => a * b, 1);
if (!Number.isInteger(batch)) throw new Error(`${images}: not a whole number of images of ${imageShape.join(' x ')}`);

const results = await session.run({ image: new ort.Tensor('float32', values, [batch, ...imageShape]) });
const parts = ['logits', 'embedding', 'features', 'early_embedding'].map((name) => results[name].data);
writeFileSync(outputs, Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));
