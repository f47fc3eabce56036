package quiz

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"eddy/lab/form"
)

//go:embed bank/*.yaml
var bank embed.FS

// Source is a quiz file as it was read, with what is wrong with it.
type Source struct {
	Name     string // of the file, with its folder
	Quiz     *Quiz
	Problems []Problem
}

// ReadSource parses the text of a file.
func ReadSource(name string, text []byte) *Source {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	s := &Source{Name: name}
	s.Quiz, s.Problems = Parse(strings.TrimSuffix(base, path.Ext(base)), text)
	return s
}

// ReadDir reads every quiz file (*.yaml, *.yml) of a folder.
func ReadDir(files fs.FS, dir string) ([]*Source, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder %s: %w", dir, err)
	}
	var sources []*Source
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		if info, err := e.Info(); err == nil && info.Size() > form.MaxBytes {
			sources = append(sources, &Source{Name: e.Name(), Quiz: &Quiz{}, Problems: []Problem{{Pos: form.Pos{Line: 1, Column: 1}, Message: fmt.Sprintf("the file has %d bytes: at most %d are read", info.Size(), form.MaxBytes)}}})
			continue
		}
		text, err := fs.ReadFile(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Name(), err)
		}
		sources = append(sources, ReadSource(path.Join(dir, e.Name()), text))
	}
	return sources, nil
}

// Bundled is the quizzes that are part of the program, by id.
var Bundled = sync.OnceValue(func() (all []*Quiz) {
	sources, err := ReadDir(bank, "bank")
	if err != nil {
		panic(fmt.Sprintf("the bank is part of the program: %v", err))
	}
	for _, s := range sources {
		if len(s.Problems) > 0 {
			panic(fmt.Sprintf("the bank is part of the program: %s: %v", s.Name, s.Problems[0]))
		}
		all = append(all, s.Quiz)
	}
	return all
})

// Bank is the bundled quizzes, and those of a folder, which is read again when
// a file in it has changed. It is safe for concurrent use.
type Bank struct {
	dir string

	mu      sync.Mutex
	looked  time.Time
	stamp   string
	sources []*Source
	all     []*Quiz
}

// BundledBank is the bank of the program alone.
func BundledBank() *Bank { return &Bank{all: Bundled()} }

// NewBank is the bank with the files of a folder; "" is the bundled one alone.
// A file with an id that is bundled takes the place of that quiz.
func NewBank(dir string) (*Bank, error) {
	if dir == "" {
		return BundledBank(), nil
	}
	b := &Bank{dir: dir}
	return b, b.refresh()
}

// lookEvery is how often a folder is looked at, at most.
const lookEvery = 500 * time.Millisecond

// All lists the quizzes that can be taken, by id.
func (b *Bank) All() []*Quiz {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dir != "" && time.Since(b.looked) >= lookEvery {
		b.refresh() // a folder that cannot be read leaves what was read before
	}
	return b.all
}

// Find returns a quiz by its id.
func (b *Bank) Find(id string) (*Quiz, bool) {
	for _, q := range b.All() {
		if q.ID == id {
			return q, true
		}
	}
	return nil, false
}

// Broken lists the files of the folder that have problems.
func (b *Bank) Broken() (broken []*Source) {
	b.All()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sources {
		if len(s.Problems) > 0 {
			broken = append(broken, s)
		}
	}
	return broken
}

func (b *Bank) refresh() error {
	b.looked = time.Now()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("read the folder with quizzes: %w", err)
	}
	var stamp strings.Builder
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			fmt.Fprintln(&stamp, e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	if stamp.String() == b.stamp && b.all != nil {
		return nil
	}
	sources, err := ReadDir(os.DirFS(b.dir), ".")
	if err != nil {
		return err
	}
	var all []*Quiz
	for _, s := range sources {
		if len(s.Problems) == 0 {
			all = append(all, s.Quiz)
		}
	}
	for _, q := range Bundled() {
		if !slices.ContainsFunc(all, func(o *Quiz) bool { return o.ID == q.ID }) {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(x, y *Quiz) int { return strings.Compare(x.ID, y.ID) })
	b.stamp, b.sources, b.all = stamp.String(), sources, all
	return nil
}
