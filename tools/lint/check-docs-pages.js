// node check-docs-pages.js MERGED_OPENAPI_PROGRAM SHARE_DOCS OPENAPI_JSON POLICY: opens both pages in Chromium and fails on any console error,
// failed answer or request to another host.
const {chromium} = require('playwright-core');
const {execFileSync} = require('child_process');
const fs = require('fs'), http = require('http'), path = require('path');
const [program, assets, document, policy] = process.argv.slice(2);
const types = {'.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml'};
const server = http.createServer((request, reply) => {
  const url = request.url.split('?')[0];
  if (url === '/docs' || url === '/redoc') {
    const page = execFileSync(program, ['--page', url === '/docs' ? 'swagger' : 'redoc']);
    return reply.writeHead(200, {'Content-Type': 'text/html', 'Content-Security-Policy': policy}).end(page);
  }
  if (url === '/openapi.json') return reply.writeHead(200, {'Content-Type': 'application/json'}).end(fs.readFileSync(document));
  const file = path.join(assets, path.basename(url));
  if (!url.startsWith('/docs/assets/') || !fs.existsSync(file)) return reply.writeHead(404).end();
  reply.writeHead(200, {'Content-Type': types[path.extname(file)] || 'application/octet-stream'}).end(fs.readFileSync(file));
});
server.listen(0, '127.0.0.1', async () => {
  const base = 'http://127.0.0.1:' + server.address().port, bad = [];
  const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
  try {
    const context = await browser.newContext({viewport: {width: 1280, height: 800}, serviceWorkers: 'block'});
    await context.route('**/*', route => {
      const url = new URL(route.request().url());
      if (url.hostname === '127.0.0.1' || url.protocol === 'data:' || url.protocol === 'blob:') return route.continue();
      bad.push('outside ' + url.href);
      return route.abort();
    });
    for (const [at, wanted] of [['/docs', 'Is the server alive'], ['/redoc', 'Is the server alive']]) {
      const page = await context.newPage();
      page.on('console', message => message.type() === 'error' && bad.push(at + ' ' + message.text()));
      page.on('pageerror', error => bad.push(at + ' ' + error.message));
      page.on('response', reply => reply.status() >= 400 && bad.push(reply.status() + ' ' + reply.url()));
      await page.goto(base + at, {waitUntil: 'load'});
      await page.waitForFunction(text => document.body.innerText.includes(text) || document.querySelectorAll('.opblock-tag').length > 0, wanted, {timeout: 20000});
      await page.screenshot({path: '/tmp/page' + at.replace('/', '-') + '.png'});
    }
  } finally {
    await browser.close();
    server.close();
  }
  if (bad.length) {
    console.error(bad.join('\n'));
    process.exitCode = 1;
  } else {
    console.log('both pages are clean');
  }
});
