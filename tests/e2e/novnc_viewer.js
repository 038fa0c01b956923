// node novnc_viewer.js PAGE VNC_URL BROWSER COLOURS
// Opens a session's desktop with noVNC in headless Chromium, waits until its picture has so many colours, types q7x9z until the picture
// has the colour #123456 after 10 MiB were pasted, and prints one JSON line: what it saw. PAGE is the address of a web server whose /core/rfb.js is noVNC's.
const { chromium } = require('playwright-core');

(async () => {
  const [page, url, executablePath, colours] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage();
    const wrong = [];
    tab.on('pageerror', (error) => wrong.push('exception: ' + error.message));
    await tab.goto(page + '/core/rfb.js');
    await tab.setContent('<div id="screen" style="width:1280px;height:1080px"></div>');
    const seen = await tab.evaluate(async ({ page, url, colours }) => {
      const { default: RFB } = await import(page + '/core/rfb.js');
      const rfb = new RFB(document.getElementById('screen'), url);
      const said = await new Promise((resolve) => {
        for (const name of ['connect', 'disconnect', 'securityfailure']) rfb.addEventListener(name, () => resolve(name));
      });
      if (said !== 'connect') return { said };
      const canvas = document.querySelector('#screen canvas');
      const picture = () => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer));
      };
      const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
      const end = Date.now() + 60000;
      let found = 0;
      while ((found = picture().size) < colours && Date.now() < end) await pause(100);
      rfb.clipboardPasteFrom('x'.repeat(10 << 20));
      let typed = false;
      while (!typed && Date.now() < end) {  // the page takes keys a moment after it is shown
        for (const letter of 'q7x9z') rfb.sendKey(letter.charCodeAt(0));
        await pause(300);
        typed = picture().has(0xff563412);
      }
      rfb.disconnect();
      return { said, width: canvas.width, height: canvas.height, colours: found, typed };
    }, { page, url, colours: Number(colours) });
    console.log(JSON.stringify({ ...seen, wrong }));
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
