package beyond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"eddy/lab/kafka"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Experiment is something to try with and without one switch.
type Experiment struct {
	Name    string // transactions, compaction, share_group, state_transfer
	Title   string
	Switch  string // what is on or off, in words
	Ask     string // the question to bet on before it is run
	File    string // its pattern: transaction.go
	Explain string // what the two runs show together
	run     func(ctx context.Context, b *bench, on bool) error
}

// Result is what one run found out.
type Result struct {
	Name    string   `json:"name"`
	On      bool     `json:"on"`
	Facts   []Fact   `json:"facts"` // in the order in which a page shows them
	Because string   `json:"because"`
	Steps   []string `json:"steps"` // what was done, oldest first
}

// Fact is one thing that was counted.
type Fact struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Unit  string `json:"unit,omitempty"` // "" for a plain count, ms
	Bad   bool   `json:"bad,omitempty"`  // nobody would want it so
}

// Experiments lists all there are.
var Experiments = []Experiment{transactions, compaction, shareGroup, stateTransfer}

// Names lists the names of all experiments.
func Names() (names []string) {
	for _, e := range Experiments {
		names = append(names, e.Name)
	}
	return names
}

// Find returns an experiment by its name. Its error lists the names.
func Find(name string) (Experiment, error) {
	for _, e := range Experiments {
		if e.Name == name {
			return e, nil
		}
	}
	return Experiment{}, fmt.Errorf("there is no experiment %q: there are %s", name, strings.Join(Names(), ", "))
}

// patience bounds one run.
const patience = 30 * time.Second

// Run runs the experiment with its switch on or off.
func (e Experiment) Run(ctx context.Context, on bool) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the experiment did not end in time"))
	defer cancel()
	cluster, err := kafka.Start(kafka.Config{Brokers: 1, GroupMinSession: time.Second})
	if err != nil {
		return Result{}, fmt.Errorf("start the experiment %s: %w", e.Name, err)
	}
	defer cluster.Close()
	b := &bench{cluster: cluster, result: Result{Name: e.Name, On: on, Facts: []Fact{}, Steps: []string{}}}
	defer b.close()
	if err := e.run(ctx, b, on); err != nil {
		return Result{}, fmt.Errorf("run the experiment %s: %w", e.Name, errors.Join(err, context.Cause(ctx)))
	}
	return b.result, nil
}

// bench is what an experiment works on.
type bench struct {
	cluster *kafka.Cluster
	clients []func()
	result  Result
}

func (b *bench) step(format string, args ...any) {
	b.result.Steps = append(b.result.Steps, fmt.Sprintf(format, args...))
}

func (b *bench) fact(name string, value int, bad bool) {
	b.result.Facts = append(b.result.Facts, Fact{Name: name, Value: int64(value), Bad: bad})
}

func (b *bench) close() {
	for _, end := range slices.Backward(b.clients) {
		end()
	}
}

// options are those of a client of the experiment.
func (b *bench) options(name string, more ...kgo.Opt) (*kafka.Link, []kgo.Opt) {
	link := b.cluster.Link(name)
	return link, append(b.cluster.Options(link, "beyond-"+name), more...)
}

// client makes a client that ends with the experiment.
func (b *bench) client(name string, more ...kgo.Opt) (*kgo.Client, *kafka.Link, error) {
	link, options := b.options(name, more...)
	c, err := kgo.NewClient(options...)
	if err != nil {
		return nil, nil, fmt.Errorf("make the client %s: %w", name, err)
	}
	b.clients = append(b.clients, func() {
		if link.Down() {
			silence(c)
		}
		c.Close()
	})
	return c, link, nil
}

// silence keeps a client whose cable is cut from waiting for answers.
func silence(c *kgo.Client) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	c.LeaveGroupContext(over)
}

// topic makes a topic and fills it.
func (b *bench) topic(ctx context.Context, name string, partitions int, config map[string]*string, records ...*kgo.Record) error {
	c, _, err := b.client("fill-"+name, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	if _, err := kadm.NewClient(c).CreateTopic(ctx, int32(partitions), 1, config, name); err != nil {
		return fmt.Errorf("make the topic %s: %w", name, err)
	}
	for _, r := range records {
		r.Topic = name
		if err := c.ProduceSync(ctx, r).FirstErr(); err != nil {
			return fmt.Errorf("fill the topic %s: %w", name, err)
		}
	}
	return nil
}

// count reads a topic from its start to its end and counts the records.
func (b *bench) count(ctx context.Context, name, topic string, level kgo.IsolationLevel) (n int, err error) {
	c, _, err := b.client(name, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(level))
	if err != nil {
		return 0, err
	}
	end, err := b.end(ctx, topic)
	if err != nil {
		return 0, err
	}
	// A mark of our own at the very end: whoever has read it has read all that
	// is there to be read before.
	if err := c.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte("end")}).FirstErr(); err != nil {
		return 0, fmt.Errorf("mark the end of %s: %w", topic, err)
	}
	for {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return n, fmt.Errorf("read %s: %w", topic, err)
		}
		for _, r := range fetches.Records() {
			if r.Offset >= end {
				return n, nil
			}
			if string(r.Key) != "end" {
				n++
			}
		}
	}
}

func (b *bench) end(ctx context.Context, topic string) (int64, error) {
	c, _, err := b.client("ask-" + topic)
	if err != nil {
		return 0, err
	}
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, fmt.Errorf("ask for the end of %s: %w", topic, err)
	}
	at, ok := ends.Lookup(topic, 0)
	if !ok {
		return 0, fmt.Errorf("nobody says where %s ends", topic)
	}
	return at.Offset, nil
}

func text(s string) *string { return &s }
