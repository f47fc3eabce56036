// Package keep is what must last when the program ends: how far every learner
// is in scenarios, the attempts at quizzes, and which lessons were marked as
// read. It is one SQLite file in the data folder.
//
// Guarantees:
//
//   - What a change has returned from is on the disk: a program that is killed,
//     and a machine that loses its power, lose nothing of it.
//   - A learner is a secret of 128 random bits. Progress and lessons are found by
//     that secret alone; an attempt is found by its id too, and all attempts at a
//     quiz by whoever has the Store: web decides who may ask for those. The file
//     holds only the secret's hash, so that who reads the file cannot take a
//     learner's place.
//   - Forget leaves nothing of a learner.
//   - The folder and the file can be read by their owner alone. The folder
//     ":memory:" keeps nothing.
//   - A file of an older version is brought up to date when it is opened, each
//     migration whole or not at all. A file of a newer version is refused and
//     left as it is.
//
// A new table is one more entry at the end of migrations (migrate.go) and a
// file of its own.
package keep
