// The page's side of the service worker's switch for cross-origin isolation.
import { signal } from '@preact/signals';
import { remember, remembered } from '@/shared/preferences';

/** "by-host": the host's own headers isolate the page, and the switch has nothing to say. */
export const isolation = signal<'on' | 'off' | 'by-host'>(
  crossOriginIsolated && navigator.serviceWorker?.controller === null
    ? 'by-host'
    : remembered('isolation') === 'off'
      ? 'off'
      : 'on',
);

export async function setIsolation(on: boolean): Promise<void> {
  isolation.value = on ? 'on' : 'off';
  remember('isolation', isolation.value);
  const registration = await navigator.serviceWorker?.getRegistration();
  registration?.active?.postMessage({ type: 'isolation', on });
}
