package scenarios_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lintable has nothing to find. Each case changes a piece of it.
const lintable = `
id: linted
title: Linted
pattern: kafka
level: 1
minutes: 1
summary: One order is paid.
steps:
  - id: place
    title: Place
    say: The Payment service reads ` + "`orders`" + `. It waits for OrderCreated.
    predict:
      ask: Who charges the card?
      options: [The Order service does, Payment charges it, Kafka charges it]
      answer: 1
    goal: order("A").status == "COMPLETED"
    observe:
      ask: What was written to the topic?
      options: [PaymentCompleted, StockReserved, NotificationSent]
      answer: 0
    hints: [Look at the left of the map., "What begins an order?", Place an order.]
    because: [It was paid because, [Payment read the event, Order called Payment], and was done.]
    explain: It went through.
    solution:
      - place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}
    wrong:
      - [{place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}], method: declined-card}}]
  - id: stop
    title: Stop
    predict:
      ask: What becomes of the order?
      options: [It waits for Payment, It is refused, It is lost]
      answer: 0
    goal: service("payment").instances == 0
    observe:
      ask: What lags?
      options: [The topic payments, The topic inventory, The group of Payment]
      answer: 2
    hints: [Look at the seat of Payment., "How would you scale payment down?", Scale payment to 0.]
    explain: It is away.
    in_production: A Shipping service would read ShipmentCreated.
    solution:
      - scale: {service: payment, instances: 0}
      - set: {service: inventory, idempotent: false}
    wrong:
      - [{place_order: {as: B, user: user-1, items: [{sku: mouse, qty: 1}]}}]
`

func linted(t *testing.T, changes ...string) (text string, found []scenarios.Finding) {
	t.Helper()
	text = lintable
	for i := 0; i < len(changes); i += 2 {
		require.Contains(t, text, changes[i])
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	s, problems := scenarios.Parse("", []byte(text))
	require.Empty(t, problems)
	return text, scenarios.Lint(s)
}

// Each rule finds what it is for, at its line, and nothing in a scenario that
// is as it should be.
func TestLint(t *testing.T) {
	_, none := linted(t)
	require.Empty(t, none)

	for name, c := range map[string]struct {
		rule, says, line string // line: what stands on the line of the finding
		changes          []string
	}{
		"no hints":   {"no-hints", `"stop" has no hints`, "- id: stop", []string{`    hints: [Look at the seat of Payment., "How would you scale payment down?", Scale payment to 0.]` + "\n", ""}},
		"no explain": {"no-explain", `"stop" does not explain`, "- id: stop", []string{"    explain: It is away.\n", ""}},
		"no solution": {"no-solution", `"stop" has no solution`, "- id: stop", []string{
			"    solution:\n      - scale: {service: payment, instances: 0}\n      - set: {service: inventory, idempotent: false}\n    wrong:\n      - [{place_order: {as: B, user: user-1, items: [{sku: mouse, qty: 1}]}}]\n", ""}},
		"no wrong moves": {"no-wrong", `"stop" has a solution and no wrong moves`, "- id: stop", []string{
			"    wrong:\n      - [{place_order: {as: B, user: user-1, items: [{sku: mouse, qty: 1}]}}]\n", ""}},
		"a hint with the right prediction": {"hint-tells", "hint 2 of 3 tells the right prediction (Payment charges it)", "Do you see", []string{
			"What begins an order?", "Do you see that payment charges it?"}},
		"a hint with the right observation": {"hint-tells", "the right observation (PaymentCompleted)", "Look for", []string{
			"Look at the left of the map.", "Look for PaymentCompleted."}},
		"a hint that says what to do":   {"hint-tells", "hint 1 of 3 tells what to do (scale payment)", "Scale payment", []string{"Look at the seat of Payment.", "Scale payment to 0 and look."}},
		"a hint that names the setting": {"hint-tells", "what to do (set idempotent)", "Turn", []string{"Look at the seat of Payment.", "Turn idempotent off."}},
		"predictions that are always right at the first place": {"answer-same-place", "number 1 in all 2 predictions", "answer: 0", []string{
			"options: [The Order service does, Payment charges it, Kafka charges it]\n      answer: 1", "options: [Payment charges it, The Order service does, Kafka charges it]\n      answer: 0"}},
		"observations that are always right at the first place": {"answer-same-place", "number 1 in all 2 observations", "answer: 0", []string{
			"options: [The topic payments, The topic inventory, The group of Payment]\n      answer: 2", "options: [The group of Payment, The topic payments, The topic inventory]\n      answer: 0"}},
		"a right option that is by far the longest": {"longest-right", "59 characters, the next one has 22", "Payment reads", []string{
			"Payment charges it,", "\"Payment reads the record from the topic and then charges it\","}},
		"a right choice that is by far the longest": {"longest-right", "by far the longest", "because:", []string{
			"[Payment read the event, Order called", "[Payment read the event from its partition of the topic orders and charged the card, Order called"}},
		"a service that is not there": {"no-such-name", "there is no service Shipping", "Shipping service", []string{
			"say: The Payment service reads", "say: |\n      First line.\n\n      The Shipping service reads"}},
		"a group that is not there":             {"no-such-name", "there is no consumer group shipping-service", "shipping-service", []string{"explain: It is away.", "explain: The group shipping-service waits."}},
		"an event that is not there":            {"no-such-name", "there is no event or command ShipmentCreated", "ShipmentCreated", []string{"OrderCreated", "ShipmentCreated"}},
		"a command that is not there":           {"no-such-name", "there is no event or command ShipOrder", "ShipOrder", []string{"What becomes of the order?", "Who sends ShipOrder?"}},
		"a topic that is not there":             {"no-such-name", "there is no topic shipments", "shipments", []string{"explain: It is away.", "explain: The topic `shipments` is empty."}},
		"a dead-letter topic that is not there": {"no-such-name", "there is no topic shipments.dlq", "shipments.dlq", []string{"explain: It is away.", "explain: It is on shipments.dlq now."}},
	} {
		t.Run(name, func(t *testing.T) {
			text, found := linted(t, c.changes...)
			require.Len(t, found, 1, "%v", found)
			assert.Equal(t, c.rule, found[0].Rule)
			assert.Contains(t, scenarios.Rules, found[0].Rule)
			assert.Contains(t, found[0].Message, c.says)
			assert.Contains(t, strings.Split(text, "\n")[found[0].Line-1], c.line)
			assert.Positive(t, found[0].Column)
		})
	}
}

// What looks like a finding and is none.
func TestLintLeavesAloneWhatIsFine(t *testing.T) {
	for name, changes := range map[string][]string{
		"the last hint may say all":             {"Scale payment to 0.", "Scale payment to 0 and set idempotent off."},
		"a hint names all options":              {"Look at the left of the map.", "\"Is it PaymentCompleted, StockReserved or NotificationSent?\""},
		"a crash to look at":                    {"Look at the seat of Payment.", "Look at payment at the moment of the scale."},
		"a hint says when to look":              {"Look at the seat of Payment.", "Look at the seat while you scale payment."},
		"any service":                           {"explain: It is away.", "explain: This service waits. No service calls another. The Notification Service does not know."},
		"names of the vocabulary":               {"explain: It is away.", "explain: OrderPaid and ChargePayment, payments.dlq, saga-replies, order-commands, payment-service."},
		"names that are no events":              {"explain: It is away.", "explain: PostgreSQL, OpenTelemetry, a KafkaConsumer and JavaScript."},
		"a longer right option among long ones": {"[It waits for Payment, It is refused, It is lost]", "[It waits on the topic for Payment to be back, It is refused by the Order service, It is lost]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := linted(t, changes...)
			assert.Empty(t, found)
		})
	}
}

// several finds a service that gets more than one instance.
var several = regexp.MustCompile(`instances: [2-8]`)

// The library is free of findings, also of those that only playing shows where
// there is chance in it. The other plays are TestEveryScenarioIsProven's.
func TestTheLibraryHasNothingToFind(t *testing.T) {
	prover := newProver()
	for _, s := range library() {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, scenarios.Lint(s))
			text, err := os.ReadFile("library/" + s.ID + ".yaml")
			require.NoError(t, err)
			if !several.Match(text) || scenarios.NeedsWallClock(s) != "" {
				// One instance each: there is nobody to share partitions with. And on
				// the wall clock it takes minutes, which `eddy check --lint` has.
				return
			}
			p, err := prover.Prove(t.Context(), s, 20, nil)
			require.NoError(t, err)
			assert.True(t, p.Passed, "%+v", p)
			assert.Empty(t, p.Warnings)
		})
	}
}
