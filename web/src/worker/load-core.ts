// Starts the WASM core, once.
import createCore, { type Core } from '@core';
import coreUrl from '@core-wasm?url';

let core: Promise<Core> | null = null;

/** A failed start is tried again by the next call. */
export function loadCore(): Promise<Core> {
  core ??= createCore({ locateFile: () => new URL(coreUrl, import.meta.url).href }).catch(
    (error: unknown) => {
      core = null;
      throw error;
    },
  );
  return core;
}
