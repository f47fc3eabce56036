// Small helpers to build and to update the page. Text always goes in as text,
// and a node is touched only where it has changed: the page is drawn up to
// twenty times a second.

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} id @returns {HTMLElement} an element that the page is known to have */
export function el(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}

/**
 * An HTML element. Attributes that are null, undefined or false are left out;
 * a function is an event listener ("onclick").
 * @param {string} tag @param {Record<string, any>} [attrs] @param {...any} kids @returns {any}
 */
export function h(tag, attrs = {}, ...kids) { return build(document.createElement(tag), attrs, kids); }

/** An SVG element. @param {string} tag @param {Record<string, any>} [attrs] @param {...any} kids @returns {any} */
export function s(tag, attrs = {}, ...kids) { return build(document.createElementNS(SVG, tag), attrs, kids); }

/** @param {any} node @param {Record<string, any>} attrs @param {any[]} kids */
function build(node, attrs, kids) {
  for (const [name, value] of Object.entries(attrs)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...kids.flat().filter((kid) => kid !== null && kid !== undefined && kid !== false));
  return node;
}

/** @param {string} name an icon of the sprite @param {string} [className] */
export function icon(name, className = 'ic') {
  return s('svg', { class: className, 'aria-hidden': 'true' }, s('use', { href: `#${name}` }));
}

/** Sets an attribute, or takes it away where the value is null, undefined or false. @param {any} node @param {string} name @param {any} value */
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** @param {any} node @param {string|number} value */
export function text(node, value) {
  const next = String(value);
  if (node.textContent !== next) node.textContent = next;
}

/** Sets a CSS property or variable. @param {any} node @param {string} name @param {string|number} value */
export function css(node, name, value) {
  const next = String(value);
  if (node.style.getPropertyValue(name) !== next) node.style.setProperty(name, next);
}

/**
 * Makes parent's children match items, by key: existing ones are kept, moved
 * and updated, new ones made, others removed. Only nodes that keyed made are
 * its own; the rest of parent's children stay in front.
 * @template T
 * @param {any} parent @param {T[]} items @param {(item: T) => string|number} key
 * @param {(item: T) => any} create @param {(node: any, item: T, i: number) => void} [update]
 */
export function keyed(parent, items, key, create, update) {
  /** @type {Map<string, any>} */
  const old = parent.keyedNodes ?? new Map();
  const next = new Map();
  let previous = /** @type {any} */ (null);
  items.forEach((item, i) => {
    const k = String(key(item));
    if (next.has(k)) return; // two items of one key would fight over one node
    const node = old.get(k) ?? create(item);
    update?.(node, item, i);
    next.set(k, node);
    if (previous ? previous.nextSibling !== node : node.parentNode !== parent) {
      if (previous) previous.after(node);
      else parent.append(node);
    }
    previous = node;
  });
  for (const [k, node] of old) if (next.get(k) !== node) node.remove();
  parent.keyedNodes = next;
}

/** Redraws a small part only when what it is made from has changed. @param {any} node @param {string} signature @param {() => any[]} draw */
export function once(node, signature, draw) {
  if (node.signature === signature) return;
  node.signature = signature;
  node.replaceChildren(...draw().flat().filter((kid) => kid !== null && kid !== undefined && kid !== false));
}
