// Brings the model that ships with the site: from the cache where it is whole, from the network otherwise.
import type { ModelManifest } from '@/shared/model-manifest';
import { ProblemError, toProblem, type Problem } from '@/shared/problem';

const cacheName = 'dermdistill-model';

export interface FetchedModel {
  manifest: ModelManifest;
  bytes: Uint8Array<ArrayBuffer>;
  /** Why it could not be kept for the next visit; null when it is kept. */
  notKept: Problem | null;
}

export type Progress = (done: number, total: number) => void;

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function fetchOrFail(url: URL, init?: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, init);
    if (response.ok) return response;
    throw new ProblemError('model-download', `${url.pathname}: ${response.status} ${response.statusText}`);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError('model-download', error instanceof Error ? error.message : String(error));
  }
}

async function fetchManifest(base: URL): Promise<ModelManifest> {
  const response = await fetchOrFail(new URL('models/manifest.json', base));
  const manifest = (await response.json()) as Partial<ModelManifest>;
  const { file, bytes, sha256: sum } = manifest;
  if (typeof file !== 'string' || typeof bytes !== 'number' || typeof sum !== 'string')
    throw new ProblemError('model-download', 'models/manifest.json lacks file, bytes or sha256');
  return { file, bytes, sha256: sum };
}

/** Reads the body with progress; what is longer than the manifest says is not read to its end. */
async function readBody(
  response: Response,
  total: number,
  progress: Progress,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(total);
  let done = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) throw new ProblemError('model-download', 'the answer has no body');
  for (;;) {
    const part = await reader.read().catch((error: unknown) => {
      throw new ProblemError('model-download', error instanceof Error ? error.message : String(error));
    });
    if (part.done) break;
    if (done + part.value.length > total) {
      await reader.cancel();
      throw new ProblemError('model-corrupt', `more than ${total} bytes`);
    }
    bytes.set(part.value, done);
    done += part.value.length;
    progress(done, total);
  }
  if (done !== total) throw new ProblemError('model-corrupt', `${done} of ${total} bytes`);
  return bytes;
}

/** Null where the browser has no cache for this page or the entry is absent or not what the manifest says. */
async function fromCache(url: URL, manifest: ModelManifest): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const cache = await caches.open(cacheName);
    const response = await cache.match(url);
    if (response === undefined) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length === manifest.bytes && (await sha256(bytes)) === manifest.sha256) return bytes;
    await cache.delete(url);
  } catch {
    // The network has it too.
  }
  return null;
}

async function keep(url: URL, bytes: Uint8Array<ArrayBuffer>): Promise<Problem | null> {
  try {
    const cache = await caches.open(cacheName);
    const older = (await cache.keys()).filter((request) => request.url !== url.href);
    await Promise.all(older.map((request) => cache.delete(request)));
    await cache.put(url, new Response(bytes, { headers: { 'Content-Type': 'application/octet-stream' } }));
    return null;
  } catch (error) {
    const problem = toProblem(error);
    return problem.code === 'storage-full'
      ? problem
      : { code: 'storage-unavailable', detail: problem.detail };
  }
}

/** @throws ProblemError when it cannot be fetched or is not the model of the manifest. */
export async function fetchShippedModel(base: URL, progress: Progress): Promise<FetchedModel> {
  const manifest = await fetchManifest(base);
  const url = new URL(`models/${manifest.file}`, base);
  const kept = await fromCache(url, manifest);
  if (kept !== null) {
    progress(manifest.bytes, manifest.bytes);
    return { manifest, bytes: kept, notKept: null };
  }
  // Not from the browser's own cache: what is there was perhaps what just failed the check.
  const bytes = await readBody(await fetchOrFail(url, { cache: 'reload' }), manifest.bytes, progress);
  const sum = await sha256(bytes);
  if (sum !== manifest.sha256)
    throw new ProblemError('model-corrupt', `SHA-256 ${sum}; expected ${manifest.sha256}`);
  return { manifest, bytes, notKept: await keep(url, bytes) };
}
