package shop

import (
	"context"
	"fmt"
)

// NewPayment makes the payment service: it charges and refunds through the
// gateway.
func NewPayment(env *Env, s Settings) *Service {
	p := payment{env.Gateway}
	return newService(env, role{
		name: "payment", group: "payment-service", topics: []string{"orders", "inventory", "payment-commands"}, style: Choreography, reachesOut: true,
		react: map[string]Reaction{
			OrderCreated:           p.charge,
			StockReservationFailed: p.refund,
			OrderCancelled:         p.refund,
			ChargePayment:          p.chargeUnlessVoid,
			RefundPayment:          p.refund,
		},
		answers: map[string]Reaction{ChargePayment: p.charge, RefundPayment: p.refund},
	}, s)
}

type payment struct{ gateway *Gateway }

// charge asks the gateway for the money and tells the shop what it said. The
// gateway is outside our transaction: if we die after the call, the message
// comes again, and only the idempotency key keeps the customer from paying
// twice.
func (p payment) charge(ctx context.Context, w *Work) error {
	d := w.Event.Data
	receipt := p.gateway.Charge(w.Order(), d.TotalAmount, d.Method, w.Key("charge"))
	if err := w.tell(ctx, receipt); err != nil {
		return err
	}
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		status, event := "captured", PaymentCompleted
		if receipt.Declined != "" {
			status, event = "failed", PaymentFailed
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO payments (payment_id, order_id, amount, method, status, reason) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (payment_id) DO NOTHING`, receipt.PaymentID, w.Order(), receipt.Amount, d.Method, status, receipt.Declined)
		if err != nil {
			return fmt.Errorf("note payment %s: %w", receipt.PaymentID, err)
		}
		return tx.Publish(event, 1, d, func(out *EventData) {
			out.PaymentID, out.Method, out.Amount, out.Reason = receipt.PaymentID, d.Method, receipt.Amount, receipt.Declined
		})
	})
}

// refund is the compensation of charge: not a rollback, but money going back.
func (p payment) refund(ctx context.Context, w *Work) error {
	captured, err := p.captured(ctx, w)
	if err != nil {
		return err
	}
	for _, r := range captured {
		// The key names the payment and not the event: whatever asks for it, a
		// payment goes back once.
		back := p.gateway.Refund(r.PaymentID, w.Order(), r.Amount, "refund/"+r.PaymentID)
		if err := w.tell(ctx, back); err != nil {
			return err
		}
	}
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		if len(captured) == 0 && w.Asked() {
			return tx.void(ctx, w.Event.Data)
		}
		for _, r := range captured {
			if _, err := tx.ExecContext(ctx, `UPDATE payments SET status = 'refunded' WHERE payment_id = ?`, r.PaymentID); err != nil {
				return fmt.Errorf("note the refund of %s: %w", r.PaymentID, err)
			}
			err := tx.Publish(PaymentRefunded, 1, w.Event.Data, func(out *EventData) {
				out.PaymentID, out.Method, out.Amount, out.Reason = r.PaymentID, w.Event.Data.Method, r.Amount, w.Event.Data.Reason
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// chargeUnlessVoid does what it is asked to, unless it was asked to take that
// back before: commands may overtake each other.
func (p payment) chargeUnlessVoid(ctx context.Context, w *Work) error {
	if err := w.m.database(); err != nil {
		return err
	}
	var void int
	err := w.m.env.Write.DB.QueryRowContext(context.WithoutCancel(ctx),
		`SELECT count(*) FROM payments WHERE order_id = ? AND status = 'void'`, w.Order()).Scan(&void)
	if err != nil {
		return fmt.Errorf("ask whether order %s was called off: %w", w.Order(), err)
	}
	if void == 0 {
		return p.charge(ctx, w)
	}
	return w.Transact(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.Publish(PaymentFailed, 1, w.Event.Data, func(out *EventData) {
			out.PaymentID, out.Method, out.Reason = voidID(w.Order()), w.Event.Data.Method, calledOff
		})
	})
}

// calledOff is why a command is refused whose undoing came first.
const calledOff = "called off before it was done"

// void notes that an order is not to be charged any more, and says that nothing
// had to go back.
func (tx *Tx) void(ctx context.Context, d EventData) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO payments (payment_id, order_id, amount, method, status, reason) VALUES (?, ?, 0, ?, 'void', ?)
		ON CONFLICT (payment_id) DO NOTHING`, voidID(string(d.OrderID)), string(d.OrderID), d.Method, d.Reason)
	if err != nil {
		return fmt.Errorf("call off the payment of order %s: %w", d.OrderID, err)
	}
	return tx.Publish(PaymentRefunded, 1, d, func(out *EventData) {
		out.PaymentID, out.Method, out.Reason = voidID(string(d.OrderID)), d.Method, d.Reason
	})
}

func voidID(order string) string { return "void/" + order }

func (p payment) captured(ctx context.Context, w *Work) ([]Receipt, error) {
	if err := w.m.database(); err != nil {
		return nil, err
	}
	rows, err := w.m.env.Write.DB.QueryContext(context.WithoutCancel(ctx),
		`SELECT payment_id, amount FROM payments WHERE order_id = ? AND status = 'captured' ORDER BY payment_id`, w.Order())
	if err != nil {
		return nil, fmt.Errorf("find the payments of order %s: %w", w.Order(), err)
	}
	defer rows.Close()
	var found []Receipt
	for rows.Next() {
		var r Receipt
		if err := rows.Scan(&r.PaymentID, &r.Amount); err != nil {
			return nil, fmt.Errorf("read the payments of order %s: %w", w.Order(), err)
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// tell reports what the gateway answered.
func (w *Work) tell(ctx context.Context, r Receipt) error {
	mo := w.moment(Charged)
	mo.Money = &MoneyFact{PaymentID: r.PaymentID, Amount: r.Amount, Refund: r.Refund, Declined: r.Declined != "", Repeated: r.Repeated, Reason: r.Declined}
	return w.m.at(ctx, mo)
}
