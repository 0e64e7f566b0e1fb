// The page's side of the service worker's switch for cross-origin isolation.
import { signal } from '@preact/signals';
import { remember, remembered } from '@/shared/preferences';

/** "by-host": the host's own headers isolate the page, and the switch has nothing to say. Behind the service worker that
 * is known from the page that it kept: see lookAtHost(). */
export const isolation = signal<'on' | 'off' | 'by-host'>(
  crossOriginIsolated && navigator.serviceWorker?.controller === null
    ? 'by-host'
    : remembered('isolation') === 'off'
      ? 'off'
      : 'on',
);

/** The service worker keeps the page with the headers that the host sent with it. */
async function lookAtHost(): Promise<void> {
  const page = new URL('index.html', document.baseURI);
  const kept = await caches.match(page, { ignoreSearch: true });
  if (kept?.headers.has('Cross-Origin-Embedder-Policy')) isolation.value = 'by-host';
}
if (crossOriginIsolated && isolation.value !== 'by-host') void lookAtHost().catch(() => undefined);

export async function setIsolation(on: boolean): Promise<void> {
  isolation.value = on ? 'on' : 'off';
  remember('isolation', isolation.value);
  tellIsolation(await navigator.serviceWorker?.getRegistration());
}

/** A choice that was made before there was a service worker reaches it with this. */
export function tellIsolation(registration: ServiceWorkerRegistration | undefined): void {
  registration?.active?.postMessage({ type: 'isolation', on: isolation.value !== 'off' });
}
