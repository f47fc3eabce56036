package beyond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"eddy/lab/pattern"

	"github.com/twmb/franz-go/pkg/kgo"
)

var stateTransfer = Experiment{
	Name: "state_transfer", Title: "Event-carried state transfer", Switch: "a copy of the addresses that events keep up to date, in place of a call", File: "statetransfer.go",
	Ask:     "6 parcels need an address each. After the third the customer service is down. How many can be sent?",
	Explain: "With a copy the parcels go on without the customer service. The price: the move that was never published is not known, so the last three go to the old address.",
	run:     runStateTransfer,
}

const (
	sent    = 6
	downAt  = 3
	asking  = 200 * time.Millisecond
	ada     = "ada"
	oldHome = "1 Old Street"
	newHome = "9 New Road"
)

func runStateTransfer(ctx context.Context, b *bench, on bool) error {
	// The customer service owns the addresses: it answers calls, and publishes
	// each of them on a compacted topic.
	owner := newCustomers()
	defer owner.down()
	err := b.topic(ctx, "customers", 1, map[string]*string{"cleanup.policy": text("compact")},
		&kgo.Record{Key: []byte(ada), Value: []byte(oldHome)})
	if err != nil {
		return err
	}
	var ship interface {
		Address(ctx context.Context, customer string) (string, error)
	} = pattern.Lookup{Ask: owner.ask}
	if on {
		c, _, err := b.client("shipping", kgo.ConsumeTopics("customers"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			return err
		}
		end, err := b.end(ctx, "customers")
		if err != nil {
			return err
		}
		table, _, err := pattern.Read(ctx, c, end)
		if err != nil {
			return err
		}
		ship = pattern.Carried{Copy: table}
		b.step("shipping reads the topic customers and keeps a copy")
	}
	shipped, refused, stale := 0, 0, 0
	for i := range sent {
		if i == downAt {
			owner.moved(newHome)
			owner.down()
			b.step("after %d parcels the customer moves, and the customer service goes down before it can tell anybody", downAt)
		}
		address, err := ship.Address(ctx, ada)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			refused++
		default:
			shipped++
			if address != owner.truth() {
				stale++
			}
		}
	}
	b.step("%d parcels are done with", sent)
	b.fact("parcels", sent, false)
	b.fact("parcels sent", shipped, shipped < sent)
	b.fact("parcels that wait for the customer service", refused, refused > 0)
	b.fact("parcels sent to an old address", stale, stale > 0)
	b.fact("calls to the customer service", owner.calls(), false)
	if on {
		b.result.Because = fmt.Sprintf("all %d went out, because shipping asks its own copy; %d went to the old address, because the copy cannot know what was not published", shipped, stale)
	} else {
		b.result.Because = fmt.Sprintf("%d went out and %d wait, because shipping cannot do without an answer of the customer service", shipped, refused)
	}
	return nil
}

// customers is the service that owns the addresses, with an HTTP server of its
// own on a network in memory.
type customers struct {
	server *http.Server
	client *http.Client
	inbox  chan net.Conn
	gone   chan struct{}
	once   sync.Once

	mu      sync.Mutex
	address string
	served  int
}

func newCustomers() *customers {
	c := &customers{inbox: make(chan net.Conn), gone: make(chan struct{}), address: oldHome}
	c.server = &http.Server{Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: asking}
	go func() { _ = c.server.Serve(c) }() // until down closes it
	c.client = &http.Client{Timeout: asking, Transport: &http.Transport{DialContext: c.dial, DisableKeepAlives: true}}
	return c
}

func (c *customers) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served++
	fmt.Fprint(w, c.address) // an error here means that the caller is gone
}

// ask is the call: GET /customers/NAME.
func (c *customers) ask(ctx context.Context, name string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://customers/customers/"+name, nil)
	if err != nil {
		return "", err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	return strings.TrimSpace(string(body)), err
}

func (c *customers) moved(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.address = to
}

func (c *customers) truth() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.address
}

func (c *customers) calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.served
}

// down ends the service. Whoever calls it afterwards finds nobody.
func (c *customers) down() { _ = c.server.Close() }

var errRefused = errors.New("connection refused: nobody listens")

func (c *customers) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case c.inbox <- there:
		return here, nil
	case <-c.gone:
		return nil, &net.OpError{Op: "dial", Net: network, Err: errRefused}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make it a net.Listener.
func (c *customers) Accept() (net.Conn, error) {
	select {
	case conn := <-c.inbox:
		return conn, nil
	case <-c.gone:
		return nil, net.ErrClosed
	}
}

func (c *customers) Close() error {
	c.once.Do(func() { close(c.gone) })
	return nil
}

func (c *customers) Addr() net.Addr { return &net.UnixAddr{Name: "customers", Net: "pipe"} }
