package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is one of the Python files that the Code lens shows.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "lab", "pattern", "python", name))
	require.NoError(t, err)
	return path
}

// orderB is the second order of a user, so it goes to the partition of A.
const orderB = `{"place_order":{"as":"B","user":"user-7","items":[{"sku":"cable","qty":1}]}}`

func TestThePythonPaymentServiceTakesTheLabsPlace(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", `{"scale":{"service":"payment","instances":0}}`, orderA)
	assert.Equal(t, "charged o-1\n", run(t, "", py, script(t, "consume.py"), bootstrap, "1"))
	p.act("open", `{"wait_until":{"expr":"order(\"A\").status == \"COMPLETED\"","within":"20s"}}`)
	assert.Equal(t, 1.0, p.eval("open", `events("PaymentCompleted", "A")`))
}

func TestPythonTriesAgainWhatFailed(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", orderA, settled)
	out := run(t, "", py, script(t, "retry.py"), bootstrap, "1")
	assert.Contains(t, out, "try 1 of 4 failed: the bank does not answer; next in ")
	assert.Contains(t, out, "handled OrderCreated")
	p.act("open", `{"wait_until":{"expr":"committed(\"retry-demo\", \"orders\", 2) == 1","within":"10s"}}`)
}

func TestALetterFromPythonIsALetterOfTheLab(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", `{"publish":{"topic":"orders","key":"user-1","value":"{oops"}}`, settled)
	assert.Equal(t, "put aside 0\n", run(t, "", py, script(t, "deadletter.py"), bootstrap, "1"))
	p.act("open", `{"wait_until":{"expr":"dead_letters(\"orders\", \"letter-demo\") == 1","within":"10s"}}`)
}

func TestThePythonInboxKnowsADuplicate(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", orderA, settled, `{"duplicate":{"event":"OrderCreated","order":"A"}}`, settled)
	assert.Equal(t, "counted o-1\nseen before o-1\nuser-7 spent 2500\n", run(t, "", py, script(t, "idempotent.py"), bootstrap, "2"))
}

func TestThePythonOutboxSurvivesACrash(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	shop := filepath.Join(t.TempDir(), "shop.db")
	assert.Equal(t, "published 1\n", run(t, "", py, script(t, "outbox.py"), bootstrap, shop, "order", "4711"))
	err := exec.Command(py, script(t, "outbox.py"), bootstrap, shop, "crash", "4712").Run()
	require.Error(t, err, "it dies between its database and Kafka")
	p.act("open", settled, `{"expect":"order(\"4711\").status == \"COMPLETED\" && order(\"4712\").status == \"\""}`)
	assert.Equal(t, "published 1\n", run(t, "", py, script(t, "outbox.py"), bootstrap, shop, "relay"))
	p.act("open", `{"wait_until":{"expr":"order(\"4712\").status == \"COMPLETED\"","within":"20s"}}`)
}

func TestPythonFoldsTheLabsEvents(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", orderA, settled)
	out := run(t, "", py, script(t, "eventstore.py"), bootstrap, "3")
	assert.Contains(t, out, `"charged": 2500`)
	assert.Contains(t, out, `"version": 3`)
}

func TestPythonReadsAnOldEventAsANewOne(t *testing.T) {
	py := python(t)
	p, bootstrap := openLab(t)
	p.act("open", `{"set":{"service":"order","schema_version":1}}`, orderA, `{"set":{"service":"order","schema_version":2}}`, orderB, settled)
	out := run(t, "", py, script(t, "upcast.py"), bootstrap, "2")
	assert.Contains(t, out, "o-1 stored as version 1, read as version 2, USD")
	assert.Contains(t, out, "o-2 stored as version 2, read as version 2, USD")
}
