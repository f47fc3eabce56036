package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// door is the HTTP side of an instance: a server on the lab's network. It serves
// as many calls at once as it has slots. Inside the shop, as many more wait in
// line for one, each as long as its caller does; whoever comes after them is
// turned away with 503, as are customers of the order service at once: they are
// people, and a line of people is nobody's idea of an answer.
//
// A call that has a slot is worked on to its end, whether or not its caller
// still waits: the server has no way to know what the answer is worth to him.
type door struct {
	m        *member
	listener net.Listener
	server   *http.Server
	slots    chan struct{}  // holds a token for each call that is being served
	line     chan struct{}  // and one for each that waits for a slot
	open     sync.WaitGroup // the server and its connections
}

// newDoor opens the door of an instance. It serves calls from now on.
func newDoor(m *member) (*door, error) {
	listener, err := m.link.Listen(hostName(m.name, m.n))
	if err != nil {
		return nil, fmt.Errorf("listen for calls: %w", err)
	}
	d := &door{m: m, listener: listener, slots: make(chan struct{}, m.env.Slots), line: make(chan struct{}, m.line())}
	d.server = &http.Server{
		Handler:     d,
		ConnState:   d.connState,
		ErrorLog:    log.New(io.Discard, "", 0), // whoever is cut off knows it
		BaseContext: func(net.Listener) context.Context { return m.ctx },
	}
	d.server.SetKeepAlivesEnabled(false)
	d.open.Go(func() {
		// It ends when the listener does, and whoever closes that knows.
		_ = d.server.Serve(listener)
	})
	return d, nil
}

// line is how many calls may wait for a slot.
func (m *member) line() int {
	if m.front != nil {
		return 0
	}
	return m.env.Slots
}

// connState counts connections, so that close can wait for what serves them.
func (d *door) connState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		d.open.Add(1) // the server itself is counted, so this is never the first
	case http.StateClosed, http.StateHijacked:
		d.open.Done()
	}
}

// shut lets nobody else in, and frees the instance's name at once.
func (d *door) shut() { _ = d.listener.Close() }

// finish waits for the calls that are being served, for at most so long.
func (d *door) finish(patience time.Duration) {
	d.shut()
	ctx, over := context.WithTimeout(context.Background(), patience)
	defer over()
	_ = d.server.Shutdown(ctx) // what does not end in time is cut off by close
}

// close cuts off whoever is left and returns when nothing of the door is.
func (d *door) close() {
	d.shut()
	_ = d.server.Close()
	d.open.Wait()
}

// ServeHTTP serves one call.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := d.m
	c := CallFact{ID: r.Header.Get(callHeader), Caller: r.Header.Get(callerHeader), Service: m.name, Instance: m.n, Type: strings.TrimPrefix(r.URL.Path, "/")}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the request was cut off", http.StatusBadRequest)
		return
	}
	serve, order := m.servant(c.Type, body)
	if serve == nil {
		http.Error(w, fmt.Sprintf("%s cannot be asked for %q", m.name, c.Type), http.StatusNotFound)
		return
	}
	mo := Moment{EventType: c.Type, Order: order, Call: &c}
	if err := d.enter(r.Context(), mo); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer func() { <-d.slots }()
	ctx, over := context.WithCancelCause(within(m.ctx, c)) // not the request's: see door
	defer over(nil)
	answer, err := d.serve(ctx, mo, r.Header.Get("Idempotency-Key"), serve)
	switch {
	case m.gone() != nil:
		panic(http.ErrAbortHandler) // the instance is dead: it says nothing more
	case err != nil:
		http.Error(w, fmt.Sprintf("%s failed: %v", m.name, err), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		// Who is gone does not hear it.
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// enter takes a slot, or waits in line for one as long as the caller does.
func (d *door) enter(caller context.Context, mo Moment) error {
	select {
	case d.slots <- struct{}{}:
		return nil
	default:
	}
	m := d.m
	full := fmt.Errorf("%s has no free slot", m.id())
	select {
	case d.line <- struct{}{}:
		defer func() { <-d.line }()
	default:
		mo.Point = TurnedAway
		return errors.Join(full, m.at(m.ctx, mo))
	}
	mo.Point = Queued
	if err := m.at(m.ctx, mo); err != nil {
		return err
	}
	select {
	case d.slots <- struct{}{}:
		if caller.Err() == nil {
			return nil
		}
		<-d.slots
	case <-caller.Done():
	}
	return full
}

// servant is what an instance does when it is asked to, and for which order.
type servant func(ctx context.Context, m *member, key string) (answer any, skipped bool, err error)

// serve does the work of a call that has a slot, and tells of it.
func (d *door) serve(ctx context.Context, mo Moment, key string, serve servant) (any, error) {
	m := d.m
	for _, p := range []Point{Called, Handling} {
		mo.Point = p
		if err := m.at(ctx, mo); err != nil {
			return nil, d.failed(ctx, mo, err)
		}
	}
	answer, skipped, err := serve(ctx, m, key)
	if err != nil {
		return nil, d.failed(ctx, mo, err)
	}
	mo.Point = Handled
	if skipped {
		mo.Point = Skipped
	}
	return answer, m.at(ctx, mo)
}

// failed tells of a call that was not done. A dead instance tells nothing.
func (d *door) failed(ctx context.Context, mo Moment, err error) error {
	if d.m.gone() == nil {
		mo.Point, mo.Err = Failed, err
		err = errors.Join(err, d.m.at(ctx, mo))
	}
	return err
}

// servant finds what a call asks for.
func (m *member) servant(typ string, body []byte) (servant, string) {
	if m.front != nil {
		return m.front(typ, body)
	}
	react := m.answers[typ]
	var r request
	if react == nil || json.Unmarshal(body, &r) != nil {
		return nil, ""
	}
	return func(ctx context.Context, m *member, key string) (any, bool, error) {
		return m.work(ctx, Event{ID: key, Type: typ, Version: 2, At: m.env.Clock.Now(), Data: r.Data}, react)
	}, string(r.Data.OrderID)
}

// work does for a call what a member does for a message, with the same
// reactions. A call that came before is answered as it was then.
func (m *member) work(ctx context.Context, e Event, react Reaction) (answer reply, skipped bool, err error) {
	w := &Work{Event: e, m: m, settings: m.Settings(), called: true}
	if err := m.env.Clock.Sleep(ctx, w.settings.Work); err != nil {
		return reply{}, false, err
	}
	err = react(ctx, w)
	if errors.Is(err, errSeen) {
		answer, err = m.kept(ctx, e.ID)
		return answer, true, err
	}
	return w.answer, false, err
}
