// Registers the service worker and says when a new version waits.
import { signal } from '@preact/signals';
import { tellIsolation } from './isolation';

/** The worker of a newer version that waits until this one is let go. */
export const waiting = signal<ServiceWorker | null>(null);

function watch(worker: ServiceWorker | null): void {
  if (worker === null) return;
  const look = () => {
    // Without a controller this is the first visit, and there is no older version to replace.
    if (worker.state === 'installed' && navigator.serviceWorker.controller !== null) waiting.value = worker;
    if (worker.state === 'redundant' && waiting.value === worker) waiting.value = null;
  };
  worker.addEventListener('statechange', look);
  look();
}

export async function keepForOffline(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  try {
    const registration = await navigator.serviceWorker.register('sw.js', { updateViaCache: 'none' });
    watch(registration.waiting);
    watch(registration.installing);
    registration.addEventListener('updatefound', () => watch(registration.installing));
    tellIsolation(await navigator.serviceWorker.ready);
  } catch {
    // Private windows and full storage: the page works, only not without a network.
  }
}

export function useNewVersion(): void {
  if (waiting.value === null) return;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.value.postMessage({ type: 'skip-waiting' });
}
