// The personalising part of the worker's face: embeddings, the training of a head, head files, whole model files.
import type { Core, HeadCard, HeadEpoch, HeadTrainingOptions } from '@core';
import { pictureProblem } from '@/worker/picture-problem';
import { hashWithClassifier, writePersonalised } from '@/shared/onnx-file-write';
import { type Outcome, ProblemError, isRefusal, outcome } from '@/shared/problem';
import { type ActiveModel, engine } from '@/worker/engine';
import { breathe } from '@/worker/job-queue';
import { everyView, meanOf, viewsOf } from '@/shared/views-of-picture';
import { looksAt } from '@/worker/looks';

export interface TrainingRows {
  /** [rows, channels] */
  embeddings: Float32Array<ArrayBuffer>;
  /** [rows], into the options' classes. */
  labels: Int32Array<ArrayBuffer>;
  /** [rows], which picture each row is of. */
  images: Int32Array<ArrayBuffer>;
}

export interface TrainedHead {
  file: Uint8Array<ArrayBuffer>;
  card: HeadCard;
}

export type HeadFault = 'no-head' | 'other-model' | 'other-classes' | 'damaged';

export type HeadCheck = { fits: true; card: HeadCard } | { fits: false; fault: HeadFault; detail: string };

const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

export const personaliseFace = {
  /** What the network says of the picture in the first `views` orientations: [views, channels]; 1: what it says of the
   * picture, over all those that the model's card asks for. */
  embed(
    id: string,
    trunkSha256: string,
    file: Blob,
    name: string,
    views: number,
  ): Promise<Outcome<Float32Array<ArrayBuffer>>> {
    return outcome(() => engine.queue.run(id, (signal) => embed(trunkSha256, file, name, views, signal)));
  },

  /** Trains until all epochs are done or abort(id) is called; either way the head so far is the answer. */
  trainHead(
    id: string,
    trunkSha256: string,
    rows: TrainingRows,
    options: HeadTrainingOptions,
    name: string,
    onEpoch: (epoch: HeadEpoch) => void,
  ): Promise<Outcome<TrainedHead>> {
    return outcome(() =>
      engine.queue.run(id, (signal) => trainHead(trunkSha256, rows, options, name, onEpoch, signal)),
    );
  },

  /** Whether a head file can answer with the open model, or why not. */
  readHead(file: Uint8Array<ArrayBuffer>, fileName: string): Promise<Outcome<HeadCheck>> {
    return outcome(async () => {
      const core = await engine.core();
      return checkHead(core, file, fileName);
    });
  },

  /** The open model's file with the classifier of the head in it. */
  personalisedFile(head: Uint8Array<ArrayBuffer>, name: string): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
    return outcome(() => engine.queue.run('personalised-file', () => personalisedFile(head, name)));
  },
};

function checkHead(core: Core, file: Uint8Array<ArrayBuffer>, fileName: string): HeadCheck {
  const { shipped, trunkSha256 } = engine.active();
  const refused = (fault: HeadFault, error: unknown): HeadCheck => {
    if (!isRefusal(error)) throw error;
    return { fits: false, fault, detail: error.message };
  };
  let card: HeadCard;
  try {
    card = core.parseHeadCard(file, fileName);
  } catch (error) {
    return refused(beginsAsSafetensors(file) ? 'damaged' : 'no-head', error);
  }
  const known = shipped.card.classes.every((code, k) => card.classes[k] === code);
  if (!known) return { fits: false, fault: 'other-classes', detail: card.classes.join(', ') };
  if (card.trunk_sha256 !== trunkSha256)
    return { fits: false, fault: 'other-model', detail: card.trunk_sha256 };
  try {
    shipped.withHead(file, fileName, trunkSha256).delete();
  } catch (error) {
    return refused('damaged', error);
  }
  return { fits: true, card };
}

/** Eight bytes of length, of which the last are zero, and a JSON object. */
function beginsAsSafetensors(file: Uint8Array): boolean {
  return file.length > 9 && file[6] === 0 && file[7] === 0 && file[8] === 0x7b;
}

/** The open model, if it has the trunk that the page asks about. */
function activeWith(wanted: string): ActiveModel {
  const active = engine.active();
  if (active.trunkSha256 !== wanted) throw new ProblemError('model-changed');
  return active;
}

async function embed(
  trunk: string,
  file: Blob,
  name: string,
  views: number,
  signal: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const core = await engine.core();
  const bytes = await readBytes(file);
  const { shipped } = activeWith(trunk);
  const looked = views === 1 ? viewsOf(shipped.card) : everyView.slice(0, views);
  const picture = decode(core.decodePicture.bind(core), bytes, name);
  try {
    const rows: Float32Array[] = [];
    for await (const { embedding } of looksAt(picture, shipped.card, null, looked, signal))
      rows.push(embedding);
    if (views === 1) return meanOf(rows);
    const all = new Float32Array(views * shipped.channels);
    rows.forEach((row, view) => all.set(row, view * shipped.channels));
    return all;
  } finally {
    picture.delete();
  }
}

async function readBytes(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    // The file was moved or changed since it was chosen.
    throw new ProblemError('damaged-picture', error instanceof Error ? error.message : String(error));
  }
}

function decode<P>(read: (bytes: Uint8Array, name: string) => P, bytes: Uint8Array, name: string): P {
  try {
    return read(bytes, name);
  } catch (error) {
    throw pictureProblem(error, bytes);
  }
}

async function trainHead(
  trunk: string,
  rows: TrainingRows,
  options: HeadTrainingOptions,
  name: string,
  onEpoch: (epoch: HeadEpoch) => void,
  signal: AbortSignal,
): Promise<TrainedHead> {
  const core = await engine.core();
  const { shipped, trunkSha256 } = activeWith(trunk);
  const trainer = core.trainHead(shipped, rows.embeddings, rows.labels, rows.images, options);
  try {
    while (trainer.epoch < trainer.epochs && !signal.aborted) {
      onEpoch(trainer.trainEpoch());
      await breathe(signal).catch(() => undefined);
    }
    const file = own(trainer.headFile(name, trunkSha256));
    return { file, card: core.parseHeadCard(file, name) };
  } finally {
    trainer.delete();
  }
}

async function personalisedFile(
  head: Uint8Array<ArrayBuffer>,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const core = await engine.core();
  const { shipped, student, trunkSha256 } = engine.active();
  const model = refusing(() => shipped.withHead(head, name, trunkSha256));
  try {
    const weight = model.weight();
    const bias = model.bias();
    const sum = await hashWithClassifier(student, weight, bias);
    const card = core.personalisedCard(shipped, head, name, sum);
    return writePersonalised(student, { weight, bias, card, statistics: model.statistics() });
  } finally {
    model.delete();
  }
}

/** A head that the core does not take is the file's fault, not the program's. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isRefusal(error)) throw new ProblemError('head-refused', error.message);
    throw error;
  }
}
