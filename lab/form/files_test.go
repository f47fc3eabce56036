package form_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"eddy/lab/form"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFolderIsItsYAMLFiles(t *testing.T) {
	files := fstest.MapFS{
		"in/a.yaml": {Data: []byte("a")}, "in/b.yml": {Data: []byte("b")},
		"in/readme.md": {Data: []byte("no")}, "in/sub/c.yaml": {Data: []byte("no")},
		"in/big.yaml": {Data: make([]byte, form.MaxBytes+10)},
	}
	texts, err := form.ReadFolder(files, "in")
	require.NoError(t, err)
	require.Len(t, texts, 3)
	assert.Equal(t, form.Text{Name: "in/a.yaml", Text: []byte("a")}, texts[0])
	assert.Equal(t, "in/b.yml", texts[1].Name)
	assert.Len(t, texts[2].Text, form.MaxBytes+1, "enough for Read to see that it is too long")

	_, err = form.ReadFolder(files, "out")
	assert.ErrorContains(t, err, "read the folder out")
}

func TestTheIDOfAFileIsItsName(t *testing.T) {
	for name, id := range map[string]string{"a.yaml": "a", "in/a.yml": "a", `C:\in\a.yaml`: "a", "a.b.yaml": "a.b", "a": "a"} {
		assert.Equal(t, id, form.ID(name), name)
	}
}

// The clock of the bubble is for how often a folder is looked at; the files are real.
func TestAFolderIsReadAgainWhenAFileHasChanged(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) { require.NoError(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600)) }
	write("one")
	synctest.Test(t, func(t *testing.T) {
		folder := form.Folder{Dir: dir}
		look := func() bool {
			_, changed, err := folder.Changed()
			require.NoError(t, err)
			return changed
		}
		assert.True(t, look(), "the first time")
		write("and two")
		assert.False(t, look(), "looked only a moment ago")
		time.Sleep(time.Second)
		assert.True(t, look(), "changed")
		time.Sleep(time.Second)
		assert.False(t, look(), "unchanged")

		require.NoError(t, os.RemoveAll(dir))
		time.Sleep(time.Second)
		_, _, err := folder.Changed()
		assert.ErrorContains(t, err, "read the folder")
	})
}

// Emacs locks a file by a link .#NAME that leads nowhere.
func TestHiddenFilesAreLeftOutAndLinksFollowed(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "b.yaml")
	require.NoError(t, os.Symlink("me@here.1:2", filepath.Join(dir, ".#a.yaml")))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "b.yaml")))
	require.NoError(t, os.WriteFile(elsewhere, []byte("one"), 0o600))
	synctest.Test(t, func(t *testing.T) {
		folder := form.Folder{Dir: dir}
		texts, changed, err := folder.Changed()
		require.NoError(t, err)
		assert.True(t, changed)
		assert.Equal(t, []form.Text{{Name: "b.yaml", Text: []byte("one")}}, texts)

		require.NoError(t, os.WriteFile(elsewhere, []byte("and two"), 0o600))
		time.Sleep(time.Second)
		_, changed, err = folder.Changed()
		require.NoError(t, err)
		assert.True(t, changed, "what the link leads to is another")

		require.NoError(t, os.Remove(elsewhere))
		time.Sleep(time.Second)
		for range 2 { // it is not forgotten because it was looked at a moment ago
			_, _, err = folder.Changed()
			assert.EqualError(t, err, "open b.yaml: no such file or directory")
		}
	})
}

func TestWhatIsNeededComesFirst(t *testing.T) {
	needs := form.Needs{"c": {"a", "b"}, "a": {"b"}, "d": {"elsewhere"}}
	assert.Equal(t, []string{"b", "a", "c", "d"}, needs.Sort([]string{"c", "a", "b", "d"}))
	assert.Equal(t, []string{"d", "b", "a", "c"}, needs.Sort([]string{"d", "c", "a", "b"}), "else the order stays")
	assert.True(t, needs.LeadTo("c", "b"), "in the end")
	assert.False(t, needs.LeadTo("b", "c"))
	assert.False(t, needs.LeadTo("c", "c"))

	circle := form.Needs{"a": {"b"}, "b": {"a"}, "c": {"a"}}
	assert.True(t, circle.LeadTo("a", "a"), "a circle")
	assert.Equal(t, []string{"a", "c", "b"}, circle.Sort([]string{"c", "a", "b"}), "cut at its first")
}
