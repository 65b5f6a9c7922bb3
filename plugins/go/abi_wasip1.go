package standpipe

import (
	"unsafe"

	"standpipe.dev/sdk/internal/batch"
)

// The canonical ABI of interface `batch`, by hand. The host reads an answer where it lies, so everything in it is held
// by a variable of this package until `done`; Go's collector does not move what it holds.

//go:wasmimport standpipe:transform/host@0.1.0 count
func importCount(metric string, value uint64)

type list struct{ at, length uint32 }

type columnABI struct{ name, values, ends, index list }

type failureABI struct {
	index         uint32
	code, message list
}

// answer is `result<outcomes, error>`. An error's words lie where those of `outcomes` begin.
var answer struct {
	isError                                          uint32
	payload, ends, origins, columns, dropped, failed list
}

var (
	columns  []columnABI
	failures []failureABI
	refused  *batch.Failed
	records  batch.Records
)

//go:wasmexport standpipe:transform/batch@0.1.0#init
func exportInit(
	params unsafe.Pointer, paramsLength uint32, context unsafe.Pointer, contextLength uint32,
) unsafe.Pointer {
	defer input.reset()
	if batch.Plugin.Init == nil {
		refuse(&batch.Failed{Code: "no-plugin", Message: "no function is registered: call standpipe.Register in init"})
		return unsafe.Pointer(&answer)
	}
	refuse(batch.Plugin.Init(bytesAt(params, paramsLength), bytesAt(context, contextLength)))
	return unsafe.Pointer(&answer)
}

//go:wasmexport standpipe:transform/batch@0.1.0#transform
func exportTransform(
	payload unsafe.Pointer, payloadLength uint32, ends unsafe.Pointer, endsLength uint32,
	arrival unsafe.Pointer, arrivalLength uint32, column unsafe.Pointer, columnsLength uint32,
) unsafe.Pointer {
	records = batch.Records{
		Payload:   bytesAt(payload, payloadLength),
		Ends:      unsafe.Slice((*uint32)(ends), endsLength),
		ArrivalMS: unsafe.Slice((*uint64)(arrival), arrivalLength),
		Columns:   records.Columns[:0],
	}
	for _, column := range unsafe.Slice((*columnABI)(column), columnsLength) {
		records.Columns = append(records.Columns, batch.Column{
			Name:   string(at[byte](column.name)),
			Values: at[byte](column.values),
			Ends:   at[uint32](column.ends),
			Index:  at[uint32](column.index),
		})
	}
	outcomes, failure := batch.Plugin.Transform(&records)
	for _, count := range batch.Plugin.Counts {
		importCount(count.Metric, count.Sum)
	}
	batch.Plugin.Counts = batch.Plugin.Counts[:0]
	if refuse(failure); failure != nil {
		return unsafe.Pointer(&answer)
	}
	give(outcomes)
	return unsafe.Pointer(&answer)
}

//go:wasmexport cabi_post_standpipe:transform/batch@0.1.0#transform
func done(unsafe.Pointer) { input.reset() }

func give(outcomes *batch.Outcomes) {
	columns, failures = columns[:0], failures[:0]
	for i := range outcomes.Columns {
		column := &outcomes.Columns[i]
		columns = append(columns, columnABI{
			textOf(column.Name), listOf(column.Values), listOf(column.Ends), listOf(column.Index),
		})
	}
	for i := range outcomes.Failed {
		failure := &outcomes.Failed[i]
		failures = append(failures, failureABI{failure.Index, textOf(failure.Code), textOf(failure.Message)})
	}
	answer.payload, answer.ends = listOf(outcomes.Payload), listOf(outcomes.Ends)
	answer.origins, answer.columns = listOf(outcomes.Origins), listOf(columns)
	answer.dropped, answer.failed = listOf(outcomes.Dropped), listOf(failures)
}

// refuse makes the answer an error, or none for nil.
func refuse(failure *batch.Failed) {
	answer.isError, refused = 0, failure
	if failure != nil {
		answer.isError = 1
		answer.payload, answer.ends = textOf(failure.Code), textOf(failure.Message)
	}
}

func listOf[T any](items []T) list {
	if len(items) == 0 {
		// An empty list, too, has to point into memory.
		return list{address(unsafe.Pointer(&answer)), 0}
	}
	return list{address(unsafe.Pointer(&items[0])), uint32(len(items))}
}

func textOf(text string) list {
	return listOf(unsafe.Slice(unsafe.StringData(text), len(text)))
}

func address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

func bytesAt(pointer unsafe.Pointer, length uint32) []byte {
	return unsafe.Slice((*byte)(pointer), length)
}

// at finds a list that the host has laid into `input`.
func at[T any](l list) []T {
	return unsafe.Slice((*T)(unsafe.Add(nil, l.at)), l.length)
}
