// Package keep is what must last when the program ends: how far every learner
// is. It is one SQLite file in the data folder.
//
// Guarantees:
//
//   - What Save has returned from is on the disk: a program that is killed, and
//     a machine that loses its power, lose nothing of it.
//   - Nobody reaches what another learner has. A learner is a secret of 128
//     random bits; every question names it, and the file holds only its hash, so
//     that who reads the file cannot take a learner's place.
//   - The folder and the file can be read by their owner alone. The folder
//     ":memory:" keeps nothing.
//   - A file of an older version is brought up to date when it is opened, each
//     migration whole or not at all. A file of a newer version is refused and
//     left as it is.
//
// A new table is one more entry at the end of migrations (migrate.go) and a
// file of its own.
package keep
