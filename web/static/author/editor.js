// The editor: CodeMirror with what a scenario file needs. It knows nothing of
// the page around it.

import {
  Decoration, EditorState, EditorView, HighlightStyle, RangeSetBuilder, ViewPlugin, acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap,
  defaultKeymap, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap,
  indentUnit, indentWithTab, keymap, lineNumbers, lintGutter, nextDiagnostic, previousDiagnostic, redo, redoDepth, search, searchKeymap, setDiagnostics,
  snippetCompletion, syntaxHighlighting, tags, undo, undoDepth, yaml,
} from './codemirror.js';
import { choices, expressionChoices, isExpression, placeAt, schemasAt } from './complete.js';

const theme = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--panel)', color: 'var(--ink)', fontSize: '14px' },
  '&.cm-focused': { outline: 'none' }, // the page draws it around the gutter too
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--muted)', borderRight: '1px solid var(--rule)', fontSize: '12px' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 8px 0 10px', lineHeight: '21.7px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--raised) 60%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'color-mix(in srgb, var(--accent) 26%, transparent)' },
  '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--wait) 35%, transparent)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'transparent', outline: '1px solid var(--ctl)' },
  '.cm-gutter-lint': { width: '18px' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '3px 2px 0' },
  '.cm-lint-marker': { width: '14px', height: '14px' },
  '.cm-lint-marker-error': { content: 'none', backgroundColor: 'var(--fail-fill)', clipPath: 'polygon(30% 0,70% 0,100% 30%,100% 70%,70% 100%,30% 100%,0 70%,0 30%)' },
  '.cm-lint-marker-warning': { content: 'none', backgroundColor: 'var(--wait)', border: '1.5px dashed var(--wait-edge)', borderRadius: '3px' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--fail) 1.5px', textUnderlineOffset: '4px', textDecorationSkipInk: 'none' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline dashed var(--wait-edge) 1.5px', textUnderlineOffset: '4px' },
  '.cm-lintRange-active': { backgroundColor: 'var(--fail-wash)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--ink)', border: '1px solid var(--ctl)', borderRadius: '6px', boxShadow: '0 6px 20px rgb(0 0 0/.14)', maxWidth: 'min(560px, 92vw)' },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--sans)', fontSize: '14px', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--fail-edge)' },
  '.cm-diagnostic-warning': { borderLeft: '3px dashed var(--wait-edge)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '14px', maxHeight: '16em', maxWidth: 'min(560px, 92vw)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px', lineHeight: '1.4' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { fontStyle: 'normal', fontFamily: 'var(--sans)', fontSize: '12px', color: 'var(--muted)', marginLeft: '14px' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)' },
  '.cm-panel.cm-search': { padding: '8px 10px', fontFamily: 'var(--sans)', fontSize: '14px' },
  '.cm-textfield': { backgroundColor: 'var(--panel)', border: '1px solid var(--ctl)', borderRadius: '4px', color: 'var(--ink)', fontSize: '14px' },
  '.cm-button': { backgroundImage: 'none', backgroundColor: 'var(--panel)', border: '1px solid var(--ctl)', borderRadius: '4px', color: 'var(--ink)', fontSize: '14px' },
  '.cm-snippetField': { backgroundColor: 'color-mix(in srgb, var(--accent) 16%, transparent)' },
});

// Ink and weight: hue is kept for orders, red for failures, blue for buttons.
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--ink)', fontWeight: '650' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--muted)', fontStyle: 'italic' },
  { tag: [tags.string, tags.content, tags.attributeValue], color: 'var(--ink)' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace, tags.meta], color: 'var(--muted)' },
  { tag: tags.keyword, color: 'var(--ink)' },
]);

// A line that is wrapped goes on below its text, not at the margin. Classes, not
// styles: the page allows no style in an attribute.
const DEEPEST = 40;
const hanging = [
  EditorView.theme(Object.fromEntries(Array.from({ length: DEEPEST + 1 }, (_, n) => [`.cm-line.hang-${n}`, { paddingLeft: `calc(6px + ${n + 2}ch)`, textIndent: `-${n + 2}ch` }]))),
  ViewPlugin.fromClass(class {
    /** @param {any} view */
    constructor(view) { this.decorations = hangs(view); }

    /** @param {any} u */
    update(u) { if (u.docChanged || u.viewportChanged) this.decorations = hangs(u.view); }
  }, { decorations: (/** @type {any} */ plugin) => plugin.decorations }),
];

/** @param {any} view */
function hangs(view) {
  const lines = new RangeSetBuilder();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      const indent = Math.min(/^ *(?:- +)*/.exec(line.text)?.[0].length ?? 0, DEEPEST);
      lines.add(line.from, line.from, Decoration.line({ class: `hang-${indent}` }));
      at = line.to + 1;
    }
  }
  return lines.finish();
}

/**
 * @param {HTMLElement} parent
 * @param {{text: string, nonce: string, changed: (text: string) => void, moved: (line: number) => void, prove: () => void, play: () => void, save: () => void}} on
 */
export function openEditor(parent, on) {
  /** @type {any} */ let schema = null;

  /** @param {any} context */
  const complete = (context) => {
    if (!schema) return null;
    const { doc } = context.state;
    const line = doc.lineAt(context.pos);
    const lines = doc.toString().split('\n');
    const place = placeAt(lines, line.number - 1, context.pos - line.from, line.from);
    if (place.kind === 'none' || !context.explicit && place.prefix === '' && !/["(.[{]$|: $/.test(place.before || line.text.slice(0, context.pos - line.from))) return null;
    const expression = place.kind === 'value' && isExpression(place.path) && !place.before.startsWith('{');
    if (expression) {
      const handles = [...new Set([...doc.toString().matchAll(/\bas: ["']?([\w-]+)/g)].map((m) => m[1]))];
      const { from, list } = expressionChoices(schema['x-expressions'], place.before.replace(/^['"]/, (q) => (q === "'" ? '' : q)), handles);
      return list.length ? { from: context.pos - from, options: list.map(option), validFor: /^[\w-]*$/ } : null;
    }
    let list = choices(schema, place);
    const key = place.path.at(-1) ?? '';
    if (place.kind === 'value' && (key === 'follow' || key === 'order')) {
      list = [...new Set([...doc.toString().matchAll(/\bas: ["']?([\w-]+)/g)].map((m) => m[1]))].map((label) => ({ label, detail: 'an order of this file', type: 'constant' }));
    }
    if (!list.length && place.kind === 'value' && place.path.at(-2) === 'allow') list = Object.keys(actions(schema)).map((label) => ({ label, type: 'function' }));
    return list.length ? { from: place.from, options: list.map(option), validFor: /^[\w-]*$/ } : null;
  };

  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: on.text,
      extensions: [
        EditorView.cspNonce.of(on.nonce),
        lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(), highlightActiveLine(), highlightSelectionMatches(),
        EditorState.allowMultipleSelections.of(true), EditorState.tabSize.of(2), indentUnit.of('  '), EditorView.lineWrapping, hanging,
        bracketMatching(), closeBrackets(), yaml(), syntaxHighlighting(colours), search({ top: true }), lintGutter(),
        autocompletion({ override: [complete], icons: false, activateOnTyping: true }),
        EditorView.contentAttributes.of({ 'aria-label': 'Scenario file. Tab indents; press Escape, then Tab, to leave the editor.' }),
        keymap.of([
          { key: 'Mod-Enter', run: () => { on.prove(); return true; } },
          { key: 'Shift-Mod-Enter', run: () => { on.play(); return true; } },
          { key: 'Mod-s', run: () => { on.save(); return true; }, preventDefault: true },
          { key: 'F8', run: nextDiagnostic }, { key: 'Shift-F8', run: previousDiagnostic },
          { key: 'Tab', run: acceptCompletion },
          ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((/** @type {any} */ u) => {
          if (u.docChanged) on.changed(u.state.doc.toString());
          if (u.docChanged || u.selectionSet) on.moved(u.state.doc.lineAt(u.state.selection.main.head).number);
        }),
        theme,
      ],
    }),
  });

  /** A place of the check as offsets: to the end of the word, or of the line. @param {{line: number, column: number}} at */
  const range = (at) => {
    const { doc } = view.state;
    const line = doc.line(Math.min(Math.max(at.line, 1), doc.lines));
    const before = [...line.text].slice(0, at.column - 1).join('').length; // columns count characters
    const from = Math.min(line.from + before, line.to);
    const rest = line.text.slice(from - line.from);
    const word = /^[\w$.-]+/.exec(rest)?.[0] ?? rest.trimEnd();
    return { from, to: from + word.length };
  };

  return {
    text: () => view.state.doc.toString(),
    /** @param {any} s the JSON Schema of files */
    schema: (s) => { schema = s; },
    /** Puts another text in, which undo takes back. @param {string} text */
    replace: (text) => {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true, userEvent: 'input.paste' });
      view.focus();
    },
    /** Marks what a check found. @param {{line: number, column: number, message: string, rule?: string, severity: 'error'|'warning'}[]} list */
    mark: (list) => view.dispatch(setDiagnostics(view.state, list.map((p) => ({ ...range(p), severity: p.severity, message: p.message })))),
    /** @param {{line: number, column: number}} at */
    goTo: (at) => {
      const { from } = range(at);
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
      view.focus();
    },
    undo: () => { undo(view); view.focus(); },
    redo: () => { redo(view); view.focus(); },
    depths: () => ({ undo: undoDepth(view.state), redo: redoDepth(view.state) }),
  };
}

/** @param {{label: string, detail?: string, apply?: string, type: string, boost?: number}} c */
function option(c) {
  const { apply, ...rest } = c;
  if (!apply) return rest;
  return apply.includes('${') ? snippetCompletion(apply, rest) : { ...rest, apply };
}

/** The actions of the schema, by name. @param {any} schema @returns {Record<string, any>} */
function actions(schema) {
  return Object.assign({}, ...schemasAt(schema, ['steps', '[]', 'solution', '[]']).map((s) => s.properties ?? {}));
}
