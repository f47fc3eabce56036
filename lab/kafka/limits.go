package kafka

// Limit is one thing that the embedded cluster does not do as a real one does.
type Limit struct {
	Topic string // a word or two
	What  string // one or two sentences for a learner
}

// Limits lists what the embedded cluster leaves out, most important first.
var Limits = []Limit{
	{"Replication", "There is one copy of every partition. Replicas are named, but nothing is copied and no follower lags; the in-sync set shrinks only by brokers that are down."},
	{"acks", "acks=leader and acks=all are the same here, because there are no followers to wait for: neither loses a record. min.insync.replicas is stored and not enforced. Only acks=none loses what a dying broker had taken."},
	{"Losing data", "A broker that is down keeps its log, and whoever takes over has the very same. No election is unclean, and no record that was stored is ever cut off the end of a log."},
	{"A broker's death", "It is noticed after a third of a second; a real cluster takes up to nine seconds. The lab then moves leaders and coordinators, as a controller would, and moves the leaders back as soon as the broker is up, where a real cluster may take five minutes."},
	{"Controller", "There is no KRaft quorum. The controller is always the broker with the highest id and does not fail over: while it is down, no partition can be added."},
	{"News", "The shop's clients hear of new partitions at once, and those without acks of new leaders; by themselves they would ask every five minutes."},
	{"Lost answers", "An answer is lost with the connection that it was on. A real one may also be lost because the leader changes before the followers have a copy."},
	{"Slow brokers", "A slow broker answers late and is as quick as ever inside. The lab's own look at it is spared."},
	{"Rebalance delay", "A new group does not wait for more members (group.initial.rebalance.delay.ms), so the first member gets everything at once."},
	{"Reassignment", "A partition reassignment is checked and accepted, and moves nothing."},
	{"Nearest replica", "Consumers are never sent to a follower; all brokers are in one rack."},
	{"Quotas", "Quotas are stored, and nobody is ever throttled."},
	{"Epochs", "The end offset of an old leader epoch is answered with the end of the log, which is right only because logs are never truncated here."},
	{"Retention", "Size limits are applied after about a megabyte was produced, and not by a timer."},
	{"Durability", "The log is in memory and ends with the lab."},
	{"Authentication", "The lab's port asks for no password and speaks no TLS. The port of a broker that is down is still open, and hangs up."},
	{"Missing APIs", "Tiered storage, delegation tokens, OAuth and Kerberos, streams groups and the description of the quorum are absent."},
}
