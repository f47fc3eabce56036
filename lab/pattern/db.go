package pattern

import (
	"context"
	"database/sql"
)

// DB runs SQL: *sql.DB, *sql.Tx and *sql.Conn do. Where a pattern holds only
// inside a transaction, it says so and calls the argument tx.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}
