// Package quiz is questions and their grading.
//
// Guarantees:
//
//   - Parse finds every problem of a quiz file, with its line and column; a quiz
//     that is handed out has none.
//   - Grading is a pure function of the question, the answer and, where a lab had
//     to judge, of what the lab said: the same in the program and offline. It
//     gives credit for what is right in part, and says why.
//   - What a learner is shown (Sheet) never holds an answer, a reason or the place
//     of an option in the file: options have opaque ids and an order of their own
//     for every attempt.
//   - Export and Import name, question by question, what the other format cannot
//     carry; what is imported passes Parse.
package quiz
