// What went wrong, in a form that crosses from the worker to the page; i18n/*/problems.ts puts it into words.
import type { CoreError, CoreErrorKind } from '@core';
import { OnnxFileError, type NotOurModel } from './onnx-file-error';

export type ProblemCode =
  | 'unreadable-picture' // bytes that are no JPEG or PNG; `detail` names the format where it is known
  | 'heic'
  | 'not-a-picture'
  | 'empty-file'
  | 'picture-too-large'
  | 'picture-too-small'
  | 'damaged-picture'
  | 'model-download'
  | 'model-corrupt'
  | 'model-refused' // not a file of this project, or one that does not fit
  | 'model-changed' // another one was opened while the work was under way
  | 'no-simd'
  | 'no-webassembly'
  | 'insecure-page' // opened over plain http from another machine
  | 'runtime'
  | 'out-of-memory'
  | 'storage-full'
  | 'storage-unavailable'
  | 'camera-refused'
  | 'camera-missing'
  | 'camera-busy' // another program has it, or its driver fails
  | 'head-refused' // a head of another model or other classes
  | 'aborted'
  | 'unknown';

/** A value, because errors lose their class on the way between worker and page. */
export interface Problem {
  code: ProblemCode;
  /** What the core or the browser said; shown under "details", not instead of the text. */
  detail: string;
  /** With "model-refused": why. */
  reason?: NotOurModel;
}

export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly code: ProblemCode;
  constructor(code: ProblemCode, detail = '') {
    super(detail === '' ? code : detail);
    this.code = code;
  }
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; problem: Problem };

const coreProblems: Record<CoreErrorKind, ProblemCode> = {
  format: 'damaged-picture',
  shape: 'runtime',
  numeric: 'runtime',
  input: 'runtime',
  memory: 'out-of-memory',
  internal: 'runtime',
};

/** The core's errors are known by their name: they come out of WebAssembly, not out of a class of ours. */
export function isCoreError(error: unknown): error is CoreError {
  return error instanceof Error && error.name === 'CoreError' && 'kind' in error;
}

/** Whether what the core was given is to blame, and not the core or the device. */
export function isRefusal(error: unknown): error is CoreError {
  return isCoreError(error) && error.kind !== 'internal' && error.kind !== 'memory';
}

export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return { code: error.code, detail: error.message };
  if (error instanceof OnnxFileError)
    return { code: 'model-refused', detail: error.message, reason: error.reason };
  if (isCoreError(error)) return { code: coreProblems[error.kind], detail: error.message };
  if (error instanceof DOMException && error.name === 'AbortError') return { code: 'aborted', detail: '' };
  if (error instanceof DOMException && error.name === 'QuotaExceededError')
    return { code: 'storage-full', detail: error.message };
  if (error instanceof RangeError && /memory|allocation/i.test(error.message))
    return { code: 'out-of-memory', detail: error.message };
  return { code: 'unknown', detail: error instanceof Error ? error.message : String(error) };
}

/** Runs the work and gives back what it gave or why it could not: what a worker's function returns to the page. */
export async function outcome<T>(work: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, problem: toProblem(error) };
  }
}
