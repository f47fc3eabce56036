// Package content turns what authors write into what learners read: markdown
// into HTML, and files of markdown with live parts into lessons.
//
// Guarantees:
//
//   - The HTML that HTML and Inline return, and that of a lesson's parts, is safe
//     to put into a page, whoever wrote the markdown: there is no raw HTML in it,
//     no script, no style, no event handler, and no link but to http, https,
//     mailto or this server.
//   - The same text always gives the same HTML. HTML, Inline and Plain never fail:
//     text that is no markdown is a paragraph.
//   - Parse finds every problem of a lesson, with its line and column in the file:
//     its settings, its blocks, expressions, actions, terms that the glossary does
//     not have, and code that is not in the source. A lesson of a Course has none.
//     Ids of scenarios and quizzes are checked by CheckLinks, for whoever knows
//     them.
//   - Code in a lesson is cut by name from the text that this program was compiled
//     from; it cannot go stale without failing.
//   - Lessons, courses and glossaries do not change once they were read. All
//     functions may be called concurrently.
package content
