// One personalisation: embeddings of the pictures, then the training of a head, then its figures.
import { batch, signal } from '@preact/signals';
import { proxy, transfer } from 'comlink';
import type { HeadCard, HeadEpoch } from '@core';
import { type StoredEmbedding, embeddingsOf, forgetEmbeddings, putEmbeddings } from '@/shared/head-store';
import type { ModelInfo } from '@/shared/model-info';
import { type Problem, toProblem } from '@/shared/problem';
import { modelState, worker } from '@/worker/client';
import type { TrainedHead, TrainingRows } from '../worker/personalise-face';
import type { LabelClass } from '../shared/classes';
import type { LabelledImage } from '../shared/training-set';
import { classes, failures, images, ready, restore, trainable } from './collection';

export interface Settings {
  epochs: number;
  learningRate: number;
  pull: number;
  replay: number;
  heldOut: number;
  seed: number;
  /** 1, 4 (turned) or 8 (turned and mirrored). */
  views: 1 | 4 | 8;
}

export const defaults: Settings = {
  epochs: 50,
  learningRate: 0.001,
  pull: 0.01,
  replay: 1,
  heldOut: 0.2,
  seed: 1,
  views: 8,
};

export type Phase =
  | { step: 'idle' }
  | { step: 'embedding'; done: number; all: number; secondsLeft: number | null }
  | { step: 'training'; epochs: number }
  | { step: 'done'; head: TrainedHead; seconds: number; stopped: boolean }
  | { step: 'failed'; problem: Problem };

export const settings = signal<Settings>(defaults);
/** What the person calls the head that is trained next. */
export const headName = signal('');
export const phase = signal<Phase>({ step: 'idle' });
export const epochs = signal<readonly HeadEpoch[]>([]);
/** Whether computed embeddings stay on this device; never without the person's wish. */
export const keepEmbeddings = signal(false);
export const keepProblem = signal<Problem | null>(null);

const embeddings = new Map<string, Float32Array<ArrayBuffer>>();
const trainingJob = 'personalise-training';
/** Pictures on their way to the worker at once. */
const inFlight = 2;
let stopped = false;
let running: string[] = [];

function keyOf(info: ModelInfo, image: LabelledImage): string {
  return `${info.trunkSha256}/${image.hash}/${settings.value.views}`;
}

/** Classes of the new head: all shipped ones, then the new ones that have pictures. */
function headClasses(set: readonly LabelledImage[]): LabelClass[] {
  const used = new Set(set.map(({ label }) => label));
  return classes.value.filter(({ code, shipped }) => shipped || used.has(code));
}

export async function start(): Promise<void> {
  const model = modelState.value;
  if (model.step !== 'ready' || !ready.value.ready || busy()) return;
  stopped = false;
  batch(() => {
    epochs.value = [];
    failures.value = new Map();
  });
  try {
    const wanted = trainable.value;
    await embedAll(model.info, wanted);
    if (keepEmbeddings.value) await keep(model.info, wanted);
    const set = trainable.value;
    if (stopped || !ready.value.ready) phase.value = { step: 'idle' };
    else await train(model.info, set);
  } catch (error) {
    phase.value = { step: 'failed', problem: toProblem(error) };
  }
}

export function busy(): boolean {
  return phase.value.step === 'embedding' || phase.value.step === 'training';
}

/** Embeddings that are done are kept; of a training the head so far is. */
export function stop(): void {
  stopped = true;
  for (const id of running) void worker().abort(id);
  void worker().abort(trainingJob);
}

export function discard(): void {
  batch(() => {
    phase.value = { step: 'idle' };
    epochs.value = [];
  });
}

async function embedAll(info: ModelInfo, set: readonly LabelledImage[]): Promise<void> {
  const missing = set.filter((image) => image.file !== null && !embeddings.has(keyOf(info, image)));
  const lost = set.filter((image) => image.file === null && !embeddings.has(keyOf(info, image)));
  for (const image of lost) fail(image, null);
  const began = performance.now();
  let done = 0;
  const report = () => {
    const secondsLeft =
      done < 2 ? null : ((performance.now() - began) / done) * (missing.length - done) * 1e-3;
    phase.value = { step: 'embedding', done, all: missing.length, secondsLeft };
  };
  report();
  const queue = [...missing];
  const lane = async () => {
    for (let image = queue.shift(); image && !stopped; image = queue.shift()) {
      await embedOne(info, image);
      done += 1;
      report();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function embedOne(info: ModelInfo, image: LabelledImage): Promise<void> {
  const { file, id, name } = image;
  if (file === null) return;
  const key = keyOf(info, image);
  running.push(id);
  const result = await worker().embed(id, file, name, settings.value.views);
  running = running.filter((one) => one !== id);
  if (result.ok) embeddings.set(key, result.value);
  else if (result.problem.code !== 'aborted') fail(image, result.problem);
}

/** Null: only embeddings of other views were kept of it, and the picture itself is not at hand. */
function fail(image: LabelledImage, problem: Problem | null): void {
  failures.value = new Map(failures.value).set(image.id, problem);
}

function rowsOf(info: ModelInfo, set: readonly LabelledImage[], codes: readonly string[]): TrainingRows {
  const { views } = settings.value;
  const count = set.length * views;
  const rows: TrainingRows = {
    embeddings: new Float32Array(count * info.channels),
    labels: new Int32Array(count),
    images: new Int32Array(count),
  };
  set.forEach((image, i) => {
    const values = embeddings.get(keyOf(info, image));
    if (values === undefined) throw new Error(`the embeddings of ${image.name} are missing`);
    rows.embeddings.set(values, i * views * info.channels);
    rows.labels.fill(codes.indexOf(image.label), i * views, (i + 1) * views);
    rows.images.fill(i, i * views, (i + 1) * views);
  });
  return rows;
}

async function train(info: ModelInfo, set: readonly LabelledImage[]): Promise<void> {
  const head = headClasses(set);
  const codes = head.map(({ code }) => code);
  const { epochs: count, learningRate, pull, replay, heldOut, seed } = settings.value;
  phase.value = { step: 'training', epochs: count };
  const began = performance.now();
  const onEpoch = proxy((epoch: HeadEpoch) => {
    epochs.value = [...epochs.value, epoch];
  });
  const rows = rowsOf(info, set, codes);
  const options = {
    ...{ epochs: count, learningRate, pull, replay, heldOut, seed },
    classes: codes,
    classNames: head.map(({ name }) => name),
  };
  const result = await worker().trainHead(
    trainingJob,
    transfer(rows, [rows.embeddings.buffer, rows.labels.buffer, rows.images.buffer]),
    options,
    headName.value.trim(),
    onEpoch,
  );
  const seconds = (performance.now() - began) * 1e-3;
  if (result.ok) phase.value = { step: 'done', head: result.value, seconds, stopped };
  else phase.value = { step: 'failed', problem: result.problem };
}

async function keep(info: ModelInfo, set: readonly LabelledImage[]): Promise<void> {
  const named = new Map(classes.value.map(({ code, name }) => [code, name]));
  const rows = set.flatMap((image): StoredEmbedding[] => {
    const key = keyOf(info, image);
    const values = embeddings.get(key);
    if (values === undefined) return [];
    return [
      {
        key: `${key}/${image.label}`,
        trunkSha256: info.trunkSha256,
        imageHash: image.hash,
        imageName: image.name,
        label: image.label,
        className: named.get(image.label) ?? image.label,
        views: settings.value.views,
        values,
      },
    ];
  });
  try {
    await putEmbeddings(rows);
    keepProblem.value = null;
  } catch (error) {
    keepProblem.value = toProblem(error);
  }
}

/** Brings back the embeddings that an earlier visit kept. Says whether there were any. */
export async function restoreKept(info: ModelInfo): Promise<void> {
  try {
    const kept = await embeddingsOf(info.trunkSha256);
    if (kept.length === 0) return;
    const [{ views } = { views: 8 }] = kept;
    const usable = kept.filter((one) => one.views === views && one.values.length === views * info.channels);
    batch(() => {
      keepEmbeddings.value = true;
      settings.value = { ...settings.value, views: views === 1 || views === 4 ? views : 8 };
      for (const one of usable)
        embeddings.set(`${info.trunkSha256}/${one.imageHash}/${one.views}`, one.values);
      restore(usable.map((one) => ({ ...one, hash: one.imageHash, name: one.imageName })));
    });
  } catch (error) {
    keepProblem.value = toProblem(error);
  }
}

/** Switches the keeping; off also deletes what was kept. */
export async function setKeepEmbeddings(on: boolean): Promise<void> {
  keepEmbeddings.value = on;
  const model = modelState.value;
  if (on) {
    if (model.step === 'ready') await keep(model.info, images.value);
    return;
  }
  try {
    await forgetEmbeddings();
    keepProblem.value = null;
  } catch (error) {
    keepProblem.value = toProblem(error);
  }
}

/** What the head that was just trained says of itself. */
export function headCardOf(): HeadCard | null {
  return phase.value.step === 'done' ? phase.value.head.card : null;
}
