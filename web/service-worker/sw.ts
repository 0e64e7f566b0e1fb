// Keeps the site for offline use, and gives it the policy and cross-origin isolation on hosts that cannot set headers.
import { PrecacheController } from 'workbox-precaching';
import { isolationIsWanted, needsHeaders, setIsolation, withHeaders } from './isolation.ts';

declare const __PRECACHE__: { url: string; revision: string | null }[];
declare const self: ServiceWorkerGlobalScope;

const files = new PrecacheController();
files.addToCacheList(__PRECACHE__);

self.addEventListener('install', (event) => {
  void files.install(event);
});

self.addEventListener('activate', (event) => {
  void files.activate(event);
  event.waitUntil(self.clients.claim());
});

async function answer(request: Request): Promise<Response> {
  // Every view is the one page; what comes after the "#" never reaches here.
  const url = request.mode === 'navigate' ? new URL('index.html', self.registration.scope).href : request.url;
  const key = files.getCacheKeyForURL(url) ?? files.getCacheKeyForURL(url.split(/[?#]/)[0] ?? url);
  const kept = key === undefined ? undefined : await caches.match(key);
  const response = kept ?? (await fetch(request));
  return needsHeaders(request) ? withHeaders(response, await isolationIsWanted()) : response;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(answer(request));
});

self.addEventListener('message', (event) => {
  const message = event.data as { type?: string; on?: boolean };
  if (message.type === 'skip-waiting') void self.skipWaiting();
  if (message.type === 'isolation')
    event.waitUntil(setIsolation(message.on === true).then(() => event.ports[0]?.postMessage(null)));
});
