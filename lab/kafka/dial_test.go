package kafka

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The moment between the broker's accept and the client's connection can only
// be reached from inside.
func TestNoConnectionSurvivesACutDuringItsDial(t *testing.T) {
	c, err := Start(Config{})
	require.NoError(t, err)
	defer c.Close()
	link := c.Link("order-1")
	dial := c.wire.dial
	var dialed net.Conn
	c.wire.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed, err = dial(ctx, network, address)
		link.Cut()
		return dialed, err
	}
	_, refused := link.DialContext(t.Context(), "tcp", c.Seeds()[0])
	assert.Error(t, refused)
	require.NotNil(t, dialed)
	_, err = dialed.Write([]byte{0})
	assert.Error(t, err, "the connection is closed")
}
