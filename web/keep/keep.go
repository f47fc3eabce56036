package keep

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// fileName is the database in the data folder.
const fileName = "eddy.db"

// Memory is the name of the folder that keeps nothing.
const Memory = ":memory:"

// Store is an open database. It is safe for concurrent use. Whoever opened it
// closes it.
type Store struct {
	db    *sql.DB
	group group
}

// Open opens the database in a folder, which is made where it is missing.
func Open(ctx context.Context, dir string) (*Store, error) {
	name := Memory
	if dir != Memory {
		var err error
		if name, err = prepare(dir); err != nil {
			return nil, err
		}
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", name, err)
	}
	// One connection: a database in memory lives in it, and a file has one
	// writer anyway.
	db.SetMaxOpenConns(1)
	db.SetConnMaxIdleTime(0)
	if err := migrate(ctx, db); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the database in the folder %s: %w", dir, err)
	}
	return &Store{db: db}, nil
}

// prepare makes the folder and the file, for their owner alone, and says how
// the file is opened.
func prepare(dir string) (name string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	path := filepath.Join(dir, fileName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("make the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("make the database: %w", err)
	}
	pragmas := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: pragmas.Encode()}
	return file.String(), nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// NewLearner makes up the secret of a learner who has none.
func NewLearner() string { return strings.ToLower(rand.Text()) }

// hash is what the database knows a learner, or a lab, by: both are secrets.
func hash(secret string) string {
	sum := sha256.Sum256([]byte("eddy\x00" + secret))
	return hex.EncodeToString(sum[:])
}
