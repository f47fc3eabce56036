package lab_test

import (
	"testing"
	"time"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// The good path of the sync style: three calls, four events in the store, none
// on a topic, and the customer hears the end of it.
func TestSyncOrderIsFulfilledByThreeCalls(t *testing.T) {
	labtest.Bubble(t, `{"saga":"sync"}`, func(t *testing.T, w *labtest.World) {
		began := time.Now()
		r := w.Do(`{"place_order":{"as":"A","user":"user-3","items":[{"sku":"mouse","qty":2},{"sku":"cable","qty":1}]}}`)
		assert.Equal(t, "accepted", r.Answer)
		assert.Equal(t, 150*time.Millisecond, time.Since(began), "three calls, one after the other, of 50 ms each")
		w.True(`order("A").status == "COMPLETED" && order("A").version == 4 && order("A").saga == "sync" && order("A").source == "shop"`)
		w.True(`order("A").charges == 1 && order("A").net == 5900 && order("A").notifications == 1 && stock("mouse") == 98 && stock("cable") == 99`)
		w.True(`read("A").status == "COMPLETED" && read("A").version == 4 && read("A").user_name == "Cleo Park"`)
		w.Settled()
		w.True(`topic("orders").records + topic("payments").records + topic("inventory").records + topic("notifications").records == 0`)
		w.True(`len(broken) == 0 && invariant("nothing-lost") == "holds" && service("payment").handled == 1 && service("inventory").handled == 1 && service("notification").handled == 1`)
		assert.Empty(t, w.At("calls"))
		w.Expect("action - placed order A", "delivered order PlaceOrder of o-1 from shop", "handling order", "written order CREATED", "projected order CREATED",
			"note order calls payment: ChargePayment", "delivered payment ChargePayment of o-1 from order-1", "handling payment", "written payment charged 59.00", "handled payment answered ChargePayment",
			"note order payment answered in 50 ms", "written order PAID", "note order calls inventory", "written inventory reserved", "written order COMPLETED",
			"note order calls notification", "written notification", "note order notification answered", "handled order answered PlaceOrder")
	})
}
