package web

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Closing a TCP connection with unread bytes resets it, and takes an answer
// that is under way with it. Pipes do not, so these tests need real ones.

func serveTCP(t *testing.T) (st *site, addr string) {
	st = newSite(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		assert.NoError(t, st.Serve(ctx, ln))
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return st, ln.Addr().String()
}

func TestAnswerReachesAClientThatSendsItsWholeBodyFirst(t *testing.T) {
	st, addr := serveTCP(t)
	id, _ := st.newLab()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	size := 7 << 20 // more than the buffers of both ends
	_, err = fmt.Fprintf(conn, "POST /api/labs/%s/actions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", id, size)
	require.NoError(t, err)
	_, err = conn.Write([]byte(strings.Repeat("x", size)))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
}

func TestCloseReachesASocketThatSendsAHugeMessage(t *testing.T) {
	st, addr := serveTCP(t)
	id, _ := st.newLab()
	d := websocket.Dialer{}
	conn, _, err := d.Dial("ws://"+addr+"/api/labs/"+id+"/live", nil)
	require.NoError(t, err)
	defer conn.Close()
	_, _, err = conn.ReadMessage()
	require.NoError(t, err)
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 7<<20))))
	_, _, err = conn.ReadMessage()
	assert.True(t, websocket.IsCloseError(err, websocket.CloseMessageTooBig), "%v", err)
}
