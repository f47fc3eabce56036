package beyond

import (
	"os"
	"testing"
	"testing/synctest"

	"eddy/lab/pattern"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// both runs an experiment without and with its switch, each in a bubble.
func both(t *testing.T, name string) (off, on map[string]int64) {
	t.Helper()
	results := map[bool]map[string]int64{}
	for _, with := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			e, err := Find(name)
			require.NoError(t, err)
			r, err := e.Run(t.Context(), with)
			require.NoError(t, err)
			assert.NotEmpty(t, r.Because)
			assert.NotEmpty(t, r.Steps)
			results[with] = map[string]int64{}
			for _, f := range r.Facts {
				results[with][f.Name] = f.Value
			}
		})
	}
	return results[false], results[true]
}

func TestATransactionMakesEachInvoiceCountOnceAndTakesNoCallBack(t *testing.T) {
	off, on := both(t, "transactions")
	const count, stored, calls = "invoices that a reader of committed records sees", "invoices on the log, those that never count among them", "calls to the tax office"
	assert.EqualValues(t, 9, off[count], "three were written twice")
	assert.EqualValues(t, 6, on[count])
	assert.EqualValues(t, 9, on[stored], "the log has those of the dead worker too")
	assert.EqualValues(t, 9, off[calls])
	assert.EqualValues(t, 9, on[calls], "where transactions stop helping")
}

func TestCompactionKeepsTheTableAndForgetsTheWay(t *testing.T) {
	off, on := both(t, "compaction")
	const right, read = "rows that are right after reading it again", "records that had to be read"
	assert.EqualValues(t, 4, off[right])
	assert.EqualValues(t, 4, on[right])
	assert.EqualValues(t, 200, off[read])
	assert.Less(t, on[read], int64(10))
	assert.Equal(t, off["the last offset"], on["the last offset"], "offsets stay")
}

func TestAShareGroupGivesEveryWorkerSomethingToDo(t *testing.T) {
	off, on := both(t, "share_group")
	const busy, took, inOrder = "workers that had something to do", "time for all", "handled in the order in which they came (1: yes)"
	assert.EqualValues(t, 1, off[busy])
	assert.EqualValues(t, 3, on[busy])
	assert.EqualValues(t, 1, off[inOrder])
	assert.Greater(t, off[took], 2*on[took], "three work side by side")
}

func TestACarriedCopyGoesOnWithoutTheOwner(t *testing.T) {
	off, on := both(t, "state_transfer")
	const sent, stale, calls = "parcels sent", "parcels sent to an old address", "calls to the customer service"
	assert.EqualValues(t, 3, off[sent])
	assert.EqualValues(t, 6, on[sent])
	assert.EqualValues(t, 0, off[stale])
	assert.EqualValues(t, 3, on[stale], "the price of a copy")
	assert.EqualValues(t, 3, off[calls])
	assert.EqualValues(t, 0, on[calls])
}

func TestEveryExperimentSaysWhatItIs(t *testing.T) {
	for _, e := range Experiments {
		assert.NotEmpty(t, e.Title)
		assert.NotEmpty(t, e.Switch)
		assert.NotEmpty(t, e.Ask)
		assert.NotEmpty(t, e.Explain)
		_, err := os.Stat("../pattern/" + e.File)
		assert.NoError(t, err)
	}
	_, err := Find("nothing")
	assert.ErrorContains(t, err, "transactions, compaction, share_group, state_transfer")
}

func TestATombstoneTakesTheRowAway(t *testing.T) {
	table := pattern.Changelog{"mouse": "3 pieces", "cable": "1 piece"}
	table.Apply(&kgo.Record{Key: []byte("mouse")})
	assert.True(t, table.Equal(pattern.Changelog{"cable": "1 piece"}))
}
