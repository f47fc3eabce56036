package lab_test

import (
	"encoding/json"
	"strings"
	"testing"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is refused changes nothing, and says what would be valid.
func TestBadArgumentsAreRefusedWithASentenceAndChangeNothing(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		before := w.Board()
		for action, want := range map[string]string{
			`"dance"`: "place_order", `{}`: "exactly one key", `{"freeze":{},"thaw":{}}`: "exactly one key", `12`: "an action is",
			`{"crash":{"service":"payment","when":"now"}}`: "instance", `{"crash":{"service":"kitchen"}}`: "notification",
			`{"crash":{"service":"payment","at":"later"}}`: "after_handle", `{"crash":{"service":"payment","at":"after_handle","times":-1}}`: "1 to 1000",
			`{"crash":{"service":"payment","on":"OrderCreated"}}`: "after_handle", `{"freeze":{"for":"1s"}}`: "no arguments", `{"thaw":1}`: "no arguments", `{"set":7}`: "idempotent",
			`{"crash":{"service":7}}`: "must be text", `{"restart":"kitchen"}`: "projector", `{"pause":{"service":"payment","instance":4}}`: "it has 1",
			`{"slow":{"service":"payment","by":"-1s"}}`: "negative", `{"slow":{"service":"payment","by":"soon"}}`: "duration", `{"slow":{"service":"payment","by":"1h"}}`: "at most",
			`{"slow":"payment"}`: "needs by", `{"slow":{"service":"payment","by":200}}`: "200 is not a duration: write 200ms", `"wait"`: "needs a duration", `{"wait":5}`: "5 is not a duration",
			`{"broker":{"id":1,"slow":true}}`:         "not a duration",
			`{"fail":{"service":"payment","rate":2}}`: "0 to 1", `{"fail":{"service":"payment","rate":0.5,"times":1}}`: "not both",
			`{"fail":{"service":"payment","kind":"fatal"}}`: "permanent", `{"fail":{"service":"payment","on":"NotificationSent"}}`: "OrderCreated",
			`{"decline":{"rate":-1}}`: "0 to 1", `{"decline":{"stock_out":"sofa"}}`: "keyboard", `{"decline":{"stock_out":"mouse","times":1}}`: "not both",
			`{"heal":"kitchen"}`: "payment", `{"heal":{"service":"payment","all":true}}`: "not both", `{"scale":{"service":"payment"}}`: "0 to 8", `{"scale":{"service":"payment","instances":9}}`: "0 to 8",
			`{"scale":{"service":"payment","instances":-1}}`: "0 to 8",
			`{"set":{}}`: "needs a setting", `{"set":{"service":"payment"}}`: "needs a setting", `{"set":{"idempotent":false}}`: "service",
			`{"set":{"service":"payment","colour":"red"}}`: "idempotent", `{"set":{"service":"payment","retries":99}}`: "0 to 20",
			`{"set":{"service":"payment","commit":"never"}}`: "after, before, auto", `{"set":{"key":"shoe"}}`: "user, order, none", `{"set":{"saga":"epic"}}`: "choreography",
			`{"set":{"service":"payment","idempotent":"no"}}`: "true or false", `{"set":{"service":"payment","brokers":3}}`: "idempotent",
			`{"place_order":{}}`: "at least one item", `{"place_order":{"items":[{"sku":"sofa","qty":1}]}}`: "keyboard", `{"place_order":{"items":[{"sku":"mouse"}]}}`: "1 to 1000",
			`{"place_order":{"items":[{"sku":"mouse","qty":-4}]}}`: "1 to 1000", `{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}}`: "another handle",
			`{"place_order":{"as":"o-1","items":[{"sku":"mouse","qty":1}]}}`:                                   "another handle", // the id of order A
			`{"place_order":{"as":"so long that it is no handle any more","items":[{"sku":"mouse","qty":1}]}}`: "handle",
			`{"place_order":{"method":"cheque","items":[{"sku":"mouse","qty":1}]}}`:                            "declined-card",
			`{"burst":{"orders":-1}}`: "burst", `{"burst":{"rate":-1}}`: "burst", `{"burst":{"rate":1e-9}}`: "burst", `{"burst":{"orders":1000000}}`: "20000", `{"burst":{"sku":"sofa"}}`: "keyboard",
			`{"cancel_order":"Z"}`: "no order", `{"wait_until":"orders"}`: "true or false", `{"wait":"-1s"}`: "negative", `{"expect":""}`: "expression",
			`{"duplicate":{}}`: "place", `{"duplicate":{"topic":"orders","partition":7,"offset":0}}`: "0 to 2",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, want, "%s", action)
		}
		w.Never("fault", "healed", "crashed", "produced - p2 #2")
		w.Settled()
		after := w.Board()
		for _, section := range []string{"settings", "services", "topics", "orders", "stock", "faults", "groups", "counts", "event_store"} {
			assert.Equal(t, before[section], after[section], section)
		}
	})
}

// One vocabulary: names, bare arguments, lists, and back again.
func TestActionsAreReadInEveryFormAndWrittenBack(t *testing.T) {
	for text, want := range map[string]string{
		`"freeze"`: `"freeze"`, `{"freeze":null}`: `"freeze"`, `{"freeze":{}}`: `"freeze"`,
		`{"wait":"500ms"}`: `{"wait":{"for":"500ms"}}`, `{"note":"text"}`: `{"note":{"text":"text"}}`, `{"heal":"payment"}`: `{"heal":{"service":"payment"}}`,
		`{"expect":"settled"}`: `{"expect":{"expr":"settled"}}`, `{"step":3}`: `{"step":{"events":3}}`, `{"speed":0.5}`: `{"speed":{"factor":0.5}}`,
		`{"set":{"service":"payment","work":"1s"}}`: `{"set":{"service":"payment","work":"1s"}}`, `"heal"`: `"heal"`,
		`{"heal":{"all":true}}`: `{"heal":{"all":true}}`, `{"unbreak":"OrderCreated"}`: `{"unbreak":{"event":"OrderCreated"}}`, `{"decline":2}`: `{"decline":{"times":2}}`,
		`{"slow":{"service":"payment","by":0}}`: `{"slow":{"service":"payment","by":"0s"}}`, `{"wait":0}`: `{"wait":{"for":"0s"}}`,
	} {
		a, err := lab.DecodeAction([]byte(text))
		require.NoError(t, err, text)
		raw, err := json.Marshal(a)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(raw))
		again, err := lab.DecodeAction(raw)
		require.NoError(t, err)
		assert.Equal(t, a, again)
	}
	list, err := lab.DecodeActions([]byte(`["freeze",{"wait":"1s"},{"thaw":{}}]`))
	require.NoError(t, err)
	assert.Len(t, list, 3)
	_, err = lab.DecodeActions([]byte(`["freeze",{"wait":"soon"}]`))
	assert.ErrorContains(t, err, "action 2")
	_, err = lab.DecodeActions([]byte(`["freeze",`))
	assert.Error(t, err)
}

// Every action of the contract is there, under its name and arguments.
func TestEveryActionOfTheContractIsKnown(t *testing.T) {
	want := "place_order burst cancel_order amend_order publish duplicate crash restart pause resume slow fail decline heal scale set broker move_leader lose_ack cut mend rewind rebuild redrive discard add_partitions freeze thaw step speed break_on unbreak held wait wait_until expect note"
	var names []string
	for _, s := range lab.ActionSpecs() {
		names = append(names, s.Name)
		assert.NotEmpty(t, s.Doc)
		assert.NotEmpty(t, s.Group)
	}
	assert.Subset(t, names, strings.Fields(want))
}

func TestSettingsAreCheckedAndFilledUp(t *testing.T) {
	s, err := lab.ParseSettings([]byte(`{"work":"10ms","partitions":{"orders":6},"services":{"payment-service":{"idempotent":false,"acks":"none"}},"stock":{"mouse":1}}`))
	require.NoError(t, err)
	assert.Equal(t, 6, s.Partitions["orders"])
	assert.Equal(t, 3, s.Partitions["payments"])
	assert.Equal(t, 1, s.Stock["mouse"])
	assert.Equal(t, 100, s.Stock["cable"])
	payment := s.Services["payment"]
	assert.Equal(t, []any{false, "none", false, "10ms", 3}, []any{payment.Idempotent, payment.Acks, payment.IdempotentProducer, payment.Work.String(), payment.Retries})

	// Nothing needs no unit.
	s, err = lab.ParseSettings([]byte(`{"work":0,"services":{"payment":{"backoff":0}}}`))
	require.NoError(t, err)
	assert.Zero(t, s.Services["order"].Work+s.Services["payment"].Backoff)

	// null is not an empty lab.
	s, err = lab.ParseSettings([]byte(`{"partitions":null,"stock":null,"services":null}`))
	require.NoError(t, err)
	assert.Equal(t, lab.DefaultSettings(), s)

	for text, want := range map[string]string{
		`[]`: "object", `{"colour":1}`: "saga", `{"saga":"epic"}`: "choreography", `{"brokers":9}`: "1 to 3", `{"partitions":{"shoes":3}}`: "orders",
		`{"partitions":{"orders":0}}`: "1 to 12", `{"stock":{"sofa":1}}`: "mouse", `{"services":{"kitchen":{}}}`: "payment", `{"services":{"payment":{"colour":1}}}`: "idempotent",
		`{"services":{"payment":{"instances":9}}}`: "0 to 8", `{"session_timeout":"1ms"}`: "session_timeout", `{"heartbeat":"5s"}`: "half", `{"work":"2h"}`: "at most", `{"work":7}`: "work",
		`{"seed":-1}`: "seed", `{"slots":0}`: "1 to 64",
	} {
		_, err := lab.ParseSettings([]byte(text))
		require.Error(t, err, text)
		assert.Equal(t, lab.Invalid, lab.AsError(err).Code, text)
		assert.Contains(t, err.Error(), want, text)
	}
}

func TestSettingsCanBeChangedWhileTheLabRuns(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		// A client-level setting restarts the service cleanly; others do not.
		w.Mark()
		w.Do(`{"set":{"service":"payment","retries":5,"work":"10ms"}}`)
		w.Never("restarted", "member_left")
		w.Do(`{"set":{"service":"payment","balancer":"range","acks":"leader"}}`)
		w.Until(`service("payment").state == "running" && members("payment") == 1`, 5e9)
		w.Settled()
		w.Expect("action - set payment", "note payment stopped", "restarted payment")
		w.Never("crashed")
		assert.Equal(t, "range", w.At("groups", "payment-service", "protocol"))
		assert.Equal(t, []any{"leader", false, float64(5)}, []any{w.At("settings", "services", "payment", "acks"),
			w.At("settings", "services", "payment", "idempotent_producer"), w.At("settings", "services", "payment", "retries")})
		w.Do(`{"set":{"service":"payment","instances":2}}`)
		w.Until(`members("payment") == 2`, 5e9)
		w.Place("A")
		w.Settled()
		w.True(`order("A").status == "COMPLETED"`)
	})
}

func FuzzDecodeActions(f *testing.F) {
	for _, m := range moves {
		f.Add([]byte(m))
	}
	f.Add([]byte(`["freeze",{"wait":"1s"}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		actions, err := lab.DecodeActions(data)
		if err != nil {
			require.NotEqual(t, lab.Internal, lab.AsError(err).Code)
			return
		}
		for _, a := range actions {
			raw, err := json.Marshal(a)
			require.NoError(t, err)
			_, err = lab.DecodeAction(raw)
			require.NoError(t, err, "%s", raw)
		}
	})
}

func FuzzParseSettings(f *testing.F) {
	f.Add([]byte(`{"saga":"choreography","seed":7,"services":{"payment":{"idempotent":false}}}`))
	f.Add([]byte(`{"partitions":{"orders":1},"stock":{"mouse":0},"work":"0s"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := lab.ParseSettings(data)
		if err != nil {
			require.Equal(t, lab.Invalid, lab.AsError(err).Code, "%v", err)
			return
		}
		raw, err := json.Marshal(s)
		require.NoError(t, err)
		again, err := lab.ParseSettings(raw)
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func FuzzCompileExpr(f *testing.F) {
	f.Add(`order("A").charges == 1 && service("payment").state == "running"`)
	f.Add(`count(orders, .status == "PAID") > 1..2`)
	f.Add(`let x = lag("payment"); x + 1 == 2`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := lab.CompileExpr(text, true); err != nil {
			require.Equal(t, lab.Invalid, lab.AsError(err).Code)
		}
	})
}
