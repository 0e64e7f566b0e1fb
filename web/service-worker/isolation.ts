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

const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Only these decide about isolation; the rest is of our own origin and needs no header. */
export function needsIsolation({ destination }: Request): boolean {
  return ['document', 'iframe', 'worker', 'sharedworker'].includes(destination);
}

/** The response with the headers that make a page cross-origin isolated: itself where the host sent them. */
export function isolated(response: Response): Response {
  if (response.type === 'opaque' || response.type === 'error' || response.type === 'opaqueredirect')
    return response;
  const wanted = Object.entries(headers);
  // A copy would lose the code that the browser keeps compiled with the response.
  if (wanted.every(([name, value]) => response.headers.get(name) === value)) return response;
  const changed = new Headers(response.headers);
  for (const [name, value] of wanted) changed.set(name, value);
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers: changed,
  });
}
