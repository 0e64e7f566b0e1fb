// Bundles the service worker after the site, with the list of files that make it work offline.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'vite';

interface PrecacheEntry {
  url: string;
  /** null where the name holds a hash. */
  revision: string | null;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** The model is not among them: the page fetches it with a progress bar, checks it and keeps it itself. */
function precached(dist: string): PrecacheEntry[] {
  return filesUnder(dist)
    .map((path) => ({ path, url: relative(dist, path).split('\\').join('/') }))
    .filter(({ url }) => !/^(_headers|sw\.js)$|\.(map|onnx|br|gz)$/.test(url))
    .map(({ path, url }) => ({
      url,
      revision: url.startsWith('assets/')
        ? null
        : createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16),
    }));
}

export function serviceWorkerPlugin(root: string): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    closeBundle: {
      sequential: true,
      async handler() {
        const dist = resolve(root, 'dist');
        await build({
          configFile: false,
          root,
          publicDir: false,
          logLevel: 'warn',
          define: {
            __PRECACHE__: JSON.stringify(precached(dist)),
            'process.env.NODE_ENV': JSON.stringify('production'),
          },
          build: {
            emptyOutDir: false,
            outDir: dist,
            lib: {
              entry: resolve(root, 'service-worker/sw.ts'),
              formats: ['iife'],
              name: 'sw',
              fileName: () => 'sw.js',
            },
          },
        });
      },
    },
  };
}
