package keep

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations bring a database from one version to the next: the first one
// makes version 1. They are never changed once they were released, only added
// to at the end.
var migrations = []string{
	`CREATE TABLE progress (
		learner   TEXT NOT NULL,            -- hash of the learner's secret
		scenario  TEXT NOT NULL,
		lab       TEXT NOT NULL,            -- hash of the id of the lab it goes on in
		progress  TEXT NOT NULL,            -- JSON
		step      INTEGER NOT NULL,         -- the step that the recordings are of
		start     TEXT NOT NULL,            -- recording up to its beginning, JSON; '' where there is none
		met       TEXT NOT NULL,            -- recording up to where its goal was met, JSON; '' where it is not
		PRIMARY KEY (learner, scenario)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX progress_lab ON progress (lab);
	CREATE TABLE finished (
		learner  TEXT NOT NULL,
		scenario TEXT NOT NULL,
		progress TEXT NOT NULL,             -- JSON, of the last time
		PRIMARY KEY (learner, scenario)
	) STRICT, WITHOUT ROWID;`,
	`CREATE TABLE attempts (
		id      TEXT NOT NULL PRIMARY KEY,
		learner TEXT NOT NULL,              -- hash of the learner's secret
		quiz    TEXT NOT NULL,
		class   TEXT NOT NULL,              -- code; '' outside of any
		attempt TEXT NOT NULL               -- JSON
	) STRICT, WITHOUT ROWID;
	CREATE INDEX attempts_learner ON attempts (learner);
	CREATE INDEX attempts_quiz ON attempts (quiz, class);`,
	`CREATE TABLE lessons (
		learner TEXT NOT NULL,              -- hash of the learner's secret
		lesson  TEXT NOT NULL,
		done    TEXT NOT NULL,              -- when it was marked as read, RFC 3339
		PRIMARY KEY (learner, lesson)
	) STRICT, WITHOUT ROWID;`,
}

func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("it was written by a newer Eddy (version %d, and this one knows %d): use that one, or another folder with --data", version, len(migrations))
	}
	for ; version < len(migrations); version++ {
		if err := apply(ctx, db, version); err != nil {
			return fmt.Errorf("bring it to version %d: %w", version+1, err)
		}
	}
	return nil
}

// apply does one migration and notes it, in one transaction.
func apply(ctx context.Context, db *sql.DB, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once it was committed
	if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
		return err
	}
	return tx.Commit()
}
