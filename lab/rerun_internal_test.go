package lab

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What did not come while a lab stood still may come once it goes on: a freeze
// is no reason to wait for nothing any more.
func TestAFreezeDoesNotEndPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(t.Context(), DefaultSettings(), Options{})
		require.NoError(t, err)
		defer l.Close()
		time.Sleep(10 * time.Second)
		never := func() bool { return false }
		assert.False(t, l.await(t.Context(), true, never), "it goes on, and nothing comes")

		a, err := DecodeAction([]byte(`"freeze"`))
		require.NoError(t, err)
		_, err = l.Do(t.Context(), a)
		require.NoError(t, err)
		began := time.Now()
		assert.True(t, l.await(t.Context(), true, never))
		assert.False(t, l.await(t.Context(), false, never))
		assert.Zero(t, time.Since(began))
	})
}
