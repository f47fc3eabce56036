package kafka_test

import (
	"io"
	"net"
	"testing"
	"testing/synctest"

	"eddy/lab/kafka"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who is called goes through the cable of its host, and so does its caller: a cut
// of either ends the call without a goodbye, and lets nobody through until it is
// mended.
func TestHostsCallEachOtherThroughTheirLinks(t *testing.T) {
	for _, cut := range []string{"caller", "server"} {
		t.Run(cut, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster, err := kafka.Start(kafka.Config{Brokers: 1, Topics: map[string]int{"orders": 1}})
				require.NoError(t, err)
				defer cluster.Close()
				links := map[string]*kafka.Link{"caller": cluster.Link("order"), "server": cluster.Link("payment")}
				_, err = links["caller"].DialHost(t.Context(), "payment:80")
				assert.ErrorContains(t, err, "refused", "nobody listens yet")

				listener, err := links["server"].Listen("payment:80")
				require.NoError(t, err)
				defer listener.Close()
				_, err = links["server"].Listen("payment:80")
				require.Error(t, err, "the name is taken")
				served := make(chan net.Conn, 4)
				go func() {
					for {
						conn, err := listener.Accept()
						if err != nil {
							return
						}
						served <- conn
					}
				}()
				client, err := links["caller"].DialHost(t.Context(), "payment:80")
				require.NoError(t, err)
				server := <-served
				_, err = client.Write([]byte("hello"))
				require.NoError(t, err)
				hello := make([]byte, 5)
				_, err = io.ReadFull(server, hello)
				require.NoError(t, err)

				links[cut].Cut()
				_, err = client.Read(hello)
				assert.Error(t, err)
				_, err = server.Read(hello)
				assert.Error(t, err)
				_, err = links["caller"].DialHost(t.Context(), "payment:80")
				assert.ErrorContains(t, err, "refused")

				links[cut].Mend()
				again, err := links["caller"].DialHost(t.Context(), "payment:80")
				require.NoError(t, err)
				again.Close()
				(<-served).Close()
			})
		})
	}
}
