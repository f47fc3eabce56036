package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// Options say what to measure.
type Options struct {
	Quick bool     // fewer rounds and fewer labs: a check that it works, no figure to quote
	Self  []string // the command line that runs Child, "{own program} bench" where nil
	Only  []string // the measures to take, all where nil
	// Profiles is a folder for one CPU profile a child, "" for none.
	Profiles string
}

// The environment of a child: what to measure, and when its process began.
const (
	EnvMeasure = "EDDY_BENCH_MEASURE"
	envBegan   = "EDDY_BENCH_BEGAN" // nanoseconds since 1970
	envQuick   = "EDDY_BENCH_QUICK"
	envProfile = "EDDY_BENCH_PROFILE"
)

// Run measures everything, one child process after the other, and writes a line
// to progress as each begins. It takes about three minutes, ten seconds with
// Quick.
func Run(ctx context.Context, o Options, progress io.Writer) (Report, error) {
	if o.Self == nil {
		self, err := os.Executable()
		if err != nil {
			return Report{}, fmt.Errorf("find our own program: %w", err)
		}
		o.Self = []string{self, "bench"}
	}
	later := "comes later"
	r := Report{
		Machine: Machine{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()},
		Notes: map[string]string{
			"fanout": later,
		},
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(steps, func(s step) bool { return s.name == name }) {
			return r, fmt.Errorf("there is no measure %q", name)
		}
	}
	for _, s := range steps {
		if len(o.Only) > 0 && !slices.Contains(o.Only, s.name) {
			continue
		}
		fmt.Fprintf(progress, "%s: %s\n", s.name, s.says)
		if err := s.run(ctx, o, &r); err != nil {
			return r, fmt.Errorf("measure %s: %w", s.name, err)
		}
	}
	return r, nil
}

// step is one part of a Run. It writes what it measured into the report.
type step struct {
	name, says string
	run        func(context.Context, Options, *Report) error
}

var steps = []step{
	{"startup", "a process until its first order is COMPLETED", runStartup},
	{"hop", "an order through the saga beside a bare record", runHop},
	{"sync", "an order through real calls, over HTTP", runSync},
	{"throughput", "30 callers at once", runThroughput},
	{"replay", "a read model from 100,000 events beside a bare fold", runReplay},
	{"labs", "1, 50 and 200 in one process", runLabs},
	{"journal", "frames, and a board of the past", runJournal},
}

// measures are what a child can be asked for. The answer is written as JSON.
var measures = map[string]func(ctx context.Context, quick bool, began time.Time) (any, error){
	"startup":       measureStartup,
	"startup-floor": measureStartupFloor,
	"hop":           measureHop,
	"sync":          measureSync,
	"throughput":    measureThroughput,
	"replay":        measureReplay,
	"labs-1":        func(ctx context.Context, quick bool, _ time.Time) (any, error) { return measureLabs(ctx, quick, 1) },
	"labs-50":       func(ctx context.Context, quick bool, _ time.Time) (any, error) { return measureLabs(ctx, quick, 50) },
	"labs-200":      func(ctx context.Context, quick bool, _ time.Time) (any, error) { return measureLabs(ctx, quick, 200) },
	"journal":       measureJournal,
}

// Child measures what the environment asks for, and writes the answer to out.
func Child(ctx context.Context, getenv func(string) string, out io.Writer) error {
	name := getenv(EnvMeasure)
	measure := measures[name]
	if measure == nil {
		return fmt.Errorf("there is no measure %q", name)
	}
	began := time.Now()
	if nanos, err := strconv.ParseInt(getenv(envBegan), 10, 64); err == nil {
		began = time.Unix(0, nanos)
	}
	stop, err := profile(getenv(envProfile))
	if err != nil {
		return err
	}
	answer, err := measure(ctx, getenv(envQuick) != "", began)
	stop()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(answer)
}

// ask has a child measure something.
func ask[T any](ctx context.Context, o Options, measure string) (answer T, err error) {
	child := exec.CommandContext(ctx, o.Self[0], o.Self[1:]...)
	var out, problems bytes.Buffer
	child.Stdout, child.Stderr = &out, &problems
	child.Env = append(os.Environ(), EnvMeasure+"="+measure)
	if o.Quick {
		child.Env = append(child.Env, envQuick+"=1")
	}
	if o.Profiles != "" {
		child.Env = append(child.Env, envProfile+"="+o.Profiles+"/"+measure+".pprof")
	}
	child.Env = append(child.Env, fmt.Sprintf("%s=%d", envBegan, time.Now().UnixNano()))
	if err := child.Run(); err != nil {
		return answer, fmt.Errorf("a process of its own for %s: %w: %s", measure, err, bytes.TrimSpace(problems.Bytes()))
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return answer, fmt.Errorf("read the answer of %s: %w", measure, err)
	}
	return answer, nil
}
