package form

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Text is a file as it was read.
type Text struct {
	Name string // with its folder
	Text []byte
}

// ReadText reads a file, but not much more of it than Read takes.
func ReadText(files fs.FS, name string) (Text, error) {
	f, err := files.Open(name)
	if err != nil {
		return Text{}, err // it says what was to be opened
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return Text{}, err
	}
	return Text{name, text}, nil
}

// ReadFolder reads every YAML file (*.yaml, *.yml) of a folder. Hidden files are
// left out: editors keep locks and copies in them.
func ReadFolder(files fs.FS, dir string) (texts []Text, err error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder %s: %w", dir, err)
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || e.Name()[0] == '.' || ext != ".yaml" && ext != ".yml" {
			continue
		}
		text, err := ReadText(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// ID is what a file's id must be: its name without its folder and ending.
func ID(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.TrimSuffix(base, path.Ext(base))
}

// Folder is a folder whose files are read again when one of them has changed.
// It is not safe for concurrent use.
type Folder struct {
	Dir    string
	looked time.Time
	stamp  string
	failed error // of the last look
}

// lookEvery is how often a folder is looked at, at most.
const lookEvery = 500 * time.Millisecond

// Changed reads the folder's YAML files, where any of them has changed since
// the last time. While it has looked only a moment ago it is false, with the
// error of that look.
func (f *Folder) Changed() (texts []Text, changed bool, err error) {
	if time.Since(f.looked) < lookEvery {
		return nil, false, f.failed
	}
	f.looked = time.Now()
	texts, changed, f.failed = f.look()
	return texts, changed, f.failed
}

func (f *Folder) look() (texts []Text, changed bool, err error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, false, fmt.Errorf("read the folder: %w", err)
	}
	var stamp strings.Builder
	for _, e := range entries {
		// A link changes with what it leads to.
		if info, err := os.Stat(filepath.Join(f.Dir, e.Name())); err == nil {
			fmt.Fprintln(&stamp, e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	if stamp.String() == f.stamp {
		return nil, false, nil
	}
	if texts, err = ReadFolder(os.DirFS(f.Dir), "."); err != nil {
		return nil, false, err
	}
	f.stamp = stamp.String()
	return texts, true, nil
}
