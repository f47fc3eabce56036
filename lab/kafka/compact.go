package kafka

// Compaction. A real broker compacts in the background, when enough of the log
// is dirty; here it happens when it is asked for, so that a lesson need not
// wait. The newest batch of a partition is never compacted, as the newest
// segment of a real one is not.

// Compact removes from every topic with cleanup.policy=compact the records that
// a newer one of the same key has replaced, but for those of the newest batch.
func (c *Cluster) Compact() { c.fake.Compact() }
