package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever reads here and there finds every entry, loose or packed, and none
// beside them; what comes later is not there.
func TestReadingHereAndThere(t *testing.T) {
	j := newJournal(100_000, newBoard(DefaultSettings()))
	for seq := int64(1); seq <= 3*chunkEntries+7; seq++ {
		j.append(Entry{Seq: seq, Text: "e", Offset: seq})
	}
	c := j.segments[0].chunks[1]
	packed, err := packEntries(c.entries)
	require.NoError(t, err)
	c.packed, c.entries = packed, nil

	r := j.reading()
	j.append(Entry{Seq: 3*chunkEntries + 8})
	for _, seq := range []int64{1, 2, chunkEntries, chunkEntries + 1, 2 * chunkEntries, 2*chunkEntries + 1, 3*chunkEntries + 1, 3*chunkEntries + 7} {
		e, kept := r.at(seq)
		assert.True(t, kept, seq)
		assert.Equal(t, seq, e.Offset)
	}
	for _, seq := range []int64{-1, 0, 3*chunkEntries + 8, 1 << 40} {
		_, kept := r.at(seq)
		assert.False(t, kept, seq)
	}
}
