package quiz

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

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
	s := &Source{Name: name}
	s.Quiz, s.Problems = Parse(form.ID(name), text)
	return s
}

func readSources(texts []form.Text) (sources []*Source) {
	for _, t := range texts {
		sources = append(sources, ReadSource(t.Name, t.Text))
	}
	return sources
}

// Bundled is the quizzes that are part of the program, by id.
var Bundled = sync.OnceValue(func() (all []*Quiz) {
	texts, err := form.ReadFolder(bank, "bank")
	if err != nil {
		panic(fmt.Sprintf("the bank is part of the program: %v", err))
	}
	for _, s := range readSources(texts) {
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
	mu      sync.Mutex
	folder  *form.Folder // nil: the bundled ones alone
	failed  error        // of the last look at the folder
	sources []*Source
	all     []*Quiz
}

// NewBank is the bank with the files of a folder; "" is the bundled one alone.
// A file with an id that is bundled takes the place of that quiz.
func NewBank(dir string) (*Bank, error) {
	b := &Bank{all: Bundled()}
	if dir == "" {
		return b, nil
	}
	b.folder = &form.Folder{Dir: dir}
	return b, b.refresh()
}

// All lists the quizzes that can be taken, by id.
func (b *Bank) All() []*Quiz {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder != nil {
		b.failed = b.refresh() // a folder that cannot be read leaves what was read before
	}
	return b.all
}

func (b *Bank) refresh() error {
	texts, changed, err := b.folder.Changed()
	if err != nil || !changed {
		return err
	}
	sources := readSources(texts)
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
	b.sources, b.all = sources, all
	return nil
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

// Broken lists the files of the folder that have problems, and the folder itself
// where it cannot be read.
func (b *Bank) Broken() (broken []*Source) {
	b.All()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		broken = append(broken, &Source{Name: b.folder.Dir, Problems: []Problem{{Pos: form.Pos{Line: 1, Column: 1}, Message: fmt.Sprintf("the folder cannot be read, and what was read before is used: %v", b.failed)}}})
	}
	for _, s := range b.sources {
		if len(s.Problems) > 0 {
			broken = append(broken, s)
		}
	}
	return broken
}
