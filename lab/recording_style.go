package lab

import "eddy/lab/shop"

// commandFor says which command asks a service for what it does about an event
// in the choreography. A fault that was aimed at the one is aimed at the other
// when a run is done again in another style.
var commandFor = map[string]map[string]string{
	"order":        {shop.StockReserved: shop.CompleteOrder, shop.PaymentFailed: shop.CancelOrder, shop.PaymentRefunded: shop.CancelOrder},
	"payment":      {shop.OrderCreated: shop.ChargePayment, shop.StockReservationFailed: shop.RefundPayment, shop.OrderCancelled: shop.RefundPayment},
	"inventory":    {shop.PaymentCompleted: shop.ReserveStock, shop.PaymentRefunded: shop.ReleaseStock},
	"notification": {shop.StockReserved: shop.SendNotification},
}

// eventFor is the way back. Where several events ask for the same, it is the one
// that stands for a saga that goes wrong by itself.
var eventFor = map[string]map[string]string{
	"order":        {shop.CompleteOrder: shop.StockReserved, shop.CancelOrder: shop.PaymentRefunded},
	"payment":      {shop.ChargePayment: shop.OrderCreated, shop.RefundPayment: shop.StockReservationFailed},
	"inventory":    {shop.ReserveStock: shop.PaymentCompleted, shop.ReleaseStock: shop.PaymentRefunded},
	"notification": {shop.SendNotification: shop.StockReserved},
}

// inStyle is an action as it is done in a lab of another style: what it is aimed
// at has another name there.
func (s Recorded) inStyle(style string) Recorded {
	names := map[string]map[string]map[string]string{shop.Choreography: eventFor, shop.Orchestration: commandFor}[style]
	called := func(service, event string) string {
		if name, err := ServiceName(service); err == nil && names[name][event] != "" {
			return names[name][event]
		}
		return event
	}
	switch args := s.Action.Args.(type) {
	case *crash:
		other := *args
		other.On = called(args.Service, args.On)
		s.Action.Args = &other
	case *fail:
		other := *args
		other.On = called(args.Service, args.On)
		s.Action.Args = &other
	case *breakOn:
		other := *args
		other.Event = called(args.Service, args.Event)
		s.Action.Args = &other
	}
	return s
}
