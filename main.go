// Eddy is a lab for event-driven architecture: a web app with a small shop of
// real services on a real Kafka protocol, to break and to repair.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"eddy/content"
	"eddy/lab"
	"eddy/lab/bench"
	"eddy/lab/fleet"
	"eddy/lab/soak"
	"eddy/quiz"
	"eddy/scenarios"
	"eddy/web"
	"eddy/web/keep"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	if os.Getenv("GOGC") == "" {
		// A lab keeps a megabyte or two and throws a third of one away with every
		// order: that memory may triple before it is collected halves the cost.
		debug.SetGCPercent(200)
	}
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "eddy:", err)
	}
	os.Exit(exitCode(err))
}

// usageError is a call that can never work as it stands: exit code 2.
type usageError struct{ cause error }

func (e usageError) Error() string { return e.cause.Error() }
func (e usageError) Unwrap() error { return e.cause }

func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

// run carries out one command line. It returns when the command has ended,
// which for serve is when ctx does. Flags that are not given are taken from
// the environment: --max-labs is EDDY_MAX_LABS.
func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	running := false
	o := options{open: fleet.OpenLab, getenv: getenv}
	root := &cobra.Command{
		Use:           "eddy",
		Short:         "The event-driven architecture lab",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnv(cmd.Flags(), getenv); err != nil {
				return err
			}
			running = true
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), o, stdout) },
	}
	serveCmd := &cobra.Command{Use: "serve", Short: "Run the web app (the default)", Args: cobra.NoArgs, RunE: root.RunE}
	o.flags(root.Flags())
	o.flags(serveCmd.Flags())
	root.AddCommand(serveCmd, &cobra.Command{
		Use: "version", Short: "Print the versions of Eddy and what it is made of", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return version(stdout) },
	})
	root.AddCommand(benchCmd(getenv, stdout))
	root.AddCommand(playCmd(stdout), checkCmd(stdout), listCmd(stdout), schemaCmd(stdout), gradeCmd(stdout), convertCmd(stdout))
	root.AddCommand(smallestCmd(stdout), trialCmd())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(io.Discard)
	err := root.ExecuteContext(ctx)
	if err != nil && !running {
		// Cobra found it before any command began: a bad flag or command.
		return usageError{err}
	}
	return err
}

// benchCmd measures this machine. Its children are the same command, told by
// the environment what to measure.
func benchCmd(getenv func(string) string, stdout io.Writer) *cobra.Command {
	var asJSON bool
	var o bench.Options
	var soaks bool
	var s soak.Config
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure this machine", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if getenv(bench.EnvMeasure) != "" {
				return bench.Child(cmd.Context(), getenv, stdout)
			}
			if soaks {
				return runSoak(cmd.Context(), s, stdout)
			}
			report, err := bench.Run(cmd.Context(), o, os.Stderr)
			if err != nil {
				return err
			}
			if !asJSON {
				return report.WriteTable(stdout)
			}
			out := json.NewEncoder(stdout)
			out.SetIndent("", "  ")
			return out.Encode(report)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	cmd.Flags().BoolVar(&o.Quick, "quick", false, "a few seconds: shows that it works, no figures to quote")
	cmd.Flags().StringSliceVar(&o.Only, "only", nil, "measure these only: startup, hop, sync, throughput, replay, labs, journal")
	cmd.Flags().StringVar(&o.Profiles, "profiles", "", "a folder for CPU and memory profiles of each measure")
	cmd.Flags().BoolVar(&soaks, "soak", false, "do random things to labs in virtual time instead, and shrink what fails")
	cmd.Flags().IntVar(&s.Seeds, "soak-seeds", 200, "soak: plans to play, two labs each")
	cmd.Flags().Uint64Var(&s.From, "soak-from", 1, "soak: the first seed")
	cmd.Flags().DurationVar(&s.Length, "soak-time", 5*time.Minute, "soak: virtual time of each plan")
	cmd.Flags().IntVar(&s.Jobs, "soak-jobs", runtime.NumCPU(), "soak: plans played side by side")
	return cmd
}

// envSoak is set for the child that plays one plan of a soak.
const envSoak = "EDDY_SOAK_CHILD"

// runSoak plays random plans, each in a child that is this same command.
func runSoak(ctx context.Context, c soak.Config, stdout io.Writer) error {
	if os.Getenv(envSoak) != "" {
		p, err := soak.ReadPlan(os.Stdin)
		if err != nil {
			return err
		}
		return soak.Child(p)
	}
	if c.Seeds < 1 || c.Length <= 0 {
		return usageError{fmt.Errorf("--soak-seeds and --soak-time must be more than 0")}
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to start it again: %w", err)
	}
	if err := os.Setenv(envSoak, "1"); err != nil {
		return err
	}
	c.Child, c.Out = []string{self, "bench", "--soak"}, stdout
	began := time.Now()
	failures, err := soak.Run(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d plans of %s, %d labs each: %d failed, %.0f s\n", c.Seeds, c.Length, soak.Labs, len(failures), time.Since(began).Seconds())
	if len(failures) > 0 {
		return fmt.Errorf("%d of %d plans failed", len(failures), c.Seeds)
	}
	return nil
}

// fromEnv sets every flag that was not given from its EDDY_ variable.
func fromEnv(flags *pflag.FlagSet, getenv func(string) string) error {
	var problems []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "EDDY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := getenv(name); value != "" && !f.Changed && f.Name != "help" {
			if err := flags.Set(f.Name, value); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	return errors.Join(problems...)
}

// options are the flags of serve.
type options struct {
	addr        string
	data        string
	kafkaListen string
	maxLabs     int
	hosts       []string
	teacherKey  string
	scenarios   string
	quizzes     string

	// Accepted by name, refused in words.
	kafka, postgres, redis, elasticsearch string

	open   fleet.OpenFunc // makes the labs
	getenv func(string) string
}

func (o *options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "address to listen on")
	f.StringVar(&o.data, "data", "", `folder for class, progress and quiz attempts; ":memory:" keeps nothing (default a folder in your data directory)`)
	f.StringVar(&o.kafkaListen, "kafka-listen", "", "open a lab at /lab/open whose cluster any Kafka client can reach, at this host:port and the two ports after it")
	f.IntVar(&o.maxLabs, "max-labs", 250, "labs that may be open at the same time")
	f.StringSliceVar(&o.hosts, "hosts", nil, "more names that browsers reach this server by, such as eddy.example.org")
	f.StringVar(&o.teacherKey, "teacher-key", "", "key of the teacher (default one is made and printed)")
	f.StringVar(&o.kafka, "kafka", "", "run on a real cluster: host:port,… (not yet)")
	f.StringVar(&o.postgres, "postgres", "", "write database: URL (not yet)")
	f.StringVar(&o.redis, "redis", "", "read database: host:port (not yet)")
	f.StringVar(&o.elasticsearch, "elasticsearch", "", "read database: URL (not yet)")
	f.StringVar(&o.scenarios, "scenarios", "", "folder with more scenarios, which are read again when they change")
	f.StringVar(&o.quizzes, "quizzes", "", "folder with more quizzes, read again when a file changes")
}

func (o *options) check() error {
	for name, value := range map[string]string{
		"kafka": o.kafka, "postgres": o.postgres, "redis": o.redis,
		"elasticsearch": o.elasticsearch,
	} {
		if value != "" {
			return usageError{fmt.Errorf("not yet: --%s has no effect in this version of Eddy, leave it out", name)}
		}
	}
	if o.maxLabs < 1 {
		return usageError{fmt.Errorf("--max-labs must be at least 1, not %d", o.maxLabs)}
	}
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return usageError{fmt.Errorf("--addr must be host:port, like 127.0.0.1:8080: %w", err)}
	}
	return nil
}

// serve runs the web app until ctx ends. Nothing is done before the port is
// taken: a second Eddy must fail at once, and the first line be true.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("another program is using %s: choose another port with --addr, 127.0.0.1:0 for any free one", o.addr)
		}
		return fmt.Errorf("listening on %s: %w", o.addr, err)
	}
	defer ln.Close()

	library, err := scenarios.NewLibrary(o.scenarios)
	if err != nil {
		return usageError{fmt.Errorf("--scenarios: %w", err)}
	}
	bank, err := quiz.NewBank(o.quizzes)
	if err != nil {
		return usageError{fmt.Errorf("--quizzes: %w", err)}
	}
	folder := dataFolder(o.data, o.getenv)
	store, err := keep.Open(ctx, folder)
	if err != nil {
		return fmt.Errorf("opening what is kept (choose another folder with --data, or :memory: to keep nothing): %w", err)
	}
	defer store.Close()
	labs := fleet.New(fleet.Config{Max: o.maxLabs, Open: o.open})
	defer labs.Close()
	var brokers []string
	if o.kafkaListen != "" {
		if brokers, err = openLab(ctx, labs, o); err != nil {
			return err
		}
	}
	key := o.teacherKey
	if key == "" {
		key = rand.Text()
	}
	host, _, _ := net.SplitHostPort(o.addr) // checked above
	prover, err := newProver()
	if err != nil {
		return err
	}
	server, err := web.New(web.Config{
		Trials: trialCommand(), Prover: prover,
		Labs: labs, TeacherKey: key, Hosts: append(o.hosts, host), Version: ownVersion(),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Scenarios: library, Quizzes: bank, Keep: store,
	})
	if err != nil {
		return fmt.Errorf("building the web app: %w", err)
	}

	fmt.Fprintln(stdout, serverURL(ln.Addr()))
	if folder == keep.Memory {
		folder = "nothing is kept (:memory:)"
	}
	fmt.Fprintln(stdout, "data:", folder)
	if len(brokers) > 0 {
		fmt.Fprintln(stdout, "kafka:", strings.Join(brokers, ","), "(the lab at /lab/open)")
	}
	if o.teacherKey == "" {
		fmt.Fprintln(stdout, "teacher key:", key)
	}
	return server.Serve(ctx, ln)
}

// openLab starts the lab that any Kafka client can reach, and returns the
// addresses of its brokers.
func openLab(ctx context.Context, labs *fleet.Fleet, o options) ([]string, error) {
	world, err := o.open(ctx, lab.DefaultSettings(), lab.Options{Listen: o.kafkaListen})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program is using %s or one of the two ports after it: choose others with --kafka-listen", o.kafkaListen)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the lab on %s: %w", o.kafkaListen, err)
	}
	if err := labs.Adopt("open", world); err != nil {
		world.Close()
		return nil, err
	}
	return world.Addrs(), nil
}

// serverURL is what to type into a browser on this machine.
func serverURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// dataFolder is where what must last is kept.
func dataFolder(given string, getenv func(string) string) string {
	if given != "" {
		return given
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "eddy-data" // no home, as in some containers: the working directory
	}
	switch {
	case runtime.GOOS == "windows" && getenv("LocalAppData") != "":
		return filepath.Join(getenv("LocalAppData"), "eddy")
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "eddy")
	case getenv("XDG_DATA_HOME") != "":
		return filepath.Join(getenv("XDG_DATA_HOME"), "eddy")
	}
	return filepath.Join(home, ".local", "share", "eddy")
}

// ownVersion is the version that Eddy was built as.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// version prints what a bug report needs.
func version(stdout io.Writer) error {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			versions[d.Path] = d.Version
		}
	}
	line := func(name, module string) {
		v := versions[module]
		if v == "" {
			v = "not in this build"
		}
		fmt.Fprintln(stdout, name, v)
	}
	fmt.Fprintln(stdout, "eddy", ownVersion())
	fmt.Fprintln(stdout, "go", runtime.Version())
	line("franz-go", "github.com/twmb/franz-go")
	line("kfake", "github.com/twmb/franz-go/pkg/kfake")
	return nil
}

// playCmd plays scenarios without a browser.
func playCmd(stdout io.Writer) *cobra.Command {
	var c scenarios.Config
	var asJSON, untouched, wrong, virtual bool
	var junit, journal string
	cmd := &cobra.Command{
		Use: "play NAME|FILE…", Short: "Play scenarios without a browser", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if os.Getenv(envPlay) != "" {
				return scenarios.Child()
			}
			switch {
			case untouched && wrong:
				return usageError{errors.New("--untouched and --wrong are two different proofs: give one of them")}
			case untouched:
				c.Mode = scenarios.Untouched
			case wrong:
				c.Mode = scenarios.Wrong
			}
			if c.Speed < 0.1 || c.Speed > 4 {
				return usageError{fmt.Errorf("--speed is 0.1 to 4, not %g", c.Speed)}
			}
			toPlay, err := toPlay(args)
			if err != nil {
				return err
			}
			if journal != "" {
				f, err := os.Create(journal)
				if err != nil {
					return usageError{fmt.Errorf("the journal: %w", err)}
				}
				defer f.Close()
				c.Journal = f
			}
			run := scenarios.Run
			if virtual {
				if run, err = inVirtualTime(stdout, asJSON, journal); err != nil {
					return err
				}
			}
			results, err := play(cmd.Context(), toPlay, c, run, asJSON, stdout)
			if junit != "" {
				err = errors.Join(err, writeFile(junit, func(w io.Writer) error { return scenarios.WriteJUnit(w, results) }))
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "an object a line, the last one for each scenario with the whole")
	f.StringVar(&junit, "junit", "", "a file for a JUnit report")
	f.StringVar(&journal, "journal", "", "a file for the journals, JSON lines")
	f.Float64Var(&c.Speed, "speed", 1, "speed of lab time, 0.1 to 4")
	f.Uint64Var(&c.Seed, "seed", 0, "instead of the scenario's own seed")
	f.BoolVar(&virtual, "virtual", false, "in virtual time, where that is possible: a play takes a moment")
	f.BoolVar(&untouched, "untouched", false, "leave each step's solution out: its goal must stay unmet")
	f.BoolVar(&wrong, "wrong", false, "do each step's wrong moves instead: its goal must stay unmet")
	return cmd
}

// toPlay finds scenarios by their id or their file.
func toPlay(args []string) (found []*scenarios.Scenario, err error) {
	var sources []*scenarios.Source
	for _, arg := range args {
		if i := slices.IndexFunc(scenarios.Bundled(), func(s *scenarios.Scenario) bool { return s.ID == arg }); i >= 0 {
			found = append(found, scenarios.Bundled()[i])
			continue
		}
		text, err := os.ReadFile(arg)
		if err != nil {
			return nil, usageError{fmt.Errorf("%q is neither a bundled scenario (eddy list) nor a file that can be read: %w", arg, err)}
		}
		source := scenarios.ReadSource(arg, text)
		sources, found = append(sources, source), append(found, source.Scenario)
	}
	scenarios.CheckNeeds(sources, scenarios.Bundled()...)
	if problems := problemLines(sources); len(problems) > 0 {
		return nil, usageError{errors.New(strings.Join(problems, "\n"))}
	}
	return found, nil
}

func problemLines(sources []*scenarios.Source) (lines []string) {
	for _, s := range sources {
		for _, p := range s.Problems {
			lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", s.Name, p.Line, p.Column, p.Message))
		}
	}
	return lines
}

// play plays scenarios, as many side by side as there are processors.
func play(ctx context.Context, all []*scenarios.Scenario, c scenarios.Config, run runFunc, asJSON bool, stdout io.Writer) ([]scenarios.Result, error) {
	results := make([]scenarios.Result, len(all))
	human, lines := scenarios.NewConsole(stdout), scenarios.NewJSONLines(stdout)
	places := make(chan struct{}, runtime.NumCPU())
	if c.Journal != nil {
		places = make(chan struct{}, 1) // one file: one after the other
	}
	var playing sync.WaitGroup
	var mu sync.Mutex
	var failed []string
	for i, s := range all {
		playing.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			own := c
			own.Began, own.Ended = human.Began(s), human.Ended(s, c.Mode)
			if asJSON {
				own.Began, own.Ended = nil, lines.Ended
			}
			r, err := run(ctx, s, own)
			if err != nil {
				r.Passed, r.Error = false, err.Error()
			}
			results[i] = r
			if asJSON {
				lines.Summary(r)
			} else {
				human.Summary(s, r)
			}
			if !r.Passed {
				mu.Lock()
				failed = append(failed, s.ID)
				mu.Unlock()
			}
		})
	}
	playing.Wait()
	if len(failed) > 0 {
		slices.Sort(failed)
		return results, fmt.Errorf("not passed: %s", strings.Join(failed, ", "))
	}
	return results, nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return usageError{err}
	}
	return errors.Join(write(f), f.Close())
}

// listCmd lists what is bundled.
func listCmd(stdout io.Writer) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list [scenarios|quizzes|lessons]", Short: "List what is bundled", Args: cobra.MaximumNArgs(1), ValidArgs: []string{"scenarios", "quizzes", "lessons"},
		RunE: func(_ *cobra.Command, args []string) error {
			what := "scenarios"
			if len(args) > 0 {
				what = args[0]
			}
			items, lines := []any{}, []string{}
			switch what {
			case "scenarios":
				for _, s := range scenarios.Bundled() {
					items = append(items, s.Outline())
					lines = append(lines, fmt.Sprintf("%-26s level %d  %3d min  %s", s.ID, s.Level, s.Minutes, s.Title))
				}
			case "quizzes":
				for _, q := range quiz.Bundled() {
					items = append(items, q.Outline())
					lines = append(lines, fmt.Sprintf("%-26s %3d questions  %s", q.ID, len(q.Questions), q.Title))
				}
			case "lessons":
				for _, l := range content.Bundled().Lessons {
					items = append(items, l.Outline())
					lines = append(lines, fmt.Sprintf("%-26s %3d min  %s", l.ID, l.Minutes, l.Title))
				}
			default:
				return usageError{fmt.Errorf("there are no %q: list takes scenarios, quizzes or lessons", what)}
			}
			if asJSON {
				out := json.NewEncoder(stdout)
				out.SetIndent("", "  ")
				return out.Encode(items)
			}
			for _, line := range lines {
				fmt.Fprintln(stdout, line)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an array of objects")
	return cmd
}

// schemaCmd prints the JSON Schema of a kind of file.
func schemaCmd(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "schema scenario|quiz", Short: "Print a JSON Schema for editors", Args: cobra.ExactArgs(1), ValidArgs: []string{"scenario", "quiz"},
		RunE: func(_ *cobra.Command, args []string) error {
			schema, ok := map[string]func() map[string]any{"scenario": scenarios.Schema, "quiz": quiz.Schema}[args[0]]
			if !ok {
				return usageError{fmt.Errorf("there is no schema %q: there are scenario and quiz", args[0])}
			}
			out := json.NewEncoder(stdout)
			out.SetIndent("", "  ")
			return out.Encode(schema())
		},
	}
}

// gradeCmd grades answers offline.
func gradeCmd(stdout io.Writer) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "grade QUIZ ANSWERS.json", Short: "Grade answers offline", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "json" && format != "csv" {
				return usageError{fmt.Errorf("--format is json or csv, not %q", format)}
			}
			q, err := findQuiz(args[0])
			if err != nil {
				return usageError{err}
			}
			text, err := os.ReadFile(args[1])
			if err != nil {
				return usageError{fmt.Errorf("read the answers: %w", err)}
			}
			answers, isList, err := quiz.ReadAnswers(text)
			if err != nil {
				return usageError{fmt.Errorf("%s: %w", args[1], err)}
			}
			results := []quiz.Result{}
			judge := quiz.Remembering(quiz.Labs{Scenario: scenarios.SettingsOf})
			for _, a := range answers {
				r, err := q.Grade(cmd.Context(), a, judge)
				if err != nil {
					return usageError{fmt.Errorf("%s: %w", args[1], err)}
				}
				results = append(results, r)
			}
			if format == "csv" {
				return quiz.WriteCSV(stdout, q, results)
			}
			out := json.NewEncoder(stdout)
			out.SetIndent("", "  ")
			if !isList {
				return out.Encode(results[0])
			}
			return out.Encode(results)
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json or csv")
	return cmd
}

// findQuiz finds a quiz by its id or its file.
func findQuiz(name string) (*quiz.Quiz, error) {
	for _, q := range quiz.Bundled() {
		if q.ID == name {
			return q, nil
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a bundled quiz (eddy list quizzes) nor a file that can be read: %w", name, err)
	}
	q, problems := quiz.Parse(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), text)
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", name, p.Line, p.Column, p.Message))
	}
	if len(lines) > 0 {
		return nil, errors.New(strings.Join(lines, "\n"))
	}
	return q, nil
}

// convertCmd turns a quiz into another program's format, or back.
func convertCmd(stdout io.Writer) *cobra.Command {
	var to, from, id, title string
	cmd := &cobra.Command{
		Use: "convert QUIZ|FILE", Short: "Write a quiz as GIFT or QTI, or read one", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var q *quiz.Quiz
			var lost []quiz.Lost
			if from != "" {
				text, err := os.ReadFile(args[0])
				if err != nil {
					return usageError{err}
				}
				if q, lost, err = quiz.Import(quiz.Format(from), id, title, text); err != nil {
					return usageError{fmt.Errorf("%s: %w", args[0], err)}
				}
			} else {
				var err error
				if q, err = findQuiz(args[0]); err != nil {
					return usageError{err}
				}
			}
			more, err := q.Export(stdout, quiz.Format(to))
			if err != nil {
				return usageError{err}
			}
			for _, l := range append(lost, more...) {
				fmt.Fprintf(os.Stderr, "not carried over: %s: %s\n", l.Question, l.What)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "yaml", "yaml, gift or qti")
	cmd.Flags().StringVar(&from, "from", "", "gift or qti: the file is of another program")
	cmd.Flags().StringVar(&id, "id", "imported", "id of the quiz that is read")
	cmd.Flags().StringVar(&title, "title", "", "its title")
	return cmd
}
