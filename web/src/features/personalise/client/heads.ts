// The heads that were kept, which of them answers, and their way out of and into files.
import { batch, signal } from '@preact/signals';
import { download } from '@/shared/download';
import {
  type HeadChoice,
  type StoredHead,
  choiceOf,
  headsOf,
  putChoice,
  putHead,
  removeHead,
} from '@/shared/head-store';
import type { ModelInfo } from '@/shared/model-info';
import { type Problem, toProblem } from '@/shared/problem';
import { modelState, useHead, worker } from '@/worker/client';
import type { HeadFault, TrainedHead } from '../worker/personalise-face';

export type HeadProblem =
  | { kind: 'refused'; fileName: string; fault: HeadFault; detail: string }
  | { kind: 'not-kept'; problem: Problem }
  | { kind: 'failed'; problem: Problem };

export type HeadEvent = {
  kind: 'kept' | 'used' | 'imported' | 'undone' | 'removed' | 'exported';
  name: string;
};

export const heads = signal<readonly StoredHead[]>([]);
export const choice = signal<HeadChoice>({ present: null, before: [] });
export const headProblem = signal<HeadProblem | null>(null);
/** The last thing done, for the live region. */
export const headEvent = signal<HeadEvent | null>(null);
export const busyWithHead = signal(false);

/** So many steps back can be taken. */
const remembered = 20;

function openInfo(): ModelInfo | null {
  const state = modelState.value;
  return state.step === 'ready' ? state.info : null;
}

/** What the store has of this model. */
export async function loadHeads(info: ModelInfo): Promise<void> {
  try {
    const [stored, chosen] = await Promise.all([headsOf(info.trunkSha256), choiceOf(info.trunkSha256)]);
    batch(() => {
      heads.value = stored;
      choice.value = stored.some(({ id }) => id === chosen.present) ? chosen : { ...chosen, present: null };
    });
  } catch (error) {
    batch(() => {
      heads.value = [];
      choice.value = { present: null, before: [] };
      headProblem.value = { kind: 'not-kept', problem: toProblem(error) };
    });
  }
}

/** Where the store does not take it, everything goes on in memory, and the person is told. */
async function stored(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    headProblem.value = { kind: 'not-kept', problem: toProblem(error) };
    return false;
  }
}

async function acting(work: (info: ModelInfo) => Promise<void>): Promise<void> {
  const info = openInfo();
  if (info === null || busyWithHead.value) return;
  busyWithHead.value = true;
  headProblem.value = null;
  try {
    await work(info);
  } catch (error) {
    headProblem.value = { kind: 'failed', problem: toProblem(error) };
  } finally {
    busyWithHead.value = false;
  }
}

async function answerWith(info: ModelInfo, next: HeadChoice): Promise<boolean> {
  const head = heads.value.find(({ id }) => id === next.present);
  const problem = await useHead(head?.file ?? null, head?.name ?? '');
  if (problem !== null) {
    headProblem.value = { kind: 'failed', problem };
    return false;
  }
  choice.value = next;
  await stored(putChoice(info.trunkSha256, next));
  return true;
}

function stepTo(present: string | null): HeadChoice {
  return { present, before: [...choice.value.before, choice.value.present].slice(-remembered) };
}

async function add(
  info: ModelInfo,
  { file, card }: TrainedHead,
  name: string,
): Promise<{ head: StoredHead; kept: boolean }> {
  const id = crypto.randomUUID();
  const head: StoredHead = { id, name, createdAt: Date.now(), trunkSha256: info.trunkSha256, file, card };
  heads.value = [...heads.value, head];
  return { head, kept: await stored(putHead(head)) };
}

/** Keeps a head that was just trained and lets it answer. Says what of that worked; "used": not kept. */
export async function keepTrained(
  trained: TrainedHead,
  fallbackName: string,
): Promise<'kept' | 'used' | 'failed'> {
  let done: 'kept' | 'used' | 'failed' = 'failed';
  await acting(async (info) => {
    const { head, kept } = await add(info, trained, trained.card.name || fallbackName);
    if (!(await answerWith(info, stepTo(head.id)))) {
      // A second attempt would otherwise leave two of it.
      heads.value = heads.value.filter(({ id }) => id !== head.id);
      if (kept) await stored(removeHead(head.id));
      return;
    }
    done = kept ? 'kept' : 'used';
    headEvent.value = { kind: done, name: head.name };
  });
  return done;
}

/** Null: the model's own head. */
export function use(id: string | null): Promise<void> {
  return acting(async (info) => {
    if (id === choice.value.present) return;
    if (!(await answerWith(info, stepTo(id)))) return;
    headEvent.value = { kind: 'used', name: heads.value.find((head) => head.id === id)?.name ?? '' };
  });
}

/** The head that answered before, if it is still there; otherwise the one before it. */
export function undo(): Promise<void> {
  return acting(async (info) => {
    const there = new Set<string | null>([null, ...heads.value.map(({ id }) => id)]);
    const before = choice.value.before.filter((id) => there.has(id));
    const present = before.pop();
    if (present === undefined) return;
    if (!(await answerWith(info, { present, before }))) return;
    headEvent.value = { kind: 'undone', name: heads.value.find((head) => head.id === present)?.name ?? '' };
  });
}

export function remove(id: string): Promise<void> {
  return acting(async (info) => {
    const head = heads.value.find((one) => one.id === id);
    if (head === undefined) return;
    const before = choice.value.before.filter((one) => one !== id);
    const present = choice.value.present === id ? null : choice.value.present;
    if (!(await answerWith(info, { present, before }))) return;
    heads.value = heads.value.filter((one) => one.id !== id);
    await stored(removeHead(id));
    headEvent.value = { kind: 'removed', name: head.name };
  });
}

function fileStem(name: string): string {
  return (
    name
      .normalize('NFKC')
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'head'
  );
}

export function exportHead(head: StoredHead): void {
  download(`${fileStem(head.name)}.head.safetensors`, head.file, 'application/octet-stream');
  headEvent.value = { kind: 'exported', name: head.name };
}

/** The whole model with this head. */
export function exportModel(head: StoredHead): Promise<void> {
  return acting(async () => {
    const result = await worker().personalisedFile(head.file, head.name);
    if (!result.ok) {
      headProblem.value = { kind: 'failed', problem: result.problem };
      return;
    }
    download(`${fileStem(head.name)}.onnx`, result.value, 'application/octet-stream');
    headEvent.value = { kind: 'exported', name: head.name };
  });
}

/** Takes in a head file and lets it answer; one that does not fit is refused, and what is there stays. */
export function importHead(file: File): Promise<void> {
  return acting(async (info) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const result = await worker().readHead(bytes, file.name);
    if (!result.ok) {
      headProblem.value = { kind: 'failed', problem: result.problem };
      return;
    }
    const check = result.value;
    if (!check.fits) {
      headProblem.value = { kind: 'refused', fileName: file.name, fault: check.fault, detail: check.detail };
      return;
    }
    const name = check.card.name || file.name.replace(/\.safetensors$/i, '');
    const { head } = await add(info, { file: bytes, card: check.card }, name);
    if (await answerWith(info, stepTo(head.id))) headEvent.value = { kind: 'imported', name };
  });
}
