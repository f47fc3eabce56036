package kafka

import (
	"bytes"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPipeDeliversWhatWasWrittenBeforeTheClose(t *testing.T) {
	client, server := pipe()
	_, err := client.Write([]byte("goodbye")) // nobody reads yet, and it does not wait
	require.NoError(t, err)
	client.Close()

	read, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.Equal(t, "goodbye", string(read))
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = client.Write([]byte("more"))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = server.Write([]byte("hello"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestPipeHoldsAWriterBackUntilThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pipe()
		_, err := client.Write(bytes.Repeat([]byte("x"), streamMax))
		require.NoError(t, err)
		written := false
		go func() {
			_, err := client.Write([]byte("y"))
			assert.NoError(t, err)
			written = true
			client.Close()
		}()
		synctest.Wait()
		assert.False(t, written, "there is no room")
		_, err = server.Read(make([]byte, 1))
		require.NoError(t, err)
		synctest.Wait()
		assert.True(t, written)
		rest, err := io.ReadAll(server)
		require.NoError(t, err)
		assert.Len(t, rest, streamMax)
		assert.Equal(t, byte('y'), rest[streamMax-1])
	})
}

func TestPipeWaitsEndAtTheDeadlineThatHoldsThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pipe()
		began := time.Now()
		read := func(by time.Duration) {
			t.Helper()
			_, err := client.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Equal(t, by, time.Since(began))
		}
		client.SetReadDeadline(began.Add(time.Second))
		read(time.Second)
		client.SetReadDeadline(began.Add(time.Minute))
		go func() { // shorter, then longer, while somebody waits
			client.SetReadDeadline(began.Add(3 * time.Second))
			time.Sleep(time.Second)
			client.SetReadDeadline(began.Add(5 * time.Second))
		}()
		read(5 * time.Second)
		client.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Hour, func() { server.Write([]byte("z")) })
		_, err := client.Read(make([]byte, 1))
		require.NoError(t, err)

		_, err = client.Write(make([]byte, streamMax))
		require.NoError(t, err)
		client.SetDeadline(time.Now().Add(time.Second))
		_, err = client.Write([]byte("y"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

func TestPipeCloseEndsTheWaitsOfBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pipe()
		ended := make(chan error, 2)
		for _, end := range []net.Conn{client, server} {
			go func() {
				_, err := end.Read(make([]byte, 1))
				ended <- err
			}()
		}
		synctest.Wait()
		client.Close()
		errs := []error{<-ended, <-ended}
		assert.Contains(t, errs, io.EOF)
		assert.Contains(t, errs, net.ErrClosed)
	})
}

func TestIdlePipeHoldsNoMemory(t *testing.T) {
	client, server := pipe()
	_, err := client.Write(make([]byte, 1000))
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 1000))
	require.NoError(t, err)
	assert.Nil(t, client.(*pipeEnd).out.buffer)
}
