package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"eddy/lab/pattern"
)

// The points of a call. Calling, Answered and GaveUp are its caller's, the
// others its server's. Between Called and its end a call takes up a slot.
const (
	Calling    Point = "calling"     // the request goes out
	Queued     Point = "queued"      // it waits for a slot
	TurnedAway Point = "turned_away" // it does not even get a place in the line
	Called     Point = "called"      // it has a slot; a watcher may hold it here
	Answered   Point = "answered"    // the caller has the answer, be it a no
	GaveUp     Point = "gave_up"     // the caller has none, and waits no longer: Err says why
)

// CallFact is a synchronous call from one service to another.
type CallFact struct {
	ID       string `json:"id"`                 // both sides know it by this
	Within   string `json:"within,omitempty"`   // id of the call in which its caller makes it
	Caller   string `json:"caller"`             // an instance, like order-1; "shop" for a customer
	Service  string `json:"service"`            // who is called
	Instance int    `json:"instance,omitempty"` // of it, once one has the call
	Type     string `json:"type"`
	TookMS   int64  `json:"took_ms,omitempty"` // at Answered and GaveUp, lab time
	Reason   string `json:"reason,omitempty"`  // at Answered: the no
	// State is where the call stands, in a journal entry that moves it: the name
	// of a point, or "done" where its server is through with it.
	State string `json:"state,omitempty"`
}

// Customer is the caller of a call that comes from outside the shop.
const Customer = "shop"

type callKey struct{}

// within makes ctx that of a call that is being served.
func within(ctx context.Context, c CallFact) context.Context {
	return context.WithValue(ctx, callKey{}, &c)
}

// CallIn is the call that is served in ctx, nil outside of any.
func CallIn(ctx context.Context) *CallFact {
	c, _ := ctx.Value(callKey{}).(*CallFact)
	return c
}

// request is what a call carries: the data of the order, and for the two calls
// that take something back, why.
type request struct {
	Data EventData `json:"data"`
}

// reply is the answer to a call: the event that the same work has when it is
// told on a topic, "" where there was nothing to do.
type reply struct {
	Type string    `json:"event_type"`
	Data EventData `json:"data"`
}

// refused says whether the work was done, and why not.
func (r reply) refused() string {
	switch r.Type {
	case PaymentFailed, StockReservationFailed:
		return r.Data.Reason
	}
	return ""
}

// Headers of a call, beside its idempotency key.
const (
	callHeader   = "Call-Id"
	callerHeader = "Caller"
)

// numbers makes the ids of calls.
type numbers struct{ last atomic.Int64 }

func (n *numbers) next() string { return "call-" + strconv.FormatInt(n.last.Add(1), 10) }

// turns share calls out evenly.
type turns struct {
	mu sync.Mutex
	of map[string]int // by service
}

func (t *turns) next(service string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[string]int{}
	}
	t.of[service]++
	return t.of[service]
}

// errSilent is a call that was not answered in time: pattern.ErrTimeout, in words.
type errSilent struct {
	service string
	within  time.Duration
}

func (e *errSilent) Error() string {
	return fmt.Sprintf("%s did not answer within %s", e.service, e.within)
}
func (e *errSilent) Unwrap() error { return pattern.ErrTimeout }

// errRefused is a no that the other service gave on purpose.
type errRefused struct{ reason string }

func (e *errRefused) Error() string { return e.reason }

// call asks another service to do something for an order. What comes back is
// nil once it is done, *errRefused where the other said no, and another error
// where there was no answer.
func (m *member) call(ctx context.Context, service, typ string, about EventData) error {
	if err := m.gone(); err != nil {
		return err
	}
	c := CallFact{ID: m.env.calls.next(), Caller: m.id(), Service: service, Type: typ}
	if outer := CallIn(ctx); outer != nil {
		c.Within = outer.ID
	}
	mo := Moment{EventType: typ, Order: string(about.OrderID)}
	tell := func(p Point, c CallFact, err error) error {
		mo.Point, mo.Call, mo.Err = p, &c, err
		return m.at(ctx, mo)
	}
	if err := tell(Calling, c, nil); err != nil {
		return err
	}
	began := m.env.Clock.Now()
	caller := pattern.Caller{Client: m.callClient(service, c), Timeout: m.env.CallTimeout, After: m.env.Clock.AfterFunc}
	key := typ + "/" + string(about.OrderID)
	if typ == RefundPayment || typ == ReleaseStock {
		key += "/" + c.ID // there may be more to take back than the last time
	}
	var answer reply
	err := caller.Call(ctx, "http://"+service+"/"+typ, key, request{about}, &answer)
	c.TookMS = m.env.Clock.Now().Sub(began).Milliseconds()
	if gone := m.gone(); gone != nil {
		return gone // nobody is left to hear the answer
	}
	var no *pattern.Refusal
	switch {
	case err == nil:
		c.Reason = answer.refused()
		if err := tell(Answered, c, nil); err != nil {
			return err
		}
		if c.Reason != "" {
			return &errRefused{c.Reason}
		}
		return nil
	case errors.As(err, &no):
		c.Reason = no.Reason
		if err := tell(Answered, c, nil); err != nil {
			return err
		}
		return errors.New(no.Reason)
	case errors.Is(err, pattern.ErrTimeout):
		err = &errSilent{service, m.env.CallTimeout}
	default:
		err = fmt.Errorf("%s %w", service, plainly(err))
	}
	if crash := tell(GaveUp, c, err); crash != nil {
		return crash
	}
	return err
}

// The two ways in which a connection fails, in words.
var (
	errNobodyThere = errors.New("cannot be reached: connection refused")
	errBrokeOff    = errors.New("broke off before it answered")
)

func plainly(err error) error {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return errNobodyThere
	}
	return errBrokeOff
}

// callClient is the HTTP client of one call: it goes over the cable of this
// instance. A connection is used once, so that a call is never sent a second
// time behind our back because the connection was old.
func (m *member) callClient(service string, c CallFact) *http.Client {
	return m.env.httpClient(m.link.DialHost, service, c)
}

func (e *Env) httpClient(dial func(context.Context, string) (net.Conn, error), service string, c CallFact) *http.Client {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return e.dial(ctx, dial, service)
		},
	}
	return &http.Client{Transport: headed{transport, c}}
}

// headed adds the headers by which the other side knows whose call it is.
type headed struct {
	http.RoundTripper
	call CallFact
}

func (h headed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(callHeader, h.call.ID)
	r.Header.Set(callerHeader, h.call.Caller)
	return h.RoundTripper.RoundTrip(r)
}

// dial connects to an instance of a service: to each in turn, and past those
// that refuse the connection, for then nothing has been asked of them yet.
func (e *Env) dial(ctx context.Context, dial func(context.Context, string) (net.Conn, error), service string) (conn net.Conn, err error) {
	instances := e.Running(service)
	err = &net.OpError{Op: "dial", Net: "tcp", Err: errNobody}
	if len(instances) == 0 {
		return nil, err
	}
	first := e.turns.next(service) % len(instances)
	for _, n := range slices.Concat(instances[first:], instances[:first]) {
		if conn, err = dial(ctx, hostName(service, n)); err == nil || ctx.Err() != nil {
			return conn, err
		}
	}
	return nil, err
}

func hostName(service string, instance int) string { return fmt.Sprintf("%s-%d:80", service, instance) }

// keep remembers the answer to a call in the transaction of its work, so that
// the same call gets the same answer.
func (tx *Tx) keep(ctx context.Context, consumer, key string, r reply) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the answer to %s: %w", key, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO answers (consumer, call_key, answer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, consumer, key, string(body))
	if err != nil {
		return fmt.Errorf("keep the answer to %s: %w", key, err)
	}
	return nil
}

// kept is the answer that a call had when it came before.
func (m *member) kept(ctx context.Context, key string) (r reply, err error) {
	var body string
	err = m.env.Write.DB.QueryRowContext(context.WithoutCancel(ctx), `SELECT answer FROM answers WHERE consumer = ? AND call_key = ?`, m.group, key).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &r)
	}
	if err != nil {
		return r, fmt.Errorf("find the answer to %s: %w", key, err)
	}
	return r, nil
}
