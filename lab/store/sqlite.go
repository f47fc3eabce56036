package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// This file and statement.go are the driver that database/sql runs on. The one
// that comes with the library asks SQLite for the names and types of all columns
// at every query, has memory of its own made for every text that it hands over,
// and takes locks that one connection on its own does not need: together as much
// as a short statement costs.

func init() { sqlite3.PatchIssue199() } // as the library's own driver does

// setup is run on every fresh connection, before the schema. A database in
// memory keeps all its pages, so there is no page cache to bound, and no journal
// to sync. Small pages weigh less in a database of many small tables, and a
// transaction copies every page before it changes it.
var setup = []string{`PRAGMA page_size = 2048`, `PRAGMA temp_store = memory`}

// open opens a fresh database in memory and runs the schema. The pool holds
// one connection that never expires, because the database lives and dies with
// its connection.
func open(ctx context.Context, schema string) (*sql.DB, error) {
	db := sql.OpenDB(connector{schema})
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// connector makes connections to databases of their own, with a schema.
type connector struct{ schema string }

// Connect implements driver.Connector.
func (k connector) Connect(context.Context) (driver.Conn, error) {
	c := &conn{tls: libc.NewTLS(), kept: map[string]*statement{}}
	c.out = libc.Xmalloc(c.tls, 2*pointerSize)
	name, err := libc.CString(":memory:")
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	defer libc.Xfree(c.tls, name)
	// database/sql never calls a connection from two goroutines at a time.
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *pointerAt(c.out)
	if rc != sqlite3.SQLITE_OK {
		return nil, errors.Join(c.failed(rc), c.Close())
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	c.lookAside(512, 24)
	for _, script := range append(setup, k.schema) {
		if err := c.script(script); err != nil {
			return nil, errors.Join(fmt.Errorf("create schema: %w", err), c.Close())
		}
	}
	return c, nil
}

// lookAside bounds the memory that a connection keeps for what it needs for a
// moment. SQLite's own measure, 48 kB, is for a process with few connections.
func (c *conn) lookAside(size, count int32) {
	args := libc.Xmalloc(c.tls, 3*8) // a slot of 8 bytes an argument
	defer libc.Xfree(c.tls, args)
	sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_LOOKASIDE, libc.VaList(args, uintptr(0), size, count))
}

// Driver implements driver.Connector.
func (k connector) Driver() driver.Driver { return k }

// Open implements driver.Driver: whatever the name, a connection is to a
// database of its own.
func (k connector) Open(string) (driver.Conn, error) { return k.Connect(context.Background()) }

// conn is a connection that parses every SQL text once. database/sql never
// calls a connection from two goroutines at a time, so it needs no lock.
type conn struct {
	tls  *libc.TLS
	db   uintptr // *sqlite3
	out  uintptr // room for two pointers, in SQLite's memory
	kept map[string]*statement
}

// keptMax bounds the statements that a connection keeps. The shop has a few
// dozen; texts that are put together at run time must not pile up.
const keptMax = 64

// BeginTx implements driver.ConnBeginTx. Whatever the options say, one
// transaction runs at a time, which is the strictest isolation there is.
func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// ResetSession implements driver.SessionResetter, and IsValid driver.Validator:
// a connection without them is thrown away where a context ends its transaction,
// and the database with it.
func (c *conn) ResetSession(context.Context) error { return nil }
func (c *conn) IsValid() bool                      { return true }

type tx struct{ *conn }

// Commit implements driver.Tx.
func (t tx) Commit() error {
	_, err := t.ExecContext(context.Background(), "COMMIT", nil)
	return err
}

// Rollback implements driver.Tx.
func (t tx) Rollback() error {
	_, err := t.ExecContext(context.Background(), "ROLLBACK", nil)
	return err
}

// ExecContext implements driver.ExecerContext. A statement in memory takes
// microseconds: once begun it is not worth a goroutine that could cancel it.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.run(ctx, query, args)
	if err != nil {
		return nil, err
	}
	for s.row {
		if err := c.step(s); err != nil {
			c.done(s)
			return nil, err
		}
	}
	did := result{
		id:   sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db),
		rows: int64(sqlite3.Xsqlite3_changes(c.tls, c.db)),
	}
	c.done(s)
	return did, nil
}

// result implements driver.Result.
type result struct{ id, rows int64 }

func (r result) LastInsertId() (int64, error) { return r.id, nil }
func (r result) RowsAffected() (int64, error) { return r.rows, nil }

// QueryContext implements driver.QueryerContext. The statement has done its
// first step when it returns, so that one which changes something has changed
// it, read or not.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.run(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &rows{conn: c, statement: s, stepped: true}, nil
}

// run binds arguments to a statement that nobody else is running, and does its
// first step. The caller gives it back with done.
func (c *conn) run(ctx context.Context, query string, args []driver.NamedValue) (*statement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := c.statement(query)
	if err != nil {
		return nil, err
	}
	if err := c.bind(s, args); err != nil {
		c.done(s)
		return nil, err
	}
	if err := c.step(s); err != nil {
		c.done(s)
		return nil, err
	}
	return s, nil
}

// statement returns a statement for the query that nobody else is running.
func (c *conn) statement(query string) (*statement, error) {
	s, kept := c.kept[query]
	if kept && !s.busy {
		s.busy = true
		return s, nil
	}
	s, err := c.parse(query)
	if err != nil {
		return nil, err
	}
	s.busy = true
	if !kept && len(c.kept) < keptMax {
		s.kept, c.kept[query] = true, s
	}
	return s, nil
}

// done gives a statement back.
func (c *conn) done(s *statement) {
	sqlite3.Xsqlite3_reset(c.tls, s.handle) // its code is that of the last step
	s.busy = false
	if !s.kept {
		c.drop(s)
	}
}

// Close implements driver.Conn.
func (c *conn) Close() (err error) {
	for _, s := range c.kept {
		c.drop(s)
	}
	clear(c.kept)
	if c.db != 0 {
		if rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db); rc != sqlite3.SQLITE_OK {
			err = fmt.Errorf("close database: SQLite says %d", rc)
		}
	}
	libc.Xfree(c.tls, c.out)
	c.tls.Close()
	c.db, c.out = 0, 0
	return err
}

// Prepare implements driver.Conn. Every statement is prepared, so it has
// nothing to do.
func (c *conn) Prepare(query string) (driver.Stmt, error) { return prepared{c, query}, nil }

// prepared implements driver.Stmt and its two contexts.
type prepared struct {
	conn  *conn
	query string
}

func (p prepared) Close() error  { return nil }
func (p prepared) NumInput() int { return -1 } // bind counts them

func (p prepared) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (p prepared) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (p prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return p.conn.ExecContext(ctx, p.query, args)
}

func (p prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return p.conn.QueryContext(ctx, p.query, args)
}

const pointerSize = types.Size_t(8) // where pointers are shorter, some room is left
