package standpipe

import (
	"fmt"

	"standpipe.dev/sdk/internal/batch"
)

// runner runs batches through a plugin. Its buffers are used again by every batch.
type runner struct {
	transform func(record *Record, out *Output) error
	record    Record
	out       Output
}

func (r *runner) batch(records *batch.Records) (*batch.Outcomes, *batch.Failed) {
	if r.transform == nil {
		return nil, &batch.Failed{Code: "not-initialised", Message: "`transform` was called before `init`"}
	}
	if failure := check(records); failure != nil {
		return nil, failure
	}
	r.out.reset()
	r.record.records = records
	for next := 0; next < len(records.Ends); {
		next = r.from(next)
	}
	r.out.finish(records.Columns)
	return &r.out.outcomes, nil
}

// from runs the records from number `index` on, up to the end or to one that panics, and returns where to go on. So a
// deferred function is set up for each batch, not for each record.
func (r *runner) from(index int) (next int) {
	records, out := r.record.records, &r.out
	defer func() {
		if panicked := recover(); panicked != nil {
			out.withdraw()
			out.outcomes.Failed = append(out.outcomes.Failed, uncaught(panicked, uint32(index)))
			next = index + 1
		}
	}()
	start := uint32(0)
	if index > 0 {
		start = records.Ends[index-1]
	}
	for ; index < len(records.Ends); index++ {
		end := records.Ends[index]
		r.record.payload, r.record.number = records.Payload[start:end:end], index
		start = end
		out.begin(uint32(index))
		speaking.record, speaking.untold = uint32(index), true
		if err := r.transform(&r.record, out); err != nil {
			out.withdraw()
			out.outcomes.Failed = append(out.outcomes.Failed, failureOf(err, uint32(index)))
		} else if out.dropped {
			out.withdraw()
			out.outcomes.Dropped = append(out.outcomes.Dropped, uint32(index))
		}
	}
	return index
}

func check(records *batch.Records) *batch.Failed {
	wrong := func(format string, args ...any) *batch.Failed {
		return &batch.Failed{Code: "bad-batch", Message: fmt.Sprintf(format, args...)}
	}
	if len(records.ArrivalMS) != len(records.Ends) {
		return wrong("%d arrival times for %d records", len(records.ArrivalMS), len(records.Ends))
	}
	start := uint32(0)
	for index, end := range records.Ends {
		if end < start || uint64(end) > uint64(len(records.Payload)) {
			return wrong("record %d is %d..%d of %d", index, start, end, len(records.Payload))
		}
		start = end
	}
	return nil
}
