#include "browser/page_script.hpp"

namespace agent::browser {

const std::string_view kPageScript = R"script((() => {
  if (globalThis.agentPage) return globalThis.agentPage;
  const kContent = 50000, kElements = 200, kText = 100, kOptions = 50, kNodes = 60000, kMilliseconds = 1500, kDepth = 300;
  const kClickable = 'a[href],area[href],button,input:not([type=hidden]),textarea,select,summary,[onclick],' +
    '[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only],' +
    ['button', 'link', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'checkbox', 'radio', 'switch', 'option',
     'combobox', 'textbox', 'searchbox', 'slider', 'spinbutton', 'treeitem'].map(role => `[role=${role}]`).join(',') +
    ',[tabindex]:not([tabindex^="-"])';
  const kSkipped = new Set(['script', 'style', 'noscript', 'template', 'head', 'svg', 'canvas', 'object', 'embed', 'datalist']);
  const kByValue = new Set(['date', 'time', 'month', 'week', 'datetime-local', 'color', 'range']);
  const kNoText = new Set(['checkbox', 'radio', 'submit', 'button', 'reset', 'image', 'hidden']);
  let elements = [];

  const whole = text => text.toWellFormed ? text.toWellFormed() : text;
  const plain = text => whole(String(text || '').slice(0, 4 * kContent).replace(/\s+/g, ' ').trim());
  const cut = (text, most) => {
    const short = [...text.slice(0, 2 * most)].slice(0, most).join('');
    return whole(short.length < text.length ? short + '…' : short);
  };
  const isFrame = element => element.localName === 'iframe' || element.localName === 'frame';
  const inside = frame => { try { return frame.contentDocument; } catch (error) { return null; } };

  // The element that a click at a place of the window meets.
  function hit(x, y) {
    let element = document.elementFromPoint(x, y);
    for (let depth = 0; element && depth < kDepth; ++depth) {
      let inner = null;
      if (element.shadowRoot) {
        inner = element.shadowRoot.elementFromPoint(x, y);
      } else if (isFrame(element) && inside(element)) {
        const frame = element.getBoundingClientRect();
        x -= frame.left + element.clientLeft;
        y -= frame.top + element.clientTop;
        inner = inside(element).elementFromPoint(x, y);
      }
      if (!inner || inner === element) break;
      element = inner;
    }
    return element;
  }
  function holds(element, met) {
    if (met && met.closest) {
      const label = met.closest('label');
      if (label && label.control === element) return true;
    }
    for (let node = met, depth = 0; node && depth < 5000; node = node.parentNode || node.host, ++depth) {
      if (node === element) return true;
    }
    return false;
  }
  // Where the window of an element's document lies in the top one.
  function offsetOf(element) {
    let dx = 0, dy = 0;
    for (let view = element.ownerDocument.defaultView, depth = 0; view && view !== window && depth < 20; ++depth) {
      let frame = null;
      try { frame = view.frameElement; } catch (error) { frame = null; }
      if (!frame) break;
      const box = frame.getBoundingClientRect();
      dx += box.left + frame.clientLeft;
      dy += box.top + frame.clientTop;
      view = frame.ownerDocument.defaultView;
    }
    return {dx, dy};
  }
  // A place where a click meets the element, or what lies over it.
  function spot(element, dx, dy) {
    const boxes = [...element.getClientRects()].slice(0, 4);
    let over = null;
    for (const box of boxes) {
      const left = Math.max(0, box.left + dx), right = Math.min(innerWidth, box.right + dx);
      const top = Math.max(0, box.top + dy), bottom = Math.min(innerHeight, box.bottom + dy);
      if (right - left < 1 || bottom - top < 1) continue;
      const x = (left + right) / 2, y = (top + bottom) / 2;
      const met = hit(x, y);
      if (holds(element, met)) return {x, y};
      if (met) over = met;
    }
    return {over};
  }
  const isShown = element => !element.checkVisibility || element.checkVisibility({checkVisibilityCSS: true});
  const isEnabled = element => !element.matches(':disabled') && element.getAttribute('aria-disabled') !== 'true';

  function labelOf(element) {
    const hint = element.getAttribute('aria-label') || element.getAttribute('placeholder') || '';
    if (hint) return plain(hint);
    const label = element.labels && element.labels[0];
    if (label) return plain(label.innerText);
    return plain(element.getAttribute('title') || element.getAttribute('name') || '');
  }
  function nameOf(element) {
    const tag = element.localName;
    if (tag === 'select') {
      const options = [...element.options].slice(0, kOptions)
        .map((option, number) => number + ': ' + cut(plain(option.text), 40) + (option.selected ? ' (chosen)' : ''));
      return [labelOf(element), options.join(' | ')].filter(Boolean).join(' – ');
    }
    if (tag === 'input' || tag === 'textarea') {
      const type = tag === 'input' ? element.type : 'text';
      if (type === 'submit' || type === 'button' || type === 'reset') return plain(element.value || labelOf(element) || type);
      if (type === 'checkbox' || type === 'radio')
        return labelOf(element) + ' (' + type + ', ' + (element.checked ? 'on' : 'off') + ')';
      if (type === 'password') return labelOf(element) + ' (password)';
      if (type === 'file') return labelOf(element) + ' (file)';
      return [labelOf(element) || '(' + type + ')', plain(element.value)].filter(Boolean).join(': ');
    }
    const image = element.querySelector && element.querySelector('img[alt]');
    return plain(element.innerText) || plain(element.getAttribute('aria-label')) || plain(element.getAttribute('title')) ||
      (image ? plain(image.alt) : '') || plain(element.getAttribute('href'));
  }

  // Calls `visit` for every element of the page, of open shadow trees and of frames of the same origin.
  function eachElement(visit) {
    const end = performance.now() + kMilliseconds;
    let count = 0;
    const within = (root, dx, dy, depth) => {
      for (const element of root.querySelectorAll('*')) {
        if (++count > kNodes || elements.length >= kElements) return;
        if (count % 256 === 0 && performance.now() > end) { count = kNodes; return; }
        // A form can hide its own functions behind fields of their names.
        try { visit(element, dx, dy); } catch (error) { continue; }
        if (depth > 20) continue;
        if (element.shadowRoot) within(element.shadowRoot, dx, dy, depth + 1);
        if (isFrame(element) && inside(element)) {
          const box = element.getBoundingClientRect();
          within(inside(element), dx + box.left + element.clientLeft, dy + box.top + element.clientTop, depth + 1);
        }
      }
    };
    within(document, 0, 0, 0);
  }
  function number() {
    elements = [];
    eachElement((element, dx, dy) => {
      const box = element.getBoundingClientRect();
      if (box.width < 1 || box.height < 1 || box.bottom + dy <= 0 || box.right + dx <= 0 || box.top + dy >= innerHeight ||
          box.left + dx >= innerWidth) return;
      if (!element.matches(kClickable)) {
        // Elements without a role that act on clicks show a hand.
        const view = element.ownerDocument.defaultView;
        if (isFrame(element) || element === element.ownerDocument.body || element.closest(kClickable + ',label')) return;
        if (view.getComputedStyle(element).cursor !== 'pointer') return;
        const above = element.parentElement;
        if (above && view.getComputedStyle(above).cursor === 'pointer') return;
      }
      if (!isShown(element) || !isEnabled(element)) return;
      if (spot(element, dx, dy).x === undefined) return;
      elements.push(element);
    });
    return elements.map((element, index) => {
      const tag = element.localName;
      return index + ':<' + tag + '>' + cut(nameOf(element), tag === 'select' ? 600 : kText) + '</' + tag + '>';
    });
  }

  // What stands in the window, as Markdown.
  function markdown() {
    const end = performance.now() + kMilliseconds;
    let out = '', nodes = 0, full = false;
    const line = () => { if (out && !out.endsWith('\n')) out += '\n'; };
    const paragraph = () => { line(); if (out && !out.endsWith('\n\n')) out += '\n'; };
    const put = text => {
      const short = text.replace(/\s+/g, ' ');
      out += out === '' || /\s$/.test(out) ? short.trimStart() : short;
    };
    const inView = (box, at) => box.width > 0 && box.height > 0 && box.bottom + at.dy > 0 && box.right + at.dx > 0 &&
      box.top + at.dy < innerHeight && box.left + at.dx < innerWidth;
    const children = (node, at, depth) => {
      const list = node.localName === 'slot' && node.assignedNodes({flatten: true}).length
        ? node.assignedNodes({flatten: true}) : (node.shadowRoot || node).childNodes;
      for (const child of list) {
        if (full) return;
        try { walk(child, at, depth + 1); } catch (error) { continue; }
      }
    };
    // What the children write, on its own.
    const apart = (node, at, depth) => {
      const before = out;
      out = '';
      children(node, at, depth);
      const text = out.trim();
      out = before;
      return text;
    };
    const textNode = (node, at) => {
      if (!at.shown || !node.data.trim()) {
        if (node.data && out && !/\s$/.test(out)) out += ' ';
        return;
      }
      const range = node.ownerDocument.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        if (inView(box, at)) return put(node.data.slice(0, kContent));
      }
    };
    function walk(node, at, depth) {
      if (out.length > kContent || ++nodes > kNodes || depth > kDepth || (nodes % 256 === 0 && performance.now() > end)) {
        full = full || depth <= kDepth;
        return;
      }
      if (node.nodeType === 3) return textNode(node, at);
      if (node.nodeType !== 1) return;
      const tag = node.localName;
      if (kSkipped.has(tag)) return;
      const style = node.ownerDocument.defaultView.getComputedStyle(node);
      if (style.display === 'none') return;
      const box = node.getBoundingClientRect();
      const inPlace = style.position === 'static' || style.position === 'relative';
      if (style.display !== 'contents' && inPlace && box.height > 0 && tag !== 'body' && tag !== 'html' &&
          (box.bottom + at.dy <= 0 || box.top + at.dy >= innerHeight)) return;
      at = {...at, shown: style.visibility === 'visible'};
      const heading = /^h([1-6])$/.exec(tag);
      if (heading) {
        const text = apart(node, at, depth);
        if (text) { paragraph(); out += '#'.repeat(+heading[1]) + ' ' + text.replace(/\s+/g, ' '); paragraph(); }
      } else if (tag === 'a' && node.href) {
        const text = apart(node, at, depth).replace(/\s+/g, ' ');
        const address = String(node.href);
        if (text) put(address.startsWith('javascript:') ? text : '[' + text + '](' + cut(address, 300) + ')');
      } else if (tag === 'img') {
        if (at.shown && inView(box, at) && node.alt) put('![' + plain(node.alt) + ']');
      } else if (tag === 'br') {
        out += '\n';
      } else if (tag === 'hr') {
        paragraph(); out += '---'; paragraph();
      } else if (tag === 'pre') {
        if (inView(box, at)) { paragraph(); out += '```\n' + whole(node.textContent.slice(0, kContent)).trimEnd() + '\n```'; paragraph(); }
      } else if (tag === 'ul' || tag === 'ol') {
        line();
        let item = tag === 'ol' ? node.start : 0;
        for (const child of node.childNodes) {
          if (full) break;
          if (child.localName !== 'li') { walk(child, at, depth + 1); continue; }
          const text = apart(child, {...at, level: at.level + 1}, depth + 1);
          if (text) { line(); out += '  '.repeat(at.level) + (tag === 'ol' ? item + '. ' : '- ') + text; line(); }
          ++item;
        }
        line();
      } else if (tag === 'tr') {
        const cells = [...node.cells].slice(0, 50).map(cell => apart(cell, at, depth + 1).replace(/\s+/g, ' '));
        if (cells.some(Boolean)) {
          line();
          out += '| ' + cells.join(' | ') + ' |\n';
          if (node.rowIndex === 0) out += '|' + '---|'.repeat(cells.length) + '\n';
        }
      } else if (tag === 'strong' || tag === 'b') {
        const text = apart(node, at, depth);
        if (text) put('**' + text + '**');
      } else if (tag === 'code') {
        const text = apart(node, at, depth);
        if (text) put('`' + text + '`');
      } else if (tag === 'input' || tag === 'textarea' || tag === 'select') {
        if (at.shown && node.type !== 'hidden' && inView(box, at)) {
          const chosen = tag === 'select' ? [...node.selectedOptions].map(option => option.text).join(', ') : '';
          put('[' + cut(tag === 'select' ? [labelOf(node), plain(chosen)].filter(Boolean).join(': ') : nameOf(node), 300) + '] ');
        }
      } else if (tag === 'button') {
        const text = apart(node, at, depth).replace(/\s+/g, ' ');
        if (text) put('[' + text + '] ');
      } else if (isFrame(node)) {
        if (!inView(box, at)) return;
        const page = inside(node);
        paragraph();
        if (page && page.body) {
          walk(page.body, {...at, dx: at.dx + box.left + node.clientLeft, dy: at.dy + box.top + node.clientTop}, depth + 1);
        } else {
          out += '(a frame of another site: ' + cut(plain(node.src), 300) + ')';
        }
        paragraph();
      } else {
        const isBlock = !style.display.startsWith('inline') && style.display !== 'contents';
        const start = tag === 'p' || tag === 'blockquote' || tag === 'table' ? paragraph : isBlock ? line : null;
        if (start) start();
        if (tag === 'blockquote') out += '> ';
        children(node, at, depth);
        if (start) start();
      }
    }
    if (document.body) walk(document.body, {dx: 0, dy: 0, shown: true, level: 0}, 0);
    return cut(out.replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim(), kContent - 1);
  }

  function scroller() {
    const root = document.scrollingElement || document.documentElement;
    if (root.scrollHeight > root.clientHeight + 1) return root;
    for (let element = hit(innerWidth / 2, innerHeight / 2); element; element = element.parentNode || element.host) {
      if (!element.scrollHeight || element.scrollHeight <= element.clientHeight + 1) continue;
      const flow = element.ownerDocument.defaultView.getComputedStyle(element).overflowY;
      if (flow === 'auto' || flow === 'scroll' || flow === 'overlay') return element;
    }
    return root;
  }
  const heightOf = root => root === document.scrollingElement ? innerHeight : root.clientHeight;
  const rest = root => ({above: Math.round(root.scrollTop),
                         below: Math.max(0, Math.round(root.scrollHeight - heightOf(root) - root.scrollTop))});

  const kGone = {fault: 'there is no element with this index; view the page again'};
  const known = index => {
    const element = elements[index];
    return element && element.isConnected ? element : null;
  };
  const tell = element => {
    for (const kind of ['input', 'change']) element.dispatchEvent(new Event(kind, {bubbles: true, composed: true}));
  };
  function focused() {
    let element = document.activeElement;
    for (let depth = 0; element && depth < kDepth; ++depth) {
      const inner = element.shadowRoot ? element.shadowRoot.activeElement
        : isFrame(element) && inside(element) ? inside(element).activeElement : null;
      if (!inner) break;
      element = inner;
    }
    return element;
  }

  globalThis.agentPage = {
    view(content) {
      return {url: whole(location.href), title: cut(plain(document.title), 300), elements: number(),
              content: content ? markdown() : '', ...rest(scroller())};
    },
    place(index) {
      const element = known(index);
      if (!element) return kGone;
      let {dx, dy} = offsetOf(element);
      let point = spot(element, dx, dy);
      if (point.x === undefined) {
        element.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
        ({dx, dy} = offsetOf(element));
        point = spot(element, dx, dy);
      }
      if (point.x !== undefined) return {x: point.x, y: point.y};
      if (!point.over) return {fault: 'the element is no longer visible; view the page again'};
      return {fault: 'the element is covered by <' + point.over.localName + '> ' + cut(nameOf(point.over), 60)};
    },
    ready(index) {
      const element = index < 0 ? focused() : known(index);
      if (!element) return kGone;
      if (!isEnabled(element) || element.readOnly) return {fault: 'the element takes no text now'};
      if (element.localName === 'input' && element.type === 'file') return {kind: 'file'};
      if (element.localName === 'input' && kByValue.has(element.type)) return {kind: 'value'};
      if (element.localName === 'textarea' || (element.localName === 'input' && !kNoText.has(element.type))) {
        element.focus();
        element.select();
        return {kind: 'text'};
      }
      if (element.isContentEditable) {
        element.focus();
        const range = element.ownerDocument.createRange();
        range.selectNodeContents(element);
        const selection = element.ownerDocument.defaultView.getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        return {kind: 'text'};
      }
      return {fault: 'the element <' + element.localName + '> takes no text'};
    },
    assign(index, text) {
      const element = index < 0 ? focused() : known(index);
      if (!element) return kGone;
      element.value = text;
      if (element.value === '' && text !== '') return {fault: 'this is no value for a field of the kind ' + element.type};
      tell(element);
      return {};
    },
    choose(index, option) {
      const element = known(index);
      if (!element) return kGone;
      if (element.localName !== 'select') return {fault: 'the element <' + element.localName + '> is no list to choose from'};
      if (!isEnabled(element)) return {fault: 'nothing can be chosen in the list now'};
      const choice = element.options[option];
      if (!choice) return {fault: 'the list has the options 0 to ' + (element.options.length - 1)};
      if (choice.disabled) return {fault: 'the option can not be chosen'};
      element.focus();
      element.selectedIndex = option;
      tell(element);
      return {chosen: cut(plain(choice.text), 200)};
    },
    scroll(down, end) {
      const root = scroller();
      const step = Math.max(50, heightOf(root) * 0.85);
      root.scrollTo({top: end ? (down ? root.scrollHeight : 0) : root.scrollTop + (down ? step : -step), behavior: 'instant'});
      return rest(root);
    },
    element(index) { return known(index); },
    adopt(element) {
      const at = elements.indexOf(element);
      return {index: at >= 0 ? at : elements.push(element) - 1};
    },
  };
  return globalThis.agentPage;
})())script";

}  // namespace agent::browser
