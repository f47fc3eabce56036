package keep

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Pragma is a setting of the database as it is in force.
func (s *Store) Pragma(t *testing.T, name string) (value string) {
	t.Helper()
	require.NoError(t, s.db.QueryRow("PRAGMA "+name).Scan(&value))
	return value
}
