// Package content turns what authors write into what learners read.
//
// Guarantees:
//
//   - The HTML that HTML and Inline return is safe to put into a page, whoever
//     wrote the markdown: there is no raw HTML in it, no script, no style, no
//     event handler, and no link but to http, https, mailto or this server.
//   - The same text always gives the same HTML. Nothing fails: text that is no
//     markdown is a paragraph.
//   - All functions may be called concurrently.
package content
