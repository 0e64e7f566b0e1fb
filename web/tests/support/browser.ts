// Starts Debian's Chromium and a page that is watched: requests to other origins, policy reports and errors are kept.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

export const webRoot = resolve(import.meta.dirname, '../..');

/** The browser to test with, or null. */
export function chromiumPath(): string | null {
  const candidates = [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return (
    candidates.find((path): path is string => path !== undefined && path !== '' && existsSync(path)) ?? null
  );
}

/** What keeps Chromium from looking for a graphics card and for its maker's servers. */
export const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch(extra: string[] = []): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === null)
    throw new Error('no Chromium: install the package chromium or set CHROMIUM to its path');
  return chromium.launch({
    executablePath,
    args: [...launchArguments, ...extra],
  });
}

export interface Site {
  url: string;
  stop: () => void;
}

/** Serves web/dist, or the built site in the folder DERMDISTILL_SITE, as tools/serve does. */
export function serve(options: string[] = [], log: (line: string) => void = () => undefined): Promise<Site> {
  const server: ChildProcess = spawn(process.execPath, [
    resolve(webRoot, 'build/serve.mjs'),
    '--port',
    '0',
    ...(process.env['DERMDISTILL_SITE'] ? ['--dist', process.env['DERMDISTILL_SITE']] : []),
    ...options,
  ]);
  return new Promise((done, fail) => {
    let said = '';
    server.stdout?.on('data', (data: Buffer) => {
      for (const line of data.toString().trim().split('\n')) {
        if (line.startsWith('http')) done({ url: line, stop: () => void server.kill() });
        else log(line);
      }
    });
    server.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    server.on('exit', () => fail(new Error(`the server ended: ${said}`)));
  });
}

export interface Watched {
  page: Page;
  context: BrowserContext;
  /** Addresses of another origin that the page asked for. */
  foreign: string[];
  /** What the content security policy reported. */
  violations: string[];
  /** Uncaught errors and console errors. */
  errors: string[];
}

/** A new page of a new profile. */
export async function open(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext({ locale: 'en-GB', acceptDownloads: true, ...options });
  const watched = await watch(context, url);
  await watched.page.goto(url);
  return watched;
}

export async function watch(context: BrowserContext, url: string): Promise<Watched> {
  const { origin } = new URL(url);
  const foreign: string[] = [];
  const violations: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => {
    const address = request.url();
    if (!/^(blob|data):/.test(address) && new URL(address).origin !== origin) foreign.push(address);
  });
  await context.exposeFunction('reportViolation', (text: string) => violations.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const report = (globalThis as unknown as { reportViolation: (text: string) => void }).reportViolation;
      report(`${event.violatedDirective}: ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
    });
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
    if (message.type() === 'error') errors.push(message.text());
  });
  // A worker has a policy of its own and tells nobody but itself what broke it.
  page.on('worker', (worker) => {
    void worker
      .evaluate(() =>
        addEventListener('securitypolicyviolation', (event) => {
          const { effectiveDirective, blockedURI } = event as SecurityPolicyViolationEvent;
          console.error(`Content Security Policy in a worker: ${effectiveDirective}: ${blockedURI}`);
        }),
      )
      .catch(() => undefined);
  });
  return { page, context, foreign, violations, errors };
}

/** The native command line, or null where it is not built. */
export function nativeBinary(): string | null {
  const path = process.env['DERMDISTILL_BINARY'] ?? resolve(webRoot, '../build/release/bin/dermdistill');
  return existsSync(path) ? path : null;
}

export function runNative(binary: string, parameters: string[]): string {
  return execFileSync(binary, parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
}
