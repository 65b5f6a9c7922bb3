package standpipe

import (
	"encoding/json"
	"unsafe"

	"standpipe.dev/sdk/internal/batch"
)

// Column is a named value that an output gets: a partition key, a route. An output inherits the columns of its record;
// one that is given here takes the place of the inherited one.
type Column struct{ Name, Value string }

// Output takes what becomes of a record. A record is whole: if it fails or is dropped after it emitted, its outputs are
// taken back.
type Output struct {
	outcomes batch.Outcomes
	encoder  *json.Encoder
	columns  []batch.Column

	// The record that is being worked on, and what there was before it.
	origin        uint32
	payloadBefore int
	outputsBefore int
	dropped       bool
}

// Emit adds an output. The bytes are copied.
func (o *Output) Emit(payload []byte, columns ...Column) {
	o.outcomes.Payload = append(o.outcomes.Payload, payload...)
	o.close(columns)
}

// EmitText adds an output.
func (o *Output) EmitText(text string, columns ...Column) {
	o.outcomes.Payload = append(o.outcomes.Payload, text...)
	o.close(columns)
}

// EmitJSON adds an output, a value as compact JSON. The characters <, > and & are not escaped.
func (o *Output) EmitJSON(value any, columns ...Column) error {
	start := len(o.outcomes.Payload)
	if err := o.encoder.Encode(value); err != nil {
		o.outcomes.Payload = o.outcomes.Payload[:start]
		return err
	}
	// The encoder ends what it writes with a newline.
	o.outcomes.Payload = o.outcomes.Payload[:len(o.outcomes.Payload)-1]
	o.close(columns)
	return nil
}

// Drop leaves the record out on purpose.
func (o *Output) Drop() { o.dropped = true }

func (o *Output) close(columns []Column) {
	row := len(o.outcomes.Ends)
	o.outcomes.Ends = append(o.outcomes.Ends, uint32(len(o.outcomes.Payload)))
	o.outcomes.Origins = append(o.outcomes.Origins, o.origin)
	for i := range columns {
		// Set only reads and copies.
		value := unsafe.Slice(unsafe.StringData(columns[i].Value), len(columns[i].Value))
		o.column(columns[i].Name).Set(row, value)
	}
}

func (o *Output) column(name string) *batch.Column {
	for i := range o.columns {
		if o.columns[i].Name == name {
			return &o.columns[i]
		}
	}
	if len(o.columns) < cap(o.columns) {
		o.columns = o.columns[:len(o.columns)+1]
	} else {
		o.columns = append(o.columns, batch.Column{})
	}
	column := &o.columns[len(o.columns)-1]
	column.Reset(valid(name))
	return column
}

// payloadWriter lets the encoder write to the end of the outputs.
type payloadWriter struct{ *Output }

func (w payloadWriter) Write(bytes []byte) (int, error) {
	w.outcomes.Payload = append(w.outcomes.Payload, bytes...)
	return len(bytes), nil
}

// mostKept is how much of a buffer is kept for the next batch.
const mostKept = 8 << 20

func (o *Output) reset() {
	if o.encoder == nil || cap(o.outcomes.Payload) > mostKept {
		*o = Output{}
		o.encoder = json.NewEncoder(payloadWriter{o})
		o.encoder.SetEscapeHTML(false)
	}
	o.columns = o.columns[:0]
	o.outcomes = batch.Outcomes{
		Payload: o.outcomes.Payload[:0],
		Ends:    o.outcomes.Ends[:0],
		Origins: o.outcomes.Origins[:0],
		Columns: o.outcomes.Columns[:0],
		Dropped: o.outcomes.Dropped[:0],
		Failed:  o.outcomes.Failed[:0],
	}
}

func (o *Output) begin(origin uint32) {
	o.origin, o.dropped = origin, false
	o.payloadBefore, o.outputsBefore = len(o.outcomes.Payload), len(o.outcomes.Ends)
}

func (o *Output) withdraw() {
	o.outcomes.Payload = o.outcomes.Payload[:o.payloadBefore]
	o.outcomes.Ends = o.outcomes.Ends[:o.outputsBefore]
	o.outcomes.Origins = o.outcomes.Origins[:o.outputsBefore]
	for i := range o.columns {
		o.columns[i].Truncate(o.outputsBefore)
	}
}

// finish brings the columns to the length of the outputs. Where an output has no value of its own, one that its record
// has in an input column of that name stands: what an output inherits must not depend on its neighbours in the batch. A
// column whose every value was taken back is left out, or it would hide what the outputs inherit.
func (o *Output) finish(inputs []batch.Column) {
	for i := range o.columns {
		column := &o.columns[i]
		if !column.Used() {
			continue
		}
		column.Pad(len(o.outcomes.Ends))
		for j := range inputs {
			if inputs[j].Name == column.Name {
				inherit(column, &inputs[j], o.outcomes.Origins)
			}
		}
		o.outcomes.Columns = append(o.outcomes.Columns, *column)
	}
}

func inherit(column, input *batch.Column, origins []uint32) {
	for row, origin := range origins {
		if column.Index[row] == batch.Absent {
			if value, ok := input.Get(int(origin)); ok {
				column.Set(row, value)
			}
		}
	}
}
