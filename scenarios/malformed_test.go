package scenarios_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var wanted = regexp.MustCompile(`^# want (\d+): (.+)\n`)

// Each file has one mistake. One problem is found, in its line, and it says
// what the first line of the file says: often what would be valid.
func TestEveryMistakeIsFoundOnceAndInItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/malformed/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 40)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			want := wanted.FindSubmatch(text)
			require.NotNil(t, want, "the first line says what is wanted")
			line, err := strconv.Atoi(string(want[1]))
			require.NoError(t, err)
			problems := scenarios.ReadSource(file, text).Problems
			require.Len(t, problems, 1, "%v", problems)
			assert.Equal(t, line, problems[0].Line, "%v", problems[0])
			assert.Contains(t, problems[0].Message, string(want[2]))
		})
	}
}
