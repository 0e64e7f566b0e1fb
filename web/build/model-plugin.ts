// Puts the student that ships into the site, under a name that changes with its bytes, and its manifest beside it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';
import type { ModelManifest } from '../src/shared/model-manifest.ts';

export function modelPlugin(root: string): Plugin {
  const path = process.env['DERMDISTILL_MODEL'] ?? resolve(root, '../models/student.onnx');

  const load = () => {
    if (!existsSync(path)) {
      throw new Error(
        `There is no model at ${path}. The site needs one: put a student.onnx there (dermdistill export --model RUN ` +
          '--out models/student.onnx) or name another with DERMDISTILL_MODEL=FILE.',
      );
    }
    const bytes = readFileSync(path);
    if (!bytes.includes('early_embedding')) {
      throw new Error(
        `The model at ${path} was exported before the output early_embedding, by which the page tells strange pictures. ` +
          `Export it again: dermdistill export --model ${path} --data DIR --out FILE.onnx`,
      );
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const manifest: ModelManifest = {
      file: `student-${sha256.slice(0, 12)}.onnx`,
      bytes: bytes.length,
      sha256,
    };
    return { bytes, manifest, text: JSON.stringify(manifest, null, 2) + '\n' };
  };

  return {
    name: 'shipped-model',
    configureServer(server) {
      const { bytes, manifest, text } = load();
      server.middlewares.use((request, response, next) => {
        const url = request.url?.split('?')[0];
        if (url === '/models/manifest.json') response.end(text);
        else if (url === `/models/${manifest.file}`) response.end(bytes);
        else next();
      });
    },
    buildStart() {
      if (this.environment?.mode === 'build') load();
    },
    generateBundle() {
      const { bytes, manifest, text } = load();
      this.emitFile({ type: 'asset', fileName: `models/${manifest.file}`, source: bytes });
      this.emitFile({ type: 'asset', fileName: 'models/manifest.json', source: text });
    },
  };
}
