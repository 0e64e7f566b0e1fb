// What the site may load, in one place: the page's meta tag, the static host's _headers and tools/serve all read it here.

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

/** These directives are ignored in a meta tag, so that only the header carries them. */
export const headerOnlyPolicy = ["frame-ancestors 'none'"];

export const isolationHeaders: Record<string, string> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export const securityHeaders: Record<string, string> = {
  'Content-Security-Policy': [...contentSecurityPolicy, ...headerOnlyPolicy].join('; '),
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()',
};

/** Files with a hash in their name never change; everything else is asked for again each time. */
export const cacheHeaders = {
  hashed: 'public, max-age=31536000, immutable',
  other: 'no-cache',
};
