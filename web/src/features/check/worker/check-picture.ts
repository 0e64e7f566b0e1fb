// From the bytes of a picture to everything that is said of it.
import type { Model, Picture, Quality, Rectangle } from '@core';
import { ProblemError } from '@/shared/problem';
import { engine } from '@/worker/engine';
import { everyView, meanOf, viewsOf } from '@/shared/views-of-picture';
import { looksAt } from '@/worker/looks';
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

/** The standard deviation of each class's probability over the views. */
function spreadOf(rows: Float32Array[]): number[] {
  const mean = meanOf(rows);
  return Array.from(mean, (average, k) =>
    Math.sqrt(rows.reduce((sum, row) => sum + ((row[k] ?? 0) - average) ** 2, 0) / rows.length),
  );
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
    const asked = viewsOf(card);
    const views = augment ? everyView : asked;
    const logits: Float32Array[] = [];
    const earlyEmbeddings: Float32Array[] = [];
    let maps: Maps | null = null;
    const clock = { begin: () => (mark = performance.now()), prepared: () => took('prepare') };
    for await (const output of looksAt(picture, card, crop, views, signal, clock)) {
      took('network');
      const own = logitsOf(model, shipped, output);
      logits.push(own);
      // The threshold was fitted on what the card asks for, no more.
      if (asked.includes(output.view)) earlyEmbeddings.push(output.earlyEmbedding);
      maps ??= {
        width: output.width,
        height: output.height,
        values: model.activationMaps(output.features, output.height, output.width),
        logits: own,
        bias: model.bias(),
        resize: card.preprocessing.resize,
      };
      took('explain');
    }
    if (maps === null) throw new ProblemError('runtime', 'no view was looked at');
    const probabilities = model.probabilities(meanOf(logits));
    const spread = views.length > 1 ? spreadOf(logits.map((row) => model.probabilities(row))) : null;
    const assessment = model.assess(probabilities);
    const unlike = model.outOfDistribution(meanOf(earlyEmbeddings));
    took('explain');
    timing.total = performance.now() - began;
    const result: CheckResult = {
      width: picture.width,
      height: picture.height,
      crop,
      classes: card.classes.map((code, k) => ({ code, name: card.class_names[k] ?? code })),
      probabilities: Array.from(probabilities),
      spread,
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
