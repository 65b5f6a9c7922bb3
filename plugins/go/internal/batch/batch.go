// Package batch holds what the SDK, its wasm side and its test helper share: many records laid end to end, and what
// became of them.
package batch

// Absent is the value number of a record that has no value in a column.
const Absent = ^uint32(0)

// Records are what the host passes.
type Records struct {
	Payload   []byte
	Ends      []uint32
	ArrivalMS []uint64
	Columns   []Column
}

// Failed is a record that failed.
type Failed struct {
	Index   uint32
	Code    string
	Message string
}

// Outcomes are what became of the records. They are valid until the next batch.
type Outcomes struct {
	Payload []byte
	Ends    []uint32
	Origins []uint32
	Columns []Column
	Dropped []uint32
	Failed  []Failed
}

// Count is a counter and what was added to it.
type Count struct {
	Metric string
	Sum    uint64
}

// Line is a line of the log.
type Line struct {
	Level   uint8
	Message string
}

// Plugin is what the exports and the test helper call. The SDK sets it when a plugin is registered.
var Plugin struct {
	Init      func(params, context []byte) *Failed
	Transform func(records *Records) (*Outcomes, *Failed)
	// Counts are the sums since they were last reset.
	Counts []Count
	// Logs are the lines that were written where there is no host.
	Logs []Line
}
