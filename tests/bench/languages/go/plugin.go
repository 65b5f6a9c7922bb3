// Parses a JSON object, adds a member, prints it.
package main

import "standpipe.dev/sdk"

type params struct{}

func init() { standpipe.Register(seen) }

func main() {}

func seen(record *standpipe.Record, _ *params, out *standpipe.Output) error {
	var object map[string]any
	if err := record.JSON(&object); err != nil {
		return err
	}
	if object == nil {
		return standpipe.Fail("not-json", "the record is not a JSON object")
	}
	object["seen"] = true
	return out.EmitJSON(object)
}
