// Writes .br and .gz beside what compresses well, for servers that send such files as they are (tools/serve, nginx).
// Hosts that compress by themselves do not need them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = /\.(js|mjs|css|html|json|svg|wasm|webmanifest|onnx)$/;
// Above this size the best quality takes minutes and gains a few percent.
const large = 2_000_000;

function compress(path: string): void {
  const bytes = readFileSync(path);
  const quality = bytes.length > large ? 5 : 11;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

export function compressPlugin(root: string): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    closeBundle: {
      sequential: true,
      order: 'post',
      handler() {
        const dist = resolve(root, 'dist');
        for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true }))
          if (entry.isFile() && compressible.test(entry.name)) compress(join(entry.parentPath, entry.name));
      },
    },
  };
}
