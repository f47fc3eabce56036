package scenarios

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"eddy/lab"
	"eddy/lab/form"
)

//go:embed library/*.yaml
var bundled embed.FS

// Source is a scenario file as it was read, with what is wrong with it.
type Source struct {
	Name     string // of the file, with its folder
	Text     []byte
	Scenario *Scenario
	Problems []Problem
}

// Bundled is the library that is part of the program, in the order in which
// scenarios are learned.
var Bundled = sync.OnceValue(func() []*Scenario {
	texts, err := form.ReadFolder(bundled, "library")
	if err != nil {
		panic(fmt.Sprintf("the library is part of the program: %v", err))
	}
	sources := readSources(texts)
	CheckNeeds(sources)
	all := Sound(sources)
	for _, s := range sources {
		if len(s.Problems) > 0 {
			panic(fmt.Sprintf("the library is part of the program: %s: %v", s.Name, s.Problems[0]))
		}
	}
	return all
})

func readSources(texts []form.Text) (sources []*Source) {
	for _, t := range texts {
		sources = append(sources, ReadSource(t.Name, t.Text))
	}
	return sources
}

// ReadSource parses the text of a file.
func ReadSource(name string, text []byte) *Source {
	s := &Source{Name: name, Text: text}
	s.Scenario, s.Problems = Parse(form.ID(name), text)
	return s
}

// CheckNeeds adds what is wrong with the prerequisites: they must be scenarios
// of the sources or of the ones besides, and none may need itself in the end.
func CheckNeeds(sources []*Source, besides ...*Scenario) {
	needs := form.Needs{}
	for _, s := range besides {
		needs[s.ID] = s.Needs
	}
	for _, s := range sources {
		if s.Scenario.ID != "" {
			needs[s.Scenario.ID] = s.Scenario.Needs
		}
	}
	for _, s := range sources {
		for i, need := range s.Scenario.Needs {
			at := s.Scenario.file.At(fmt.Sprintf("needs[%d]", i))
			if _, known := needs[need]; !known {
				s.Problems = append(s.Problems, Problem{Pos: at, Message: fmt.Sprintf("there is no scenario %q that could be needed: there are %s", need, strings.Join(slices.Sorted(maps.Keys(needs)), ", "))})
			} else if needs.LeadTo(need, s.Scenario.ID) {
				s.Problems = append(s.Problems, Problem{Pos: at, Message: fmt.Sprintf("%s needs %s in turn: neither could ever be begun", need, s.Scenario.ID)})
			}
		}
	}
}

// Sound lists the scenarios that have no problem, in the order in which they
// are learned: what is needed first, then the lower level, then the id.
func Sound(sources []*Source) (all []*Scenario) {
	for _, s := range sources {
		if len(s.Problems) == 0 {
			all = append(all, s.Scenario)
		}
	}
	return inOrder(all)
}

func inOrder(all []*Scenario) (sorted []*Scenario) {
	slices.SortFunc(all, func(a, b *Scenario) int { return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.ID, b.ID)) })
	needs, byID, ids := form.Needs{}, map[string]*Scenario{}, []string{}
	for _, s := range all {
		needs[s.ID], byID[s.ID], ids = s.Needs, s, append(ids, s.ID)
	}
	for _, id := range needs.Sort(ids) {
		sorted = append(sorted, byID[id])
	}
	return sorted
}

// Library is the bundled scenarios, and those of a folder, which is read again
// when a file in it has changed. It is safe for concurrent use.
type Library struct {
	mu      sync.Mutex
	folder  *form.Folder // nil: the bundled ones alone
	failed  error        // of the last look at the folder
	sources []*Source
	all     []*Scenario
}

// NewLibrary is the library with the files of a folder; "" is the bundled one
// alone. A file with an id that is bundled takes the place of that scenario.
func NewLibrary(dir string) (*Library, error) {
	l := &Library{all: Bundled()}
	if dir == "" {
		return l, nil
	}
	l.folder = &form.Folder{Dir: dir}
	return l, l.refresh()
}

// All lists the scenarios that can be played, in the order in which they are
// learned.
func (l *Library) All() []*Scenario {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.folder != nil {
		l.failed = l.refresh() // a folder that cannot be read leaves what was read before
	}
	return l.all
}

func (l *Library) refresh() error {
	texts, changed, err := l.folder.Changed()
	if err != nil || !changed {
		return err
	}
	sources := readSources(texts)
	CheckNeeds(sources, Bundled()...)
	all := Sound(sources)
	for _, s := range Bundled() {
		if !slices.ContainsFunc(all, func(o *Scenario) bool { return o.ID == s.ID }) {
			all = append(all, s)
		}
	}
	l.sources, l.all = sources, inOrder(all)
	return nil
}

// Find returns a scenario by its id.
func (l *Library) Find(id string) (*Scenario, bool) {
	for _, s := range l.All() {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// Settings returns the lab settings of a scenario.
func (l *Library) Settings(id string) (lab.Settings, error) {
	if s, ok := l.Find(id); ok {
		return s.settings(0), nil
	}
	return lab.Settings{}, lab.Errorf(lab.NotFound, "there is no scenario %q", id)
}

// Broken lists the files of the folder that have problems, and the folder itself
// where it cannot be read.
func (l *Library) Broken() (broken []*Source) {
	l.All()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		broken = append(broken, &Source{Name: l.folder.Dir, Problems: []Problem{{Pos: form.Pos{Line: 1, Column: 1}, Message: fmt.Sprintf("the folder cannot be read, and what was read before is used: %v", l.failed)}}})
	}
	for _, s := range l.sources {
		if len(s.Problems) > 0 {
			broken = append(broken, s)
		}
	}
	return broken
}
