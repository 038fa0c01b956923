// Opens both pages in Chromium and fails on any console error, failed answer or request to another host, and where a page does not do what it is
// for: groups by module, filter, moved and deprecated operations folded away, a token that survives a reload, English examples.
//   node check-docs-pages.js --base URL [--shots FOLDER]                                     a server that runs
//   node check-docs-pages.js MERGED_OPENAPI_PROGRAM SHARE_DOCS OPENAPI_JSON POLICY [--shots FOLDER]    no server: the pages of the program
// --shots keeps pictures of the pages, wide and narrow.
const { chromium } = require('playwright-core');
const { execFileSync } = require('child_process');
const fs = require('fs'), http = require('http'), path = require('path');

const words = process.argv.slice(2), options = {};
for (const name of ['base', 'shots']) {
  const at = words.indexOf('--' + name);
  if (at >= 0) [, options[name]] = words.splice(at, 2);
}
const [program, assets, document, policy] = words;
const types = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const server = http.createServer((request, reply) => {
  const url = request.url.split('?')[0];
  if (url === '/docs' || url === '/redoc') {
    const page = execFileSync(program, ['--page', url === '/docs' ? 'swagger' : 'redoc']);
    return reply.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': policy }).end(page);
  }
  if (url === '/openapi.json') return reply.writeHead(200, { 'Content-Type': 'application/json' }).end(fs.readFileSync(document));
  const file = path.join(assets, path.basename(url));
  if (!url.startsWith('/docs/assets/') || !fs.existsSync(file)) return reply.writeHead(404).end();
  reply.writeHead(200, { 'Content-Type': types[path.extname(file)] || 'application/octet-stream' }).end(fs.readFileSync(file));
});

const faults = [];
const check = (what, well) => well || faults.push(what);
function eachExample(value, tell) {
  if (value === null || typeof value !== 'object') return;
  for (const [name, part] of Object.entries(value)) {
    if (name === 'example' || name === 'examples') tell(JSON.stringify(part));
    else eachExample(part, tell);
  }
}
const plain = (text) => text.replaceAll('\u200b', '');

async function open(context, base, at, ready) {
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && faults.push(at + ' ' + message.text()));
  page.on('pageerror', (error) => faults.push(at + ' ' + error.message));
  page.on('response', (reply) => reply.status() >= 400 && faults.push(reply.status() + ' ' + reply.url()));
  await page.goto(base + at, { waitUntil: 'load' });
  await page.waitForSelector(ready, { timeout: 180000 });
  return page;
}

async function shot(page, name) {
  if (!options.shots) return;
  for (const [form, width] of [['wide', 1280], ['narrow', 390]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(400);
    await page.screenshot({ path: path.join(options.shots, `${name}-${form}.png`) });
    check(`${name}: at ${width} pixels the page is wider than the window`,
      await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

const operations = (page) => page.$$eval('.opblock .opblock-summary-path, .opblock .opblock-summary-path__deprecated',
  (all) => all.map((one) => one.innerText.replaceAll('\u200b', '').trim()));

async function swagger(context, base, merged) {
  const page = await open(context, base, '/docs', '.opblock-tag');
  const all = Object.values(merged.paths).flatMap((item) => Object.values(item));
  const deprecated = all.filter((one) => one.deprecated);
  const shownGroups = (list) => merged['x-tagGroups'].filter((group) => list.some((one) => one.tags.some((tag) => group.tags.includes(tag))));

  // Modules as headings, below them the groups of their contracts.
  const headings = await page.$$eval('.docs-module', (all) => all.map((one) => one.innerText));
  const current = all.filter((one) => !one.deprecated);
  check(`modules as headings: ${headings}`, headings.join() === shownGroups(current).map((group) => group.name).join());
  const tags = await page.$$eval('.opblock-tag', (all) => all.map((one) => one.dataset.tag));
  check(`groups of the contracts: ${tags}`, tags.length > headings.length && tags.every((tag) => merged.tags.some((one) => one.name === tag)));
  const head = await page.innerText('.information-container');
  check('the head says which family is for whom and how to sign in', head.includes('Sign in with') && head.includes('Authorization: Bearer') && head.includes('Agent platform'));
  await shot(page, 'docs');

  // The filter opens the groups of its matches, and hides the others.
  const sample = current.map((one) => one.operationId)[Math.floor(current.length / 2)];
  await page.fill('#docs-filter', sample);
  await page.waitForFunction(() => document.querySelectorAll('.opblock').length > 0 && document.querySelectorAll('.opblock').length < 20, null, { timeout: 60000 });
  const paths = await operations(page);
  const expected = Object.entries(merged.paths).filter(([, item]) => Object.values(item).some((one) => one.operationId === sample))[0][0];
  check(`the filter ${sample} shows ${expected}: ${paths}`, paths.includes(expected));
  await page.fill('#docs-filter', 'get health');
  await page.waitForFunction(() => document.querySelector('.docs-module') !== null && document.querySelectorAll('.docs-module').length < 3, null, { timeout: 60000 });
  check(`the filter takes words: ${await operations(page)}`, (await operations(page)).includes('/health'));
  await shot(page, 'docs-filter');
  await page.fill('#docs-filter', 'nothing has this name');
  await page.waitForFunction(() => document.querySelectorAll('.opblock-tag').length === 0, null, { timeout: 60000 });
  check('an empty result says so', (await page.innerText('.docs-count')) === '0 operations');
  await page.fill('#docs-filter', '');
  await page.waitForFunction((count) => document.querySelectorAll('.opblock-tag').length === count, tags.length, { timeout: 60000 });

  // Moved and deprecated operations appear when the reader switches them on.
  const count = async () => Number(/^\d+/.exec(await page.innerText('.docs-count'))[0]);
  check(`${await count()} operations without the ${deprecated.length} deprecated of ${all.length}`, (await count()) === current.length);
  if (deprecated.length) {
    await page.check('#docs-deprecated');
    await page.waitForFunction((count) => parseInt(document.querySelector('.docs-count').innerText, 10) === count, all.length, { timeout: 60000 });
    await page.uncheck('#docs-deprecated');
    await page.waitForFunction((count) => parseInt(document.querySelector('.docs-count').innerText, 10) === count, current.length, { timeout: 60000 });
  }

  // An operation with its examples, as a reader opens it.
  check('operations are closed until they are opened', (await page.$$('.opblock.is-open')).length === 0);
  await page.fill('#docs-filter', current.find((one) => one.requestBody).operationId);
  await page.click('.opblock .opblock-summary-control');
  await page.waitForSelector('.responses-wrapper', { timeout: 60000 });
  await shot(page, 'docs-operation');
  await page.fill('#docs-filter', '');

  // The token is still there after a reload.
  await page.click('.auth-wrapper .authorize');
  await page.fill('.auth-container input', 'token-of-the-test');
  await page.click('.auth-btn-wrapper .authorize');
  await page.reload({ waitUntil: 'load' });
  await page.waitForSelector('.opblock-tag', { timeout: 180000 });
  const credentials = await page.evaluate(() => JSON.stringify(window.ui.authSelectors.authorized().toJS()));
  check(`the token survives a reload: ${credentials}`, credentials.includes('token-of-the-test'));
  await page.close();
}

async function redoc(context, base, merged) {
  const page = await open(context, base, '/redoc', '[role="menuitem"]');
  const menu = plain(await page.innerText('.menu-content')).toLowerCase();
  for (const group of merged['x-tagGroups']) {
    check(`/redoc has the module ${group.name} in its menu`, menu.includes(group.name.toLowerCase()));
    for (const tag of group.tags) check(`/redoc has the group ${tag} in its menu`, menu.includes(tag.toLowerCase()));
  }
  check('/redoc shows the operations', plain(await page.innerText('body')).includes('/health'));
  await shot(page, 'redoc');
  await page.close();
}

(async () => {
  if (!options.base) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = options.base || 'http://127.0.0.1:' + server.address().port;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: 'block' });
    context.setDefaultTimeout(60000);
    await context.route('**/*', (route) => {
      const url = new URL(route.request().url());
      if (url.hostname === '127.0.0.1' || url.protocol === 'data:' || url.protocol === 'blob:') return route.continue();
      faults.push('outside ' + url.href);
      return route.abort();
    });
    const text = await (await fetch(base + '/openapi.json')).text();
    eachExample(JSON.parse(text), (example) => check(`an example is not English: ${example}`, !/[\u3400-\u9fff]/.test(example)));
    await swagger(context, base, JSON.parse(text));
    await redoc(context, base, JSON.parse(text));
  } finally {
    await browser.close();
    server.close();
  }
})().then(() => {
  console.log(faults.length ? faults.join('\n') : 'both pages are clean');
  process.exitCode = faults.length ? 1 : 0;
}).catch((error) => {
  console.log([...faults, error.stack].join('\n'));
  process.exitCode = 1;
});
