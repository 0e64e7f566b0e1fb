// Personalised heads that were kept on this device, and which of them answers. Used by the page and by the worker.
import type { HeadCard } from '@core';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { ProblemError } from './problem';

export interface StoredHead {
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** A head belongs to one trunk. */
  trunkSha256: string;
  file: Uint8Array<ArrayBuffer>;
  card: HeadCard;
}

/** What answered and what answered before, newest last; null is the model's own head. */
export interface HeadChoice {
  present: string | null;
  before: (string | null)[];
}

/** What the network said of one picture in one model; kept only where the person asks for it. */
export interface StoredEmbedding {
  /** Trunk, SHA-256 of the picture, number of views and label. */
  key: string;
  trunkSha256: string;
  imageHash: string;
  imageName: string;
  label: string;
  /** Of the class, for new ones. */
  className: string;
  views: number;
  /** [views, channels] */
  values: Float32Array<ArrayBuffer>;
}

interface Schema extends DBSchema {
  heads: { key: string; value: StoredHead; indexes: { trunk: string } };
  choices: { key: string; value: HeadChoice };
  embeddings: { key: string; value: StoredEmbedding; indexes: { trunk: string } };
}

const NAME = 'dermdistill-heads';
let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>(NAME, 1, {
    upgrade(created) {
      created.createObjectStore('heads', { keyPath: 'id' }).createIndex('trunk', 'trunkSha256');
      created.createObjectStore('choices');
      created.createObjectStore('embeddings', { keyPath: 'key' }).createIndex('trunk', 'trunkSha256');
    },
    // Another page of this site wants a newer layout: let it go on, and open again when needed.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase | null)?.close();
      opened = null;
    },
    terminated: () => (opened = null),
  }).catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

/** @throws ProblemError "storage-full" or "storage-unavailable" */
async function stored<T>(work: (store: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  try {
    return await work(await database());
  } catch (error) {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const full = error instanceof DOMException && error.name === 'QuotaExceededError';
    throw new ProblemError(full ? 'storage-full' : 'storage-unavailable', detail);
  }
}

/** Oldest first. */
export async function headsOf(trunkSha256: string): Promise<StoredHead[]> {
  const heads = await stored((store) => store.getAllFromIndex('heads', 'trunk', trunkSha256));
  return heads.sort((a, b) => a.createdAt - b.createdAt);
}

export function putHead(head: StoredHead): Promise<unknown> {
  return stored((store) => store.put('heads', head));
}

export function removeHead(id: string): Promise<unknown> {
  return stored((store) => store.delete('heads', id));
}

export async function choiceOf(trunkSha256: string): Promise<HeadChoice> {
  return (await stored((store) => store.get('choices', trunkSha256))) ?? { present: null, before: [] };
}

export function putChoice(trunkSha256: string, choice: HeadChoice): Promise<unknown> {
  return stored((store) => store.put('choices', choice, trunkSha256));
}

/** The head that answers with this trunk; null for the model's own. */
export async function presentHead(trunkSha256: string): Promise<StoredHead | null> {
  const { present } = await choiceOf(trunkSha256);
  if (present === null) return null;
  return (await stored((store) => store.get('heads', present))) ?? null;
}

export function embeddingsOf(trunkSha256: string): Promise<StoredEmbedding[]> {
  return stored((store) => store.getAllFromIndex('embeddings', 'trunk', trunkSha256));
}

/** These become all that is kept of the trunk, or nothing changes. What is there under the same key stays as it is. */
export async function replaceEmbeddings(
  trunkSha256: string,
  embeddings: readonly StoredEmbedding[],
): Promise<void> {
  await stored(async (store) => {
    const transaction = store.transaction('embeddings', 'readwrite');
    const there = new Set(await transaction.store.index('trunk').getAllKeys(trunkSha256));
    const wanted = new Set(embeddings.map(({ key }) => key));
    const gone = [...there].filter((key) => !wanted.has(key));
    const fresh = embeddings.filter(({ key }) => !there.has(key));
    await Promise.all([
      ...gone.map((key) => transaction.store.delete(key)),
      ...fresh.map((one) => transaction.store.put(one)),
      transaction.done,
    ]);
  });
}

export async function forgetEmbeddings(): Promise<void> {
  await stored((store) => store.clear('embeddings'));
}
