// Package standpipe is what a Standpipe plugin in Go is written with: one function, registered in init.
//
//	func init() { standpipe.Register(transform) }
//	func main() {}
//
//	func transform(record *standpipe.Record, params *Params, out *standpipe.Output) error {
//		out.Emit(bytes.ToUpper(record.Payload()))
//		return nil
//	}
package standpipe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"standpipe.dev/sdk/internal/batch"
)

// Context is what an instance is told about where it runs.
type Context struct {
	Stream string `json:"stream"`
	ARN    string `json:"arn"`
	Region string `json:"region"`
	Host   string `json:"host"` // the host's version
}

// Register makes a plugin of a function. It is called for each record, with the params decoded from JSON once. An error
// that it returns fails the record, and so does a panic: the code is `uncaught` then, and the instance goes on.
func Register[P any](transform func(record *Record, params *P, out *Output) error) {
	RegisterInit(func(params *P, _ Context) (*P, error) { return params, nil }, transform)
}

// RegisterInit is Register with a function that is called once for each instance: what it makes of the params is passed
// on instead of them. Its error stops the stream before it takes any record.
func RegisterInit[P, S any](
	init func(params *P, context Context) (*S, error),
	transform func(record *Record, state *S, out *Output) error,
) {
	if batch.Plugin.Init != nil {
		panic("standpipe: a second plugin is registered; there is one")
	}
	var run runner
	batch.Plugin.Init = func(params, context []byte) (refused *batch.Failed) {
		defer func() {
			if panicked := recover(); panicked != nil {
				failure := uncaught(panicked, 0)
				refused = &failure
			}
		}()
		state, err := start(init, params, context)
		if err != nil {
			failure := failureOf(err, 0)
			return &failure
		}
		run.transform = func(record *Record, out *Output) error { return transform(record, state, out) }
		return nil
	}
	batch.Plugin.Transform = run.batch
}

func start[P, S any](init func(*P, Context) (*S, error), params, context []byte) (*S, error) {
	var about Context
	if err := json.Unmarshal(context, &about); err != nil {
		return nil, fmt.Errorf("the context is no JSON object: %w", err)
	}
	decoded := new(P)
	decoder := json.NewDecoder(bytes.NewReader(params))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(decoded); err != nil {
		return nil, &Failure{Code: "bad-params", Message: err.Error()}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, &Failure{Code: "bad-params", Message: "something follows the params"}
	}
	state, err := init(decoded, about)
	if err != nil {
		return nil, badParams(err)
	}
	return state, nil
}

// badParams gives an error of `init` its code.
func badParams(err error) error {
	if failure := failureOf(err, 0); failure.Code != "error" {
		return err
	}
	return &Failure{Code: "bad-params", Message: err.Error()}
}
