package code

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADeclarationIsCutWithItsComment(t *testing.T) {
	f, _ := Find("pattern/idempotent.go")
	cut, ok := f.Cut("Inbox.First")
	require.True(t, ok)
	assert.True(t, strings.HasPrefix(cut.Text, "// First"), cut.Text)
	assert.Contains(t, cut.Text, "func (Inbox) First(")
	assert.True(t, strings.HasSuffix(cut.Text, "\n}"), cut.Text)
	assert.Equal(t, strings.Split(f.Text, "\n")[cut.Line-1], strings.Split(cut.Text, "\n")[0])
	_, ok = f.Cut("First")
	assert.False(t, ok, "a method has its type before it")

	f, _ = Find("pattern/retry.go")
	cut, ok = f.Cut("Backoff")
	require.True(t, ok)
	assert.Contains(t, cut.Text, "type Backoff struct {")
}

func TestADeclarationInAGroupStandsAtTheMargin(t *testing.T) {
	f := &File{ID: "pattern/x.go", Text: "package x\n\nconst (\n\t// One is the first.\n\tOne = 1\n\tTwo = 2\n)\n"}
	cut, ok := f.Cut("One")
	require.True(t, ok)
	assert.Equal(t, "// One is the first.\nOne = 1", cut.Text)
	assert.Equal(t, []string{"One", "Two"}, f.Names())
}

func TestPythonIsCutByIndentation(t *testing.T) {
	f, _ := Find("python/idempotent.py")
	cut, ok := f.Cut("handle")
	require.True(t, ok)
	assert.True(t, strings.HasPrefix(cut.Text, "def handle(db, event):\n"), cut.Text)
	assert.True(t, strings.HasSuffix(cut.Text, "    return True"), cut.Text)

	f = &File{ID: "python/x.py", Text: "class A:\n    \"\"\"An A.\"\"\"\n\n    # why\n    @staticmethod\n    def b(\n        c,\n    ):\n        return c\n\n    def d(self):\n        pass\n\n\ndef e(\n    f,\n):\n    return f\n\n\nX = 1\n"}
	assert.Equal(t, []string{"A", "A.b", "A.d", "e"}, f.Names())
	cut, _ = f.Cut("A.b")
	assert.Equal(t, "# why\n@staticmethod\ndef b(\n    c,\n):\n    return c", cut.Text)
	cut, _ = f.Cut("e")
	assert.Equal(t, "def e(\n    f,\n):\n    return f", cut.Text)
	_, ok = f.Cut("X")
	assert.False(t, ok)
}

func TestEverythingThatIsShownCanBeCut(t *testing.T) {
	for _, f := range Files() {
		for _, name := range f.Names() {
			cut, ok := f.Cut(name)
			assert.True(t, ok && strings.TrimSpace(cut.Text) != "", "%s#%s", f.ID, name)
		}
	}
}
