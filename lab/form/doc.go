// Package form reads the YAML that people write: scenarios, quizzes, and the
// settings and blocks of lessons.
//
// Guarantees:
//
//   - A file is read strictly: a key that its type does not have, a value of the
//     wrong type, a key that stands twice, and a required key that is missing are
//     problems, each with its line and column and with what would be valid. All
//     of them are found, a hundred at most, and not only the first.
//   - A file of more than MaxBytes is refused before it is parsed. Aliases are
//     refused, so that a short file cannot stand for a long one. So reading is
//     quick for every input.
//   - The Go type is the one description of a file: the reader, the JSON Schema
//     (Schema) and the completion in an editor are made of it.
//
// Fields are described by tags: `yaml:"name"`, `form:"required"`, `doc:"one
// sentence"`, `is:"a|b|c"` for the values of a text, and `schema:"minimum=1; maximum=5"`
// for what the JSON Schema says besides; checking that is left to whoever reads. A type may read itself
// (Reader) and describe itself (Describer).
package form
