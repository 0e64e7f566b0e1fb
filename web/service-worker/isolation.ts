// The headers of _headers, for hosts that cannot set them: the policy, which a worker takes from its own response and not
// from the page's meta tag, and cross-origin isolation, which threads need and which can be switched off.
import { isolationHeaders, securityHeaders } from '../build/site-policy.ts';

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

/** Only these have a policy and may be isolated; the rest is of our own origin and needs no header. */
export function needsHeaders({ destination }: Request): boolean {
  return ['document', 'iframe', 'worker', 'sharedworker'].includes(destination);
}

/** The response with the headers that it lacks: itself where the host sent them all. */
export function withHeaders(response: Response, isolate: boolean): Response {
  if (response.type === 'opaque' || response.type === 'error' || response.type === 'opaqueredirect')
    return response;
  const wanted = Object.entries({ ...securityHeaders, ...(isolate ? isolationHeaders : {}) });
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
