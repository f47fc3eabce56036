package pattern_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab/pattern"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve answers calls over in-memory connections, and returns a caller for them.
func serve(t *testing.T, timeout time.Duration, handle http.HandlerFunc) pattern.Caller {
	listener := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handle}
	done := make(chan struct{})
	go func() { _ = server.Serve(listener); close(done) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		listener.conns <- server
		return client, nil
	}}
	return pattern.Caller{Client: &http.Client{Transport: transport}, Timeout: timeout}
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func TestCallSendsTheKeyAndReadsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, time.Second, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"key":%q,"path":%q}`, r.Header.Get("Idempotency-Key"), r.URL.Path)
		})
		var answer struct{ Key, Path string }
		require.NoError(t, c.Call(t.Context(), "http://payment/charge", "charge/7", map[string]int{"amount": 1}, &answer))
		assert.Equal(t, "charge/7", answer.Key)
		assert.Equal(t, "/charge", answer.Path)
	})
}

// A call that timed out may have been done all the same.
func TestCallThatTimesOutIsDoneAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var charged atomic.Bool
		c := serve(t, time.Second, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * time.Second)
			charged.Store(true)
		})
		began := time.Now()
		err := c.Call(t.Context(), "http://payment/charge", "", nil, nil)
		require.ErrorIs(t, err, pattern.ErrTimeout)
		assert.Equal(t, time.Second, time.Since(began))
		assert.False(t, charged.Load())
		time.Sleep(2 * time.Second)
		assert.True(t, charged.Load())
	})
}

func TestCallTellsANoFromSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, time.Second, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "gone") {
				panic(http.ErrAbortHandler)
			}
			http.Error(w, "no free slot", http.StatusServiceUnavailable)
		})
		var no *pattern.Refusal
		require.ErrorAs(t, c.Call(t.Context(), "http://payment/charge", "", nil, nil), &no)
		assert.Equal(t, pattern.Refusal{Status: 503, Reason: "no free slot"}, *no)
		err := c.Call(t.Context(), "http://payment/gone", "", nil, nil)
		require.Error(t, err)
		assert.False(t, errors.As(err, &no) || errors.Is(err, pattern.ErrTimeout))
	})
}

func TestInTurnUndoesWhatWasAnsweredNewestFirst(t *testing.T) {
	var did []string
	part := func(name string, fails error) pattern.Part {
		return pattern.Part{
			Do:   func(context.Context) error { did = append(did, name); return fails },
			Undo: func(context.Context) error { did = append(did, "undo "+name); return nil },
		}
	}
	boom := errors.New("boom")
	require.ErrorIs(t, pattern.InTurn(t.Context(), part("charge", nil), part("reserve", nil), part("ship", boom), part("tell", nil)), boom)
	assert.Equal(t, []string{"charge", "reserve", "ship", "undo reserve", "undo charge"}, did, "not the one that failed")

	stuck := pattern.Part{Do: func(context.Context) error { return nil }, Undo: func(context.Context) error { return errors.New("the bank is closed") }}
	err := pattern.InTurn(t.Context(), stuck, part("ship", boom))
	require.ErrorIs(t, err, boom)
	assert.EqualError(t, err, "boom; and not undone: the bank is closed")
}
