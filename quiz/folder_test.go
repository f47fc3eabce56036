package quiz_test

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderThatCanNoLongerBeReadIsTold(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		all, err := quiz.NewBank(dir)
		require.NoError(t, err)
		before := len(all.All())
		require.NoError(t, os.Remove(dir))
		time.Sleep(time.Second)
		for range 2 {
			assert.Len(t, all.All(), before)
			broken := all.Broken()
			require.Len(t, broken, 1)
			assert.Equal(t, dir, broken[0].Name)
			assert.Contains(t, broken[0].Problems[0].Message, "the folder cannot be read, and what was read before is used")
		}
	})
}
