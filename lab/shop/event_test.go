package shop_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab/pattern"
	"eddy/lab/shop"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

func record(value string) *kgo.Record {
	return &kgo.Record{Topic: "orders", Partition: 1, Offset: 42, Value: []byte(value), Timestamp: time.Unix(1700000000, 0)}
}

// What the shop writes, it reads back.
func TestAnEventSurvivesItsWire(t *testing.T) {
	at := time.Date(2024, 5, 1, 10, 0, 0, 123_000_000, time.UTC)
	e := shop.Event{ID: "e-1", Type: shop.OrderCreated, Version: 2, At: at, Data: shop.EventData{
		OrderID: "order-1", UserID: "user-1", Items: []shop.Item{{SKU: "mouse", Name: "Mouse", Qty: 2, Price: 2500}},
		TotalAmount: 5000, Method: "card", Currency: "USD", OrderVersion: 1,
	}}
	out, err := shop.Outgoing(e, "user")
	require.NoError(t, err)
	rec := shop.Record(out)
	assert.Equal(t, "orders", rec.Topic)
	assert.Equal(t, "user-1", string(rec.Key))
	got, err := shop.Decode(rec)
	require.NoError(t, err)
	assert.Equal(t, e, got)
	for key, want := range map[string][]byte{"user": []byte("user-1"), "order": []byte("order-1"), "none": nil} {
		out, err := shop.Outgoing(e, key)
		require.NoError(t, err)
		assert.Equal(t, want, out.Key, key)
	}
}

// A tolerant reader fills in what strangers leave out.
func TestStrangersMayLeaveOutAlmostEverything(t *testing.T) {
	got, err := shop.Decode(record(`{"event_type":"OrderCreated","data":{"order_id":100,"user_id":7,"items":[{"name":"mouse","qty":2},{"sku":"cable"}]}}`))
	require.NoError(t, err)
	assert.Equal(t, shop.Event{
		ID: "orders-1-42", Type: "OrderCreated", Version: 1, At: time.Unix(1700000000, 0),
		Data: shop.EventData{OrderID: "100", UserID: "7", Method: "card", TotalAmount: 5900, Items: []shop.Item{
			{SKU: "mouse", Name: "Mouse", Qty: 2, Price: 2500}, {SKU: "cable", Name: "Cable", Qty: 1, Price: 900}}},
	}, got)
}

func TestStrangersMaySayThingsTheirWay(t *testing.T) {
	for value, check := range map[string]func(shop.Event){
		`{"event_id":"\u0065-\"1\"","event_type":"OrderCreated","data":{"order_id":"ü","user_id":""}}`: func(e shop.Event) {
			assert.Equal(t, `e-"1"`, e.ID)
			assert.Equal(t, shop.ID("ü"), e.Data.OrderID)
		},
		`{"event_id":17,"event_type":"OrderCreated","version":2,"data":{"order_id":"a"}}`: func(e shop.Event) {
			assert.Equal(t, "17", e.ID)
			assert.Equal(t, "USD", e.Data.Currency, "version 2 without a currency")
		},
		`{"event_type":"OrderCreated","version":2,"data":{"order_id":"a","currency":"EUR"}}`: func(e shop.Event) { assert.Equal(t, "EUR", e.Data.Currency) },
		`{"event_type":"OrderCreated","timestamp":"2024-05-01T10:00:00","data":{"order_id":"a"}}`: func(e shop.Event) {
			assert.Equal(t, time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), e.At, "no zone is UTC")
		},
		`{"event_type":"OrderCreated","timestamp":"2024-05-01T10:00:00+02:00","data":{"order_id":"a"}}`: func(e shop.Event) {
			assert.True(t, e.At.Equal(time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)))
		},
		`{"event_type":"PaymentCompleted","data":{"order_id":1,"payment_id":77,"items":[{"sku":4711}]}}`: func(e shop.Event) {
			assert.Equal(t, "77", e.Data.PaymentID)
			assert.Equal(t, []shop.Item{{SKU: "4711", Qty: 1}}, e.Data.Items)
		},
		`{"event_type":"OrderCreated","data":{"order_id":"no items"}}`:                                              func(e shop.Event) { assert.Equal(t, []shop.Item{}, e.Data.Items, "a list for whoever reads on") },
		`{"event_type":"OrderCreated","timestamp":"yesterday","data":{"order_id":"a"}}`:                             func(e shop.Event) { assert.Equal(t, int64(1700000000), e.At.Unix()) },
		`{"event_type":"OrderCreated","data":{"order_id":"a","total":700,"items":[{"sku":"sofa","qty":1}]}}`:        func(e shop.Event) { assert.EqualValues(t, 700, e.Data.TotalAmount) },
		`{"event_type":"OrderCreated","data":{"order_id":"a","total":700,"total_amount":800}}`:                      func(e shop.Event) { assert.EqualValues(t, 800, e.Data.TotalAmount) },
		`{"event_type":"OrderCreated","data":{"order_id":"a","total_amount":800.0}}`:                                func(e shop.Event) { assert.EqualValues(t, 800, e.Data.TotalAmount) },
		`{"event_type":"OrderCreated","data":{"order_id":"a","items":[{"sku":"mouse","qty":1,"price":1}]}}`:         func(e shop.Event) { assert.EqualValues(t, 1, e.Data.TotalAmount, "the price of the event counts") },
		`{"event_type":"OrderCreated","extra":[1],"data":{"order_id":"a","colour":"red","items":[{"weight":3.5}]}}`: func(e shop.Event) { assert.Len(t, e.Data.Items, 1) },
	} {
		e, err := shop.Decode(record(value))
		require.NoError(t, err, value)
		check(e)
	}
}

// What can never be handled must not be tried again.
func TestWhatIsNoEventIsAPermanentError(t *testing.T) {
	for _, value := range []string{
		"", " ", "x", "{", "[]", "null", "12", `"text"`, `{}`, `{"event_type":"OrderTeleported","data":{"order_id":"1"}}`, `{"event_type":"ordercreated","data":{"order_id":"1"}}`,
		`{"event_type":"OrderCreated"}`, `{"event_type":"OrderCreated","data":{}}`, `{"event_type":"OrderCreated","data":{"order_id":true}}`,
		`{"event_type":"OrderCreated","data":{"order_id":"1","total":-1}}`, `{"event_type":"OrderCreated","data":{"order_id":"1","total":1.5}}`,
		`{"event_type":"OrderCreated","data":{"order_id":"1","total":1e300}}`, `{"event_type":"OrderCreated","data":{"order_id":"1","items":[{"sku":"mouse","qty":0}]}}`,
		`{"event_type":"OrderCreated","data":{"order_id":"1","items":[{"sku":"mouse","qty":2000000}]}}`,
		`{"event_type":"OrderCreated","data":{"order_id":"1","items":[{"sku":"mouse","qty":1000000,"price":4503599627370496}]}}`,
	} {
		_, err := shop.Decode(record(value))
		require.Error(t, err, "%s", value)
		assert.True(t, pattern.IsPermanent(err), "%s: %v", value, err)
	}
}

// The words of an error are the event's own, not Go's.
func TestAFieldOfTheWrongKindIsNamedAsItStandsThere(t *testing.T) {
	_, err := shop.Decode(record(`{"event_type":"OrderCreated","data":{"order_id":"1","currency":5}}`))
	assert.EqualError(t, err, "data.currency cannot be a JSON number")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event_id":"1","event_type":"OrderCreated","version":1,"timestamp":"2024-05-01T10:00:00Z","data":{"order_id":"o","user_id":"u","items":[{"sku":"mouse","qty":1,"price":2500}],"total_amount":2500}}`))
	f.Add([]byte(`{"event_type":"PaymentFailed","data":{"order_id":1,"reason":"no","amount":5}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		e, err := shop.Decode(&kgo.Record{Topic: "orders", Value: value})
		if err != nil {
			require.True(t, pattern.IsPermanent(err), "an error of decoding that is tried again: %v", err)
			return
		}
		require.NotEmpty(t, e.ID)
		require.NotEmpty(t, e.Data.OrderID)
		require.GreaterOrEqual(t, e.Data.TotalAmount, int64(0))
		out, err := shop.Outgoing(e, "user")
		if err != nil {
			return // a year that JSON cannot write
		}
		again, err := shop.Decode(shop.Record(out))
		require.NoError(t, err)
		require.Equal(t, e.Data.TotalAmount, again.Data.TotalAmount)
		require.Equal(t, len(e.Data.Items), len(again.Data.Items))
	})
}

// Where Java's producer would put a key, so that clients in any language agree.
func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	p := shop.Partitioner().ForTopic("orders")
	// From org.apache.kafka.common.utils.UtilsTest: murmur2 of these keys.
	for key, hash := range map[string]int32{"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "abc": 479470107} {
		want := int(hash&0x7fffffff) % 7
		assert.Equal(t, want, p.Partition(&kgo.Record{Key: []byte(key), Context: t.Context()}, 7), key)
	}
}

func TestRecordsWithoutAKeyGoRound(t *testing.T) {
	p := shop.Partitioner().ForTopic("orders")
	var got []int
	for range 6 {
		got = append(got, p.Partition(&kgo.Record{Context: t.Context()}, 3))
	}
	assert.Equal(t, []int{0, 1, 2, 0, 1, 2}, got)
	assert.Equal(t, 2, p.Partition(&kgo.Record{Key: []byte("abc"), Context: shop.ToPartition(t.Context(), 2)}, 3), "a named partition wins")
	assert.True(t, p.RequiresConsistency(&kgo.Record{}))
}

func TestMoneyIsWrittenAsPeopleDo(t *testing.T) {
	for minor, want := range map[int64]string{0: "0.00", 5: "0.05", 4900: "49.00", -250: "-2.50", 123456: "1234.56"} {
		assert.Equal(t, want, shop.Money(minor))
	}
}

func TestTheCatalogueAndTheCustomersAreAsAgreed(t *testing.T) {
	prices := map[string]int64{}
	for _, p := range shop.Catalogue {
		prices[p.SKU] = p.Price
	}
	assert.Equal(t, map[string]int64{"keyboard": 4900, "mouse": 2500, "monitor": 18900, "cable": 900}, prices)
	for n := 1; n <= shop.Users; n++ {
		u := shop.FindUser(fmt.Sprintf("user-%d", n))
		assert.Contains(t, u.Name, " ")
		assert.Contains(t, u.Email, "@")
	}
	assert.Equal(t, shop.User{ID: "somebody", Name: "somebody"}, shop.FindUser("somebody"))
}
