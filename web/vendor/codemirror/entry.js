// What the author studio uses of CodeMirror 6. See README.md for how the bundle
// is made of it.
export { EditorState, Compartment, Transaction, RangeSetBuilder } from '@codemirror/state';
export { EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, drawSelection, rectangularSelection, placeholder, ViewPlugin, Decoration } from '@codemirror/view';
export { history, historyKeymap, defaultKeymap, indentWithTab, undo, redo, undoDepth, redoDepth } from '@codemirror/commands';
export { yaml } from '@codemirror/lang-yaml';
export { HighlightStyle, syntaxHighlighting, indentUnit, bracketMatching, foldGutter, foldKeymap, foldService } from '@codemirror/language';
export { tags } from '@lezer/highlight';
export { lintGutter, setDiagnostics, nextDiagnostic, previousDiagnostic, diagnosticCount } from '@codemirror/lint';
export { autocompletion, completionKeymap, startCompletion, acceptCompletion, closeBrackets, closeBracketsKeymap, snippetCompletion } from '@codemirror/autocomplete';
export { search, searchKeymap, highlightSelectionMatches } from '@codemirror/search';
