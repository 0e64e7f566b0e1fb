// One personalisation: embeddings of the pictures, then the training of a head, then its figures.
import { batch, signal } from '@preact/signals';
import { proxy, transfer } from 'comlink';
import type { HeadCard, HeadEpoch } from '@core';
import type { ModelInfo } from '@/shared/model-info';
import { type Problem, ProblemError, toProblem } from '@/shared/problem';
import { modelState, worker } from '@/worker/client';
import type { TrainedHead, TrainingRows } from '../worker/personalise-face';
import type { LabelClass } from '../shared/classes';
import { type LabelledImage, readiness } from '../shared/training-set';
import { classes, failures, ready, trainable } from './collection';
import { embeddingOf, keepPresent, putEmbedding } from './embeddings';
import { headName, settings } from './training-settings';

export type Phase =
  | { step: 'idle' }
  | { step: 'embedding'; done: number; all: number; secondsLeft: number | null }
  | { step: 'training'; epochs: number }
  | { step: 'done'; head: TrainedHead; seconds: number; stopped: boolean }
  | { step: 'failed'; problem: Problem };

export const phase = signal<Phase>({ step: 'idle' });
export const epochs = signal<readonly HeadEpoch[]>([]);
const trainingJob = 'personalise-training';
/** Pictures on their way to the worker at once. */
const inFlight = 2;
let stopped = false;
let running: string[] = [];

/** What one training began with: pictures may come and go, and another model may be opened, while it runs. */
interface Run {
  info: ModelInfo;
  views: number;
  wanted: readonly LabelledImage[];
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
  const run: Run = { info: model.info, views: settings.value.views, wanted: trainable.value };
  try {
    await embedAll(run);
    await keepPresent();
    mustBeOpen(run.info);
    const set = leftOf(run);
    if (stopped || !readiness(set, classes.value, run.info.hasStatistics).ready)
      phase.value = { step: 'idle' };
    else await train(run, set);
  } catch (error) {
    phase.value = { step: 'failed', problem: toProblem(error) };
  }
}

function mustBeOpen({ trunkSha256 }: ModelInfo): void {
  const { value } = modelState;
  if (value.step !== 'ready' || value.info.trunkSha256 !== trunkSha256)
    throw new ProblemError('model-changed');
}

/** Of the pictures that the run began with, those that are still there and that the network has looked at. */
function leftOf({ info, views, wanted }: Run): LabelledImage[] {
  const ids = new Set(wanted.map(({ id }) => id));
  return trainable.value.filter(
    (image) => ids.has(image.id) && embeddingOf(info, image, views) !== undefined,
  );
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

/** For heads of a model that is not open any more: one that is on its way ends by itself, and says why. */
export function discard(): void {
  if (busy()) return stop();
  batch(() => {
    phase.value = { step: 'idle' };
    epochs.value = [];
  });
}

async function embedAll(run: Run): Promise<void> {
  const unseen = run.wanted.filter((image) => embeddingOf(run.info, image, run.views) === undefined);
  const missing = unseen.filter(({ file }) => file !== null);
  const lost = unseen.filter(({ file }) => file === null);
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
      await embedOne(run, image);
      done += 1;
      report();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function embedOne({ info, views }: Run, image: LabelledImage): Promise<void> {
  const { file, id, name } = image;
  if (file === null) return;
  running.push(id);
  const result = await worker().embed(id, info.trunkSha256, file, name, views);
  running = running.filter((one) => one !== id);
  if (result.ok) putEmbedding(info, image, views, result.value);
  else if (result.problem.code === 'model-changed') stop();
  else if (result.problem.code !== 'aborted') fail(image, result.problem);
}

/** Null: only embeddings of other views were kept of it, and the picture itself is not at hand. */
function fail(image: LabelledImage, problem: Problem | null): void {
  failures.value = new Map(failures.value).set(image.id, problem);
}

function rowsOf({ info, views }: Run, set: readonly LabelledImage[], codes: readonly string[]): TrainingRows {
  const count = set.length * views;
  const rows: TrainingRows = {
    embeddings: new Float32Array(count * info.channels),
    labels: new Int32Array(count),
    images: new Int32Array(count),
  };
  set.forEach((image, i) => {
    const values = embeddingOf(info, image, views);
    if (values === undefined) throw new Error(`the embeddings of ${image.name} are missing`);
    rows.embeddings.set(values, i * views * info.channels);
    rows.labels.fill(codes.indexOf(image.label), i * views, (i + 1) * views);
    rows.images.fill(i, i * views, (i + 1) * views);
  });
  return rows;
}

async function train(run: Run, set: readonly LabelledImage[]): Promise<void> {
  const head = headClasses(set);
  const codes = head.map(({ code }) => code);
  const { epochs: count, learningRate, pull, replay, heldOut, seed } = settings.value;
  phase.value = { step: 'training', epochs: count };
  const began = performance.now();
  const onEpoch = proxy((epoch: HeadEpoch) => {
    epochs.value = [...epochs.value, epoch];
  });
  const rows = rowsOf(run, set, codes);
  const options = {
    ...{ epochs: count, learningRate, pull, replay, heldOut, seed },
    classes: codes,
    classNames: head.map(({ name }) => name),
  };
  const result = await worker().trainHead(
    trainingJob,
    run.info.trunkSha256,
    transfer(rows, [rows.embeddings.buffer, rows.labels.buffer, rows.images.buffer]),
    options,
    headName.value.trim(),
    onEpoch,
  );
  const seconds = (performance.now() - began) * 1e-3;
  if (result.ok) phase.value = { step: 'done', head: result.value, seconds, stopped };
  else phase.value = { step: 'failed', problem: result.problem };
}

/** What the head that was just trained says of itself. */
export function headCardOf(): HeadCard | null {
  return phase.value.step === 'done' ? phase.value.head.card : null;
}
