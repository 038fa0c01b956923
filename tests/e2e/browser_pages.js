// node browser_pages.js BASE BROWSER PATH...
// Opens each page in headless Chromium, waits until it shows the document, and prints one JSON line per page: its text and whatever was
// wrong: console errors, exceptions, replies of 400 and over, requests that leave the machine (which are also stopped).
const { chromium } = require('playwright-core');

async function look(browser, base, path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
  const bad = [];
  const ours = (url) => ['data:', 'blob:'].includes(url.protocol) || url.host === new URL(base).host;
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (ours(url)) return route.continue();
    bad.push('outside request ' + url.href);
    return route.abort();
  });
  await context.routeWebSocket((url) => !ours(url), (socket) => {
    bad.push('outside WebSocket ' + socket.url());
    socket.close();
  });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && bad.push('console: ' + message.text()));
  page.on('pageerror', (error) => bad.push('exception: ' + error.message));
  page.on('response', (reply) => reply.status() >= 400 && bad.push(reply.status() + ' ' + reply.url()));
  await page.goto(base + path, { waitUntil: 'load' });
  // Swagger UI shows the tags closed, and puts zero-width spaces into paths so that they may break.
  await page.waitForFunction(() => {
    for (const tag of document.querySelectorAll('.opblock-tag[data-is-open="false"]')) tag.click();
    return document.body.innerText.replaceAll('\u200b', '').includes('/api/auth/login');
  }, null, { timeout: 25000, polling: 250 }).catch(() => bad.push('/api/auth/login did not appear within 25 s'));
  const text = await page.evaluate(() => document.body.innerText.replaceAll('\u200b', ''));
  await context.close();
  return { path, bad, text };
}

(async () => {
  const [base, executablePath, ...paths] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    for (const path of paths) console.log(JSON.stringify(await look(browser, base, path)));
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
