// Serves web/dist as a static host would, with the headers of dist/_headers. Called by tools/serve and by the tests.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sirv from 'sirv';

const { values } = parseArgs({
  options: {
    dist: { type: 'string', default: resolve(import.meta.dirname, '../dist') },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8080' },
    // A host that cannot set headers.
    'no-headers': { type: 'boolean', default: false },
    // A path that the site lies under, such as "/dermdistill".
    under: { type: 'string', default: '' },
    // A line a request: method, path, status, bytes of the body as sent.
    log: { type: 'boolean', default: false },
  },
});

const { dist, host, under } = values;
if (!existsSync(resolve(dist, 'index.html'))) {
  console.error(`error: there is no built site in ${dist}; run tools/build-web`);
  process.exit(1);
}

/** The rules of a _headers file: a path that may end in "*", then lines "Name: value" or "! Name" to drop one. */
function readRules(text) {
  const rules = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('/')) rules.push({ path: line.trim(), lines: [] });
    else if (line.trim() !== '') rules.at(-1)?.lines.push(line.trim());
  }
  return rules;
}

const matches = (pattern, path) =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

const rules = values['no-headers'] ? [] : readRules(readFileSync(resolve(dist, '_headers'), 'utf8'));

function setHeaders(response, path) {
  for (const { path: pattern, lines } of rules) {
    if (!matches(pattern, path)) continue;
    for (const line of lines) {
      if (line.startsWith('!')) response.removeHeader(line.slice(1).trim());
      else response.setHeader(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
    }
  }
}

/** Counts what is sent, and says so when the answer is out. */
function logAnswer(request, response) {
  const { method, url } = request;
  let sent = 0;
  for (const name of ['write', 'end']) {
    const send = response[name];
    response[name] = function (chunk, ...rest) {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) sent += Buffer.byteLength(chunk);
      return send.call(this, chunk, ...rest);
    };
  }
  response.on('close', () => console.log(`${method} ${url} ${response.statusCode} ${sent}`));
}

const files = sirv(dist, { brotli: true, gzip: true, etag: true, dotfiles: false, setHeaders });

const server = createServer((request, response) => {
  if (values.log) logAnswer(request, response);
  const notFound = () => {
    response.statusCode = 404;
    response.end('Not found');
  };
  const [path = '/'] = (request.url ?? '/').split('?');
  if (path === '/_headers' || (under !== '' && !path.startsWith(`${under}/`))) return notFound();
  if (under !== '') request.url = request.url.slice(under.length);
  files(request, response, notFound);
});

server.on('error', (error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
server.listen(Number(values.port), host, () => {
  const { port } = server.address();
  console.log(`http://${host === '127.0.0.1' ? 'localhost' : host}:${port}${under}/`);
});
