package standpipe

import (
	"encoding/json"

	"standpipe.dev/sdk/internal/batch"
)

// Record is one record. It and its bytes are valid until the function that it was given to returns.
type Record struct {
	records *batch.Records
	payload []byte
	number  int
}

// Payload returns the record's bytes. Lines come without their line ending. Copy what is kept; do not write to it.
func (r *Record) Payload() []byte { return r.payload }

// Text returns the record's bytes as a string of its own.
func (r *Record) Text() string { return string(r.payload) }

// JSON decodes the record, as [json.Unmarshal] does. Its error fails the record with the code `not-json`.
func (r *Record) JSON(into any) error {
	if err := json.Unmarshal(r.payload, into); err != nil {
		return &Failure{Code: "not-json", Message: err.Error()}
	}
	return nil
}

// ArrivalMS returns when the record arrived, in milliseconds since 1970.
func (r *Record) ArrivalMS() uint64 { return r.records.ArrivalMS[r.number] }

// Column returns the record's value in a column, and whether it has one. There is none unless plugin.json asks for
// the column.
func (r *Record) Column(name string) ([]byte, bool) {
	for i := range r.records.Columns {
		if r.records.Columns[i].Name == name {
			return r.records.Columns[i].Get(r.number)
		}
	}
	return nil, false
}
