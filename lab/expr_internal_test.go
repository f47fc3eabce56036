package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lab stands still while an expression is evaluated.
func TestAnExpressionThatWouldTakeLongIsRefused(t *testing.T) {
	for text, most := range map[string]int{
		`count(orders, .id == "x") == 0`:        20_000,
		`!any(orders, any(orders, .id == "x"))`: 2_000,
		`!any(orders, any(orders, .id == "x") or any(orders, .id == "y") or any(orders, .id == "z") or .total == 1)`: 1_000,
	} {
		e, err := CompileExpr(text, true)
		require.NoError(t, err)
		value, err := e.run(exprEnv{Orders: make([]ExprOrder, most)})
		require.NoError(t, err, text)
		assert.Equal(t, true, value)
		if e.nested > 0 {
			_, err = e.run(exprEnv{Orders: make([]ExprOrder, 3*most)})
			assert.Equal(t, Conflict, AsError(err).Code)
		}
	}
}
