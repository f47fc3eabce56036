// What a new scenario begins as. Both pass the check.

export const templates = /** @type {Record<string, string>} */ ({
  short: `id: my-scenario
title: My scenario
pattern: kafka          # what it teaches
level: 1                # 1 to 5
minutes: 5
summary: One sentence.
steps:
  - id: first
    title: The first step
    goal: len(orders) > 0
`,
  crash: `id: my-scenario
title: The payment that happened twice
pattern: idempotency    # what it teaches
level: 2                # 1, for somebody who has never seen Kafka, to 5
minutes: 8
summary: Payment crashes after it charged and before its offset is saved, and charges once more.
lab: {seed: 7, work: 300ms, services: {payment: {idempotent: false}}}
steps:
  - id: crash
    title: Crash after the charge
    say: |
      Payment reads an order, charges the card, and then **saves its offset**.
      Between the two there is a moment in which it may crash.
    predict:
      ask: Payment crashes right after it charged the card, and comes back. What happens to the order?
      options:
        - Nothing more. It was charged, and that is that
        - The order is lost
        - Payment reads it once more and charges it again
      answer: 2
    tasks:
      - {text: Crash Payment after it handled, when: 'service("payment").crashes > 0'}
      - {text: Start it again, when: 'service("payment").crashes > 0 && service("payment").state == "running"'}
    allow: [crash, place_order, restart]
    goal: order("A").charges == 2
    within: 20s
    observe:
      ask: Where does the mark of Payment's group stand, after the crash?
      options:
        - Behind the record, which is done
        - Before the record, although its work is done
        - It is gone, as the group is
      answer: 1
    hints:
      - Look at the mark below the topic orders, and at the ledger of the card.
      - Which of the two was remembered, the charge or the place in the topic?
      - Crash payment after it handled OrderCreated, place order A, then restart payment.
    because:
      - The card was charged twice because
      - - Payment's offset was not saved when it crashed
        - Kafka delivered the record to two members at once
        - the customer pressed the button twice
      - and the record was
      - - read again from the offset that was saved
        - written a second time by the Order service
    explain: |
      Delivery is **at least once**: what was handled and not saved comes again. The work must bear that.
    in_production: |
      Every deployment and every rebalance does this to some message. It is not rare.
    switch: {label: idempotent payment, set: {service: payment, idempotent: true}}
    solution:
      - crash: {service: payment, at: after_handle, on: OrderCreated}
      - place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}
      - wait_until: {expr: 'service("payment").state == "crashed"', within: 5s}
      - restart: {service: payment}
    wrong:
      - [{place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}}]
      - [{crash: {service: payment, at: before_handle, on: OrderCreated}}, {place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}}, {wait_until: {expr: 'service("payment").state == "crashed"', within: 5s}}, {restart: {service: payment}}]
    lens: topics
    follow: A
`,
});
