// The switch for cross-origin isolation: threads need it, and not every static host can set its two headers.

const settings = 'dermdistill-settings';
const off = 'isolation-off';

/** On unless it was switched off. */
export async function isolationIsWanted(): Promise<boolean> {
  const cache = await caches.open(settings);
  return (await cache.match(off)) === undefined;
}

export async function setIsolation(on: boolean): Promise<void> {
  const cache = await caches.open(settings);
  if (on) await cache.delete(off);
  else await cache.put(off, new Response('off'));
}

/** The same response with the headers that make a page cross-origin isolated. */
export function isolated(response: Response): Response {
  if (response.type === 'opaque' || response.type === 'error' || response.type === 'opaqueredirect')
    return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
