// Package script reads what drives a lab from the YAML files that people write:
// lists of actions, settings, expressions. Scenarios, quizzes and the figures of
// lessons are made of them.
//
// Guarantees:
//
//   - What is read is what a lab takes: actions are decoded and settings parsed by
//     the lab's own registry, and names, arguments and expressions are checked as
//     far as they can be without a lab. Each problem is noted at the argument,
//     setting or character that is wrong.
//   - The JSON Schema of an action and of the settings is made of the same
//     registry.
package script
