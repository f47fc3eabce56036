package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"modernc.org/sqlite"
)

// memory is the data source name of a database in memory. It keeps all its
// pages, so there is no page cache to bound, and no journal to sync.
const memory = ":memory:?_pragma=temp_store(memory)"

// open opens a fresh database in memory and runs the schema. The pool holds
// one connection that never expires, because the database lives and dies with
// its connection.
func open(ctx context.Context, schema string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(memory)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := sql.OpenDB(preparing{connector, schema})
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

// preparing makes connections that have the schema and keep their statements
// prepared.
type preparing struct {
	driver.Connector
	schema string
}

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.(driver.ExecerContext).ExecContext(ctx, p.schema, nil); err != nil {
		c.Close()
		return nil, fmt.Errorf("create schema: %w", err)
	}
	return &conn{sqliteConn: c.(sqliteConn), kept: map[string]*statement{}}, nil
}

// sqliteConn is what database/sql uses of a connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.SessionResetter
	driver.Validator
}

// conn is a connection that parses every SQL text once. database/sql never
// calls a connection from two goroutines at a time, so it needs no lock.
type conn struct {
	sqliteConn
	kept map[string]*statement
}

// keptMax bounds the statements that a connection keeps. The shop has a few
// dozen; texts that are put together at run time must not pile up.
const keptMax = 64

// statement is a prepared statement. While rows of it are being read it is
// busy: running it again would reset them.
type statement struct {
	driver.Stmt
	busy bool
}

// BeginTx implements driver.ConnBeginTx. Whatever the options say, one
// transaction runs at a time, which is the strictest isolation there is.
func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

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
	s, done, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	defer done()
	return s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), args)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, done, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		done()
		return nil, err
	}
	return &rows{Rows: r, done: done}, nil
}

// Close implements driver.Conn.
func (c *conn) Close() error {
	for _, s := range c.kept {
		s.Close()
	}
	return c.sqliteConn.Close()
}

// statement returns a statement for the query that nobody else is running, and
// a func that gives it back.
func (c *conn) statement(ctx context.Context, query string) (*statement, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if s, ok := c.kept[query]; ok && !s.busy {
		s.busy = true
		return s, func() { s.busy = false }, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	s := &statement{Stmt: prepared}
	if _, ok := c.kept[query]; ok || len(c.kept) == keptMax {
		return s, func() { s.Close() }, nil
	}
	s.busy = true
	c.kept[query] = s
	return s, func() { s.busy = false }, nil
}

// rows gives its statement back when it is closed.
type rows struct {
	driver.Rows
	done func()
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	err := r.Rows.Close()
	r.done()
	return err
}
