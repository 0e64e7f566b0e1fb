// The labelled pictures of the view: how they come in, what is noticed about them, how they go.
import { batch, computed, signal } from '@preact/signals';
import { classes as english } from '@/i18n/en/classes';
import { classes as japanese } from '@/i18n/ja/classes';
import { type PathFile, droppedFiles } from '@/shared/dropped-files';
import type { Problem } from '@/shared/problem';
import { modelState } from '@/worker/client';
import { type LabelClass, matchClass, newClass } from '../shared/classes';
import { LabelTableError, type TableFault, imageKey, readLabelTable } from '../shared/label-table';
import { type LabelledImage, conflictsOf, readiness, usable } from '../shared/training-set';

/** What a person should know of files that did not become what they thought. */
export type Notice =
  | { kind: 'duplicate'; names: string[] }
  | { kind: 'no-class'; names: string[] }
  | { kind: 'no-picture'; names: string[] }
  | { kind: 'not-in-table'; names: string[] }
  | { kind: 'table-without-picture'; names: string[] }
  | { kind: 'table-lines'; name: string; lines: number[] }
  | { kind: 'table-fault'; name: string; fault: TableFault }
  | { kind: 'two-tables'; names: string[] }
  | { kind: 'unreadable'; names: string[] };

export const images = signal<readonly LabelledImage[]>([]);
export const newClasses = signal<readonly LabelClass[]>([]);
export const notices = signal<readonly Notice[]>([]);
/** Files that are being read in. */
export const reading = signal(0);
/** Pictures that could not be used, by id; null where the picture itself is not at hand any more. */
export const failures = signal<ReadonlyMap<string, Problem | null>>(new Map());

/** The model's classes, then the new ones. */
export const classes = computed<readonly LabelClass[]>(() => {
  const state = modelState.value;
  const card = state.step === 'ready' ? state.info.shippedCard : null;
  const shipped = (card?.classes ?? []).map((code, k) => ({
    code,
    name: card?.class_names[k] ?? code,
    shipped: true,
  }));
  const codes = new Set(shipped.map(({ code }) => code));
  return [...shipped, ...newClasses.value.filter(({ code }) => !codes.has(code))];
});

export const conflicts = computed(() => conflictsOf(images.value));
/** What would be trained on. */
export const trainable = computed(() => usable(images.value).filter(({ id }) => !failures.value.has(id)));
export const ready = computed(() => {
  const state = modelState.value;
  return readiness(trainable.value, classes.value, state.step === 'ready' && state.info.hasStatistics);
});

let nextId = 1;

function namesOf(code: string): string[] {
  return [english, japanese].map((names: Readonly<Record<string, string>>) => names[code] ?? '');
}

function classFor(word: string): LabelClass {
  return matchClass(word, classes.value, namesOf) ?? addClass(word);
}

/** A new class, or the one that has this name already. */
export function addClass(name: string): LabelClass {
  const known = matchClass(name, classes.value, namesOf);
  if (known) return known;
  const made = newClass(name, classes.value);
  newClasses.value = [...newClasses.value, made];
  return made;
}

export function removeClass(code: string): void {
  batch(() => {
    images.value = images.value.filter(({ label }) => label !== code);
    newClasses.value = newClasses.value.filter((one) => one.code !== code);
  });
}

function note(notice: Notice): void {
  notices.value = [...notices.value, notice];
}

export function dismiss(notice: Notice): void {
  notices.value = notices.value.filter((one) => one !== notice);
}

const isTable = ({ file }: PathFile) => /\.(csv|tsv|txt)$/i.test(file.name) || file.type === 'text/csv';
const mayBePicture = ({ file }: PathFile) =>
  !/\.(pdf|docx?|xlsx?|zip|html?|json|md|onnx|safetensors|mp4|mov)$/i.test(file.name);

/**
 * Takes in files. With `code` all of them are of that class (they were dropped on it); otherwise a table among them says
 * which is of which, or the folder around each.
 */
export async function addFiles(files: readonly PathFile[], code: string | null): Promise<void> {
  const tables = files.filter(isTable);
  const others = files.filter((one) => !isTable(one));
  const pictures = others.filter(mayBePicture);
  const rest = others.filter((one) => !mayBePicture(one));
  if (rest.length > 0) note({ kind: 'no-picture', names: rest.map(({ file }) => file.name) });
  if (code !== null) {
    if (tables.length > 0) note({ kind: 'no-picture', names: tables.map(({ file }) => file.name) });
    return take(pictures.map(({ file }) => ({ file, label: code })));
  }
  const [table] = tables;
  if (table) {
    if (tables.length > 1) note({ kind: 'two-tables', names: tables.map(({ file }) => file.name) });
    return take(await labelsOfTable(table.file, pictures));
  }
  const labelled = pictures.flatMap(({ file, folders }) => {
    const folder = folders.at(-1);
    return folder === undefined ? [] : [{ file, label: classFor(folder).code }];
  });
  const without = pictures.filter(({ folders }) => folders.length === 0).map(({ file }) => file.name);
  if (without.length > 0) note({ kind: 'no-class', names: without });
  return take(labelled);
}

/** Takes in what was dropped, on a kind or beside all of them. Call it in the event itself. */
export async function addDropped(transfer: DataTransfer, code: string | null): Promise<void> {
  const { files, unreadable } = await droppedFiles(transfer);
  if (unreadable.length > 0) note({ kind: 'unreadable', names: unreadable });
  await addFiles(files, code);
}

interface Labelled {
  file: File;
  label: string;
}

async function labelsOfTable(file: File, pictures: readonly PathFile[]): Promise<Labelled[]> {
  let table;
  try {
    table = readLabelTable(await file.text());
  } catch (error) {
    if (!(error instanceof LabelTableError)) throw error;
    note({ kind: 'table-fault', name: file.name, fault: error.fault });
    return [];
  }
  if (table.badLines.length > 0) note({ kind: 'table-lines', name: file.name, lines: table.badLines });
  const byKey = new Map(pictures.map((one) => [imageKey(one.file.name), one.file]));
  const labelled = new Map<string, Labelled>();
  const missing: string[] = [];
  for (const { image, label } of table.rows) {
    const key = imageKey(image);
    const picture = byKey.get(key);
    if (picture === undefined) missing.push(image);
    // A picture twice in the table with different labels stays a contradiction, which is then shown as one.
    else labelled.set(`${key}/${label}`, { file: picture, label: classFor(label).code });
  }
  const named = new Set(table.rows.map(({ image }) => imageKey(image)));
  const left = pictures.filter((one) => !named.has(imageKey(one.file.name))).map((one) => one.file.name);
  if (missing.length > 0) note({ kind: 'table-without-picture', names: missing });
  if (left.length > 0) note({ kind: 'not-in-table', names: left });
  return [...labelled.values()];
}

async function sha256(file: File): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function take(labelled: readonly Labelled[]): Promise<void> {
  reading.value += labelled.length;
  const added: LabelledImage[] = [];
  const twice: string[] = [];
  const unreadable: string[] = [];
  const known = new Set(images.value.map(({ hash, label }) => `${hash}/${label}`));
  for (const { file, label } of labelled) {
    try {
      const hash = await sha256(file);
      const key = `${hash}/${label}`;
      if (known.has(key)) twice.push(file.name);
      else added.push({ id: `labelled-${nextId++}`, hash, name: file.name, label, file });
      known.add(key);
    } catch {
      // Moved or changed since it was chosen.
      unreadable.push(file.name);
    }
    reading.value -= 1;
  }
  batch(() => {
    if (twice.length > 0) note({ kind: 'duplicate', names: twice });
    if (unreadable.length > 0) note({ kind: 'unreadable', names: unreadable });
    images.value = [...images.value, ...added];
  });
}

/** Puts back what was kept of an earlier visit: names, labels and hashes without files. */
export function restore(
  kept: readonly { hash: string; name: string; label: string; className: string }[],
): void {
  batch(() => {
    const known = new Set(images.value.map(({ hash, label }) => `${hash}/${label}`));
    const codes = new Set(classes.value.map(({ code }) => code));
    const fresh = kept.filter(({ hash, label }) => !known.has(`${hash}/${label}`));
    for (const { label, className } of fresh) {
      if (codes.has(label)) continue;
      codes.add(label);
      newClasses.value = [...newClasses.value, { code: label, name: className, shipped: false }];
    }
    images.value = [
      ...images.value,
      ...fresh.map(({ hash, name, label }) => ({
        id: `labelled-${nextId++}`,
        hash,
        name,
        label,
        file: null,
      })),
    ];
  });
}

export function removeImage(id: string): void {
  images.value = images.value.filter((image) => image.id !== id);
}

export function moveImage(id: string, label: string): void {
  images.value = images.value.map((image) => (image.id === id ? { ...image, label } : image));
}

export function removeAllImages(): void {
  batch(() => {
    images.value = [];
    newClasses.value = [];
    notices.value = [];
    failures.value = new Map();
  });
}
