// Puts the content security policy into the built page and writes _headers, which several static hosts read.
import type { Plugin } from 'vite';
import { cacheHeaders, contentSecurityPolicy, isolationHeaders, securityHeaders } from './site-policy.ts';

function headersFile(): string {
  const lines = (headers: Record<string, string>) =>
    Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`);
  return [
    '/*',
    ...lines(securityHeaders),
    ...lines(isolationHeaders),
    `  Cache-Control: ${cacheHeaders.other}`,
    '/assets/*',
    '  ! Cache-Control',
    `  Cache-Control: ${cacheHeaders.hashed}`,
    '',
  ].join('\n');
}

export function policyPlugin(): Plugin {
  return {
    name: 'site-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy.join('; ') },
        injectTo: 'head-prepend',
      },
    ],
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: '_headers', source: headersFile() });
    },
  };
}
