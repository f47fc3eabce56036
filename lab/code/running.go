package code

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"path"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Position is where an instance of a service stands: the stack of the goroutine
// that does its work, as far as it runs through files that are shown.
type Position struct {
	Seat   string  `json:"seat"` // payment-1
	Frames []Frame `json:"frames"`
}

// Frame is one call of a stack, outermost first.
type Frame struct {
	File string `json:"file"` // id of the File
	Line int    `json:"line"`
	Func string `json:"func"` // as Func.Name
}

const (
	labelLab  = "eddy_lab"
	labelSeat = "eddy_seat"
)

// At makes a context whose goroutine Running knows: who starts one calls
// pprof.SetGoroutineLabels with it.
func At(ctx context.Context, lab, seat string) context.Context {
	return pprof.WithLabels(ctx, pprof.Labels(labelLab, lab, labelSeat, seat))
}

// freshFor is how old positions may get before they are looked at again: a look
// stops the world for a moment.
const freshFor = 50 * time.Millisecond

// Look looks at where instances stand, for every lab of the process at once. The
// zero Look is ready; its methods may be called from any goroutine.
type Look struct {
	mu        sync.Mutex
	at        time.Time
	positions map[string][]Position // by lab
}

// Running tells where the instances of a lab stand, in the order of their names.
func (l *Look) Running(lab string) ([]Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.at) > freshFor {
		var all bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
			return nil, fmt.Errorf("look at the goroutines: %w", err)
		}
		l.positions, l.at = parse(&all), time.Now()
	}
	return l.positions[lab], nil
}

// Name is the name of a function as Func.Name has it, for its program counter.
func Name(pc uintptr) string {
	f := runtime.FuncForPC(pc)
	if f == nil {
		return ""
	}
	return funcName(f.Name())
}

// Place finds a function of the services by its name.
func Place(name string) (Frame, bool) {
	for _, file := range Files() {
		for _, fn := range file.Funcs {
			if fn.Name == name && strings.HasPrefix(file.ID, "shop/") {
				return Frame{File: file.ID, Line: fn.Line, Func: name}, true
			}
		}
	}
	return Frame{}, false
}

var (
	labels = regexp.MustCompile(`^# labels: .*"` + labelLab + `":"([^"]*)".*"` + labelSeat + `":"([^"]*)"`)
	frame  = regexp.MustCompile(`^#\t0x[0-9a-f]+\t(\S+)\+0x[0-9a-f]+\s+(\S+):(\d+)$`)
)

// parse reads a goroutine profile in its text form: blocks that an empty line
// ends, with a line of labels and a line a frame, innermost first.
func parse(profile *bytes.Buffer) map[string][]Position {
	found := map[string][]Position{}
	var lab string
	var p Position
	works := false // it is the goroutine that does the work
	end := func() {
		if works && lab != "" {
			slices.Reverse(p.Frames)
			found[lab] = append(found[lab], p)
		}
		lab, p, works = "", Position{}, false
	}
	lines := bufio.NewScanner(profile)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			end()
			continue
		}
		if m := labels.FindStringSubmatch(line); m != nil {
			lab, p.Seat = m[1], m[2]
			continue
		}
		m := frame.FindStringSubmatch(line)
		if m == nil || lab == "" {
			continue
		}
		name := funcName(m[1])
		works = works || name == "Consumer.work"
		if carriers[name] {
			continue
		}
		id := path.Base(path.Dir(m[2])) + "/" + path.Base(m[2])
		if f, ok := Find(id); !ok || !f.has(name) {
			continue
		}
		n, err := strconv.Atoi(m[3])
		if err != nil {
			continue // the expression lets digits through only
		}
		p.Frames = append(p.Frames, Frame{File: id, Line: n, Func: name})
	}
	end()
	for _, positions := range found {
		slices.SortFunc(positions, func(a, b Position) int { return strings.Compare(a.Seat, b.Seat) })
	}
	return found
}

// carriers are functions that only carry word of a step to whoever watches: where
// they stand is where their caller does.
var carriers = map[string]bool{"Consumer.trace": true, "member.trace": true, "member.at": true}

var anonymous = regexp.MustCompile(`(\.func\d+|\.gowrap\d+|-fm)(\.\d+)*$`)

// funcName makes Consumer.work of eddy/lab/pattern.(*Consumer).work, and of what
// stands inside it.
func funcName(full string) string {
	name := full[strings.LastIndexByte(full, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	for anonymous.MatchString(name) {
		name = anonymous.ReplaceAllString(name, "")
	}
	return strings.NewReplacer("(*", "", "(", "", ")", "", "[...]", "").Replace(name)
}

func (f *File) has(name string) bool {
	return slices.ContainsFunc(f.Funcs, func(fn Func) bool { return fn.Name == name })
}
