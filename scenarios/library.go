package scenarios

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

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
	sources, err := ReadDir(bundled, "library")
	if err != nil {
		panic(fmt.Sprintf("the library is part of the program: %v", err))
	}
	CheckNeeds(sources)
	all := Sound(sources)
	for _, s := range sources {
		if len(s.Problems) > 0 {
			panic(fmt.Sprintf("the library is part of the program: %s: %v", s.Name, s.Problems[0]))
		}
	}
	return all
})

// BundledText is the file of a bundled scenario.
func BundledText(id string) ([]byte, error) { return bundled.ReadFile("library/" + id + ".yaml") }

// ReadDir reads every scenario file (*.yaml, *.yml) of a folder.
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
		text, err := readBounded(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		sources = append(sources, ReadSource(path.Join(dir, e.Name()), text))
	}
	return sources, nil
}

// readBounded reads a file, but not much more of it than Parse takes.
func readBounded(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	text := make([]byte, form.MaxBytes+1)
	n := 0
	for n < len(text) {
		more, err := f.Read(text[n:])
		n += more
		if err != nil {
			break // the end; a file that cannot be read is not YAML either
		}
	}
	return text[:n], nil
}

// ReadSource parses the text of a file.
func ReadSource(name string, text []byte) *Source {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	s := &Source{Name: name, Text: text}
	s.Scenario, s.Problems = Parse(strings.TrimSuffix(base, path.Ext(base)), text)
	return s
}

// CheckNeeds adds what is wrong with the prerequisites: they must be scenarios
// of the sources or of the ones besides, and none may need itself in the end.
func CheckNeeds(sources []*Source, besides ...*Scenario) {
	known := map[string]*Scenario{}
	for _, s := range besides {
		known[s.ID] = s
	}
	for _, s := range sources {
		known[s.Scenario.ID] = s.Scenario
	}
	for _, s := range sources {
		for i, need := range s.Scenario.Needs {
			at := s.Scenario.file.At(fmt.Sprintf("needs[%d]", i))
			switch {
			case known[need] == nil:
				s.Problems = append(s.Problems, Problem{Pos: at, Message: fmt.Sprintf("there is no scenario %q that could be needed: there are %s", need, strings.Join(ids(known), ", "))})
			case leadsTo(known, need, s.Scenario.ID, map[string]bool{}):
				s.Problems = append(s.Problems, Problem{Pos: at, Message: fmt.Sprintf("%s needs %s in turn: neither could ever be begun", need, s.Scenario.ID)})
			}
		}
	}
}

func ids(known map[string]*Scenario) (list []string) {
	for id := range known {
		if id != "" {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// leadsTo tells whether a scenario needs another, at once or in the end.
func leadsTo(known map[string]*Scenario, from, to string, seen map[string]bool) bool {
	if seen[from] || known[from] == nil {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(known[from].Needs, func(next string) bool { return next == to || leadsTo(known, next, to, seen) })
}

// Sound lists the scenarios that have no problem, in the order in which they
// are learned: what is needed first, then the lower level, then the id.
func Sound(sources []*Source) []*Scenario {
	var left, done []*Scenario
	for _, s := range sources {
		if len(s.Problems) == 0 {
			left = append(left, s.Scenario)
		}
	}
	return inOrder(left, done)
}

func inOrder(left, done []*Scenario) []*Scenario {
	slices.SortFunc(left, func(a, b *Scenario) int { return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.ID, b.ID)) })
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(s *Scenario) bool {
			return !slices.ContainsFunc(left, func(o *Scenario) bool { return slices.Contains(s.Needs, o.ID) })
		})
		i = max(i, 0) // a circle, which CheckNeeds has named
		done, left = append(done, left[i]), slices.Delete(left, i, i+1)
	}
	return done
}

// Library is the bundled scenarios, and those of a folder, which is read again
// when a file in it has changed. It is safe for concurrent use.
type Library struct {
	dir string

	mu      sync.Mutex
	looked  time.Time
	stamp   string
	sources []*Source
	all     []*Scenario
}

// NewLibrary is the library with the files of a folder; "" is the bundled one
// alone. A file with an id that is bundled takes the place of that scenario.
func NewLibrary(dir string) (*Library, error) {
	l := &Library{dir: dir}
	if dir == "" {
		l.all = Bundled()
		return l, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l, l.refresh()
}

// lookEvery is how often a folder is looked at, at most.
const lookEvery = 500 * time.Millisecond

// All lists the scenarios that can be played, in the order in which they are
// learned.
func (l *Library) All() []*Scenario {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dir != "" && time.Since(l.looked) >= lookEvery {
		l.refresh() // a folder that cannot be read leaves what was read before
	}
	return l.all
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

// Broken lists the files of the folder that have problems.
func (l *Library) Broken() (broken []*Source) {
	l.All()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sources {
		if len(s.Problems) > 0 {
			broken = append(broken, s)
		}
	}
	return broken
}

func (l *Library) refresh() error {
	l.looked = time.Now()
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return fmt.Errorf("read the folder with scenarios: %w", err)
	}
	var stamp strings.Builder
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			fmt.Fprintln(&stamp, e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	if stamp.String() == l.stamp && l.all != nil {
		return nil
	}
	sources, err := ReadDir(os.DirFS(l.dir), ".")
	if err != nil {
		return err
	}
	CheckNeeds(sources, Bundled()...)
	own := Sound(sources)
	all := slices.Clone(own)
	for _, s := range Bundled() {
		if !slices.ContainsFunc(own, func(o *Scenario) bool { return o.ID == s.ID }) {
			all = append(all, s)
		}
	}
	l.stamp, l.sources, l.all = stamp.String(), sources, inOrder(all, nil)
	return nil
}

// SettingsOf returns the lab settings of a bundled scenario.
func SettingsOf(id string) (lab.Settings, error) {
	for _, s := range Bundled() {
		if s.ID == id {
			return s.settings(0), nil
		}
	}
	return lab.Settings{}, lab.Errorf(lab.NotFound, "there is no scenario %q", id)
}
