package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eddy/lab"
	"eddy/lab/code"
	"eddy/lab/fleet"
)

// The clock of the highlighter's expressions runs on for a second after their
// last use, and ends by itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// fakeLab has a real journal and a board that is a count of it. Its actions
// are named after what they do.
type fakeLab struct {
	mu      sync.Mutex
	entries []lab.Entry
	first   int64 // oldest kept seq
	moved   chan struct{}
	closed  bool
	did     []string
}

func newFakeLab() *fakeLab { return &fakeLab{first: 1, moved: make(chan struct{})} }

// add appends n entries and never waits.
func (f *fakeLab) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		seq := f.headLocked() + 1
		f.entries = append(f.entries, lab.Entry{Seq: seq, Kind: lab.KindNote, Text: fmt.Sprint("entry ", seq)})
	}
	close(f.moved)
	f.moved = make(chan struct{})
}

// forget drops entries before seq, as a bounded journal does.
func (f *fakeLab) forget(seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = slices.Clone(f.entries[seq-f.first:])
	f.first = seq
}

func (f *fakeLab) headLocked() int64 { return f.first + int64(len(f.entries)) - 1 }

func (f *fakeLab) Head() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.headLocked()
}

func (f *fakeLab) Wait(ctx context.Context, seq int64) error {
	for {
		f.mu.Lock()
		head, moved, closed := f.headLocked(), f.moved, f.closed
		f.mu.Unlock()
		switch {
		case closed:
			return lab.Errorf(lab.Unavailable, "The lab is closed.")
		case head > seq:
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fakeLab) Snapshot() (json.RawMessage, int64) {
	head := f.Head()
	return json.RawMessage(fmt.Sprintf(`{"seq":%d}`, head)), head
}

func (f *fakeLab) BoardAt(seq int64) (json.RawMessage, error) {
	if seq > f.Head() {
		return nil, lab.Errorf(lab.NotFound, "The journal ends at %d.", f.Head())
	}
	return json.RawMessage(fmt.Sprintf(`{"seq":%d}`, seq)), nil
}

// SeqAt takes an entry a millisecond.
func (f *fakeLab) SeqAt(ms int64) int64 { return min(ms, f.Head()) }

func (f *fakeLab) File() (*lab.RunFile, error) {
	return &lab.RunFile{Head: lab.RunHead{Eddy: "run", First: 1, Last: f.Head()}}, nil
}

func (f *fakeLab) Outline() lab.Outline {
	return lab.Outline{Last: lab.Point{Seq: f.Head(), At: f.Head()}, Marks: []lab.Entry{}, Produced: []lab.Bucket{}}
}

func (f *fakeLab) Since(seq int64) (json.RawMessage, int64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	head := f.headLocked()
	return json.RawMessage(fmt.Sprintf(`{"seq":%d}`, head)), head, seq >= f.first-1 && seq <= head
}

func (f *fakeLab) Entries(from, to int64, limit int) ([]lab.Entry, int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to = max(from, f.first), min(to, f.headLocked(), from+int64(min(limit, 100))-1)
	if from > to {
		return nil, f.first
	}
	return slices.Clone(f.entries[from-f.first : to-f.first+1]), f.first
}

func (f *fakeLab) Recording(seq int64) (lab.Recording, error) {
	if seq > f.Head() {
		return lab.Recording{}, lab.Errorf(lab.NotFound, "The journal ends at %d.", f.Head())
	}
	return lab.Recording{Settings: lab.DefaultSettings(), Seq: seq}, nil
}

func (f *fakeLab) Eval(ctx context.Context, expr string) (any, error) {
	switch expr {
	case "head":
		return f.Head(), nil
	case "function":
		return func() {}, nil
	case "forever":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, lab.Errorf(lab.Invalid, "unknown name %s", expr)
}

func (f *fakeLab) Why(q lab.Question) (lab.Answer, error) {
	if q.Order == "Z" {
		return lab.Answer{}, lab.Errorf(lab.NotFound, "there is no order %q", q.Order)
	}
	return lab.Answer{Chain: []lab.Link{{Seq: q.Seq, Text: fmt.Sprintf("%+v", q)}}, Also: []lab.Link{}, Ends: "action", Sentence: "It is so."}, nil
}

func (f *fakeLab) Story(order string, at int64) (lab.Story, error) {
	if order == "Z" {
		return lab.Story{}, lab.Errorf(lab.NotFound, "there is no order %q", order)
	}
	return lab.Story{Order: order, Seq: at}, nil
}

func (f *fakeLab) QueryOrder(_ context.Context, q lab.OrderQuery) (lab.OrderAnswer, error) {
	if q.Order == "Z" {
		return lab.OrderAnswer{}, lab.Errorf(lab.NotFound, "there is no order %q", q.Order)
	}
	return lab.OrderAnswer{OrderView: lab.OrderView{OrderID: fmt.Sprintf("%+v", q)}}, nil
}

func (f *fakeLab) QueryOrders(_ context.Context, user string, page, size int) (lab.OrdersAnswer, error) {
	if user == "" {
		return lab.OrdersAnswer{}, lab.Errorf(lab.Invalid, "orders are listed by user")
	}
	return lab.OrdersAnswer{Orders: []lab.OrderView{{UserID: user}}, Page: page, Size: size}, nil
}

func (f *fakeLab) Stream(order string, at int64) (lab.Stream, error) {
	if order == "Z" {
		return lab.Stream{}, lab.Errorf(lab.NotFound, "there is no order %q", order)
	}
	return lab.Stream{Order: order, Seq: at}, nil
}

func (f *fakeLab) LoadStream(_ context.Context, order string) (lab.StreamLoad, error) {
	return lab.StreamLoad{Order: order}, nil
}

func (f *fakeLab) Tamper(_ context.Context, order string, version int) (lab.Tampering, error) {
	return lab.Tampering{Order: order, Version: version}, nil
}

func (f *fakeLab) Ask(_ context.Context, question string) (lab.StoreAnswer, error) {
	return lab.StoreAnswer{StoreQuestion: lab.StoreQuestion{ID: question}}, nil
}

func (f *fakeLab) Judge(context.Context, string) (lab.Judgement, error)       { return lab.Judgement{}, nil }
func (f *fakeLab) Until(context.Context, string, time.Duration) (bool, error) { return false, nil }
func (f *fakeLab) Goal(string, bool) int64                                    { f.add(1); return f.Head() }
func (f *fakeLab) Release(int64)                                              {}
func (f *fakeLab) Mark(string) int64                                          { f.add(1); return f.Head() }

func (f *fakeLab) Addrs() []string { return nil }
func (f *fakeLab) CheckSchema(string, []byte) (lab.SchemaCheck, error) {
	return lab.SchemaCheck{}, nil
}

func (f *fakeLab) Running(*code.Look) ([]lab.Standing, error) { return nil, nil }

func (f *fakeLab) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	close(f.moved)
	f.moved = make(chan struct{})
}

func (f *fakeLab) Do(ctx context.Context, a lab.Action) (lab.Result, error) {
	f.mu.Lock()
	f.did = append(f.did, a.Name)
	f.mu.Unlock()
	switch a.Name {
	case "conflict":
		return lab.Result{}, lab.Errorf(lab.Conflict, "Not in this state.")
	case "break":
		return lab.Result{}, errors.New("open /secret/path: no such file")
	case "panic":
		panic("a bug")
	case "wait":
		<-ctx.Done()
		return lab.Result{}, ctx.Err()
	case "sleep":
		select {
		case <-time.After(45 * time.Second):
		case <-ctx.Done():
			return lab.Result{}, ctx.Err()
		}
	}
	f.add(1)
	return lab.Result{Seq: f.Head(), Order: "A"}, nil
}

// fakeDecode reads actions of the fakeLab as the lab reads its own.
func fakeDecode(data []byte) ([]lab.Action, error) {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		names = make([]string, 1)
		if err := json.Unmarshal(data, &names[0]); err != nil {
			return nil, lab.Errorf(lab.Invalid, "not an action: %v", err)
		}
	}
	var list []lab.Action
	for _, name := range names {
		if name == "unknown" {
			return nil, lab.Errorf(lab.Invalid, "there is no action %q", name)
		}
		list = append(list, lab.Action{Name: name})
	}
	return list, nil
}

// site is a Server with fake labs behind it.
type site struct {
	*Server
	t    *testing.T
	mu   sync.Mutex
	labs []*fakeLab
}

func newSite(t *testing.T, change ...func(*Config, *fleet.Config)) *site {
	t.Helper()
	st := &site{t: t}
	cfg := Config{TeacherKey: "the-key", Version: "test"}
	fc := fleet.Config{Open: func(context.Context, lab.Settings, lab.Options) (fleet.World, error) {
		st.mu.Lock()
		defer st.mu.Unlock()
		f := newFakeLab()
		st.labs = append(st.labs, f)
		return f, nil
	}}
	for _, c := range change {
		c(&cfg, &fc)
	}
	cfg.Labs = fleet.New(fc)
	t.Cleanup(cfg.Labs.Close)
	server, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	server.decode = fakeDecode
	st.Server = server
	return st
}

// newLab makes a lab and returns its id.
func (st *site) newLab() (string, *fakeLab) {
	st.t.Helper()
	id, err := st.cfg.Labs.Create(context.Background(), "", lab.Settings{}, lab.Options{})
	require.NoError(st.t, err)
	return id, st.labs[len(st.labs)-1]
}

// ask makes one request from this machine; change may make it anything else.
func (st *site) ask(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	st.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:5555"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	st.ServeHTTP(w, r)
	return w
}

func from(addr string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = addr + ":5555" }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

// reasonOf reads the error body of the contract.
func reasonOf(t *testing.T, w *httptest.ResponseRecorder) *lab.Error {
	t.Helper()
	require.Equal(t, "application/json", w.Header().Get("Content-Type"), w.Body)
	var body struct{ Error *lab.Error }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body)
	require.NotNil(t, body.Error, w.Body)
	return body.Error
}

// pipes is a network of one server whose connections have no buffer, so that a
// client that does not read is felt at once. It works in a bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

type pipeEnd struct{ net.Conn }

func (pipeEnd) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }
func (pipeEnd) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5555} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return pipeEnd{c}, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return pipeEnd{}.LocalAddr() }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve runs the site on pipes until the test ends or stop is called.
func (st *site) serve() (net *pipes, stop func()) {
	p := newPipes()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		assert.NoError(st.t, st.Serve(ctx, p))
	}()
	stop = func() {
		cancel()
		<-ended
	}
	st.t.Cleanup(stop)
	return p, stop
}

// client is a browser's end of a live socket.
type client struct {
	t *testing.T
	*websocket.Conn
}

// message is whatever the server sends.
type message struct {
	Seq      int64
	Snapshot map[string]any
	Patch    map[string]any
	Happened json.RawMessage
	ID       json.RawMessage
	OK       bool
	Order    string
	Error    *lab.Error
}

func (st *site) connect(p *pipes, id, query string) *client {
	st.t.Helper()
	d := websocket.Dialer{NetDialContext: p.dial}
	conn, resp, err := d.Dial("ws://localhost:8080/api/labs/"+id+"/live"+query, nil)
	if err != nil && resp != nil {
		body, _ := io.ReadAll(resp.Body)
		require.NoError(st.t, err, string(body))
	}
	require.NoError(st.t, err)
	st.t.Cleanup(func() { conn.Close() })
	return &client{st.t, conn}
}

func (c *client) next() message {
	c.t.Helper()
	_, data, err := c.ReadMessage()
	require.NoError(c.t, err)
	var m message
	require.NoError(c.t, json.Unmarshal(data, &m), string(data))
	return m
}

// list reads happened as entries; it is nil where it is a count.
func (m message) list() (seqs []int64) {
	var entries []lab.Entry
	if json.Unmarshal(m.Happened, &entries) != nil {
		return nil
	}
	for _, e := range entries {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

// count is how many entries happened, told one by one or as a count.
func (m message) count() (n int64) {
	counts := map[string]int64{}
	if json.Unmarshal(m.Happened, &counts) != nil {
		return int64(len(m.list()))
	}
	for _, k := range counts {
		n += k
	}
	return n
}

func (c *client) say(text string) {
	c.t.Helper()
	require.NoError(c.t, c.WriteMessage(websocket.TextMessage, []byte(text)))
}
