import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { compressPlugin } from './build/compress-plugin.ts';
import { modelPlugin } from './build/model-plugin.ts';
import { policyPlugin } from './build/policy-plugin.ts';
import { serviceWorkerPlugin } from './build/service-worker-plugin.ts';

const root = import.meta.dirname;

// The development server needs the isolation headers too, or ONNX Runtime has one thread there.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const alias = [
  { find: '@core-wasm?url', replacement: `${resolve(root, '../wasm/dist/core.wasm')}?url` },
  { find: /^@core$/, replacement: resolve(root, '../wasm/dist/core.js') },
  { find: /^@\//, replacement: `${resolve(root, 'src')}/` },
];

export default defineConfig({
  root,
  // Relative, so that the site runs under any path of a static host.
  base: './',
  resolve: {
    alias,
    // ONNX Runtime without its WebAssembly glue inlined: that one is a file of its own, started by its threads too.
    conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'],
  },
  server: { headers: isolation },
  // ONNX Runtime apart: it changes at other times than our own code.
  worker: {
    format: 'es',
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'ort', test: /onnxruntime/ }] } } },
  },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  plugins: [modelPlugin(root), policyPlugin(), serviceWorkerPlugin(root), compressPlugin(root)],
});
