package store

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"io"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// statement is a prepared statement. While it runs and its rows are being read
// it is busy: running it again would reset them.
type statement struct {
	handle  uintptr // *sqlite3_stmt
	params  int
	columns []string
	kept    bool // the connection keeps it
	busy    bool
	row     bool // the last step came to a row

	// SQLite reads texts and blobs from here, in its own memory, until the next
	// arguments are bound.
	room uintptr
	size int
}

// roomMax is the most room that a statement keeps for its next arguments.
const roomMax = 16 << 10

// parse prepares a text of one statement.
func (c *conn) parse(query string) (*statement, error) {
	s, rest, err := c.parseFirst(query)
	if err == nil && rest != "" {
		c.drop(s)
		return nil, fmt.Errorf("one statement at a time: %q is left of %q", rest, query)
	}
	return s, err
}

// parseFirst prepares the first statement of a text, and returns what is left
// of the text. A statement without a handle is a blank or a comment.
func (c *conn) parseFirst(query string) (s *statement, rest string, err error) {
	text, err := libc.CString(query)
	if err != nil {
		return nil, "", err
	}
	defer libc.Xfree(c.tls, text)
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(query)+1), sqlite3.SQLITE_PREPARE_PERSISTENT, c.out, c.out+uintptr(pointerSize))
	if rc != sqlite3.SQLITE_OK {
		return nil, "", c.failed(rc)
	}
	s = &statement{handle: *pointerAt(c.out)}
	rest = query[*pointerAt(c.out + uintptr(pointerSize))-text:]
	if s.handle == 0 {
		return s, "", nil
	}
	s.params = int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, s.handle))
	s.columns = make([]string, sqlite3.Xsqlite3_column_count(c.tls, s.handle))
	for i := range s.columns {
		s.columns[i] = libc.GoString(sqlite3.Xsqlite3_column_name(c.tls, s.handle, int32(i)))
	}
	return s, string(bytes.TrimSpace([]byte(rest))), nil
}

// script runs all statements of a text, which have no arguments.
func (c *conn) script(text string) error {
	for text != "" {
		s, rest, err := c.parseFirst(text)
		if err != nil {
			return err
		}
		for text = rest; err == nil && s.handle != 0; {
			if err = c.step(s); !s.row {
				break
			}
		}
		c.drop(s)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) drop(s *statement) {
	sqlite3.Xsqlite3_finalize(c.tls, s.handle)
	libc.Xfree(c.tls, s.room)
	s.handle, s.room = 0, 0
}

// step goes on to the next row, or to the end.
func (c *conn) step(s *statement) error {
	rc := sqlite3.Xsqlite3_step(c.tls, s.handle)
	s.row = rc == sqlite3.SQLITE_ROW
	if !s.row && rc != sqlite3.SQLITE_DONE {
		return c.failed(rc)
	}
	return nil
}

func (c *conn) failed(rc int32) error {
	return fmt.Errorf("%s (%d)", libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)), rc)
}

// bind hands arguments over, by their place.
func (c *conn) bind(s *statement, args []driver.NamedValue) error {
	if len(args) != s.params {
		return fmt.Errorf("%d arguments for a statement of %d", len(args), s.params)
	}
	c.makeRoom(s, args)
	at := s.room
	for i := range args {
		n, rc := int32(i+1), int32(sqlite3.SQLITE_OK)
		switch v := args[i].Value.(type) {
		case nil:
			rc = sqlite3.Xsqlite3_bind_null(c.tls, s.handle, n)
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, n, v)
		case float64:
			rc = sqlite3.Xsqlite3_bind_double(c.tls, s.handle, n, v)
		case bool:
			var truth int64
			if v {
				truth = 1
			}
			rc = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, n, truth)
		case string:
			copy(memory(at, len(v)), v)
			rc = sqlite3.Xsqlite3_bind_text(c.tls, s.handle, n, at, int32(len(v)), sqlite3.SQLITE_STATIC)
			at += uintptr(len(v))
		case []byte:
			if v == nil {
				rc = sqlite3.Xsqlite3_bind_null(c.tls, s.handle, n)
				break
			}
			copy(memory(at, len(v)), v)
			rc = sqlite3.Xsqlite3_bind_blob(c.tls, s.handle, n, at, int32(len(v)), sqlite3.SQLITE_STATIC)
			at += uintptr(len(v))
		default:
			return fmt.Errorf("argument %d is a %T: SQLite has no such type", n, v)
		}
		if rc != sqlite3.SQLITE_OK {
			return c.failed(rc)
		}
	}
	return nil
}

// makeRoom sees to it that there is room for all texts and blobs. What is bound
// from there still is bound anew before it is read.
func (c *conn) makeRoom(s *statement, args []driver.NamedValue) {
	need, any := 0, false
	for i := range args {
		switch v := args[i].Value.(type) {
		case string:
			need, any = need+len(v), true
		case []byte:
			need, any = need+len(v), true
		}
	}
	if !any || s.size >= max(need, 1) && (s.size <= roomMax || need > roomMax) {
		return
	}
	libc.Xfree(c.tls, s.room)
	s.size = (need + 255) / 256 * 256
	s.size = max(s.size, 256)
	s.room = libc.Xmalloc(c.tls, types.Size_t(s.size))
}

// rows are the rows of a statement that is running.
type rows struct {
	conn      *conn
	statement *statement
	stepped   bool // to the row that is to be read next
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string { return r.statement.columns }

// Next implements driver.Rows.
func (r *rows) Next(into []driver.Value) error {
	if !r.stepped {
		if err := r.conn.step(r.statement); err != nil {
			return err
		}
	}
	r.stepped = false
	if !r.statement.row {
		r.stepped = true // stepping on would run it again
		return io.EOF
	}
	for i := range into {
		into[i] = r.conn.column(r.statement.handle, int32(i))
	}
	return nil
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	if r.statement != nil {
		r.conn.done(r.statement)
		r.statement = nil
	}
	return nil
}

// column reads a column of the row that a statement is at.
func (c *conn) column(handle uintptr, i int32) driver.Value {
	switch sqlite3.Xsqlite3_column_type(c.tls, handle, i) {
	case sqlite3.SQLITE_INTEGER:
		return sqlite3.Xsqlite3_column_int64(c.tls, handle, i)
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(c.tls, handle, i)
	case sqlite3.SQLITE_TEXT:
		at := sqlite3.Xsqlite3_column_text(c.tls, handle, i) // first: it may convert, and then the length is another
		return string(memory(at, int(sqlite3.Xsqlite3_column_bytes(c.tls, handle, i))))
	case sqlite3.SQLITE_BLOB:
		at := sqlite3.Xsqlite3_column_blob(c.tls, handle, i)
		return append([]byte{}, memory(at, int(sqlite3.Xsqlite3_column_bytes(c.tls, handle, i)))...)
	}
	return nil
}

// memory is SQLite's own, which Go neither moves nor collects.
func memory(at uintptr, n int) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), n)
}

// pointerAt is a pointer in SQLite's memory.
func pointerAt(at uintptr) *uintptr { return *(**uintptr)(unsafe.Pointer(&at)) }
