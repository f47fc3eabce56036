// What can be written at a place of a scenario file. Where the place is, is
// read off the text itself (indentation, dashes, brackets), because a file that
// is being written is no YAML yet. What may stand there comes from the JSON
// Schema, names of the expression language from x-expressions in it.

/**
 * @typedef {{path: string[], kind: 'key'|'value'|'none', prefix: string, from: number, before: string, siblings: string[], flow: boolean, column: number, indent: number}} Place
 *   path: keys from the top, '[]' for an item; of the mapping for a key, with the key for a value.
 *   before: the value up to the cursor. from: where the prefix begins.
 */

/** The tokens that open something on a line: dashes and a key. @param {string} line */
function opens(line) {
  const found = /** @type {{col: number, item?: boolean, key?: string, rest?: string}[]} */ ([]);
  let col = line.length - line.trimStart().length;
  for (;;) {
    const dash = /^-(\s+|$)/.exec(line.slice(col));
    if (!dash) break;
    found.push({ col, item: true });
    col += dash[0].length;
  }
  const key = /^([A-Za-z_][\w-]*):(?=\s|$)\s*/.exec(line.slice(col));
  if (key) found.push({ col, key: key[1], rest: line.slice(col + key[0].length) });
  return { found, col, key };
}

/**
 * @param {string[]} lines the file @param {number} number of the line, from 0
 * @param {number} column characters before the cursor @param {number} start offset of the line
 * @returns {Place}
 */
export function placeAt(lines, number, column, start) {
  const line = lines[number].slice(0, column);
  const none = /** @type {Place} */ ({ path: [], kind: 'none', prefix: '', from: start + column, before: '', siblings: [], flow: false, column: 0, indent: line.length - line.trimStart().length });
  if (/^\s*#/.test(line) || /\s#\s/.test(line)) return none;
  const here = opens(line);
  // A key that is being written has no colon yet.
  const content = here.col;
  /** @type {string[]} */
  const path = [];
  let limit = here.found.length ? here.found[0].col : content;
  for (const t of here.found) path.push(t.item ? '[]' : /** @type {string} */ (t.key));
  let topIsItem = here.found[0]?.item === true;
  for (let i = number - 1; i >= 0 && limit >= 0; i--) {
    if (!lines[i].trim() || /^\s*#/.test(lines[i])) continue;
    const above = opens(lines[i]);
    for (let n = above.found.length - 1; n >= 0; n--) {
      const t = above.found[n];
      // A list may stand at the column of its key.
      if (!(t.col < limit || t.col === limit && topIsItem && t.key)) continue;
      if (t.key && /^[|>][+-]?\s*$/.test(t.rest ?? '')) return none; // inside a text
      if (t.key && t.rest && !/^#/.test(t.rest) && t.col < limit && !/^[[{]/.test(t.rest)) return none; // a text that goes on
      path.unshift(t.item ? '[]' : /** @type {string} */ (t.key));
      limit = t.col;
      topIsItem = t.item === true;
    }
    if (limit === 0 && !topIsItem) break;
  }
  const key = here.key;
  if (!key) {
    const rest = line.slice(content);
    if (/^[[{"']/.test(rest) && here.found.length) return flowPlace(path, rest, start + content, none) ?? none;
    const word = /^[\w-]*$/.exec(rest);
    if (!word) return { ...none, path, kind: 'value', before: rest, prefix: tail(rest), from: start + column - tail(rest).length };
    return { ...none, path, kind: 'key', prefix: rest, from: start + content, siblings: siblingsOf(lines, number, content), column: content };
  }
  const value = line.slice(content + key[0].length);
  if (content + key[0].length > column || key[0].endsWith(':')) return none;
  return flowPlace(path, value, start + content + key[0].length, none) ?? none;
}

/** The word that ends a text. @param {string} text */
const tail = (text) => /[\w-]*$/.exec(text)?.[0] ?? '';

/** The keys beside the one that is written, in the same mapping. @param {string[]} lines @param {number} number @param {number} column */
function siblingsOf(lines, number, column) {
  /** @type {string[]} */
  const keys = [];
  for (const step of [-1, 1]) {
    for (let i = number + step; i >= 0 && i < lines.length; i += step) {
      if (!lines[i].trim()) continue;
      const { found, col, key } = opens(lines[i]);
      if (col < column || step > 0 && found[0]?.item && found[0].col < column) break;
      if (col === column && key) keys.push(key[1]);
      if (step < 0 && found[0]?.item && found[0].col < column) break;
    }
  }
  return keys;
}

/** Follows {…} and […] up to the cursor. @param {string[]} path @param {string} value @param {number} start @param {Place} none @returns {Place | null} */
function flowPlace(path, value, start, none) {
  /** @type {{map: boolean, key: string | null, keys: string[]}[]} */
  const stack = [];
  let from = 0; // where what is being written began
  let quote = '';
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    const top = stack.at(-1);
    if (quote) {
      if (c === quote) quote = '';
      continue;
    }
    // A quote opens a text only at its beginning; expressions hold quotes too.
    if ((c === '"' || c === "'") && !value.slice(from, i).trim()) quote = c;
    else if ((c === '{' || c === '[') && !value.slice(from, i).trim()) { stack.push({ map: c === '{', key: null, keys: [] }); from = i + 1; }
    else if ((c === '}' || c === ']') && top) { stack.pop(); from = i + 1; }
    else if (c === ',' && top) { if (top.map) top.key = null; from = i + 1; }
    else if (c === ':' && top?.map && top.key === null && /\s/.test(value[i + 1] ?? ' ')) { top.key = value.slice(from, i).trim(); top.keys.push(top.key); from = i + 1; }
  }
  const at = [...path];
  for (const s of stack) at.push(...(s.map ? (s.key === null ? [] : [s.key]) : ['[]']));
  const raw = value.slice(from);
  const before = raw.trimStart();
  const top = stack.at(-1);
  const base = { path: at, siblings: top?.keys ?? [], flow: stack.length > 0, column: none.column, indent: none.indent, before };
  if (top?.map && top.key === null) {
    if (!/^[\w-]*$/.test(before)) return null;
    return { ...base, kind: 'key', prefix: before, from: start + value.length - before.length };
  }
  const prefix = tail(before);
  return { ...base, kind: 'value', prefix, from: start + value.length - prefix.length };
}

/** @typedef {any} Schema */

/** Every schema that a path leads to: alternatives count. @param {Schema} root @param {string[]} path @returns {Schema[]} */
export function schemasAt(root, path) {
  /** @param {Schema} s @returns {Schema[]} */
  const ways = (s) => {
    if (!s || typeof s !== 'object') return [];
    if (s.$ref) return ways(s.$ref.split('/').slice(1).reduce((/** @type {any} */ at, /** @type {string} */ name) => at?.[name], root));
    return [s, ...[...(s.anyOf ?? []), ...(s.oneOf ?? [])].flatMap(ways)];
  };
  let now = ways(root);
  for (const name of path) {
    now = now.flatMap((s) => ways(name === '[]' ? s.items : s.properties?.[name]));
  }
  return now;
}

/** @param {Schema} root @param {Place} place @returns {{label: string, detail?: string, apply?: string, type: string}[]} what can be written */
export function choices(root, place) {
  const schemas = schemasAt(root, place.path);
  if (place.kind === 'key') {
    /** @type {Map<string, any>} */
    const keys = new Map();
    const needed = new Set();
    for (const s of schemas) {
      for (const [name, of] of Object.entries(s.properties ?? {})) if (!keys.has(name)) keys.set(name, { of, about: Object.keys(s.properties).length === 1 ? s.description : undefined });
      for (const name of s.required ?? []) needed.add(name);
    }
    const action = isAction(schemas);
    const list = [...keys].filter(([name]) => !place.siblings.includes(name)).map(([name, { of, about }]) => ({
      label: name, type: action ? 'function' : 'property', boost: !action && needed.has(name) ? 1 : 0,
      detail: (action ? (about ?? '').replace(`${name} `, '') : of.description) || hint(of), apply: action ? actionText(root, name, of) : keyText(root, of, name, place),
    }));
    return list.concat(action ? bareActions(schemas) : []);
  }
  if (place.kind !== 'value') return [];
  const values = new Set(schemas.flatMap((s) => s.enum ?? []));
  if (!values.size && schemas.some((s) => s.type === 'boolean')) ['true', 'false'].forEach((v) => values.add(v));
  const list = [...values].map((v) => ({ label: String(v), type: 'constant' }));
  if (isAction(schemas)) list.push(...choices(root, { ...place, kind: 'key' }));
  return list;
}

/** @param {Schema[]} schemas */
const isAction = (schemas) => schemas.some((s) => s.properties?.place_order);

/** Actions that need no arguments. @param {Schema[]} schemas */
const bareActions = (schemas) => schemas.flatMap((s) => (s.enum?.includes('freeze') ? s.enum : [])).map((name) => ({ label: name, type: 'function', detail: 'without arguments', boost: -1 }));

/** @param {Schema} of */
function hint(of) {
  if (of.enum) return of.enum.slice(0, 4).join(' · ') + (of.enum.length > 4 ? ' …' : '');
  return Array.isArray(of.type) ? 'text' : of.type;
}

/** What is put in for a key: its colon, and what a value of its type begins with. @param {Schema} root @param {Schema} of @param {string} name @param {Place} place */
function keyText(root, of, name, place) {
  if (place.flow) return `${name}: `;
  const kinds = schemasAt(of.$ref ? root : of, []).map((s) => s.type);
  const deep = ' '.repeat(place.column + 2 - place.indent); // a snippet brings the line's own indentation
  if (kinds.includes('array') && !name.match(/^(hints|options|allow|needs)$/)) return `${name}:\n${deep}- \${}`;
  if (name.match(/^(say|explain|in_production)$/)) return `${name}: |\n${deep}\${}`;
  if (of.type === 'object') return `${name}:\n${deep}\${}`;
  if (name.match(/^(hints|options|allow|needs)$/)) return `${name}: [\${}]`;
  return `${name}: \${}`;
}

/** An action with the arguments that it needs. @param {Schema} root @param {string} name @param {Schema} of */
function actionText(root, name, of) {
  const args = schemasAt(of, []).find((s) => s.type === 'object');
  const needs = args?.required ?? [];
  const first = name === 'place_order' ? ['as: ${A}', 'user: ${user-1}', 'items: [{sku: ${mouse}, qty: 1}]'] : needs.map((/** @type {string} */ n) => `${n}: \${${args.properties[n].enum?.[0] ?? n}}`);
  return first.length ? `${name}: {${first.join(', ')}}` : `${name}: {\${}}`;
}

/** Is the value of this key an expression? @param {string[]} path */
export function isExpression(path) {
  const key = path.filter((p) => p !== '[]').at(-1) ?? '';
  return ['goal', 'when', 'expr', 'expect', 'wait_until'].includes(key);
}

/**
 * What can be written in an expression.
 * @param {{words: {name: string, args?: string[], fields?: string[], list?: boolean}[], values: Record<string, string[]>}} names
 * @param {string} before the expression up to the cursor @param {string[]} handles of the orders in the file
 * @returns {{from: number, list: {label: string, detail?: string, apply?: string, type: string}[]}} from: characters back from the cursor
 */
export function expressionChoices(names, before, handles) {
  const quoted = /(\w+)\(([^()]*)"([^"()]*)$/.exec(before);
  if (quoted) {
    const [, fn, args, part] = quoted;
    const of = names.words.find((w) => w.name === fn)?.args?.[(args.match(/,/g) ?? []).length] ?? '';
    const values = of === 'order' ? handles : names.values[of] ?? [];
    return { from: part.length, list: values.map((v) => ({ label: v, type: 'constant', detail: of })) };
  }
  const status = /\.(status|state)\s*(?:[!=]=|in \[)[^&|]*"([^"]*)$/.exec(before);
  if (status) {
    const values = status[1] === 'status' ? names.values.status : ['starting', 'running', 'paused', 'crashed', 'stopped', 'blocked', 'compensating', 'completed', 'compensated', 'needs_person'];
    return { from: status[2].length, list: (values ?? []).map((v) => ({ label: v, type: 'constant' })) };
  }
  if ((before.match(/"/g) ?? []).length % 2) return { from: 0, list: [] };
  const member = /(\w+)(?:\([^()]*\))?\.(\w*)$/.exec(before);
  if (member && names.words.some((w) => w.name === member[1])) {
    const fields = names.words.find((w) => w.name === member[1])?.fields ?? [];
    return { from: member[2].length, list: fields.map((f) => ({ label: f, type: 'property', detail: `of ${member[1]}` })) };
  }
  const within = /(?:all|any|none|one|filter|count)\(\s*orders\s*,[^()]*(?:^|[\s(,!])\.(\w*)$/.exec(before);
  if (within) {
    const fields = names.words.find((w) => w.name === 'orders')?.fields ?? [];
    return { from: within[1].length, list: fields.map((f) => ({ label: f, type: 'property', detail: 'of each order' })) };
  }
  if (/[\w)]\.\w*$/.test(before)) return { from: 0, list: [] };
  const word = tail(before);
  return {
    from: word.length,
    list: names.words.map((w) => ({
      label: w.name, type: w.args ? 'function' : 'variable', detail: w.args ? `(${w.args.join(', ')})` : w.list ? 'list' : undefined,
      apply: !w.args ? undefined : w.args[0] === 'list' ? `${w.name}(\${orders}, \${.status == "COMPLETED"})` : w.args[0] === 'order' ? `${w.name}("\${A}")` : `${w.name}("\${}")`,
    })),
  };
}
