// From the bytes of a picture to everything that is said of it.
import type { Model, Picture, Quality, Rectangle, View } from '@core';
import { ProblemError } from '@/shared/problem';
import { engine } from '@/worker/engine';
import { breathe } from '@/worker/job-queue';
import type { NetworkOutput } from '@/worker/runtime';
import type { CheckOptions, CheckResult, Maps, Timing } from '../shared/result';
import { pictureProblem } from '@/worker/picture-problem';

/** Checked pictures whose quality is still to be judged: it is not needed for the answer, which therefore goes first. */
const toJudge = new Map<string, { picture: Picture; crop: Rectangle | null }>();

/** Judges what was checked under this id; null when there is no such picture any more. */
export function qualityOf(id: string): Quality | null {
  const judged = toJudge.get(id);
  if (judged === undefined) return null;
  toJudge.delete(id);
  try {
    return judged.picture.quality(judged.crop);
  } finally {
    judged.picture.delete();
  }
}

const allViews: View[] = [0, 1, 2, 3, 4, 5, 6, 7];

async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    // The file was moved or changed since it was chosen.
    throw new ProblemError('damaged-picture', error instanceof Error ? error.message : String(error));
  }
}

/** The file's logits, or those of the personalised head. */
function logitsOf(model: Model, shipped: Model, output: NetworkOutput): Float32Array {
  return model === shipped ? output.logits : model.logits(output.embedding);
}

function meanAndSpread(rows: Float32Array[]): { mean: Float32Array; spread: number[] } {
  const classes = rows[0]?.length ?? 0;
  const mean = new Float32Array(classes);
  const spread: number[] = [];
  for (let k = 0; k < classes; k++) {
    const values = rows.map((row) => row[k] ?? 0);
    const average = values.reduce((sum, value) => sum + value, 0) / rows.length;
    mean[k] = average;
    spread.push(Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / rows.length));
  }
  return { mean, spread };
}

/** @throws ProblemError for what is no picture, for a stop, and when the network fails. */
export async function checkPicture(
  id: string,
  file: Blob,
  name: string,
  { crop, augment }: CheckOptions,
  signal: AbortSignal,
): Promise<CheckResult> {
  const core = await engine.core();
  const bytes = await bytesOf(file);
  const { model, card, shipped, head } = engine.active();
  const timing: Timing = { decode: 0, prepare: 0, network: 0, explain: 0, total: 0 };
  const began = performance.now();
  let mark = began;
  const took = (step: Exclude<keyof Timing, 'total'>) => {
    const now = performance.now();
    timing[step] += now - mark;
    mark = now;
  };

  let picture: Picture;
  try {
    picture = core.decodePicture(bytes, name);
  } catch (error) {
    throw pictureProblem(error, bytes);
  }
  try {
    took('decode');
    const outputs: { logits: Float32Array; earlyEmbedding: Float32Array }[] = [];
    let maps: Maps | null = null;
    for (const view of augment ? allViews : allViews.slice(0, 1)) {
      if (view > 0) await breathe(signal);
      mark = performance.now();
      const image = picture.tensor(card.preprocessing, crop, view);
      took('prepare');
      const output = await engine.run(image, 1);
      took('network');
      const logits = logitsOf(model, shipped, output);
      outputs.push({ logits, earlyEmbedding: output.earlyEmbedding });
      maps ??= {
        width: output.width,
        height: output.height,
        values: model.activationMaps(output.features, output.height, output.width),
        logits,
        bias: model.bias(),
        resize: card.preprocessing.resize,
      };
      took('explain');
    }
    const rows = outputs.map(({ logits }) => model.probabilities(logits));
    const { mean, spread } = meanAndSpread(rows);
    const [first] = outputs;
    if (first === undefined || maps === null) throw new ProblemError('runtime', 'no view was looked at');
    const assessment = model.assess(mean);
    const unlike = model.outOfDistribution(first.earlyEmbedding);
    took('explain');
    timing.total = performance.now() - began;
    const result: CheckResult = {
      width: picture.width,
      height: picture.height,
      crop,
      classes: card.classes.map((code, k) => ({ code, name: card.class_names[k] ?? code })),
      probabilities: Array.from(mean),
      spread: augment ? spread : null,
      assessment,
      unlike,
      quality: null,
      maps,
      timing,
      model: { name: card.name, weightsSha256: card.weights_sha256, head: head?.name ?? null },
    };
    toJudge.get(id)?.picture.delete();
    toJudge.set(id, { picture, crop });
    return result;
  } catch (error) {
    picture.delete();
    throw error;
  }
}
