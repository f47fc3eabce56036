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
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"eddy/lab"
	"eddy/lab/bench"
	"eddy/lab/fleet"
	"eddy/lab/soak"
	"eddy/quiz"
	"eddy/scenarios"
	"eddy/web"
	"eddy/web/command"
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

func exitCode(err error) int {
	var usage command.UsageError
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
	root.AddCommand(command.All(stdout)...)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(io.Discard)
	err := root.ExecuteContext(ctx)
	if err != nil && !running {
		// Cobra found it before any command began: a bad flag or command.
		return command.UsageError{Cause: err}
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
		return command.UsageError{Cause: fmt.Errorf("--soak-seeds and --soak-time must be more than 0")}
	}
	self, err := command.Self()
	if err != nil {
		return err
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
			return command.UsageError{Cause: fmt.Errorf("not yet: --%s has no effect in this version of Eddy, leave it out", name)}
		}
	}
	if o.maxLabs < 1 {
		return command.UsageError{Cause: fmt.Errorf("--max-labs must be at least 1, not %d", o.maxLabs)}
	}
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return command.UsageError{Cause: fmt.Errorf("--addr must be host:port, like 127.0.0.1:8080: %w", err)}
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
		return command.UsageError{Cause: fmt.Errorf("--scenarios: %w", err)}
	}
	bank, err := quiz.NewBank(o.quizzes)
	if err != nil {
		return command.UsageError{Cause: fmt.Errorf("--quizzes: %w", err)}
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
	prover, err := command.NewProver()
	if err != nil {
		return err
	}
	trials, err := command.TrialCommand()
	if err != nil {
		return err
	}
	server, err := web.New(web.Config{
		Trials: trials, Prover: prover,
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
