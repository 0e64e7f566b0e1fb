// What the tests share: the core as the page loads it, and the files that the native program wrote.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import createCore from "../../wasm/dist/core.js";

const folder = process.env.DERMDISTILL_REFERENCE;

export const core = await createCore({ wasmBinary: readFileSync(new URL("../../wasm/dist/core.wasm", import.meta.url)) });
export const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));

export const bytes = (name) => new Uint8Array(readFileSync(join(folder, name)));
export const floats = (name) => new Float32Array(bytes(name).buffer);
export const integers = (name) => new Int32Array(bytes(name).buffer);

export function referenceParts() {
  const { card, statistics, earlyStatistics, weight, bias } = manifest.training;
  return { card, statistics, earlyStatistics, weight: floats(weight), bias: floats(bias) };
}

export function openReference() {
  return core.openModel(referenceParts(), "reference");
}

/** Fails unless `action` throws a CoreError of that kind whose message holds every one of the texts. */
export function throwsCoreError(action, kind, ...texts) {
  assert.throws(action, (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.name, "CoreError");
    assert.equal(error.kind, kind, error.message);
    for (const text of texts) assert.ok(error.message.includes(text), `"${error.message}" lacks "${text}"`);
    return true;
  });
}

export function largestDifference(a, b) {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; ++i) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}

/** A small generator, so that inputs are the same every time. */
export function randomFloats(count, seed) {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
