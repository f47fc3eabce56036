package code

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesAreWhatIsCompiled(t *testing.T) {
	for _, id := range []string{"pattern/consume.go", "shop/payment.go"} {
		f, ok := Find(id)
		require.True(t, ok, id)
		onDisk, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(id)))
		require.NoError(t, err)
		assert.Equal(t, string(onDisk), f.Text)
	}
	for _, f := range Files() {
		assert.NotContains(t, f.ID, "_test.go")
		assert.NotEmpty(t, f.Title, f.ID)
	}
	_, ok := Find("pattern/doc.go")
	assert.False(t, ok, "what teaches nothing is not shown")
	_, ok = Find("../main.go")
	assert.False(t, ok)
}

func TestServicesComeFirstAndPatternsWithTheirSwitch(t *testing.T) {
	var ids []string
	for _, f := range Files() {
		ids = append(ids, f.ID)
	}
	assert.Equal(t, "shop/order.go", ids[0])
	assert.Less(t, slices.Index(ids, "shop/projector.go"), slices.Index(ids, "pattern/consume.go"))
	f, _ := Find("pattern/outbox.go")
	assert.Equal(t, "outbox", f.Switch)
}

func TestFunctionsAreFoundWithTheirReceivers(t *testing.T) {
	f, _ := Find("shop/payment.go")
	i := slices.IndexFunc(f.Funcs, func(fn Func) bool { return fn.Name == "payment.charge" })
	require.GreaterOrEqual(t, i, 0)
	lines := strings.Split(f.Text, "\n")
	assert.Contains(t, lines[f.Funcs[i].Line-1], "charge(")
	assert.Equal(t, "}", lines[f.Funcs[i].End-1])
	at, ok := Place("payment.charge")
	require.True(t, ok)
	assert.Equal(t, Frame{File: "shop/payment.go", Line: f.Funcs[i].Line, Func: "payment.charge"}, at)
}

func TestNamesOfFunctions(t *testing.T) {
	for full, want := range map[string]string{
		"eddy/lab/pattern.(*Consumer).work":      "Consumer.work",
		"eddy/lab/pattern.(*Consumer).Run.func1": "Consumer.Run",
		"eddy/lab/shop.payment.charge-fm":        "payment.charge",
		"eddy/lab/shop.payment.charge.func1.2":   "payment.charge",
		"eddy/lab/shop.reserve":                  "reserve",
		"eddy/lab/pattern.Fold[...]":             "Fold",
	} {
		assert.Equal(t, want, funcName(full), full)
	}
}

func TestAProfileIsReadByItsLabels(t *testing.T) {
	f, _ := Find("pattern/consume.go")
	at := func(name string) string {
		i := slices.IndexFunc(f.Funcs, func(fn Func) bool { return fn.Name == name })
		return f.Funcs[i].Name
	}
	profile := "goroutine profile: total 3\n" +
		"1 @ 0x1 0x2\n# labels: {\"eddy_lab\":\"7\", \"eddy_seat\":\"payment-1\"}\n" +
		"#\t0x1\truntime.gopark+0x1\t/go/runtime/proc.go:1\n" +
		"#\t0x2\teddy/lab/pattern.(*Consumer).deliver+0x2\t/src/lab/pattern/consume.go:12\n" +
		"#\t0x2\teddy/lab/pattern.(*Consumer).work+0x2\teddy/lab/pattern/consume.go:34\n\n" +
		"1 @ 0x1\n# labels: {\"eddy_lab\":\"7\", \"eddy_seat\":\"payment-1\"}\n" +
		"#\t0x2\teddy/lab/pattern.(*Consumer).poll+0x2\teddy/lab/pattern/consume.go:56\n\n" +
		"1 @ 0x1\n#\t0x2\teddy/lab/pattern.(*Consumer).work+0x2\teddy/lab/pattern/consume.go:78\n\n"
	assert.Equal(t, map[string][]Position{"7": {{Seat: "payment-1", Frames: []Frame{
		{File: "pattern/consume.go", Line: 34, Func: at("Consumer.work")}, {File: "pattern/consume.go", Line: 12, Func: at("Consumer.deliver")},
	}}}}, parse(bytes.NewBufferString(profile)))
}
